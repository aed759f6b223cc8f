from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from service.catalog.model import Catalog
from service.db.embedded import url_as
from service.db.engine import Database
from service.db.readiness import serving_problem, table_problem
from service.db.upgrade import upgrade

MakeDatabase = Callable[[Catalog | None], Awaitable[str]]


async def test_the_shipped_service_is_ready_when_it_is_migrated(make_database: MakeDatabase):
    url = await make_database(None)
    database = Database.connect(url, size=1)
    said = "The database is not at the revision that this version needs. Run: offramp db upgrade"
    assert await serving_problem(database) == said
    await asyncio.to_thread(upgrade, url)
    serving = Database.connect(url_as(url, "app_rw"), size=1)
    assert await serving_problem(serving) is None
    await serving.close()
    bound = "so row-level security would not hold. Serve as app_rw."
    assert await serving_problem(database) == f"The database role is a superuser, {bound}"
    migrating = Database.connect(f"{url}&role=app_owner", size=1)
    assert await serving_problem(migrating) == f"The database role owns tables, {bound}"
    await migrating.close()
    await database.execute_ddl("UPDATE alembic_version SET version_num = '0000'")
    assert await serving_problem(database) == said
    await database.close()


async def test_another_catalog_is_ready_when_its_tables_are_there(make_database: MakeDatabase, inventory: Catalog):
    database = Database.connect(await make_database(inventory), size=1)
    assert await table_problem(database, inventory) is None
    more = [replace(inventory.models[0], name=name, table=name.lower()) for name in ("Zebras", "Apes")]
    larger = replace(inventory, models=(*inventory.models, *more))
    assert await table_problem(database, larger) == "The database lacks these tables: apes, zebras"
    await database.close()
