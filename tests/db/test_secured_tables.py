"""What the database itself says of its tables, roles and functions: nothing there may let organizations mix."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.catalog.model import Catalog
from service.db.connections.address import address_of
from service.db.connections.engine import Database
from service.db.development import embedded
from tests.conftest import MakeDatabase

OPEN_TO_NOBODY = {"api_key"}
"""Has rows of all organizations, and no rights for the role that serves: the gate looks for one key in it."""
UNAUDITED = {
    "audit_entry": "is the trail",
    "api_key": "whoever runs the service makes keys, and no request does",
    "idempotency_key": "has what somebody was answered already",
}
"""The tables whose changes leave no entry, each with its reason."""
LED_BY_NONE = {
    "users_cognito_sub_idx": "whose organization nobody knows yet is looked up by the sub of a proven token",
    "idempotency_key_created_at_idx": "old keys are forgotten by their age; the policy still hides those of others",
    "api_key_pkey": "a key is looked up by its digest before anybody's organization is known",
}
"""The indexes that no organization leads, each with its reason."""
DEFINERS = {
    "app_membership(text,text)", "app_api_key(bytea)", "app_own_user(text)", "app_audit()", "app_keep_an_admin()",
    "app_holds_purchase_orders(text,text)", "app_holds_users(text,text)",
}  # fmt: skip
"""The functions with more rights than their caller has. A new one is to be reviewed and added here."""

REPLACED = """
DO $$ DECLARE same text := (SELECT qual FROM pg_policies WHERE tablename = 'products' AND policyname = 'tenant'); BEGIN
    DROP POLICY tenant ON products;
    EXECUTE 'CREATE POLICY tenant ON products AS {} USING (' || same || ') WITH CHECK (' || same || ')';
END $$
"""
"""The same conditions in a policy of another kind."""

WITHOUT_REMOVALS = """
DROP TRIGGER audited ON roles;
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION app_audit('{}')
"""
TABLES = """
SELECT c.relname AS name, relrowsecurity AND relforcerowsecurity AS secured, pg_get_userbyid(relowner) AS owner,
       ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS columns
FROM pg_class AS c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""
POLICIES = """
SELECT tablename, qual, with_check FROM pg_policies
WHERE permissive = 'RESTRICTIVE' AND roles = '{app_rw}' AND cmd = 'ALL'
"""
INDEXES = """
SELECT indrelid::regclass::text AS tablename, indexrelid::regclass::text AS name, indisunique AS is_unique,
       pg_get_indexdef(indexrelid, 1, true) AS first
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
"""
REFERENCES = """
SELECT conrelid::regclass::text AS tablename, conname AS name,
       (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) AS own,
       (SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1]) AS its,
       confrelid::regclass::text AS target, confdelsetcols AS emptied, conkey[1] AS first
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""
AUDITED = """
SELECT tgrelid::regclass::text AS tablename, array_agg(event ORDER BY event) AS events
FROM pg_trigger, (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE')) AS fires (bit, event)
WHERE tgfoid = 'app_audit()'::regprocedure AND tgenabled IN ('O', 'A') AND tgtype & 3 = 1 AND tgtype & bit = bit
GROUP BY tgrelid, tgqual IS NULL
"""
"""What of each table is on record: row by row, after it was done."""
VIEWS = """
SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
AND NOT coalesce(reloptions @> '{security_invoker=true}', false)
"""
FUNCTIONS = """
SELECT oid::regprocedure::text AS name, pg_get_userbyid(proowner) AS owner, proconfig::text AS config,
       has_function_privilege('public', oid, 'EXECUTE') AS is_public
FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
"""
ROLE = """
SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolinherit OR rolreplication
FROM pg_roles WHERE rolname = 'app_rw'
"""
RIGHTS = """
SELECT relname || ' ' || right_ FROM pg_class, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) AS right_
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND has_table_privilege('app_rw', pg_class.oid, right_)
"""


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    return await make_database(enforced)


@pytest.fixture(scope="module")
async def superuser(url: str) -> AsyncIterator[Database]:
    database = Database.connect(url, size=1)
    await database.execute_ddl(
        "INSERT INTO organizations (id, name, created_at, updated_at) "
        "VALUES ('a', 'A', now(), now()), ('b', 'B', now(), now())"
    )
    yield database
    await database.close()


@pytest.fixture
async def service(url: str, superuser: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the role that serves, as the driver has it."""
    connection = await address_of(embedded.url_as(url, "app_rw")).open()
    yield connection
    await connection.close()


def tenants_of(catalog: Catalog) -> dict[str, str]:
    """Table → its tenant's column, of the tables that the catalog knows."""
    return {model.table: model.tenant.column for model in catalog.models if model.tenant} | {
        "idempotency_key": "organization"
    }


async def flaws(superuser: Database, catalog: Catalog) -> list[str]:
    """What is wrong with the tables, a line each. One that nobody has heard of must be as safe as the others."""
    tenants, found = tenants_of(catalog), []
    policies = await superuser.fetch_rows(POLICIES)
    for table in await superuser.fetch_rows(TABLES):
        name = table["name"]
        tenant = tenants.setdefault(name, "organization_id")
        if table["owner"] != "app_owner":
            found.append(f"{name} belongs to {table['owner']}")
        if not table["secured"]:
            found.append(f"{name} lacks ENABLE or FORCE ROW LEVEL SECURITY")
        if name not in OPEN_TO_NOBODY and not any(_keeps(each, name, tenant) for each in policies):
            found.append(f"{name} lacks a restrictive policy with both clauses")
    found += [
        f"the index {index['name']} is not led by the organization"
        for index in await superuser.fetch_rows(INDEXES)
        if index["first"] != tenants[index["tablename"]] and index["name"] not in LED_BY_NONE
    ]
    audited = {(row["tablename"], *row["events"]) for row in await superuser.fetch_rows(AUDITED)}
    for name in tenants.keys() - UNAUDITED.keys():
        # Where the trail is shown an entry is not changed, and what the trail itself writes is no news.
        events = ("DELETE", "INSERT") if name == "audit_logs" else ("DELETE", "INSERT", "UPDATE")
        if (name, *events) not in audited:
            found.append(f"changes of {name} leave no entry in the trail")
    for reference in await superuser.fetch_rows(REFERENCES):
        ends = (tenants[reference["tablename"]], tenants[reference["target"]])
        if (reference["own"], reference["its"]) != ends:
            found.append(f"the reference {reference['name']} does not hold the organization on both sides")
        if reference["first"] in (reference["emptied"] or []):
            found.append(f"the reference {reference['name']} empties the organization")
    return found + [f"the view {row[0]} lacks security_invoker" for row in await superuser.fetch_rows(VIEWS)]


def _keeps(policy: asyncpg.Record, table: str, tenant: str) -> bool:
    expected = f"({tenant} = NULLIF(current_setting('app.organization'::text, true), ''::text))"
    return (policy["tablename"], policy["qual"], policy["with_check"]) == (table, expected, expected)


async def test_every_table_keeps_organizations_apart(superuser: Database, enforced: Catalog):
    assert await flaws(superuser, enforced) == []


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (
            "CREATE TABLE t (organization_id text PRIMARY KEY)",
            ["ENABLE or FORCE", "a restrictive policy", "belongs to", "changes of t leave"],
        ),
        ("ALTER TABLE products NO FORCE ROW LEVEL SECURITY", ["products lacks ENABLE or FORCE"]),
        ("ALTER TABLE products DISABLE ROW LEVEL SECURITY", ["products lacks ENABLE or FORCE"]),
        ("ALTER POLICY tenant ON products WITH CHECK (true)", ["products lacks a restrictive policy"]),
        ("ALTER POLICY tenant ON products USING (true)", ["products lacks a restrictive policy"]),
        ("ALTER POLICY tenant ON products TO app_owner", ["products lacks a restrictive policy"]),
        (REPLACED.format("PERMISSIVE TO app_rw"), ["products lacks a restrictive policy"]),
        (REPLACED.format("RESTRICTIVE FOR UPDATE TO app_rw"), ["products lacks a restrictive policy"]),
        ("DROP POLICY tenant ON audit_entry", ["audit_entry lacks a restrictive policy"]),
        ("CREATE INDEX i ON products (name)", ["the index i is"]),
        (
            "ALTER TABLE audit_logs DROP CONSTRAINT audit_logs_pkey; ALTER TABLE audit_logs ADD PRIMARY KEY (id)",
            ["the index audit_logs_pkey is"],
        ),
        ("ALTER TABLE roles ADD UNIQUE (name)", ["the index roles_name_key is"]),
        (
            "ALTER TABLE roles ADD CONSTRAINT f FOREIGN KEY (name) REFERENCES organizations (id)",
            ["the reference f does not"],
        ),
        ("DROP TRIGGER audited ON roles", ["changes of roles leave"]),
        ("ALTER TABLE roles DISABLE TRIGGER audited", ["changes of roles leave"]),
        (WITHOUT_REMOVALS, ["changes of roles leave"]),
        ("CREATE VIEW v AS SELECT * FROM products", ["the view v"]),
    ],
)
async def test_a_table_that_does_not_is_found(
    superuser: Database, enforced: Catalog, planted: str, expected: list[str]
):
    async with superuser.transaction() as transaction:
        await transaction.execute(planted)
        found = "\n".join(await flaws(transaction, enforced))  # type: ignore[arg-type]  all it does is ask for rows
        await transaction.execute("ROLLBACK; BEGIN")
    assert found
    for each in expected:
        assert each in found


async def test_the_role_that_serves_can_do_nothing_but_read_and_write_rows(
    superuser: Database, service: asyncpg.Connection
):
    row = await superuser.fetch_row(ROLE)
    assert row is not None
    assert row[0] is False
    assert await superuser.fetch_rows(RIGHTS) == []
    for statement in (
        "CREATE TABLE t (a int)", "CREATE TEMPORARY TABLE products (a int)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SET ROLE app_owner", "SET ROLE app_gate",
        "SET ROLE app_migrate", "ALTER TABLE products DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON products", "TRUNCATE products", "SELECT * FROM api_key",
        "SET session_replication_role = replica", "DELETE FROM audit_entry", "UPDATE audit_entry SET actor = 'x'",
        "INSERT INTO audit_entry (organization_id, action, entity_type, entity_id) VALUES ('a', 'X', 'X', 'x')",
        "CREATE OR REPLACE FUNCTION app_names(named text) RETURNS jsonb RETURN NULL::jsonb",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(statement)


async def test_functions_with_more_rights_are_known_and_cannot_be_led_astray(superuser: Database):
    found = {row["name"]: row for row in await superuser.fetch_rows(FUNCTIONS)}
    assert set(found) == DEFINERS
    for row in found.values():
        assert row["owner"] == "app_gate"
        assert "search_path=pg_catalog, public, pg_temp" in row["config"]
        assert not row["is_public"]


async def test_nobody_who_has_not_said_who_asks_sees_a_row(service: asyncpg.Connection):
    assert await service.fetchval("SELECT count(*) FROM organizations") == 0
    async with service.transaction():
        await service.fetchrow("SELECT app_context('a', 'service', '{}')")
        assert await service.fetchval("SELECT string_agg(id, ',') FROM organizations") == "a"
    assert await service.fetchval("SELECT current_setting('app.organization', true)") == ""
    assert await service.fetchval("SELECT count(*) FROM organizations") == 0
    await service.execute("SET row_security = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.fetchval("SELECT count(*) FROM organizations")


async def test_who_asks_is_forgotten_with_a_savepoint_and_with_an_error(service: asyncpg.Connection):
    for ending in ("ROLLBACK TO s", "SELECT 1/0"):
        await service.execute("BEGIN; SAVEPOINT s")
        await service.fetchrow("SELECT app_context('b', 'service', '{}')")
        if ending == "SELECT 1/0":
            with pytest.raises(asyncpg.DivisionByZeroError):
                await service.execute(ending)
            await service.execute("ROLLBACK")
        else:
            await service.execute(ending)
        assert await service.fetchval("SELECT count(*) FROM organizations") == 0
        await service.execute("ROLLBACK")
