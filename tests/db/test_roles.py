"""The roles: what each may do, on a server where the administrator may create roles and is no superuser, as on RDS."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from service.db.comparison.differences import differences
from service.db.comparison.reference import structure_of_models, throwaway_server
from service.db.comparison.structure import structure_of
from service.db.connections.engine import DIRECT_SETTINGS, Database
from service.db.development.embedded import url_as, url_with_database
from service.db.migrations.upgrade import upgrade
from service.db.security.reporting import make_reporting_role
from service.db.security.roles import LOGINS, make_roles, password_verifier
from service.errors import CommandError
from tests.db.conftest import FIFTEEN
from tests.running import ROOT

PASSWORDS = {role: f"{role}-of-the-tests-0123456789" for role in LOGINS}
ROLES = ["app_owner", "app_gate", "app_migrate", "app_rw"]
OWNERS = """
SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class WHERE relnamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module", params=["packaged", "15"])
def own_server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server without the roles, which all databases of one share and other tests make."""
    if request.param == "15" and not FIFTEEN.exists():
        pytest.skip(f"no PostgreSQL 15 at {FIFTEEN}: apt-get install postgresql-15")
    with throwaway_server(FIFTEEN if request.param == "15" else None) as url:
        yield url


@pytest.fixture
async def url(own_server_url: str) -> AsyncIterator[str]:
    """A database of an administrator's own; the roles go at the end."""
    url = url_with_database(own_server_url, "shop")
    server = await asyncpg.connect(own_server_url)
    await server.execute("DROP DATABASE IF EXISTS shop")
    await server.execute("CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8'")
    await server.close()
    superuser = await asyncpg.connect(url)
    await superuser.execute("CREATE ROLE offramp_admin LOGIN CREATEROLE")
    name = await superuser.fetchval("SELECT quote_ident(current_database())")
    await superuser.execute(f"ALTER DATABASE {name} OWNER TO offramp_admin")
    yield url
    await superuser.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER")
    made = await superuser.fetch("SELECT rolname FROM pg_roles WHERE rolname ~ '^(app|report|offramp)_'")
    await superuser.execute("".join(f"DROP OWNED BY {role};" for (role,) in made))
    await superuser.execute(f"DROP ROLE {', '.join(role for (role,) in made)}")
    await superuser.close()


@pytest.fixture
async def administrator(url: str) -> AsyncIterator[Database]:
    database = Database.connect(url_as(url, "offramp_admin"), size=1, behind_proxy=True)
    yield database
    await database.close()


@pytest.fixture
async def migrated(url: str, administrator: Database) -> str:
    """The database with its roles, and the tables that the role which migrates made."""
    await make_roles(administrator, PASSWORDS)
    await asyncio.to_thread(upgrade, url_as(url, "app_migrate"))
    return url


async def test_they_are_made_once(administrator: Database):
    assert await make_roles(administrator, PASSWORDS) == ROLES
    assert await make_roles(administrator, PASSWORDS) == []


async def test_roles_are_made_where_the_extension_for_audits_cannot_be(url: str):
    superuser = await asyncpg.connect(url)
    await superuser.execute("ALTER DATABASE shop SET pgaudit.log = 'ddl'")
    await superuser.close()
    administrator = Database.connect(url_as(url, "offramp_admin"), size=1, behind_proxy=True)
    assert await make_roles(administrator, PASSWORDS) == ROLES
    await administrator.close()


async def test_what_is_migrated_belongs_to_the_owner(migrated: str):
    superuser = await asyncpg.connect(migrated)
    assert await superuser.fetchval(OWNERS) == "app_owner"
    await superuser.close()


async def test_what_is_migrated_is_what_the_models_say(migrated: str):
    found = await structure_of(url_as(migrated, "app_migrate"))
    assert differences(found, await asyncio.to_thread(structure_of_models)) == []


async def test_the_role_that_serves_reads_and_writes_rows(migrated: str):
    owner = await asyncpg.connect(url_as(migrated, "app_migrate"))
    await owner.execute("INSERT INTO organizations (id, name, created_at, updated_at) VALUES ('o', 'O', now(), now())")
    await owner.close()
    serving = await asyncpg.connect(url_as(migrated, "app_rw"))
    new = (
        "INSERT INTO categories (id, organization_id, name, created_at, updated_at) "
        "VALUES ('c', 'o', 'C', now(), now())"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await serving.execute(new)  # nobody has said who asks
    async with serving.transaction():
        await serving.execute("SELECT app_context('o', 'service', '{}')")
        await serving.execute(new)
        await serving.execute("UPDATE categories SET name = 'Theirs'")
        assert await serving.fetchval("DELETE FROM categories RETURNING name") == "Theirs"
    await serving.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id text)",
        "CREATE TEMPORARY TABLE mine (id text)",
        "TRUNCATE organizations",
        "ALTER TABLE organizations ADD COLUMN mine text",
        "DROP TABLE organizations",
        "SET ROLE app_owner",
        "SET ROLE app_gate",
    ],
)
async def test_the_role_that_serves_does_nothing_else(migrated: str, statement: str):
    serving = await asyncpg.connect(url_as(migrated, "app_rw"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await serving.execute(statement)
    await serving.close()


async def test_the_role_that_serves_has_the_limits_that_cannot_be_sent_through_a_proxy(migrated: str):
    serving = await asyncpg.connect(url_as(migrated, "app_rw"))
    for name, value in DIRECT_SETTINGS.items():
        if name != "application_name":
            assert await serving.fetchval(f"SHOW {name}") == value
    await serving.close()


@pytest.fixture
async def two_organizations(migrated: str, administrator: Database) -> Database:
    """The administrator of a database with a category of each."""
    await administrator.execute_ddl("""
        INSERT INTO organizations (id, name, created_at, updated_at)
            SELECT id, id, now(), now() FROM unnest('{o,p}'::text[]) AS id;
        INSERT INTO categories (id, name, organization_id, created_at, updated_at)
            VALUES ('1', 'A', 'o', now(), now()), ('2', 'B', 'p', now(), now());
    """)
    return administrator


@asynccontextmanager
async def reporting(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the role that reports."""
    connection = await asyncpg.connect(url_as(url, "report_harbour"))
    yield connection
    await connection.close()


async def test_a_role_that_reports_reads_one_organization(migrated: str, two_organizations: Database):
    superuser = await asyncpg.connect(migrated)
    await superuser.execute("CREATE ROLE rds_iam; GRANT rds_iam TO offramp_admin WITH ADMIN OPTION")  # as RDS does
    tables = await make_reporting_role(two_organizations, "report_harbour", "o")
    assert await superuser.fetchval("SELECT pg_has_role('report_harbour', 'rds_iam', 'MEMBER')")
    await superuser.execute("DROP ROLE rds_iam")
    await superuser.close()
    async with reporting(migrated) as harbour:
        assert [row["name"] for row in await harbour.fetch("SELECT name FROM categories")] == ["A"]
        assert [row["id"] for row in await harbour.fetch("SELECT id FROM organizations")] == ["o"]
        assert sorted(set(tables)) == tables
        for table in tables:
            await harbour.fetch(f"SELECT * FROM {table}")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await harbour.execute("DELETE FROM categories")
    await make_reporting_role(two_organizations, "report_harbour", "p")
    async with reporting(migrated) as harbour:
        assert [row["name"] for row in await harbour.fetch("SELECT name FROM categories")] == ["B"]
    [taken_away] = re.findall(r"`(GRANT report_harbour .*)`", (ROOT / "docs" / "aws.md").read_text())
    for statement in taken_away.split("; "):
        await two_organizations.execute_ddl(statement)
    assert not await two_organizations.fetch_rows("SELECT FROM pg_roles WHERE rolname = 'report_harbour'")


async def test_a_role_that_reports_does_nothing_else(migrated: str, two_organizations: Database):
    await make_reporting_role(two_organizations, "report_harbour", "o")
    async with reporting(migrated) as harbour:
        await harbour.execute("SET default_transaction_read_only = off")  # it may; that is not what holds it back
        await harbour.execute("SELECT app_context('p', 'service', '{}')")
        assert [row["name"] for row in await harbour.fetch("SELECT name FROM categories")] == ["A"]
        for statement in (
            "DELETE FROM categories",
            "INSERT INTO categories (id) VALUES ('3')",
            "SELECT * FROM api_key",
            "SELECT * FROM idempotency_key",
            "SET ROLE app_owner",
            "CREATE TEMPORARY TABLE mine (id text)",
            "CREATE TABLE mine (id text)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await harbour.execute(statement)


async def test_what_is_no_reporting_role_is_refused(two_organizations: Database):
    for role, organization, told in (
        ("app_rw", "o", "is not the name of a reporting role"),
        ("report_x; DROP TABLE users", "o", "is not the name of a reporting role"),
        ("report_x", "none", "There is no organization none"),
    ):
        with pytest.raises(CommandError, match=told):
            await make_reporting_role(two_organizations, role, organization)


async def test_nobody_reports_where_organizations_are_not_kept_apart(administrator: Database):
    with pytest.raises(CommandError, match="would see every organization"):
        await make_reporting_role(administrator, "report_harbour", "o")


async def verifiers(url: str) -> dict[str, str]:
    """What the server keeps of each password."""
    superuser = await asyncpg.connect(url)
    rows = await superuser.fetch("SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY($1)", LOGINS)
    await superuser.close()
    return {row["rolname"]: row["rolpassword"] for row in rows}


async def test_the_server_keeps_of_a_password_what_it_would_have_computed_itself(url: str, administrator: Database):
    await make_roles(administrator, PASSWORDS)
    superuser = await asyncpg.connect(url)
    await superuser.execute(f"ALTER ROLE app_rw PASSWORD '{PASSWORDS['app_rw']}'")
    await superuser.close()
    kept = (await verifiers(url))["app_rw"]
    [salt] = re.findall(r":(.*?)\$", kept)
    assert password_verifier(PASSWORDS["app_rw"], b64decode(salt)) == kept


async def test_a_password_that_was_rotated_stays_unless_it_is_to_be_reset(url: str, administrator: Database):
    await make_roles(administrator, PASSWORDS)
    first = await verifiers(url)
    await make_roles(administrator, PASSWORDS)
    assert await verifiers(url) == first
    await make_roles(administrator, PASSWORDS, reset_passwords=True)
    later = await verifiers(url)
    assert {role for role in LOGINS if later[role] != first[role]} == set(LOGINS)


async def test_no_statement_holds_a_password(administrator: Database):
    sent: list[str] = []
    execute_ddl = administrator.execute_ddl

    async def observed(script: str) -> None:
        sent.append(script)
        await execute_ddl(script)

    administrator.execute_ddl = observed  # type: ignore[method-assign]
    await make_roles(administrator, PASSWORDS)
    assert "app_rw PASSWORD 'SCRAM-SHA-256$" in sent[0]
    assert not [password for password in PASSWORDS.values() if password in sent[0]]


async def test_a_role_without_a_password_is_refused(administrator: Database):
    with pytest.raises(CommandError, match="no password for app_rw"):
        await make_roles(administrator, {"app_migrate": "x"})


def test_a_password_that_would_have_to_be_normalized_is_refused():
    with pytest.raises(CommandError, match="ASCII"):
        password_verifier("pässword")
