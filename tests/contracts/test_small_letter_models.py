"""A model with a small first letter: Amplify spells the type of its lists otherwise than that of its pages."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.auth.principal import Principal
from service.catalog.model import Provider
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.graphql.execute import CompiledOperation, GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl
from tests.conftest import MakeDatabase

SDL = """
type todo @model @auth(rules: [{ allow: public }]) {
  id: ID!
  status: String @index(name: "byStatus", queryField: "todosByStatus")
  blogId: ID @index(name: "byBlog")
}
type blog @model @auth(rules: [{ allow: public }]) {
  id: ID!
  todos: [todo] @hasMany(indexName: "byBlog", fields: ["id"])
}
"""
QUERY = """{
  listTodos { __typename items { __typename } }
  todosByStatus(status: "open") { __typename items { __typename } }
  listBlogs { __typename items { __typename todos { __typename items { __typename id } } } }
}"""
TODO = {"__typename": "todo"}
ANSWER = {
    "listTodos": {"__typename": "ModelTodoConnection", "items": [TODO]},
    "todosByStatus": {"__typename": "ModeltodoConnection", "items": [TODO]},
    "listBlogs": {
        "__typename": "ModelBlogConnection",
        "items": [
            {"__typename": "blog", "todos": {"__typename": "ModeltodoConnection", "items": [TODO | {"id": "t1"}]}}
        ],
    },
}


class StrawberryOnly(GraphQL):
    def _compile(self, *_: Any) -> CompiledOperation:
        return CompiledOperation(None)


@pytest.mark.parametrize("executor", [GraphQL, StrawberryOnly])
async def test_typename_is_what_the_schema_says(executor: type[GraphQL], make_database: MakeDatabase):
    catalog = catalog_from_sdl(SDL)
    database = Database.connect(await make_database(catalog), size=1)
    repository = Repository(catalog, database, cursor_key=b"k" * 32)
    schema = light_schema(catalog)
    api = executor(repository, schema, Fallback(repository, schema), max_tokens=15_000, max_depth=25, max_roots=200)

    async def ask(query: str) -> Any:
        answer = orjson.loads(await api(Principal(Provider.API_KEY), query, {}, None))
        assert "errors" not in answer
        return answer["data"]

    await ask('mutation { a: createBlog(input: {id: "b1"}) { id } }')
    await ask('mutation { a: createTodo(input: {id: "t1", status: "open", blogId: "b1"}) { id } }')
    assert await ask(QUERY) == ANSWER
    await database.close()
