"""The same question asked of GraphQL and of REST: the same rows, the same refusals, the same effects.

What differs is how it is said. A value the rules keep from the caller is null and an error there, and left out here;
an AWSJSON is a text there, and JSON here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from service.auth.principal import Principal
from service.catalog.model import Catalog, Integrity, Model
from service.graphql.inputs import create_fields
from service.importer import catalog_from_sdl
from service.operations.plans import Plans
from service.operations.rows import Rows
from service.rest.resources import Resource, resources_of
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY, Api, api_of, user
from tests.graphql.rules import SDL
from tests.integrity import seated
from tests.rest.calls import Rest, rest_on

CATALOG: Catalog = catalog_from_sdl(SDL)
RESOURCES: dict[str, Resource] = {each.model.name: each for each in resources_of(CATALOG)}
CALLERS = {
    "ann": user("ann"),
    "ben": user("ben", "red"),
    "boss": user("bo", roles=["boss"], crews=["deck"]),
    "tenant": user("tea", **{"custom:tenant": "t1"}),
    "editor": user("ed", "Editors"),
    "admin": ADMIN,
    "key": KEY,
    "nobody": Principal(ADMIN.provider),
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "Board": [{"id": "b1", "pinnedId": "n2"}, {"id": "b2"}],
    "Note": [
        {"id": "n1", "text": "of ann", "boardId": "b1", "owner": "sub-ann::ann"},
        {"id": "n2", "text": "of ben", "boardId": "b1", "owner": "sub-ben::ben"},
        {"id": "n3", "text": "older", "boardId": "b2", "owner": "ann"},
    ],
    "Shared": [{"id": "s1", "text": "x", "editors": ["sub-ann::ann", "sub-ben::ben"]}, {"id": "s2", "text": "y"}],
    "Team": [
        {"id": "t1", "text": "x", "team": "red"},
        {"id": "t2", "text": "y", "team": "blue", "readers": ["red"]},
        {"id": "t3", "text": "z"},
    ],
    "Claimed": [{"id": "c1", "crew": "deck"}, {"id": "c2", "crew": "sail"}],
    "Mine": [{"id": "m1", "text": "x", "owner": "t1"}, {"id": "m2", "text": "y", "owner": "t2"}],
    "Named": [{"id": "a1", "by": "ann"}, {"id": "a2", "by": "sub-ann"}],
    "Person": [
        {
            "id": "p1", "owner": "sub-ann::ann", "name": "Ann", "secret": "s", "needed": "n", "codes": ["c"],
            "born": "2000-01-01T00:00:00.000Z", "inner": {"a": "x", "b": 1.5}, "inners": [{"a": "y", "b": None}],
            "helpers": ["sub-ben::ben"], "plan": "p", "noteId": "n1", "friendId": "p2",
        },
        {"id": "p2", "owner": "sub-ben::ben", "name": "Ben", "needed": "n", "friendId": "p1", "noteId": "n2"},
    ],
    "Partial": [{"id": "q1", "text": "x", "owner": "sub-ann::ann"}, {"id": "q2", "text": "y", "owner": "sub-ben::ben"}],
}  # fmt: skip


BUBBLING = frozenset({"needed"})
"""Promised and closed: in GraphQL the whole row is null for it."""


def _references(model: Model) -> set[str]:
    return {name for each in model.relations if not each.is_many for name in each.fields}


@dataclass
class Doors:
    """Both doors to one database."""

    api: Api
    rest: Rest

    async def fill(self) -> None:
        """Make the rows, and keep a copy of each table to go back to."""
        rows = Rows(Plans(self.rest.repository), seated(ADMIN, self.api.catalog), None).without_rules()
        made = [(CATALOG.model_by_name[name], each) for name, inputs in ROWS.items() for each in inputs]
        for model, each in made:
            references = _references(model)
            known = {name: each[name] for name in each if self._is_input(model, name) and name not in references}
            await rows.create(model.name, known)
            if "owner" in each:
                await self.api.sql(f"UPDATE {model.table} SET owner = $1 WHERE id = $2", each["owner"], each["id"])
        for model, each in made:  # some refer to one another
            referring = {name: each[name] for name in each if name in _references(model)}
            if referring:
                await rows.update(model.name, {"id": each["id"], **referring})
        copies = (f"CREATE TABLE saved.{each.table} AS TABLE {each.table}" for each in CATALOG.models)
        await self.api.owned.execute_ddl(";".join(["CREATE SCHEMA saved", *copies]))

    async def restore(self) -> None:
        """Have the rows as they were made."""
        tables = [each.table for each in CATALOG.models]
        again = (f"INSERT INTO {each} SELECT * FROM saved.{each}" for each in tables)
        # Without triggers: that makes rows again, and is nothing to be audited, nor to be checked.
        script = ["SET LOCAL session_replication_role = replica", f"TRUNCATE {', '.join(tables)}", *again]
        await self.api.owned.execute_ddl(";".join(script))

    @staticmethod
    def _is_input(model: Model, name: str) -> bool:
        return model.field_by_name[name].in_input

    async def stored(self) -> dict[str, list[Any]]:
        """All there is, but for times and made-up ids."""
        found = {}
        for model in CATALOG.models:
            columns = [f'"{each.column}"' for each in model.fields if each.name not in {"createdAt", "updatedAt"}]
            rows = await self.api.sql(f"SELECT {', '.join(columns)} FROM {model.table} ORDER BY id")
            found[model.name] = [dict(row) | ({"id": "made"} if len(row["id"]) > 30 else {}) for row in rows]
        return found


@pytest.fixture(scope="module")
async def doors(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Doors]:
    async with api_of(CATALOG, make_database, integrity) as api, rest_on(api.catalog, api.database) as rest:
        made = Doors(api, rest)
        await made.fill()
        yield made


# ---------------------------------------------------------------- how each says it


def _selection(model: Model) -> str:
    parts = (
        f"{each.name} {{ a b }}" if each.type.name in CATALOG.object_by_name else each.name
        for each in model.fields
        if each.name not in BUBBLING
    )
    return " ".join(parts)


def _without_bubbling(answer: tuple[int, Any]) -> tuple[int, Any]:
    status, value = answer
    for each in value if isinstance(value, list) else [value or {}]:
        for name in BUBBLING:
            each.pop(name, None)
    return status, value


def _said(body: dict[str, Any], root: str) -> Any:
    """What GraphQL answered at a root field, as REST would say it: a status, and the value if there is one."""
    errors = body.get("errors", [])
    for each in errors:
        if each["path"] == [root]:
            kind = each["errorType"]
            return {"Unauthorized": 403, "DynamoDB:ConditionalCheckFailedException": 409}[kind], None
    value = body["data"][root]
    for each in errors:
        assert each["errorType"] == "Unauthorized", each
        _drop(value, each["path"][1:])
    return (404, None) if value is None else (200, value)


def _drop(value: Any, path: list[Any]) -> None:
    for step in path[:-1]:
        value = value[step]
    del value[path[-1]]


def _paged(value: Any) -> Any:
    """A connection of GraphQL as a page of REST."""
    return value["items"] if isinstance(value, dict) and "items" in value else value


async def _rest(rest: Rest, method: str, path: str, caller: Principal, body: Any = None) -> Any:
    response = await rest.send(method, path, body, caller=caller)
    if response.status_code >= 400:
        return response.status_code, None
    shown = response.json()
    return response.status_code, shown.get("data", shown) if "page" in shown else shown


# ---------------------------------------------------------------- reads


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("model", CATALOG.models, ids=lambda each: each.name)
async def test_one_row(doors: Doors, model: Model, caller: str):
    resource = RESOURCES[model.name]
    for key in [*(each["id"] for each in ROWS[model.name]), "gone"]:
        root = model.operations.get
        query = f'{{ {root}(id: "{key}") {{ {_selection(model)} }} }}'
        asked = _said(await doors.api.ask(query, caller=CALLERS[caller]), str(root))
        shown = await _rest(doors.rest, "GET", f"/v1/{resource.name}/{key}", CALLERS[caller])
        assert asked == _without_bubbling(shown), key


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("model", CATALOG.models, ids=lambda each: each.name)
async def test_all_rows(doors: Doors, model: Model, caller: str):
    root = str(model.operations.list)
    body = await doors.api.ask(f"{{ {root} {{ items {{ {_selection(model)} }} }} }}", caller=CALLERS[caller])
    shown = await _rest(doors.rest, "GET", f"/v1/{RESOURCES[model.name].name}", CALLERS[caller])
    assert _said_of_list(body, root) == _without_bubbling(shown)


def _said_of_list(body: dict[str, Any], root: str) -> Any:
    status, value = _said(body, root)
    return status, _paged(value)


FILTERS: list[tuple[str, dict[str, Any]]] = [
    ("Note", {"text": {"beginsWith": "o"}}),
    ("Note", {"or": [{"text": {"eq": "of ann"}}, {"boardId": {"eq": "b2"}}]}),
    ("Note", {"not": {"owner": {"contains": "ann"}}}),
    ("Shared", {"editors": {"contains": "sub-ann::ann"}}),
    ("Team", {"team": {"attributeExists": False}}),
    ("Team", {"team": {"ne": "red"}, "readers": {"notContains": "red"}}),
    ("Person", {"name": {"between": ["A", "B"]}}),
    ("Person", {"secret": {"eq": "s"}}),
    ("Person", {"not": {"secret": {"eq": "s"}}}),
    ("Person", {"plan": {"attributeExists": True}}),
    ("Person", {"born": {"beginsWith": "2000"}}),
    ("Person", {"name": {"size": {"ge": 3}}}),
    ("Person", {"friendId": {"eq": None}}),
    ("Mine", {"text": {"le": "x"}}),
]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("name", "written"), FILTERS)
async def test_some_rows(doors: Doors, name: str, written: dict[str, Any], caller: str):
    model = CATALOG.model_by_name[name]
    root = str(model.operations.list)
    query = f"query ($f: Model{name}FilterInput) {{ {root}(filter: $f) {{ items {{ id }} }} }}"
    asked = _said_of_list(await doors.api.ask(query, {"f": written}, CALLERS[caller]), root)
    path = f"/v1/{RESOURCES[name].name}:search"
    searched = await _rest(doors.rest, "POST", path, CALLERS[caller], {"filter": written, "fields": ["id"]})
    assert asked == searched


RELATIONS = [(each, relation) for each in CATALOG.models for relation in each.relations]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("model", "relation"), RELATIONS, ids=lambda each: each.name)
async def test_what_a_row_leads_to(doors: Doors, model: Model, relation: Any, caller: str):
    resource, root = RESOURCES[model.name], str(model.operations.get)
    inner = "{ items { id } }" if relation.is_many else "{ id }"
    for row in ROWS[model.name]:
        query = f'{{ {root}(id: "{row["id"]}") {{ id {relation.name} {inner} }} }}'
        status, value = _said(await doors.api.ask(query, caller=CALLERS[caller]), root)
        path = f"/v1/{resource.name}/{row['id']}?fields=id,{relation.name}.id"
        found, shown = await _rest(doors.rest, "GET", path, CALLERS[caller])
        if status == 200 and relation.name not in value and found == 403:
            continue  # closed to the caller altogether, and asked for by name
        expected = value and {name: _paged(each) for name, each in value.items()}
        if shown and relation.is_many and relation.name in shown:
            shown[relation.name] = shown[relation.name]["data"]
        assert (status, expected) == (found, shown)


# ---------------------------------------------------------------- writes


async def _effects(doors: Doors, outcome: Any) -> Any:
    stored = await doors.stored()
    await doors.restore()
    return outcome, stored


NEW: dict[str, dict[str, Any]] = {
    "Note": {"id": "new", "text": "t"},
    "Board": {"id": "new", "pinnedId": "n1"},
    "Shared": {"id": "new", "editors": ["sub-ben::ben"]},
    "Team": {"id": "new", "team": "red"},
    "Claimed": {"id": "new", "crew": "deck"},
    "Mine": {"id": "new", "text": "t"},
    "Named": {"id": "new", "by": "ann"},
    "Person": {"id": "new", "name": "N", "needed": "n", "secret": "s"},
    "Partial": {"id": "new", "text": "t"},
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", NEW)
async def test_creates(doors: Doors, name: str, caller: str):
    model = CATALOG.model_by_name[name]
    root, path = str(model.operations.create), f"/v1/{RESOURCES[name].name}"
    query = f"mutation ($i: Create{name}Input!) {{ {root}(input: $i) {{ __typename }} }}"
    for body in (NEW[name], NEW[name] | {"id": ROWS[name][0]["id"]}):
        assert set(body) <= set(create_fields(CATALOG, model))
        said, _ = _said(await doors.api.ask(query, {"i": body}, CALLERS[caller]), root)
        by_graphql = await _effects(doors, 201 if said == 200 else said)
        status, _ = await _rest(doors.rest, "POST", path, CALLERS[caller], body)
        assert by_graphql == await _effects(doors, status)


CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("Note", "n1", {"text": "changed"}),
    ("Note", "gone", {"text": "changed"}),
    ("Board", "b1", {"pinnedId": None}),
    ("Shared", "s1", {"text": "c"}),
    ("Shared", "s1", {"editors": ["sub-ann::ann"]}),
    ("Team", "t1", {"team": "blue"}),
    ("Team", "t2", {"text": "c"}),
    ("Claimed", "c2", {"crew": "deck"}),
    ("Mine", "m1", {"text": "c"}),
    ("Named", "a2", {"by": "ann"}),
    ("Person", "p1", {"name": "c"}),
    ("Person", "p1", {"secret": "c"}),
    ("Person", "p1", {"plan": "c", "born": None}),
    ("Person", "p2", {"needed": "c"}),
    ("Partial", "q1", {"text": "c"}),
]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("name", "key", "body"), CHANGES)
async def test_updates(doors: Doors, name: str, key: str, body: dict[str, Any], caller: str):
    model = CATALOG.model_by_name[name]
    root = str(model.operations.update)
    query = f"mutation ($i: Update{name}Input!) {{ {root}(input: $i) {{ __typename }} }}"
    said, _ = _said(await doors.api.ask(query, {"i": {"id": key, **body}}, CALLERS[caller]), root)
    by_graphql = await _effects(doors, said)
    status, _ = await _rest(doors.rest, "PATCH", f"/v1/{RESOURCES[name].name}/{key}", CALLERS[caller], body)
    assert by_graphql == await _effects(doors, _as_graphql(status, said))


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", NEW)
async def test_deletes(doors: Doors, name: str, caller: str):
    model = CATALOG.model_by_name[name]
    root = str(model.operations.delete)
    for key in (ROWS[name][0]["id"], "gone"):
        query = f'mutation {{ {root}(input: {{id: "{key}"}}) {{ __typename }} }}'
        said, _ = _said(await doors.api.ask(query, caller=CALLERS[caller]), root)
        by_graphql = await _effects(doors, said)
        response = await doors.rest.send("DELETE", f"/v1/{RESOURCES[name].name}/{key}", caller=CALLERS[caller])
        status = 200 if response.status_code == 204 else response.status_code
        assert by_graphql == await _effects(doors, _as_graphql(status, said))


CONDITIONED = {"Note": "n1", "Shared": "s1", "Team": "t1", "Mine": "m1", "Partial": "q1"}
"""Rows with a text."""


@pytest.mark.parametrize("holds", [True, False], ids=["holds", "does not hold"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", CONDITIONED)
async def test_conditions(doors: Doors, name: str, caller: str, holds: bool):  # noqa: FBT001
    """One asks for a row as it was: in GraphQL by what is in it, in REST by its version."""
    key = CONDITIONED[name]
    model, path = CATALOG.model_by_name[name], f"/v1/{RESOURCES[name].name}/{key}"
    [(text, version)] = await doors.api.sql(f"SELECT text, row_version FROM {model.table} WHERE id = $1", key)
    condition = {"text": {"eq": text if holds else "another"}}
    tag = {"if-match": f'"{version if holds else version + 1}"'}
    for kind, change in (("update", {"text": "changed"}), ("delete", {})):
        root = str(getattr(model.operations, kind))
        inputs = f"$i: {kind.title()}{name}Input!, $c: Model{name}ConditionInput"
        query = f"mutation ({inputs}) {{ {root}(input: $i, condition: $c) {{ __typename }} }}"
        variables = {"i": {"id": key, **change}, "c": condition}
        said, _ = _said(await doors.api.ask(query, variables, CALLERS[caller]), root)
        by_graphql = await _effects(doors, said)
        method, body = ("PATCH", change) if change else ("DELETE", None)
        response = await doors.rest.send(method, path, body, caller=CALLERS[caller], headers=tag)
        status = {204: 200, 412: 409}.get(response.status_code, response.status_code)
        assert by_graphql == await _effects(doors, _as_graphql(status, said))
        assert not (said == 200 and not holds)


REFERRING: list[tuple[str, dict[str, Any]]] = [
    ("create", {"id": "new", "text": "t", "boardId": "gone"}),
    ("update", {"id": "n1", "boardId": "gone"}),
    ("delete", {"id": "n1"}),
]


@pytest.mark.parametrize(("kind", "values"), REFERRING, ids=[each[0] for each in REFERRING])
async def test_references_that_would_dangle(doors: Doors, kind: str, values: dict[str, Any]):
    """Where they are checked, both doors refuse them; where they are not, both let them be."""
    model = CATALOG.model_by_name["Note"]
    refused = doors.api.catalog.is_enforced
    before = await doors.stored()
    root = str(getattr(model.operations, kind))
    query = f"mutation ($i: {kind.title()}NoteInput!) {{ {root}(input: $i) {{ __typename }} }}"
    said, _ = _said(await doors.api.ask(query, {"i": values}, ADMIN), root)
    by_graphql = await _effects(doors, said)
    method, path, done = {
        "create": ("POST", "/v1/notes", 201),
        "update": ("PATCH", "/v1/notes/n1", 200),
        "delete": ("DELETE", "/v1/notes/n1", 204),
    }[kind]
    response = await doors.rest.send(method, path, None if kind == "delete" else values, caller=ADMIN)
    assert response.status_code == (409 if refused else done)
    assert by_graphql == await _effects(doors, 409 if refused else 200)
    assert (by_graphql[1] == before) is refused


def _as_graphql(status: int, said: int) -> int:
    """AppSync says of a row that is not there what it says of a condition, or of the rules; REST says 404."""
    return said if status == 404 and said in {403, 409} else status


async def test_a_row_that_is_there_is_never_called_missing(doors: Doors):
    """What `_as_graphql` lets pass is about rows that are not there alone."""
    for caller in CALLERS.values():
        for name, rows in ROWS.items():
            path = f"/v1/{RESOURCES[name].name}/{rows[0]['id']}"
            patched = await doors.rest.send("PATCH", path, {}, caller=caller)
            assert patched.status_code in {200, 403}
    await doors.restore()


# ---------------------------------------------------------------- pages


def _ids(rows: Iterable[Any]) -> list[str]:
    return [each["id"] for each in rows]


@pytest.mark.parametrize("caller", ["ann", "ben", "admin"])
async def test_pages_hold_the_same_rows_in_the_same_order(doors: Doors, caller: str):
    by_graphql, by_rest, token, cursor = [], [], None, ""
    while True:
        query = "query ($t: String) { listNotes(limit: 1, nextToken: $t) { items { id } nextToken } }"
        page = (await doors.api.data(query, {"t": token}, CALLERS[caller]))["listNotes"]
        by_graphql += _ids(page["items"])
        token = page["nextToken"]
        if token is None:
            break
    while cursor is not None:
        after = f"&cursor={cursor}" if cursor else ""
        shown = await doors.rest.get(f"/v1/notes?limit=1{after}", caller=CALLERS[caller])
        by_rest += _ids(shown["data"])
        cursor = shown["page"]["next"]
    assert by_graphql == by_rest
    assert by_graphql


async def test_a_cursor_of_one_door_does_not_open_the_other(doors: Doors):
    token = (await doors.api.data("{ listNotes(limit: 1) { nextToken } }"))["listNotes"]["nextToken"]
    assert token
    await doors.rest.refused(400, "GET", f"/v1/notes?limit=1&cursor={token}")
    cursor = (await doors.rest.get("/v1/notes?limit=1"))["page"]["next"]
    query = "query ($t: String) { listNotes(nextToken: $t) { items { id } } }"
    assert [each[1] for each in await doors.api.errors(query, {"t": cursor})] == ["InvalidNextToken"]


def test_every_model_and_caller_is_asked():
    assert set(ROWS) == set(NEW) == set(CATALOG.model_by_name)
