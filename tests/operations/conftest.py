from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from service.catalog.model import Catalog
from service.db.engine import Database
from service.importer import catalog_from_sdl
from service.operations import FUNCTIONS
from service.operations.connect import Answer, Function
from tests.conftest import MakeDatabase
from tests.operations.api import Api, furnish


@pytest.fixture
async def api(empty_database: Database, inventory: Catalog) -> Api:
    """The shipped API with two organizations in it."""
    api = Api(inventory, empty_database, FUNCTIONS)
    await furnish(api)
    return api


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
