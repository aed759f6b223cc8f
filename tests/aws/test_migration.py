"""The migration function under Lambda's runtime client: what a deployment invokes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.migrations.upgrade import HEAD
from service.db.security.roles import MIGRATE, SERVE, make_local_roles
from tests.aws.pooler import pooler_before
from tests.aws.runtime import InvocationFailed, LocalLambda, running_function
from tests.aws.test_handler import said
from tests.conftest import MakeDatabase
from tests.db.legacy_rows import fill

Event = dict[str, Any]
FIRST = {"name": "Third Party", "slug": "third", "admin_sub": "sub-of-zoe", "admin_email": "zoe@third.example"}


@pytest.fixture
async def fresh_url(make_database: MakeDatabase) -> str:
    """A database without a table, whose roles an administrator has made."""
    url = await make_database(None)
    administrator = Database.connect(url, size=1)
    await make_local_roles(administrator)
    await administrator.close()
    return url


@pytest.fixture
def fresh_environ(function_environ: dict[str, str], fresh_url: str) -> dict[str, str]:
    """What a handler on it is told."""
    return function_environ | {"DATABASE_URL": url_as(fresh_url, SERVE)}


@pytest.fixture
def migrate(fresh_url: str, tmp_path: Path) -> Iterator[LocalLambda]:
    """The function, through a pooler as through the proxy; it is told nothing but where the database is."""
    with (
        pooler_before(url_as(fresh_url, MIGRATE), tmp_path) as pooler,
        running_function("service.aws.migrate", {"DATABASE_URL": pooler.url}, tmp_path) as function,
    ):
        yield function


def test_it_migrates_once_and_makes_the_first_organization(
    migrate: LocalLambda,
    fresh_environ: dict[str, str],
    graphql: Callable[..., Event],
    issuer: DevelopmentIssuer,
    tmp_path: Path,
):
    assert [migrate.invoke(event) for event in ({}, {"revision": "head"}, None)] == [{"revision": HEAD}] * 3
    made = migrate.invoke({"organization": FIRST})
    assert sorted(made["roles"]) == ["Admin", "Manager", "Viewer"]
    assert made["api_key"] is None
    with pytest.raises(InvocationFailed, match="There is an organization with the slug 'third' already"):
        migrate.invoke({"organization": FIRST})
    with running_function("service.aws.handler", fresh_environ, tmp_path) as handler:
        token = issuer.issue("sub-of-zoe", "zoe", ["Admin"], organization=made["id"])
        answer = handler.invoke(graphql("{ listOrganizations { items { name } } }", authorization=token))
    assert said(answer) == {"data": {"listOrganizations": {"items": [{"name": "Third Party"}]}}}


async def test_it_migrates_tables_with_rows_as_far_as_it_is_told(migrate: LocalLambda, fresh_url: str):
    assert migrate.invoke({"revision": "0001"}) == {"revision": "0001"}
    await fill(fresh_url, 100, "UPDATE products SET sku = NULL WHERE id = 'p1';")
    with pytest.raises(InvocationFailed, match="products: 1 row without sku"):
        migrate.invoke({})
    administrator = Database.connect(fresh_url, size=1)
    await administrator.execute_ddl("UPDATE products SET sku = 's1' WHERE id = 'p1'")
    await administrator.close()
    assert [migrate.invoke(event) for event in ({"revision": "0002"}, {})] == [{"revision": "0002"}, {"revision": HEAD}]
    assert migrate.invoke({"revision": "0001"}) == {"revision": HEAD}  # where it is, and not what was asked for


@pytest.mark.parametrize(
    "event",
    [
        {"revision": 7},
        {"revision": "head", "organization": FIRST},
        {"downgrade": "base"},
        {"organization": {"name": "x"}},
        {"organization": FIRST | {"plan": "FREE"}},
        {"organization": FIRST | {"slug": 7}},
        [1],
    ],
)
def test_what_it_does_not_know_fails_with_what_it_does(migrate: LocalLambda, event: object):
    migrate.invoke({})
    with pytest.raises(InvocationFailed, match=r'The event is \{\} or \{\\?"revision'):
        migrate.invoke(event)


def test_an_organization_wants_tables(migrate: LocalLambda):
    with pytest.raises(InvocationFailed, match="The database is not at the revision that this version needs"):
        migrate.invoke({"organization": FIRST})


def test_a_database_that_is_away_fails_the_deployment(tmp_path: Path):
    given = {"DATABASE_URL": "postgresql://app_migrate:hunter2@127.0.0.1:1/shop"}
    with (
        running_function("service.aws.migrate", given, tmp_path) as function,
        pytest.raises(InvocationFailed, match="Migrating shop failed") as failed,
    ):
        function.invoke({})
    assert "hunter2" not in str(failed.value)
