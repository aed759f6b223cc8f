from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from service.catalog.model import Catalog
from service.db.engine import Database
from service.db.readiness import migration_problem, table_problem
from service.db.upgrade import upgrade

MakeDatabase = Callable[[Catalog | None], Awaitable[str]]


async def test_the_shipped_service_is_ready_when_it_is_migrated(make_database: MakeDatabase):
    url = await make_database(None)
    database = Database.connect(url, size=1)
    said = "The database is not at the revision that this version needs. Run: offramp db upgrade"
    assert await migration_problem(database) == said
    await asyncio.to_thread(upgrade, url)
    assert await migration_problem(database) is None
    await database.execute_ddl("UPDATE alembic_version SET version_num = '0000'")
    assert await migration_problem(database) == said
    await database.close()


async def test_another_catalog_is_ready_when_its_tables_are_there(make_database: MakeDatabase, inventory: Catalog):
    database = Database.connect(await make_database(inventory), size=1)
    assert await table_problem(database, inventory) is None
    more = [replace(inventory.models[0], name=name, table=name.lower()) for name in ("Zebras", "Apes")]
    larger = replace(inventory, models=(*inventory.models, *more))
    assert await table_problem(database, larger) == "The database lacks these tables: apes, zebras"
    await database.close()
