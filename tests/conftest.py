"""What tests of several kinds share: a real PostgreSQL, thrown away at the end of the run, and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import wraps
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from service.catalog.model import Catalog, Integrity
from service.catalog.packaged import shipped
from service.db.comparison.reference import make_tables, throwaway_server
from service.db.connections.engine import Database
from service.db.connections.watch import watch_statements
from service.db.development import embedded
from service.db.repository import Repository
from service.db.schema.tables import tables_from_catalog

if TYPE_CHECKING:
    from playwright.async_api import Browser

SCREENSHOTS = Path(__file__).parents[1] / "docs" / "images"
MakeDatabase = Callable[[Catalog | None], Awaitable[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-url",
        default=os.environ.get("TEST_DATABASE_URL"),
        help="a PostgreSQL to test on, as a role that may create databases; default: the embedded one",
    )
    parser.addoption("--update-screenshots", action="store_true", help="write docs/images/*.png anew")


@pytest.fixture(scope="session", autouse=True)
def watched() -> Iterator[None]:
    """A statement that forgets to say who asks fails, whoever makes the repository, and does not just find nothing."""
    make = Repository.__init__

    @wraps(make)
    def make_watched(self: Repository, catalog: Catalog, database: Database, **options: Any) -> None:
        make(self, catalog, database, **options)
        watch_statements(database, catalog)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Repository, "__init__", make_watched)
        yield


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium."""
    from playwright.async_api import async_playwright  # noqa: PLC0415  for the few tests of pages

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("No Chromium here. Install it (apt-get install chromium) or name one in CHROMIUM=/path/to/it.")
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture
def picture_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """docs/images if the pictures there are to be made anew, else a folder that goes away."""
    return SCREENSHOTS if request.config.getoption("--update-screenshots") else tmp_path


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server on which this run (this worker) may create databases."""
    given = request.config.getoption("--database-url")
    if given:
        yield given
        return
    with throwaway_server() as url:
        yield url


@pytest.fixture(scope="session")
async def make_database(request: pytest.FixtureRequest, server_url: str) -> AsyncIterator[MakeDatabase]:
    """Make a database, empty or with a catalog's tables, and give its URL; all go at the end, or with the server."""
    made: list[str] = []
    names = (f"test_{os.getpid()}_{number}" for number in count())
    server = Database.connect(server_url, size=1)

    async def make(catalog: Catalog | None = None) -> str:
        made.append(name := next(names))
        await server.fetch_row(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'", writes=True)
        url = embedded.url_with_database(server_url, name)
        if catalog is not None:
            await make_tables(url, catalog)
        return url

    yield make
    for name in made if request.config.getoption("--database-url") else ():
        await server.fetch_row(f"DROP DATABASE {name} WITH (FORCE)", writes=True)
    await server.close()


@pytest.fixture(scope="session")
def inventory() -> Catalog:
    """The catalog of the shipped inventory, on tables that refuse nothing."""
    return shipped().as_legacy()


@pytest.fixture(scope="session")
def enforced() -> Catalog:
    """The catalog of the shipped inventory, as it is shipped."""
    return shipped()


@pytest.fixture(scope="module", params=Integrity)
def integrity(request: pytest.FixtureRequest) -> Integrity:
    """Each of the two, for what must be the same in both."""
    chosen: Integrity = request.param
    return chosen


@pytest.fixture(scope="session")
async def database(make_database: MakeDatabase, inventory: Catalog) -> AsyncIterator[Database]:
    """The inventory's tables, shared by the whole run: leave it as it was, or use `empty_database`."""
    database = Database.connect(await make_database(inventory), size=5)
    yield database
    await database.close()


@pytest.fixture
async def empty_database(database: Database, inventory: Catalog) -> AsyncIterator[Database]:
    """The same, emptied after the test."""
    yield database
    names = ", ".join(f'"{name}"' for name in tables_from_catalog(inventory).tables)
    await database.execute_ddl(f"TRUNCATE {names}")
