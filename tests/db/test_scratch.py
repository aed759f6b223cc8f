from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development.embedded import url_with_database
from service.db.development.scratch import create_scratch, drop_scratches, scratch_name
from service.errors import CommandError


@pytest.fixture
async def server(server_url: str) -> AsyncIterator[str]:
    """A server that has no scratch databases, before and after."""
    await drop_scratches(server_url)
    yield server_url
    await drop_scratches(server_url)


def smaller(catalog: Catalog) -> Catalog:
    return replace(catalog, models=catalog.models[1:])


async def count_roles(url: str) -> str | None:
    database = Database.connect(url, size=1)
    try:
        return await database.fetch_value("SELECT count(*)::text FROM roles")
    finally:
        await database.close()


async def test_a_schema_finds_its_data_again_and_no_other_sees_it(server: str, inventory: Catalog):
    first = await create_scratch(server, inventory)
    database = Database.connect(first, size=1)
    await database.execute_ddl("INSERT INTO roles (id) VALUES ('r1')")
    await database.close()
    assert await count_roles(await create_scratch(server, smaller(inventory))) == "0"
    with_other_rules = replace(inventory, models=tuple(replace(each, rules=()) for each in inventory.models))
    assert await create_scratch(server, with_other_rules) == first
    assert await count_roles(first) == "1"


async def test_two_processes_may_make_the_same_one(server: str, inventory: Catalog):
    urls = await asyncio.gather(*(create_scratch(server, inventory) for _ in range(3)))
    assert len(set(urls)) == 1
    assert await count_roles(urls[0]) == "0"


async def test_an_interrupted_beginning_is_finished(server: str, inventory: Catalog):
    database = Database.connect(server, size=1)
    await database.fetch_row(f"CREATE DATABASE {scratch_name(inventory)} TEMPLATE template0", writes=True)
    await database.close()
    assert await count_roles(await create_scratch(server, inventory)) == "0"


async def test_all_of_them_go_and_nothing_else(server: str, inventory: Catalog):
    await create_scratch(server, inventory)
    assert await drop_scratches(server) == [scratch_name(inventory)]
    assert await drop_scratches(server) == []


async def test_who_may_not_create_databases_is_told_so(server: str, inventory: Catalog):
    admin = Database.connect(server, size=1)
    await admin.execute_ddl("CREATE ROLE plain LOGIN")
    plain = url_with_database(server, "postgres").replace("postgres@", "plain@")
    with pytest.raises(CommandError, match="this user of postgres may not create one") as raised:
        await create_scratch(plain, inventory)
    assert "CREATEDB" in str(raised.value.hint)
    await admin.execute_ddl("DROP ROLE plain")
    await admin.close()
