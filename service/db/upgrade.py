"""Bringing a database to the schema this code was written for.

The revisions are in `alembic/` at the root of the checkout, and a deployed package carries that
folder beside `service/`. Alembic itself is imported by migrating alone: a service that only asks
whether the schema is current does not pay for it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from service.db import failures
from service.db.engine import CONNECT_SECONDS, Database, postgresql_url
from service.errors import CommandError, Unavailable

if TYPE_CHECKING:
    import asyncpg
    from alembic.config import Config

HEAD = "0001"
"""The revision that this code needs: the last one in `alembic/versions/`."""

ROOT = Path(__file__).parents[2]

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


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up to a revision, or do nothing if the database is there already.

    It blocks and runs an event loop of its own: from a coroutine, call it in a thread.
    Errors: `CommandError`.
    """
    if revision == "head" and _is_current(url):
        return
    from alembic import command  # noqa: PLC0415  0.3 s, which a start with nothing to do need not pay

    _run(command.upgrade, url, revision)


def downgrade(url: str, revision: str) -> None:
    """Migrate down to a revision; `base` undoes everything. Blocks, as `upgrade` does."""
    from alembic import command  # noqa: PLC0415

    _run(command.downgrade, url, revision)


async def empty(url: str) -> None:
    """Drop everything in the database's schema. All data is gone."""
    database = Database.connect(url, size=1)
    try:
        await database.execute_ddl(EMPTY)
    finally:
        await database.close()


async def schema_is_current(database: Database) -> bool:
    """Whether the tables are those that this code expects. Errors: `Unavailable`."""
    if not await database.fetch_value("SELECT to_regclass('alembic_version')::text"):
        return False
    return await database.fetch_value("SELECT version_num FROM alembic_version") == HEAD


def migration_engine(url: str) -> AsyncEngine:
    """An engine that connects once, without the limits on time that requests have."""
    address = postgresql_url(url)

    async def open_driver(**_: object) -> asyncpg.Connection:
        import asyncpg  # noqa: PLC0415

        return await asyncpg.connect(address, timeout=CONNECT_SECONDS, statement_cache_size=0)

    return create_async_engine("postgresql+asyncpg://", async_creator=open_driver, poolclass=NullPool)


def database_name(url: str) -> str:
    """The name of the database in a URL, for a message: never the whole URL, which holds a password."""
    return urlsplit(url).path.lstrip("/") or "(unnamed)"


def alembic_config(url: str) -> Config:
    """Alembic's settings: `[tool.alembic]` in pyproject.toml says the same to the `alembic` command."""
    from alembic.config import Config  # noqa: PLC0415

    scripts = ROOT / "alembic"
    if not (scripts / "env.py").exists():
        raise CommandError("The migrations are not in this installation.", hint=f"they belong in {scripts}")
    config = Config(attributes={"url": url}, stdout=sys.stdout)  # its default is what stdout was at the first import
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    return config


def _is_current(url: str) -> bool:
    async def ask() -> bool:
        database = Database.connect(url, size=1)
        try:
            return await schema_is_current(database)
        finally:
            await database.close()

    with suppress(Unavailable):  # migrating will say it better
        return asyncio.run(ask())
    return False


def _run(action: Callable[[Config, str], None], url: str, revision: str) -> None:
    postgresql_url(url)
    try:
        action(alembic_config(url), revision)
    except CommandError:
        raise
    except Exception as error:
        if (known := failures.translated(error, lost=False)) is None:
            raise
        raise CommandError(f"Migrating {database_name(url)} failed. {known.message}") from error
