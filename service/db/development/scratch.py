"""A place for the tables of a schema that is only being tried out: a database of its own.

Its name comes from its tables, so that two schemas never meet, a schema whose tables change starts
empty, and one whose tables stay (another rule, another query name) finds its data again.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import asyncpg

from service.catalog.model import Catalog
from service.db.connections.address import database_name
from service.db.connections.engine import Database
from service.db.ddl import schema_sql
from service.db.development.embedded import url_with_database
from service.errors import CommandError, ConditionFailed, Forbidden

PREFIX = "offramp_"
MAKER = 0x0FF7A3C
"""The advisory lock of whoever makes the tables."""


def scratch_name(catalog: Catalog) -> str:
    """The name of the database for a catalog's tables: `offramp_` and 12 digits."""
    return PREFIX + sha256(schema_sql(catalog).encode()).hexdigest()[:12]


async def create_scratch(url: str, catalog: Catalog) -> str:
    """The URL of the database with the catalog's tables, on the server of `url`; made if it is not there.

    Errors: `CommandError` if this role may not create databases; `Unavailable`.
    """
    name = scratch_name(catalog)
    await _create_database(url, name)
    scratch = url_with_database(url, name)
    database = Database.connect(scratch, size=1)
    try:
        await create_tables(database, catalog)
    finally:
        await database.close()
    return scratch


async def drop_scratches(url: str) -> list[str]:
    """Drop every such database of the server, and give their names."""
    server = Database.connect(url, size=1)
    try:
        found = await server.fetch_rows("SELECT datname FROM pg_database WHERE datname ~ '^offramp_[0-9a-f]{12}$'")
        names = sorted(row[0] for row in found)
        for name in names:
            await server.fetch_row(f'DROP DATABASE "{name}" WITH (FORCE)', writes=True)
    finally:
        await server.close()
    return names


async def _create_database(url: str, name: str) -> None:
    server = Database.connect(url, size=1)
    try:
        if await server.fetch_value("SELECT datname::text FROM pg_database WHERE datname = $1", [name]):
            return
        # Not template1, in which somebody may have put things.
        with suppress(asyncpg.DuplicateDatabaseError, ConditionFailed):  # another process was quicker
            await server.fetch_row(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'", writes=True)
    except Forbidden as error:
        raise CommandError(
            f"A schema that is tried out gets a database of its own, and this user of {database_name(url)} may not "
            "create one.",
            hint="leave --database-url out to use the embedded PostgreSQL, or: ALTER ROLE … CREATEDB",
        ) from error
    finally:
        await server.close()


async def create_tables(database: Database, catalog: Catalog) -> None:
    """Make a catalog's tables, unless they are there."""
    async with database.transaction() as transaction:
        await transaction.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'")
        await transaction.execute(f"SELECT pg_advisory_xact_lock({MAKER})")
        if not await transaction.fetch_value("SELECT to_regproc('aws_datetime')::text"):
            await transaction.execute(schema_sql(catalog))
