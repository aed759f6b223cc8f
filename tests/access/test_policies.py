"""Policies by themselves: what PostgreSQL lets a caller do, asked in SQL that names no rule and no organization.

Elsewhere predicates stand beside them, and a policy that had gone would not be missed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from service.auth.principal import Principal
from service.catalog.model import Catalog, Model
from service.db.connections.engine import Database, Transaction
from service.db.development import embedded
from service.db.repository import Repository
from service.db.security.gate import gate_of, has_gate
from service.errors import ConditionFailed, Forbidden
from tests.access.conftest import CALLERS, World
from tests.access.organizations import OURS, OWNER, THEIRS, row_of, stored
from tests.access.questions import key_of
from tests.access.test_permissions import EXPECTED, ROLES, letter_of

NOT_OF_FIELDS = {("User", "Viewer"): "d", ("User", "Manager"): "d"}
"""Who may not write every field does not remove a row, not even their own. Policies know nothing of fields."""


@pytest.fixture
async def repository(shared_url: str, with_predicates: World) -> AsyncIterator[Repository]:
    database = Database.connect(embedded.url_as(shared_url, "app_rw"), size=1)
    with_predicates.repository.database = database
    yield with_predicates.repository
    await database.close()


class _Undo(Exception):
    """Ends a transaction whose changes nobody wants."""


class _Asked:
    """One caller's statements about one model, each in a transaction that is undone."""

    def __init__(self, repository: Repository, caller: Principal, model: Model) -> None:
        self._repository, self._caller, self._model = repository, caller, model

    async def is_let(self, statement: str, arguments: Sequence[Any]) -> bool:
        """Whether it meets a row, and no policy is against it. A constraint that is comes after policies."""
        try:
            async with self._repository.transaction(self._caller) as transaction:
                await self._run(transaction, statement, arguments)
        except _Undo as undone:
            return bool(undone.args[0])
        except Forbidden:
            return False
        except ConditionFailed:
            return True
        raise AssertionError(statement)

    async def _run(self, transaction: Transaction, statement: str, arguments: Sequence[Any]) -> None:
        raise _Undo(len(await transaction.fetch_rows(statement, arguments)))

    async def sees(self, name: str) -> bool:
        return await self._about(name, f"SELECT 1 FROM {self._model.table} WHERE {{}}")

    async def changes(self, name: str) -> bool:
        return await self._about(
            name, f"UPDATE {self._model.table} SET row_version = row_version WHERE {{}} RETURNING 1"
        )

    async def removes(self, name: str) -> bool:
        return await self._about(name, f"DELETE FROM {self._model.table} WHERE {{}} RETURNING 1")

    async def _about(self, name: str, statement: str) -> bool:
        """The same of the row of that name, by its key alone."""
        key = key_of(self._model, self._repository.catalog, name)
        columns = [self._model.field_by_name[each].column for each in key]
        by_key = " AND ".join(f"{column} = ${number}" for number, column in enumerate(columns, 1))
        return await self.is_let(statement.format(by_key), [*key.values()])

    async def makes(self, organization: str, owner: str) -> bool:
        """A row that is whose it says; what it refers to is not there, and is asked for last."""
        row = row_of(self._model, self._repository.catalog, organization, "made")
        row |= {name: value for name, value in (("owner", owner), ("cognitoSub", "sub-olive")) if name in row}
        made = orjson.dumps(stored(self._model, row)).decode()
        table = self._model.table
        insert = f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, $1::json)"
        return await self.is_let(f"{insert} RETURNING 1", [made])


@pytest.mark.parametrize("role", ROLES)
async def test_what_policies_let_a_role_do_is_what_a_person_wrote(repository: Repository, enforced: Catalog, role: str):
    """But for reading: who may do anything with a row sees it, so that a write can give it back."""
    found, expected = {}, {}
    for model in enforced.models:
        asked = _Asked(repository, ROLES[role], model)
        own, other = (OURS, OURS) if model.name == "Organization" else ("ours-0", "ours-1")
        cells = (
            ("S", await asked.sees(own), await asked.sees(other)),
            ("C", await asked.makes(OURS, OWNER), await asked.makes(OURS, "sub-x::x")),
            ("U", await asked.changes(own), await asked.changes(other)),
            ("D", await asked.removes(own), await asked.removes(other)),
        )
        found[model.name] = "".join(letter_of(*cell) for cell in cells)
        written = EXPECTED[model.name, role]
        seen = "-" if not written.strip("-") else "S" if any(map(str.isupper, written)) else "s"
        expected[model.name] = seen + written[2:4] + NOT_OF_FIELDS.get((model.name, role), written[4])
    assert found == expected


async def test_nobody_reaches_a_row_of_theirs(repository: Repository, enforced: Catalog):
    """Not even the service on its own account, which the rules of the models allow everything."""
    for caller in (CALLERS["Admin"], replace(CALLERS["Admin"], is_service=True)):
        for model in enforced.models:
            asked = _Asked(repository, caller, model)
            name = THEIRS if model.name == "Organization" else "theirs-0"
            done = [await asked.sees(name), await asked.changes(name), await asked.removes(name)]
            done.append(await asked.makes(THEIRS, OWNER))
            assert done == [False] * 4, model.name


async def test_the_gate_answers_about_ones_own_organization_alone(repository: Repository, enforced: Catalog):
    """Whatever the organization that it is asked about; and it finds a user there alone."""
    gated = [model for model in enforced.models if has_gate(model)]
    assert {model.name for model in gated} == {"User", "PurchaseOrder"}
    async with repository.transaction(CALLERS["owner"]) as transaction:
        for model in gated:
            held = f"SELECT {gate_of(model)}($1, $2)"
            for organization, key, answer in (
                (OURS, "ours-1", True),
                (OURS, "theirs-0", False),
                (THEIRS, "theirs-0", False),
                (THEIRS, "ours-1", False),
            ):
                assert await transaction.fetch_value(held, [organization, key]) is answer, (model.name, key)
        found = "SELECT app_own_user('cognitoSub of ' || $1)"
        assert await transaction.fetch_value(found, ["ours-1 in ours"]) == "ours-1"
        assert await transaction.fetch_value(found, ["theirs-1 in theirs"]) is None
