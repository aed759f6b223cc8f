"""The audit trail: who changed what, when and from where, before and after, and nobody can say otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from service.catalog.model import Catalog
from service.db.connections.engine import Database, Transaction
from service.db.development import embedded
from service.db.security.audit import UNAUDITED
from service.errors import ConditionFailed, Forbidden
from service.sender import SENDER, Sender
from tests.access.conftest import CALLERS, World
from tests.access.organizations import OURS, THEIRS
from tests.conftest import MakeDatabase

ADMIN = CALLERS["Admin"]
ENTRIES = "SELECT * FROM audit_entry WHERE entity_id = $1 ORDER BY occurred_at"
MAKE = "mutation ($input: CreateSupplierInput!) { createSupplier(input: $input) { id } }"
CHANGE = "mutation ($input: UpdateSupplierInput!) { updateSupplier(input: $input) { id } }"
REMOVE = "mutation ($id: ID!) { deleteSupplier(input: { id: $id }) { id } }"


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    return await make_database(enforced)


@pytest.fixture(scope="module")
async def superuser(url: str) -> AsyncIterator[Database]:
    database = Database.connect(url, size=1)
    await database.execute_ddl(
        "INSERT INTO organizations (id, name, created_at, updated_at) "
        f"VALUES ('{OURS}', 'o', now(), now()), ('{THEIRS}', 't', now(), now());"
        "INSERT INTO users (organization_id, id, cognito_sub, email, status, created_at, updated_at) "
        f"VALUES ('{OURS}', 'u-ada', 'sub-ada', 'ada@example.com', 'ACTIVE', now(), now())"
    )
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def service(url: str, superuser: Database) -> AsyncIterator[Database]:
    database = Database.connect(embedded.url_as(url, "app_rw"), size=2)
    yield database
    await database.close()


async def entries(superuser: Database, entity: str) -> list[dict[str, Any]]:
    rows = [dict(row) for row in await superuser.fetch_rows(ENTRIES, [entity])]
    return [row | {side: orjson.loads(row[side] or "null") for side in ("before", "after")} for row in rows]


async def test_a_change_leaves_who_what_when_where_and_what_it_was(
    with_predicates: World, superuser: Database, service: Database
):
    token = SENDER.set(Sender(address="192.0.2.7", request_id="r-1"))
    try:
        made = {"organizationId": OURS, "id": "s1", "name": "Old", "leadTimeDays": 3}
        await with_predicates.data(service, MAKE, ADMIN, input=made)
        await with_predicates.data(service, CHANGE, ADMIN, input={"id": "s1", "name": "New"})
        await with_predicates.data(service, REMOVE, ADMIN, id="s1")
    finally:
        SENDER.reset(token)
    created, updated, deleted = await entries(superuser, "s1")
    for entry in (created, updated, deleted):
        assert (entry["organization_id"], entry["entity_type"]) == (OURS, "Supplier")
        assert (entry["actor"], entry["actor_name"], entry["provider"]) == ("sub-ada", "ada", "userPools")
        assert (entry["address"], entry["request_id"]) == ("192.0.2.7", "r-1")
    assert [each["action"] for each in (created, updated, deleted)] == ["CREATE", "UPDATE", "DELETE"]
    assert created["before"] is None
    assert (created["after"]["name"], created["after"]["leadTimeDays"]) == ("Old", 3)
    assert {name: updated["before"][name] for name in updated["before"] if name != "updatedAt"} == {"name": "Old"}
    assert {name: updated["after"][name] for name in updated["after"] if name != "updatedAt"} == {"name": "New"}
    assert deleted["after"] is None
    assert deleted["before"]["name"] == "New"


async def test_a_field_with_rules_of_its_own_is_masked(with_predicates: World, superuser: Database, service: Database):
    make = "mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }"
    change = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { id } }"
    person = {"organizationId": OURS, "id": "u1", "cognitoSub": "s", "email": "u@example.com", "status": "ACTIVE"}
    await with_predicates.data(service, make, ADMIN, input=person | {"salary": 1234.5})
    await with_predicates.data(service, change, ADMIN, input={"id": "u1", "salary": 2345.5})
    created, updated = await entries(superuser, "u1")
    assert created["after"]["salary"] == "***"
    assert (updated["before"]["salary"], updated["after"]["salary"]) == ("***", "***")
    logs = await superuser.fetch_rows("SELECT changes::text FROM audit_logs WHERE entity_id = 'u1'")
    assert len(logs) == 2
    assert not any("1234.5" in row[0] or "2345.5" in row[0] for row in logs)


async def test_what_is_undone_leaves_no_entry(with_predicates: World, superuser: Database, service: Database):
    with_predicates.repository.database = service
    write = (
        f"INSERT INTO categories (organization_id, id, name, created_at, updated_at) "
        f"VALUES ('{OURS}', 'c1', 'x', now(), now()) RETURNING id"
    )

    async def fails(transaction: Transaction) -> None:
        await transaction.fetch_value(write)
        raise ConditionFailed

    with pytest.raises(ConditionFailed):
        await with_predicates.repository.in_transaction(ADMIN, fails)
    assert await entries(superuser, "c1") == []
    await with_predicates.repository.in_transaction(ADMIN, lambda transaction: transaction.fetch_value(write))
    assert len(await entries(superuser, "c1")) == 1


async def test_a_refused_change_leaves_no_entry(with_predicates: World, superuser: Database, service: Database):
    given = {"organizationId": OURS, "id": "s2", "name": "x"}
    error = await with_predicates.error(service, MAKE, CALLERS["Viewer"], input=given)
    assert error[0] == "Unauthorized"
    assert await entries(superuser, "s2") == []


async def test_what_is_changed_behind_the_api_is_told_as_the_databases(superuser: Database):
    await superuser.execute_ddl("UPDATE organizations SET slug = 'x' WHERE id = 'ours'")
    last = (await entries(superuser, OURS))[-1]
    assert last["provider"] == "database"
    row = await superuser.fetch_row("SELECT session_user::text")
    assert row is not None
    assert last["actor"] == row[0]
    assert last["after"] == {"slug": "x"}


async def test_a_load_leaves_no_trail_if_the_owner_says_so_and_the_service_cannot(
    with_predicates: World, superuser: Database, service: Database
):
    repository = with_predicates.repository
    repository.database = service
    write = "UPDATE organizations SET plan = $1 WHERE id = 'ours' RETURNING id"

    async def change(transaction: Transaction, plan: str) -> None:
        await transaction.execute(UNAUDITED)
        await transaction.fetch_value(write, [plan])

    before = len(await entries(superuser, OURS))
    await repository.in_transaction(ADMIN, lambda transaction: change(transaction, "STANDARD"))
    assert len(await entries(superuser, OURS)) == before + 1
    async with superuser.transaction() as transaction:
        await change(transaction, "FREE")
    assert len(await entries(superuser, OURS)) == before + 1


async def test_a_client_cannot_say_who_it_was_or_when(with_predicates: World, superuser: Database, service: Database):
    log = "mutation ($input: CreateAuditLogInput!) { createAuditLog(input: $input) { id } }"
    forged = {
        "id": "l1", "organizationId": OURS, "action": "LOGIN", "entityType": "User", "entityId": "x",
        "actorId": "somebody-else", "occurredAt": "2020-01-01T00:00:00Z", "ip": "198.51.100.1",
    }  # fmt: skip
    token = SENDER.set(Sender(address="192.0.2.8", request_id="r-2"))
    try:
        await with_predicates.data(service, log, ADMIN, input=forged)
    finally:
        SENDER.reset(token)
    row = await superuser.fetch_row(
        "SELECT actor_id, ip, occurred_at > now() - interval '1 hour' FROM audit_logs WHERE id = 'l1'"
    )
    assert row is not None
    assert tuple(row) == ("u-ada", "192.0.2.8", True)
    for change in ("updateAuditLog", "deleteAuditLog"):
        kind = change[:6].title()
        refused = f"mutation ($input: {kind}AuditLogInput!) {{ {change}(input: $input) {{ id }} }}"
        assert (await with_predicates.error(service, refused, ADMIN, input={"id": "l1"}))[0] == "Unauthorized"


async def test_only_an_admin_reads_the_trail_and_only_their_own(
    with_predicates: World, superuser: Database, service: Database
):
    repository = with_predicates.repository
    repository.database = service
    seen = {}
    for name, caller in CALLERS.items():
        if name == "nobody":
            continue
        async with repository.transaction(caller) as transaction:
            rows = await transaction.fetch_rows("SELECT DISTINCT organization_id FROM audit_entry")
            seen[name] = [row[0] for row in rows]
    assert seen == {name: [OURS] if name == "Admin" else [] for name in seen}
    logs = "{ listAuditLogs { items { id } } }"
    assert (await with_predicates.data(service, logs, ADMIN))["listAuditLogs"]["items"]
    for name in ("Manager", "Viewer", "owner"):
        assert (await with_predicates.error(service, logs, CALLERS[name]))[0] == "Unauthorized"


async def test_nobody_changes_or_forges_an_entry(with_predicates: World, service: Database):
    repository = with_predicates.repository
    repository.database = service
    for statement in (
        "UPDATE audit_entry SET actor = 'x' RETURNING id",
        "DELETE FROM audit_entry RETURNING id",
        f"INSERT INTO audit_entry (organization_id, action) VALUES ('{OURS}', 'CREATE') RETURNING id",
    ):
        with pytest.raises(Forbidden):
            async with repository.transaction(ADMIN) as transaction:
                await transaction.fetch_value(statement)
