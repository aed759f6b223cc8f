"""Answers that PostgreSQL makes: pages, their members, and names that look like the statement's own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.auth.principal import Principal
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.plans.conditions import TRUE, All, Comparison, Condition, Not, Operator, Some
from service.db.plans.plan import List
from service.db.plans.selections import Connection, Items, Page, Value
from service.db.plans.sources import Constant
from service.db.repository import Repository
from service.db.schema.tables import Tables
from service.db.sql.statements import Statements
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema

ADMIN = Principal(Provider.USER_POOLS, {"sub": "s", "username": "admin", "cognito:groups": ["Admin"]})
IDS = [f"category-{number}" for number in range(5)]
CREATE = "mutation M($input: CreateCategoryInput!) { createCategory(input: $input) { id name } }"


@pytest.fixture
async def api(empty_database: Database, inventory: Catalog) -> GraphQL:
    schema = light_schema(inventory)
    repository = Repository(inventory, empty_database, cursor_key=b"k" * 32)
    api = GraphQL(repository, schema, Fallback(repository, schema), max_tokens=9_999, max_depth=9, max_roots=9)
    for number, key in enumerate(IDS):
        parent = IDS[0] if number else None
        row = {"id": key, "organizationId": "o", "name": f"name {number}", "parentId": parent}
        created = await ask(api, CREATE, input=row)
        assert created == {"createCategory": {"id": key, "name": row["name"]}}
    return api


async def ask(api: GraphQL, query: str, **variables: Any) -> Any:
    answer = orjson.loads(await api(ADMIN, query, variables, None))
    assert "errors" not in answer, answer
    return answer["data"]


@pytest.mark.parametrize("name", [*"rtpjkw", "r1", "r2", "r3", "t1", "t2", "p2", "p3", "j0", "k0", "data", "n"])
async def test_a_name_in_the_answer_may_look_like_one_of_the_statement(api: GraphQL, name: str):
    one = await ask(api, f'{{ getCategory(id: "category-1") {{ {name}: name parent {{ {name}: name }} }} }}')
    assert one == {"getCategory": {name: "name 1", "parent": {name: "name 0"}}}
    page = f"items {{ {name}: name }} {name}: nextToken"
    some = await ask(api, f"{{ {name}: listCategories(limit: 1) {{ {page} }} }}")
    assert some[name]["items"] == [{name: "name 0"}]
    assert some[name][name]


async def test_pages_follow_each_other_to_the_end(api: GraphQL):
    token, seen = None, []
    for size in (2, 2, 1):
        query = "query Q($token: String) { listCategories(limit: 2, nextToken: $token) { items { id } nextToken } }"
        page = (await ask(api, query, token=token))["listCategories"]
        assert len(page["items"]) == size
        seen += [item["id"] for item in page["items"]]
        token = page["nextToken"]
    assert seen == IDS
    assert token is None


async def test_a_page_that_just_fits_is_the_last(api: GraphQL):
    page = (await ask(api, "{ listCategories(limit: 5) { items { id } nextToken } }"))["listCategories"]
    assert page == {"items": [{"id": key} for key in IDS], "nextToken": None}


async def test_no_rows_are_an_empty_page(api: GraphQL):
    query = '{ listCategories(filter: {name: {eq: "none"}}) { items { id } nextToken } }'
    assert (await ask(api, query))["listCategories"] == {"items": [], "nextToken": None}


async def test_nested_pages_have_cursors_of_their_own(api: GraphQL):
    query = "query Q($token: String) { getCategory(id: %s) { children(limit: 3, nextToken: $token) { %s } } }"
    asked = query % ('"category-0"', "items { id } nextToken")
    first = (await ask(api, asked))["getCategory"]["children"]
    assert [item["id"] for item in first["items"]] == IDS[1:4]
    rest = (await ask(api, asked, token=first["nextToken"]))["getCategory"]["children"]
    assert rest == {"items": [{"id": IDS[4]}], "nextToken": None}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("__typename", {"__typename": "ModelCategoryConnection"}),
        ("items { id } more: items { name }", {"items": [{"id": IDS[0]}], "more": [{"name": "name 0"}]}),
        ("a: items { id } __typename", {"a": [{"id": IDS[0]}], "__typename": "ModelCategoryConnection"}),
    ],
)
async def test_a_connection_has_the_members_that_were_asked_for(api: GraphQL, members: str, expected: Any):
    assert (await ask(api, f"{{ listCategories(limit: 1) {{ {members} }} }}"))["listCategories"] == expected
    nested = await ask(api, f'{{ getCategory(id: "{IDS[1]}") {{ parent {{ children(limit: 1) {{ {members} }} }} }} }}')
    children = nested["getCategory"]["parent"]["children"]
    assert list(children) == list(expected)


async def test_a_cursor_may_be_all_that_was_asked_for(api: GraphQL):
    short = (await ask(api, "{ listCategories(limit: 1) { nextToken } }"))["listCategories"]
    assert short["nextToken"]
    assert (await ask(api, "{ listCategories(limit: 9) { nextToken } }"))["listCategories"] == {"nextToken": None}


def compared(catalog: Catalog, name: str, operator: Operator) -> Condition:
    return Comparison(catalog.model_by_name["Product"].field_by_name[name], operator, (Constant(1), Constant(2)))


def test_a_range_is_planned_for_its_values(inventory: Catalog):
    """PostgreSQL's kept plan for a range reads and sorts what another plan finds in order."""
    equal = compared(inventory, "categoryId", Operator.EQ)
    between = compared(inventory, "price", Operator.BETWEEN)
    begins = compared(inventory, "name", Operator.BEGINS_WITH)
    for condition, expected in (
        (TRUE, False),
        (equal, False),
        (All((equal, Some((equal, equal)))), False),
        (between, True),
        (All((equal, Some((equal, begins)))), True),
        (Not(equal), True),
    ):
        model = inventory.model_by_name["Product"]
        items = Items("items", (Value("id", model.field_by_name["id"]),))
        page = Page(model, Connection((items,)), condition)
        statement = Statements(inventory, Tables(inventory)).read(List(page))
        assert statement.fresh_plan is expected, condition
