"""Bringing a database to the schema this code was written for.

The revisions are in `alembic/` at the root of the checkout, and in `migrations/` beside `service/` in a
package for Lambda. Alembic itself is imported by migrating alone: a service that only asks
whether the schema is current does not pay for it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from service.db.connections import failures
from service.db.connections.address import Address, address_of
from service.db.connections.engine import Database
from service.db.security.roles import make_local_roles
from service.errors import CommandError, Unavailable

if TYPE_CHECKING:
    import asyncpg
    from alembic.config import Config

HEAD = "0003"
"""The revision that this code is written for: the last one in `alembic/versions/`."""

SERVED = ("0002", HEAD)
"""The revisions that this code can serve from. At 0002 its predicates alone keep organizations apart, for as long as it
takes to replace code that row-level security would leave without rows (docs/deploy.md)."""

SCRIPTS = tuple(Path(__file__).parents[3] / name for name in ("alembic", "migrations"))
"""Where the revisions are: in a checkout; in a package, where `alembic` is the library."""

EMPTY = """
DO $$ DECLARE each record; BEGIN
    FOR each IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = current_schema()
    LOOP EXECUTE 'DROP TABLE ' || each.name || ' CASCADE'; END LOOP;
    FOR each IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LOOP EXECUTE 'DROP ROUTINE ' || each.name || ' CASCADE'; END LOOP;
END $$
"""
"""Drops every table and function of the current schema, whoever made them; not those of extensions."""


def upgrade(address: Address | str, revision: str = "head") -> None:
    """Migrate up to a revision, or do nothing if the database is there already.

    It blocks and runs an event loop of its own: from a coroutine, call it in a thread.
    Errors: `CommandError`.
    """
    if revision == "head" and _is_current(address):
        return
    from alembic import command  # noqa: PLC0415  0.3 s, which a start with nothing to do need not pay

    with suppress(Unavailable):  # migrating will say it better
        asyncio.run(_make_roles(address))
    _run(command.upgrade, address, revision)


def downgrade(address: Address | str, revision: str) -> None:
    """Migrate down to a revision; `base` undoes everything. Blocks, as `upgrade` does."""
    from alembic import command  # noqa: PLC0415

    _run(command.downgrade, address, revision)


async def empty(url: str) -> None:
    """Drop everything in the database's schema. All data is gone."""
    database = Database.connect(url, size=1)
    try:
        await database.execute_ddl(EMPTY)
    finally:
        await database.close()


async def current_revision(database: Database) -> str | None:
    """The revision that the tables are at; None if nobody has migrated them. Errors: `Unavailable`."""
    if not await database.fetch_value("SELECT to_regclass('alembic_version')::text"):
        return None
    return await database.fetch_value("SELECT version_num FROM alembic_version")


async def revision_of(address: Address | str, *, behind_proxy: bool = False) -> str | None:
    """The revision that a database is at, asked on a connection of its own. Errors: `CommandError`, `Unavailable`."""
    database = Database.connect(address, size=1, behind_proxy=behind_proxy)
    try:
        return await current_revision(database)
    finally:
        await database.close()


async def schema_is_current(database: Database) -> bool:
    """Whether there is nothing to migrate. Errors: `Unavailable`."""
    return await current_revision(database) == HEAD


async def schema_is_served(database: Database) -> bool:
    """Whether the tables are some that this code can serve from. Errors: `Unavailable`."""
    return await current_revision(database) in SERVED


def migration_engine(address: Address | str) -> AsyncEngine:
    """An engine that connects once, without the limits on time that requests have."""
    where = address_of(address)

    async def open_driver(**_: object) -> asyncpg.Connection:
        return await where.open(statement_cache_size=0)

    return create_async_engine("postgresql+asyncpg://", async_creator=open_driver, poolclass=NullPool)


def alembic_config(address: Address | str) -> Config:
    """Alembic's settings: `[tool.alembic]` in pyproject.toml says the same to the `alembic` command."""
    from alembic.config import Config  # noqa: PLC0415

    scripts = next((each for each in SCRIPTS if (each / "env.py").exists()), None)
    if scripts is None:
        raise CommandError("The migrations are not in this installation.", hint=f"they belong in {SCRIPTS[-1]}")
    config = Config(
        attributes={"address": address}, stdout=sys.stdout
    )  # its default is what stdout was at the first import
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    return config


async def _make_roles(address: Address | str) -> None:
    """Make the roles that revisions need, if the one who migrates may: on a server of one's own."""
    database = Database.connect(address, size=1)
    try:
        if await database.fetch_value("SELECT 'yes' FROM pg_roles WHERE rolname = current_user AND rolsuper"):
            await make_local_roles(database)
    finally:
        await database.close()


def _is_current(address: Address | str) -> bool:
    with suppress(Unavailable):  # migrating will say it better
        return asyncio.run(revision_of(address)) == HEAD
    return False


def _run(action: Callable[[Config, str], None], address: Address | str, revision: str) -> None:
    from alembic.util import CommandError as AlembicError  # noqa: PLC0415  as above

    where = address_of(address)
    try:
        action(alembic_config(where), revision)
    except CommandError:
        raise
    except AlembicError as error:  # a revision that is none
        raise CommandError(f"Migrating {where.database} failed. {error}") from error
    except Exception as error:
        if (known := failures.translated(error, lost=False)) is None:
            raise
        raise CommandError(f"Migrating {where.database} failed. {known.message}") from error
