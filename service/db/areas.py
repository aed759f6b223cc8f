"""Areas: a database that holds the tables of one catalog, made when they are first needed.

An area remembers which tables it was made with. A service whose catalog makes others is not ready, and says so,
instead of failing at whichever statement first misses a column.
"""

from __future__ import annotations

import hashlib

from service.catalog.model import Catalog
from service.db.embedded import url_with_database
from service.db.engine import Database, Transaction
from service.db.tables import schema_sql
from service.errors import CommandError

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('offramp area', 0))::text"
TABLE_IS_THERE = "SELECT to_regclass('offramp_area')::text"
RECORDED = "SELECT digest FROM offramp_area"
TAKEN = "SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = current_schema AND tablename = ANY($1)"
RECORD = "CREATE TABLE offramp_area (digest text NOT NULL, made_at timestamptz NOT NULL DEFAULT now())"


def digest_of(catalog: Catalog) -> str:
    """What tells the tables of one catalog from those of another: equal for equal tables."""
    return hashlib.sha256(schema_sql(catalog).encode()).hexdigest()


async def make_tables(url: str, catalog: Catalog) -> bool:
    """Make the catalog's tables in a database, all or none; False if they are there already.

    Errors: CommandError if the database holds other tables in their place; Unavailable.
    """
    database = Database.connect(url, size=1)
    try:
        async with database.transaction() as transaction:
            await transaction.fetch_value(LOCK)
            return await _make_tables(transaction, catalog)
    finally:
        await database.close()


async def _make_tables(transaction: Transaction, catalog: Catalog) -> bool:
    digest = digest_of(catalog)
    if await transaction.fetch_value(TABLE_IS_THERE):
        if await transaction.fetch_value(RECORDED) != digest:
            raise CommandError(
                "The database holds the tables of another schema, or of another version of this one.",
                hint="Give an empty database with --database-url, or another --data-dir.",
            )
        return False
    if taken := await transaction.fetch_value(TAKEN, [[model.table for model in catalog.models]]):
        raise CommandError(
            f"The database already has tables that are not ours: {taken}.", hint="Give an empty database."
        )
    await transaction.execute(f"SET LOCAL statement_timeout = 0; {schema_sql(catalog)}; {RECORD};")
    await transaction.fetch_value("INSERT INTO offramp_area (digest) VALUES ($1) RETURNING digest", [digest])
    return True


async def make_area(server_url: str, catalog: Catalog) -> str:
    """The URL of a database of the catalog's own on a server; created if there is none. Its tables are not.

    Another catalog, or another version of it, gets another: nothing is migrated and nothing is dropped.
    """
    name = f"offramp_{digest_of(catalog)[:12]}"
    server = Database.connect(server_url, size=1)
    try:
        if not await server.fetch_value("SELECT datname::text FROM pg_database WHERE datname = $1", [name]):
            await server.fetch_rows(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'", writes=True)
    finally:
        await server.close()
    return url_with_database(server_url, name)


async def problem(database: Database, digest: str) -> str | None:
    """Why a service with tables of that digest cannot serve from a database; None if it can. Errors: Unavailable."""
    if not await database.fetch_value(TABLE_IS_THERE):
        return "The database holds no tables of this service."
    if await database.fetch_value(RECORDED) != digest:
        return "The tables in the database are those of another schema."
    return None
