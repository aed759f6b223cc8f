"""In development and in tests, a statement that does not say who asks is an error; PostgreSQL just finds nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.auth.principal import ORGANIZATION_CLAIM
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.connections.watch import NobodyAsksError, Watch, watch_statements
from service.db.development import embedded
from service.db.repository import Repository
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.operations.call import Call
from service.operations.connect import connect
from service.operations.run import CustomOperations
from tests.access.organizations import OURS, plant
from tests.conftest import MakeDatabase
from tests.graphql.api import CURSOR_KEY, user

ROOT = Path(__file__).parents[2]
NAMES = "SELECT name FROM products"
ADA = user("ada", "Admin", **{ORGANIZATION_CLAIM: OURS})


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    url = await make_database(enforced)
    superuser = Database.connect(url, size=1)
    await plant(superuser, enforced, OURS)
    await superuser.close()
    return embedded.url_as(url, "app_rw")


@pytest.fixture
async def repository(url: str, enforced: Catalog) -> AsyncIterator[Repository]:
    database = Database.connect(url, size=2)
    yield Repository(enforced, database, cursor_key=CURSOR_KEY)
    await database.close()


async def test_postgresql_alone_says_nothing(url: str):
    database = Database.connect(url, size=1)
    assert await database.fetch_rows(NAMES) == []
    await database.close()


async def test_f15_a_forgotten_context_is_an_error(repository: Repository):
    with pytest.raises(NobodyAsksError, match=r"about products does not say who asks.*Repository\.transaction"):
        await repository.database.fetch_rows(NAMES)
    async with repository.database.transaction() as transaction:
        with pytest.raises(NobodyAsksError):
            await transaction.fetch_value(NAMES)
    async with repository.transaction(ADA) as told:
        assert len(await told.fetch_rows(NAMES)) == 4
    async with repository.database.transaction() as transaction:  # nobody has told this one
        with pytest.raises(NobodyAsksError):
            await transaction.fetch_row(NAMES)


async def test_f15_an_operation_that_forgets_it_fails(repository: Repository, enforced: Catalog):
    async def reorder_suggestions(call: Call, organization_id: str, limit: int | None = None) -> list[Any]:
        assert (call.principal.organization, limit) == (organization_id, None)
        return list(await repository.database.fetch_rows(NAMES))

    light = light_schema(enforced)
    functions = connect(enforced, {"reorderSuggestions": reorder_suggestions}, {})
    fallback = Fallback(repository, light, CustomOperations(repository, functions))
    graphql = GraphQL(repository, light, fallback, max_tokens=15_000, max_depth=25, max_roots=200)
    document = f'{{ reorderSuggestions(organizationId: "{OURS}") {{ quantity }} }}'
    (error,) = orjson.loads(await graphql(ADA, document, {}, None))["errors"]
    assert error["errorType"] == "InternalFailure"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE products SET name = 'x'",
        'INSERT INTO "stock_items" DEFAULT VALUES',
        "DELETE FROM public.users",
        "SELECT 1 FROM pg_class\nLEFT JOIN ONLY products ON true",
        "SELECT count(*) FROM audit_entry",
    ],
)
def test_every_table_of_theirs_is_looked_for(enforced: Catalog, statement: str):
    with pytest.raises(NobodyAsksError):
        Watch(enforced)(statement)
    assert Watch(enforced)(statement, told=True)
    assert Watch(enforced)(f"{statement} -- app_context($1, $2, $3)")


@pytest.mark.parametrize("statement", ["SELECT status, roles FROM app_membership($1, $2)", "SELECT FROM products_old"])
def test_other_statements_pass(enforced: Catalog, statement: str):
    assert not Watch(enforced)(statement)


async def test_tables_that_keep_nobody_apart_are_not_watched(inventory: Catalog, url: str):
    database = Database.connect(url, size=1)
    watch_statements(database, inventory)
    assert database.watch is None
    await database.close()


@pytest.fixture
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what `tests/conftest.py` adds to a repository."""
    monkeypatch.setattr(Repository, "__init__", Repository.__init__.__wrapped__)


@pytest.mark.usefixtures("in_production")
async def test_in_production_nothing_is_looked_at(enforced: Catalog, url: str):
    database = Database.connect(url, size=1)
    Repository(enforced, database, cursor_key=CURSOR_KEY)
    assert database.watch is None
    await database.close()


def test_offramp_dev_watches(tmp_path: Path):
    code = """
import sys
import service.app, service.cli.server
from service.cli import main

compose = service.app.compose
databases = []

def composed(settings, *, database, **options):
    databases.append(database)
    return compose(settings, database=database, **options)

service.app.compose = composed
service.cli.server.serve = lambda *_: print("watched by", [type(each.watch).__name__ for each in databases])
sys.exit(main(["dev", "--port", "0", "--no-demo-data", "--data-dir", sys.argv[1]]))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "watched by ['Watch']" in done.stdout
