"""Every role tries every operation through either door; a person has said what comes of it in `permissions.txt`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from service.auth.principal import Principal
from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.model import Catalog, Model
from service.catalog.permissions import Extent, permissions, roles_of
from service.cli.reference import permissions_page
from service.db.connections.engine import Database
from service.db.development import embedded
from service.rest.resources import resources_of
from tests.access.conftest import CALLERS, World, of
from tests.access.organizations import OURS, THEIRS, plant
from tests.access.questions import input_of, key_of, touched
from tests.conftest import MakeDatabase
from tests.rest.calls import Rest, rest_on

LINES = [line.split() for line in (Path(__file__).parent / "permissions.txt").read_text().splitlines()]
HEAD, *TABLE = [line for line in LINES if line and line[0] != "#"]
EXPECTED = {(line[0], role): cell for line in TABLE for role, cell in zip(HEAD[1:], line[1:], strict=True)}
ROLES = {
    "key": CALLERS["API key"],
    "Viewer": of(OURS, "olive", "Viewer"),
    "Manager": of(OURS, "olive", "Manager"),
    "Admin": of(OURS, "olive", "Admin"),
}
"""Olive owns `ours-0`, and nothing else of ours has an owner who asks here."""
KINDS = {"key": "API key", "Viewer": "signed in", "Manager": "Manager", "Admin": "Admin"}


@pytest.fixture(scope="module")
async def superuser(make_database: MakeDatabase, enforced: Catalog) -> AsyncIterator[tuple[Database, str]]:
    url = await make_database(enforced)
    database = Database.connect(url, size=1)
    await plant(database, enforced, OURS)
    await plant(database, enforced, THEIRS)
    yield database, url
    await database.close()


@pytest.fixture(scope="module")
async def service(superuser: tuple[Database, str]) -> AsyncIterator[Database]:
    database = Database.connect(embedded.url_as(superuser[1], "app_rw"), size=1)
    yield database
    await database.close()


@pytest.fixture
def world(with_predicates: World, service: Database) -> World:
    with_predicates.repository.database = service
    return with_predicates


def test_the_rules_say_what_the_table_says(enforced: Catalog):
    letters = {Extent.ALL: str.upper, Extent.OWN: str.lower, Extent.NONE: lambda _: "-"}
    roles = roles_of(enforced)
    said = {
        (model.name, role): "".join(letters[extent](access[0]) for access, extent in found.items())
        for model in enforced.models
        for role, kind in KINDS.items()
        if (found := permissions(model, roles[kind]))
    }
    assert said == EXPECTED


@pytest.mark.parametrize("door", ["GraphQL", "REST"])
@pytest.mark.parametrize("role", ROLES)
async def test_what_happens_is_what_the_table_says(world: World, superuser: tuple[Database, str], role: str, door: str):
    """And what is refused changes nothing."""
    found, watcher, catalog = {}, superuser[0], world.catalog
    async with rest_on(catalog, world.repository.database) as rest:
        for model in catalog.models:
            asked = _Watched(watcher, catalog, model, ROLES[role])
            tried = _OverGraphql(asked, world) if door == "GraphQL" else _OverRest(asked, rest)
            found[model.name] = await tried.all(EXPECTED[model.name, role])
    tables = ", ".join(model.table for model in catalog.models)
    await watcher.execute_ddl(f"TRUNCATE {tables}, audit_entry, api_key")
    await plant(watcher, catalog, OURS)
    await plant(watcher, catalog, THEIRS)
    assert found == {model: cell for (model, of_role), cell in EXPECTED.items() if of_role == role}


@dataclass(frozen=True)
class _Watched:
    """Whose operations on which model are tried, and who looks what they leave."""

    superuser: Database
    catalog: Catalog
    model: Model
    caller: Principal

    async def everything(self) -> Any:
        """All rows of everybody, and the transaction that wrote each."""
        tables = [model.table for model in (*self.catalog.models, AUDIT_ENTRY)]
        rows = " UNION ALL ".join(f"SELECT t.xmin::text || t::text AS each FROM {table} AS t" for table in tables)
        return await self.superuser.fetch_value(f"SELECT string_agg(each, ',' ORDER BY each) FROM ({rows}) AS rows")


class _Tried(ABC):
    """What comes of trying every operation on one model."""

    def __init__(self, asked: _Watched) -> None:
        self._asked = asked
        self._caller, self._model, self._catalog = asked.caller, asked.model, asked.catalog

    async def all(self, expected: str) -> str:
        own, other = "ours-0", "ours-1"
        if self._model.name == "Organization":
            own = other = OURS
        got = [await self.reads(name) for name in (own, other)]
        listed = await self.lists(own, other)
        created = [await self._creates("sub-olive::olive"), await self._creates("sub-x::x")]
        # Whose a new row is can be told where clients may say it: else it is always theirs who made it.
        if "owner" not in self._model.field_by_name or not self._model.field_by_name["owner"].in_input:
            created[1] = expected[2].isupper()
        updated = [await self._changes("update", name) for name in (own, other)]
        deleted = [await self._changes("delete", name) for name in (own, other)]
        cells = (("G", got), ("L", listed), ("C", created), ("U", updated), ("D", deleted))
        return "".join(letter_of(letter, *allowed) for letter, allowed in cells)

    @abstractmethod
    async def reads(self, name: str) -> bool:
        """Whether the row of that name is got, or would be if it were there."""

    @abstractmethod
    async def lists(self, own: str, other: str) -> list[bool]:
        """Whether each of the two is in a list."""

    @abstractmethod
    async def writes(self, kind: str, key: dict[str, Any], values: dict[str, Any]) -> bool:
        """Whether a write is allowed. What it then meets is another matter."""

    async def _creates(self, owner: str) -> bool:
        input_ = input_of(self._model, self._catalog, f"new-{owner}")
        input_ |= {name: owner for name in ("owner",) if name in input_}
        input_ |= {name: "sub-olive" for name in ("cognitoSub",) if name in input_}
        if self._model.name == "Organization":
            input_["id"] = OURS
        return await self._write("create", {}, input_)

    async def _changes(self, kind: str, name: str) -> bool:
        change = touched(self._model) if kind == "update" else {}
        return await self._write(kind, key_of(self._model, self._catalog, name), change)

    async def _write(self, kind: str, key: dict[str, Any], values: dict[str, Any]) -> bool:
        before = await self._asked.everything()
        allowed = await self.writes(kind, key, values)
        assert allowed or await self._asked.everything() == before
        return allowed

    def _names(self, rows: list[dict[str, Any]], *names: str) -> list[bool]:
        last = self._model.key[-1]
        listed = {row[last] for row in rows}
        return [key_of(self._model, self._catalog, name)[last] in listed for name in names]


class _OverGraphql(_Tried):
    def __init__(self, asked: _Watched, world: World) -> None:
        super().__init__(asked)
        self._world = world

    async def _is_allowed(self, document: str, **variables: Any) -> bool:
        answer = orjson.loads(await self._world.graphql(self._caller, document, variables, None))
        kinds = {each["errorType"] for each in answer.get("errors", ())}
        assert kinds <= {"Unauthorized", "DynamoDB:ConditionalCheckFailedException"}, answer
        return "Unauthorized" not in kinds

    async def reads(self, name: str) -> bool:
        key = key_of(self._model, self._catalog, name)
        given = ", ".join(f"{each}: {orjson.dumps(value).decode()}" for each, value in key.items())
        return await self._is_allowed(f"{{ {self._model.operations.get}({given}) {{ __typename }} }}")

    async def lists(self, own: str, other: str) -> list[bool]:
        document = f"{{ rows: {self._model.operations.list} {{ items {{ {self._model.key[-1]} }} }} }}"
        if not await self._is_allowed(document):
            return [False, False]
        rows = (await self._world.data(self._world.repository.database, document, self._caller))["rows"]["items"]
        return self._names(rows, own, other)

    async def writes(self, kind: str, key: dict[str, Any], values: dict[str, Any]) -> bool:
        field = getattr(self._model.operations, kind)
        type_ = f"{kind.title()}{self._model.name}Input"
        document = f"mutation ($i: {type_}!) {{ {field}(input: $i) {{ __typename }} }}"
        return await self._is_allowed(document, i=key | values)


class _OverRest(_Tried):
    def __init__(self, asked: _Watched, rest: Rest) -> None:
        super().__init__(asked)
        self._rest = rest
        (self._resource,) = [each for each in resources_of(self._catalog) if each.model == self._model]

    async def _send(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        answer = await self._rest.send(method, path, body, caller=self._caller)
        assert answer.status_code in {200, 201, 204, 403, 404, 409}, answer.text
        return answer

    def _item(self, key: dict[str, Any]) -> str:
        return f"/v1/{self._resource.name}/{self._resource.key_in_path([*key.values()])}"

    async def reads(self, name: str) -> bool:
        return (await self._send("GET", self._item(key_of(self._model, self._catalog, name)))).status_code != 403

    async def lists(self, own: str, other: str) -> list[bool]:
        answer = await self._send("GET", f"/v1/{self._resource.name}")
        return [False, False] if answer.status_code == 403 else self._names(answer.json()["data"], own, other)

    async def writes(self, kind: str, key: dict[str, Any], values: dict[str, Any]) -> bool:
        method = {"create": "POST", "update": "PATCH", "delete": "DELETE"}[kind]
        path = self._item(key) if key else f"/v1/{self._resource.name}"
        body = {name: value for name, value in values.items() if value is not None}
        return (await self._send(method, path, None if kind == "delete" else body)).status_code != 403


def letter_of(letter: str, own: bool, other: bool) -> str:  # noqa: FBT001  two answers
    """As the table has it: small for rows of one's own."""
    if other:
        return letter
    return letter.lower() if own else "-"


def test_the_page_is_that_of_the_rules():
    """`make contracts` writes it anew."""
    page = Path(__file__).parents[2] / "docs" / "permissions.md"
    assert page.read_text(encoding="utf-8") == permissions_page()


async def test_nobody_gives_themselves_more_rights(
    with_predicates: World, superuser: tuple[Database, str], service: Database
):
    """A Manager may change users, and a user their own row: neither whose it is, nor whether it is suspended."""
    change = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { id } }"
    stored = "SELECT cognito_sub, status, phone FROM users WHERE organization_id = 'ours' AND id = 'ours-0'"
    before = await superuser[0].fetch_row(stored)
    for role in ("Viewer", "Manager"):
        for forged in ({"cognitoSub": "sub-olive"}, {"status": "SUSPENDED"}):
            input_ = {"id": "ours-0", **forged}
            error = await with_predicates.error(service, change, ROLES[role], input=input_)
            assert error == ("Unauthorized", "Not Authorized"), (role, forged)
        for make in ("createRole", "createUserRole"):
            kind = make.removeprefix("create")
            document = f"mutation ($input: Create{kind}Input!) {{ {make}(input: $input) {{ id }} }}"
            role_ = {"organizationId": OURS, "name": "Admin"}
            grant = {"organizationId": OURS, "userId": "ours-0", "roleId": "ours-0"}
            given = role_ if kind == "Role" else grant
            assert (await with_predicates.error(service, document, ROLES[role], input=given))[0] == "Unauthorized"
    assert await superuser[0].fetch_row(stored) == before
    changed = {"id": "ours-0", "phone": "+1 555 0199"}
    assert await with_predicates.data(service, change, ROLES["Viewer"], input=changed) == {
        "updateUser": {"id": "ours-0"}
    }


async def test_an_admin_has_no_rights_in_another_organization(with_predicates: World, service: Database):
    grant = "mutation ($input: CreateUserRoleInput!) { createUserRole(input: $input) { id } }"
    for organization, user, expected in (
        (THEIRS, "theirs-0", "Unauthorized"),
        (OURS, "theirs-0", "DynamoDB:ConditionalCheckFailedException"),
    ):
        input_ = {"organizationId": organization, "userId": user, "roleId": "ours-0"}
        assert (await with_predicates.error(service, grant, ROLES["Admin"], input=input_))[0] == expected
