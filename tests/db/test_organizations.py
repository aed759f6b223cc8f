"""An organization before anybody can sign in to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from service.auth.api_keys import ApiKeys
from service.auth.authenticator import Authenticator
from service.auth.membership import Members
from service.auth.principal import Principal
from service.auth.tokens import TokenVerifier
from service.catalog.model import Catalog, Provider
from service.cli import main
from service.db.connections.engine import Database
from service.db.migrations.upgrade import upgrade
from service.db.organizations import NewOrganization, create_organization
from service.errors import ConditionFailed, Invalid
from tests.conftest import MakeDatabase

NEW = NewOrganization("Harbour & Pine", "harbour-pine", "sub-ingrid", "ingrid@harbour.example")
TABLES = ("organizations", "roles", "users", "user_roles", "api_key")


@pytest.fixture(scope="module")
async def gated(make_database: MakeDatabase, enforced: Catalog) -> AsyncIterator[Database]:
    database = Database.connect(await make_database(enforced), size=5)
    yield database
    await database.close()


@pytest.fixture
async def clean(gated: Database) -> AsyncIterator[Database]:
    yield gated
    await gated.execute_ddl(f"TRUNCATE {', '.join(TABLES)} CASCADE")


async def counts(database: Database) -> list[int]:
    return [len(await database.fetch_rows(f"SELECT FROM {table}")) for table in TABLES]


async def test_its_admin_is_its_admin_and_its_key_its_key(clean: Database) -> None:
    made = await create_organization(clean, NEW, with_api_key=True)
    assert await counts(clean) == [1, 3, 1, 1, 1]
    assert made.api_key is not None
    assert not made.admin_is_elsewhere
    members = Members(clean)
    admin = await members.of_user(Principal(Provider.USER_POOLS, {"sub": "sub-ingrid"}))
    assert (admin.organization, admin.groups()) == (made.id, ("Admin",))
    by_key = await Authenticator(TokenVerifier(), ApiKeys([]), members).authenticate({"x-api-key": made.api_key})
    assert (by_key.provider, by_key.organization) == (Provider.API_KEY, made.id)


async def test_what_is_in_its_rows(clean: Database) -> None:
    made = await create_organization(clean, NEW, with_api_key=False)
    (organization,) = await clean.fetch_rows("SELECT id, name, slug, plan, contact_email FROM organizations")
    assert tuple(organization) == (made.id, "Harbour & Pine", "harbour-pine", "FREE", "ingrid@harbour.example")
    (user,) = await clean.fetch_rows("SELECT id, organization_id, owner, email, status, created_at FROM users")
    assert tuple(user)[:5] == (made.admin_id, made.id, "sub-ingrid", "ingrid@harbour.example", "ACTIVE")
    assert user["created_at"] is not None
    roles = await clean.fetch_rows("SELECT name, permissions, organization_id FROM roles ORDER BY name")
    assert [tuple(each) for each in roles] == [
        ("Admin", ["*"], made.id),
        ("Manager", ["products:write", "orders:write", "stock:write"], made.id),
        ("Viewer", ["products:read", "stock:read"], made.id),
    ]
    (grant,) = await clean.fetch_rows("SELECT user_id, role_id, organization_id FROM user_roles")
    assert tuple(grant) == (made.admin_id, made.roles["Admin"], made.id)


async def test_a_slug_is_used_once(clean: Database) -> None:
    made = await asyncio.gather(
        *(create_organization(clean, NEW, with_api_key=True) for _ in range(4)), return_exceptions=True
    )
    refused = [each for each in made if isinstance(each, ConditionFailed)]
    assert [each.message for each in refused] == [
        "There is an organization with the slug 'harbour-pine' already. Choose another slug.",
    ] * 3
    assert await counts(clean) == [1, 3, 1, 1, 1]


async def test_an_admin_of_another_organization_is_told_of(clean: Database) -> None:
    await create_organization(clean, NEW, with_api_key=False)
    second = NewOrganization("Second", "second", "sub-ingrid", "i@second.example")
    assert (await create_organization(clean, second, with_api_key=False)).admin_is_elsewhere


async def test_a_failure_at_the_end_leaves_nothing(clean: Database) -> None:
    await clean.execute_ddl("ALTER TABLE api_key ADD CONSTRAINT none CHECK (false)")
    with pytest.raises(Invalid):
        await create_organization(clean, NEW, with_api_key=True)
    await clean.execute_ddl("ALTER TABLE api_key DROP CONSTRAINT none")
    assert await counts(clean) == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "slug", "sub", "email", "message"),
    [
        (" ", "a", "s", "a@b", "The name must not be empty."),
        ("A\x00", "a", "s", "a@b", "The name has a character that cannot be shown: 'A\\x00'."),
        ("A", "a", "", "a@b", "The sub of the Admin must not be empty."),
        ("A", "A b", "s", "a@b", "The slug must be small letters, digits and single hyphens, not 'A b'."),
        ("A", "a-", "s", "a@b", "The slug must be small letters, digits and single hyphens, not 'a-'."),
        ("A", "a", "s", "a b@c", "'a b@c' is not an email address."),
        ("A", "a", "s", "alice", "'alice' is not an email address."),
    ],
)
def test_values_that_cannot_be(name: str, slug: str, sub: str, email: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        NewOrganization(name, slug, sub, email)
    assert caught.value.message == message


@pytest.fixture
async def url(make_database: MakeDatabase) -> str:
    """A migrated database that nobody else makes organizations in."""
    url = await make_database(None)
    await asyncio.to_thread(upgrade, url)
    return url


class TestCommand:
    OPTIONS = ("organization", "create", "--admin-sub", "s1", "--admin-email", "a@b.example")

    async def run(self, *options: str) -> int:
        return await asyncio.to_thread(main, [*self.OPTIONS, *options])

    async def test_it_says_what_it_has_made(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        options = ("--name", "First", "--database-url", url)
        assert await self.run(*options, "--slug", "first", "--json") == 0
        said = json.loads(capsys.readouterr().out)
        assert set(said) == {"organization", "admin", "roles", "apiKey"}
        assert set(said["roles"]) == {"Admin", "Manager", "Viewer"}
        assert said["apiKey"] is None
        assert await self.run(*options, "--slug", "second") == 0
        output, errors = capsys.readouterr()
        lines = output.splitlines()
        assert lines[0].startswith("First: organization ")
        assert lines[1].startswith("  Admin    a@b.example, user ")
        assert len(lines) == 2
        assert errors.startswith("The Admin's sub is that of a user of another organization, too")

    async def test_mistakes(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        options = ("--name", "Third", "--database-url", url)
        assert await self.run(*options, "--slug", "third") == 0
        capsys.readouterr()
        for more, message in (
            (("--slug", "third"), "There is an organization with the slug 'third' already. Choose another slug."),
            (("--slug", "Third"), "The slug must be small letters, digits and single hyphens, not 'Third'."),
        ):
            assert await self.run(*options, *more) == 1
            assert capsys.readouterr().err == f"offramp: {message}\n"

    async def test_a_database_without_the_tables(
        self, make_database: MakeDatabase, capsys: pytest.CaptureFixture[str]
    ) -> None:
        url = await make_database(None)
        assert await self.run("--name", "N", "--slug", "n", "--database-url", url) == 1
        assert "Run: offramp db upgrade" in capsys.readouterr().err

    async def test_an_api_key_where_there_is_no_table_for_it(
        self, make_database: MakeDatabase, inventory: Catalog
    ) -> None:
        database = Database.connect(await make_database(inventory), size=1)
        with pytest.raises(Invalid, match="no table for API keys; OFFRAMP_API_KEYS can hold one"):
            await create_organization(database, NEW, with_api_key=True)
        assert await database.fetch_rows("SELECT FROM organizations") == []
        await database.close()
