from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.migrations.upgrade import upgrade
from service.db.readiness import serving_problem, table_problem, warn_of_revision
from service.db.security.bound import refuse_unbound
from service.errors import WrongRole

UNBOUND = "so row-level security would not hold. Serve as app_rw."
MakeDatabase = Callable[[Catalog | None], Awaitable[str]]


async def test_the_shipped_service_is_ready_when_it_is_migrated(make_database: MakeDatabase):
    url = await make_database(None)
    database = Database.connect(url, size=1)
    said = "The database is not at the revision that this version needs. Run: offramp db upgrade"
    assert await serving_problem(database) == said
    await asyncio.to_thread(upgrade, url)
    serving = Database.connect(embedded.url_as(url, "app_rw"), size=1)
    assert await serving_problem(serving) is None
    await serving.close()
    await database.execute_ddl("UPDATE alembic_version SET version_num = '0000'")
    assert await serving_problem(database) == said
    await database.close()


ODD = {
    "bypassing": "BYPASSRLS IN ROLE app_rw",
    "owning": "NOINHERIT IN ROLE app_rw, app_owner",
    "asking": "NOINHERIT IN ROLE app_rw, app_gate",
    "migrating": "NOINHERIT IN ROLE app_migrate",
    "mighty": f"NOINHERIT IN ROLE app_rw, {embedded.SUPERUSER}",
    "serving": "IN ROLE app_rw",
}
"""Roles that somebody could think of serving as, and their rights. Roles are the server's, so each run has its own."""


def named(role: str) -> str:
    return f"{role}_{os.getpid()}" if role in ODD else role


@pytest.fixture(scope="module")
async def migrated(make_database: MakeDatabase) -> AsyncIterator[str]:
    url = await make_database(None)
    await asyncio.to_thread(upgrade, url)
    superuser = Database.connect(url, size=1)
    await superuser.execute_ddl("".join(f"CREATE ROLE {named(name)} LOGIN {rights};" for name, rights in ODD.items()))
    yield url
    await superuser.execute_ddl("".join(f"DROP ROLE {named(name)};" for name in ODD))
    await superuser.close()


@pytest.mark.parametrize(
    ("role", "why"),
    [
        (embedded.SUPERUSER, "is a superuser"),
        ("app_migrate", "owns tables"),
        ("bypassing", "has BYPASSRLS"),
        ("owning", "may become app_owner, which owns tables"),
        ("asking", "may become app_gate, which reads the rows of all organizations"),
        ("migrating", "may become app_owner, which owns tables"),
        ("mighty", "may become postgres, which is a superuser"),
    ],
)
async def test_nothing_is_sent_as_a_role_that_policies_do_not_bind(migrated: str, role: str, why: str):
    database = Database.connect(embedded.url_as(migrated, named(role)), size=1, admit=refuse_unbound)
    sent: list[str] = []
    database.observer = sent.append
    for ask in (database.ping, lambda: serving_problem(database)):
        with pytest.raises(WrongRole) as caught:
            await ask()
        assert caught.value.message == f"The database role {why}, {UNBOUND}"
    assert sent == []
    await database.close()


@pytest.mark.parametrize("role", ["app_rw", "serving"])
async def test_a_role_that_they_bind_serves(migrated: str, role: str):
    database = Database.connect(embedded.url_as(migrated, named(role)), size=1, admit=refuse_unbound)
    assert await serving_problem(database) is None
    await database.close()


async def test_who_has_set_a_role_is_asked_for_both(migrated: str):
    for role, why in (("app_rw", "is a superuser"), ("app_owner", "owns tables")):
        database = Database.connect(f"{migrated}&role={role}", size=1, admit=refuse_unbound)
        with pytest.raises(WrongRole, match=why):
            await database.ping()
        await database.close()


async def test_where_there_is_no_row_level_security_yet_the_log_says_so(
    make_database: MakeDatabase, caplog: pytest.LogCaptureFixture
):
    url = await make_database(None)
    for revision, said in (
        ("0002", ["The database is at revision 0002, where there is no row-level security"]),
        ("head", []),
    ):
        await asyncio.to_thread(upgrade, url, revision)
        database = Database.connect(embedded.url_as(url, "app_rw"), size=1, admit=refuse_unbound)
        caplog.clear()
        await warn_of_revision(database)
        assert [
            each.message.partition(":")[0] for each in caplog.records if each.name == "service.db.readiness"
        ] == said
        await database.close()


async def test_another_catalog_is_ready_when_its_tables_are_there(make_database: MakeDatabase, inventory: Catalog):
    database = Database.connect(await make_database(inventory), size=1)
    assert await table_problem(database, inventory) is None
    more = [replace(inventory.models[0], name=name, table=name.lower()) for name in ("Zebras", "Apes")]
    larger = replace(inventory, models=(*inventory.models, *more))
    assert await table_problem(database, larger) == "The database lacks these tables: apes, zebras"
    await database.close()
