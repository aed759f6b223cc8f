"""Every recorded exchange of a real Amplify backend is answered equal, by both executors."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.auth.principal import Principal
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.errors import ServiceError
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from tests.parity.differences import DIFFERENCES
from tests.parity.recorded import GROUPS, RECORDING, Comparison, at, differences, filled, is_binding, records
from tests.parity.strawberry_only import StrawberryOnly


@pytest.fixture(scope="session", params=[GraphQL, StrawberryOnly], ids=["compiled", "strawberry"])
def api(request: pytest.FixtureRequest, database: Database, inventory: Catalog) -> GraphQL:
    repository = Repository(inventory, database, cursor_key=b"k" * 32)
    schema = light_schema(inventory)
    fallback = Fallback(repository, schema)
    api: GraphQL = request.param(repository, schema, fallback, max_tokens=15_000, max_depth=25, max_roots=200)
    return api


class Session:
    """Sends the steps of one group."""

    def __init__(self, api: GraphQL) -> None:
        self._api = api
        self._bound: dict[str, Any] = {}

    async def send(self, caller: str, query: str, variables: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            return 200, orjson.loads(await self._api(principal(caller), query, variables, None))
        except ServiceError as error:
            return error.status, {"errors": [{"message": error.message, "errorType": error.error_type}]}

    async def step(self, record: dict[str, Any]) -> list[Any]:
        """What is not as recorded."""
        if record["kind"] == "subscribe":
            return []
        if record["kind"] == "walk":
            return await self._walk(record)
        status, body = await self.send(record["caller"], record["query"], filled(record["variables"], self._bound))
        found = differences(record, status, body, self._bound)
        self._bound |= {each["name"]: at(body, each["path"]) for each in record.get("binds", ())}
        return found

    async def _walk(self, record: dict[str, Any]) -> list[Any]:
        items: list[Any] = []
        token = None
        for _ in range(200):
            variables = {**record["variables"], record["tokenVariable"]: token}
            _, body = await self.send(record["caller"], record["query"], variables)
            page = at(body, record["path"])
            items += page["items"]
            token = page["nextToken"]
            if token is None:
                break
        else:
            return [("walk", "an end", f"{len(items)} items")]
        path = f"{record['path']}.items"
        unordered = [] if record.get("ordered") else [path]
        return list(Comparison({"unordered": unordered}).of(record["items"], items, path))


def principal(name: str) -> Principal:
    caller = RECORDING["callers"][name]
    if caller["mode"] == "apiKey":
        return Principal(Provider.API_KEY)
    claims = {"sub": caller["sub"], "username": caller["username"], "cognito:groups": caller["groups"]}
    return Principal(Provider.USER_POOLS, claims)


@pytest.mark.parametrize("group", GROUPS)
async def test_a_group_is_answered_as_recorded(api: GraphQL, empty_database: Database, group: str) -> None:
    session = Session(api)
    wrong = {}
    for record in records(group):
        found = await session.step(record)
        if bool(found) != (record["id"] in DIFFERENCES) and is_binding(record):
            wrong[record["id"]] = found[:3] or "answered equal, but listed in differences.py"
    assert wrong == {}


def test_nearly_everything_that_was_recorded_binds_us() -> None:
    binding = [record["id"] for group in GROUPS for record in records(group) if is_binding(record)]
    assert len(binding) == 1179
    assert set(DIFFERENCES) <= set(binding)
