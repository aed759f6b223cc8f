"""A database knows which tables it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from service.catalog.model import Catalog
from service.db import areas
from service.db.embedded import url_with_database
from service.db.engine import Database
from service.errors import CommandError

MakeDatabase = Callable[[Catalog | None], Awaitable[str]]


@pytest.fixture
def smaller(inventory: Catalog) -> Catalog:
    """Another version of the inventory: its first two models alone."""
    return replace(inventory, models=inventory.models[:2])


@pytest.fixture
async def server(server_url: str) -> AsyncIterator[Database]:
    database = Database.connect(server_url, size=1)
    yield database
    await database.close()


async def problem_at(url: str, catalog: Catalog) -> str | None:
    database = Database.connect(url, size=1)
    try:
        return await areas.problem(database, areas.digest_of(catalog))
    finally:
        await database.close()


async def test_tables_are_made_once(make_database: MakeDatabase, inventory: Catalog) -> None:
    url = await make_database(None)
    assert await problem_at(url, inventory) == "The database holds no tables of this service."
    assert await areas.make_tables(url, inventory) is True
    assert await areas.make_tables(url, inventory) is False
    assert await problem_at(url, inventory) is None


async def test_tables_of_another_version_are_left_alone(
    make_database: MakeDatabase, inventory: Catalog, smaller: Catalog
) -> None:
    url = await make_database(None)
    await areas.make_tables(url, smaller)
    with pytest.raises(CommandError, match="tables of another schema, or of another version"):
        await areas.make_tables(url, inventory)
    assert await problem_at(url, inventory) == "The tables in the database are those of another schema."
    assert await problem_at(url, smaller) is None


async def test_tables_of_somebody_else_are_left_alone(make_database: MakeDatabase, inventory: Catalog) -> None:
    url = await make_database(None)
    table = inventory.models[0].table
    database = Database.connect(url, size=1)
    await database.execute_ddl(f'CREATE TABLE "{table}" (theirs int); CREATE TABLE unrelated (theirs int)')
    await database.close()
    with pytest.raises(CommandError) as caught:
        await areas.make_tables(url, inventory)
    assert caught.value.message == f"The database already has tables that are not ours: {table}."


async def test_two_that_start_together_make_them_once(make_database: MakeDatabase, inventory: Catalog) -> None:
    url = await make_database(None)
    made = await asyncio.gather(*(areas.make_tables(url, inventory) for _ in range(3)))
    assert sorted(made) == [False, False, True]


async def test_each_catalog_has_a_database_of_its_own(
    server_url: str, server: Database, inventory: Catalog, smaller: Catalog
) -> None:
    first, again, second = [await areas.make_area(server_url, each) for each in (inventory, inventory, smaller)]
    assert first == again == url_with_database(server_url, f"offramp_{areas.digest_of(inventory)[:12]}")
    assert second == url_with_database(server_url, f"offramp_{areas.digest_of(smaller)[:12]}")
    assert await problem_at(second, smaller) == "The database holds no tables of this service."
    for catalog in (inventory, smaller):
        await server.fetch_row(f"DROP DATABASE offramp_{areas.digest_of(catalog)[:12]}", writes=True)
