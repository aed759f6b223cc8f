from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.security.roles import SERVE
from service.importer import catalog_from_sdl
from service.operations import FUNCTIONS
from service.operations.connect import Answer, Function
from tests.conftest import MakeDatabase
from tests.operations.api import Api, furnish, tables


@pytest.fixture(scope="session", params=["legacy", "enforced"])
def catalog(request: pytest.FixtureRequest, inventory: Catalog, enforced: Catalog) -> Catalog:
    """The shipped inventory, in both integrities."""
    return enforced if request.param == "enforced" else inventory


@pytest.fixture(scope="session")
async def url(make_database: MakeDatabase, catalog: Catalog) -> str:
    """The inventory's tables, shared by the whole run: empty them after a test."""
    return await make_database(catalog)


@asynccontextmanager
async def furnished_api(url: str, catalog: Catalog, *, size: int) -> AsyncIterator[Api]:
    """The shipped API with two organizations in it, until the end of the block."""
    owned = Database.connect(url, size=3)
    database = Database.connect(url_as(url, SERVE) if catalog.is_enforced else url, size=size)
    api = Api(catalog, database, FUNCTIONS, owned=owned)
    try:
        await furnish(api)
        yield api
    finally:
        await owned.execute_ddl(f"TRUNCATE {', '.join(tables(catalog))} CASCADE")
        await database.close()
        await owned.close()


@pytest.fixture
async def api(url: str, catalog: Catalog) -> AsyncIterator[Api]:
    async with furnished_api(url, catalog, size=5) as api:
        yield api


@pytest.fixture(scope="session")
def various() -> Catalog:
    """A catalog with custom operations of every form."""
    return catalog_from_sdl((Path(__file__).parent / "schema.graphql").read_text())


@pytest.fixture(scope="session")
async def various_database(make_database: MakeDatabase, various: Catalog) -> AsyncIterator[Database]:
    database = Database.connect(await make_database(various), size=3)
    yield database
    await database.close()


@pytest.fixture
async def serve(various: Catalog, various_database: Database) -> AsyncIterator[Callable[..., Api]]:
    """Make an API of it with these functions, by operation; its tables are emptied after the test."""

    def serve(answers: Mapping[Any, Answer] | None = None, **functions: Function) -> Api:
        return Api(various, various_database, functions, answers)

    yield serve
    await various_database.execute_ddl(f"TRUNCATE {', '.join(each.table for each in various.models)}")
