"""Every role tries every operation, and a person has said what must come of it: `permissions.txt`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.auth.principal import Principal
from service.catalog.model import Catalog, Model
from service.catalog.permissions import Extent, permissions, roles_of
from service.cli.reference import permissions_page
from service.db.connections.engine import Database
from service.db.development import embedded
from tests.access.conftest import CALLERS, World, of
from tests.access.organizations import OURS, THEIRS, plant
from tests.access.questions import input_of, key_of, touched
from tests.conftest import MakeDatabase

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


@pytest.mark.parametrize("role", ROLES)
async def test_what_happens_is_what_the_table_says(
    with_predicates: World, superuser: tuple[Database, str], service: Database, enforced: Catalog, role: str
):
    found = {}
    for model in enforced.models:
        tried = _Tried(with_predicates, service, ROLES[role], model, enforced)
        found[model.name] = await tried.all(EXPECTED[model.name, role])
    tables = ", ".join(model.table for model in enforced.models)
    await superuser[0].execute_ddl(f"TRUNCATE {tables}, audit_entry, api_key")
    await plant(superuser[0], enforced, OURS)
    await plant(superuser[0], enforced, THEIRS)
    assert found == {model: cell for (model, of_role), cell in EXPECTED.items() if of_role == role}


class _Tried:
    """What comes of trying every operation on one model."""

    def __init__(self, world: World, service: Database, caller: Principal, model: Model, catalog: Catalog) -> None:
        self._world, self._service, self._caller, self._model, self._catalog = world, service, caller, model, catalog

    async def all(self, expected: str) -> str:
        own, other = "ours-0", "ours-1"
        if self._model.name == "Organization":
            own = other = OURS
        got = [await self._reads(name) for name in (own, other)]
        listed = await self._lists(own, other)
        created = [await self._creates("sub-olive::olive"), await self._creates("sub-x::x")]
        # Whose a new row is can be told where clients may say it: else it is always theirs who made it.
        if "owner" not in self._model.field_by_name or not self._model.field_by_name["owner"].in_input:
            created[1] = expected[2].isupper()
        updated = [await self._changes("update", name) for name in (own, other)]
        deleted = [await self._changes("delete", name) for name in (own, other)]
        cells = (("G", got), ("L", listed), ("C", created), ("U", updated), ("D", deleted))
        return "".join(letter_of(letter, *allowed) for letter, allowed in cells)

    async def _is_allowed(self, document: str, **variables: Any) -> bool:
        self._world.repository.database = self._service
        answer = orjson.loads(await self._world.graphql(self._caller, document, variables, None))
        kinds = {each["errorType"] for each in answer.get("errors", ())}
        assert kinds <= {"Unauthorized", "DynamoDB:ConditionalCheckFailedException"}, answer
        return "Unauthorized" not in kinds

    async def _reads(self, name: str) -> bool:
        key = key_of(self._model, self._catalog, name)
        given = ", ".join(f"{each}: {orjson.dumps(value).decode()}" for each, value in key.items())
        return await self._is_allowed(f"{{ {self._model.operations.get}({given}) {{ __typename }} }}")

    async def _lists(self, own: str, other: str) -> list[bool]:
        document = f"{{ rows: {self._model.operations.list} {{ items {{ {self._model.key[-1]} }} }} }}"
        if not await self._is_allowed(document):
            return [False, False]
        rows = (await self._world.data(self._service, document, self._caller))["rows"]["items"]
        names = {row[self._model.key[-1]] for row in rows}
        return [key_of(self._model, self._catalog, name)[self._model.key[-1]] in names for name in (own, other)]

    async def _creates(self, owner: str) -> bool:
        input_ = input_of(self._model, self._catalog, f"new-{owner}")
        input_ |= {name: owner for name in ("owner",) if name in input_}
        input_ |= {name: "sub-olive" for name in ("cognitoSub",) if name in input_}
        if self._model.name == "Organization":
            input_["id"] = OURS
        return await self._write("create", input_)

    async def _changes(self, kind: str, name: str) -> bool:
        change = touched(self._model) if kind == "update" else {}
        return await self._write(kind, key_of(self._model, self._catalog, name) | change)

    async def _write(self, kind: str, input_: dict[str, Any]) -> bool:
        field = getattr(self._model.operations, kind)
        type_ = f"{kind.title()}{self._model.name}Input"
        return await self._is_allowed(f"mutation ($i: {type_}!) {{ {field}(input: $i) {{ __typename }} }}", i=input_)


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
