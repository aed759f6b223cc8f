"""How migrations run: one migrator at a time, each revision in a transaction of its own, never waiting long for a lock.

The database: `offramp db upgrade` gives its address; the `alembic` command itself takes `-x url=…`, else
MIGRATION_DATABASE_URL, else DATABASE_URL.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from alembic import context
from asyncpg import LockNotAvailableError
from sqlalchemy import Column, Connection, event

from service.catalog.packaged import shipped
from service.db.connections.address import Address, address_of
from service.db.migrations.live import limit_transaction, patiently
from service.db.migrations.upgrade import migration_engine
from service.db.schema.tables import tables_from_catalog
from service.errors import CommandError

MIGRATOR = 0x0FF7A3B
"""The advisory lock of whoever migrates; any number would do that nobody else uses."""

TURN = f"""
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = '60s';
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_advisory_xact_lock({MIGRATOR});
"""

SHOWN = """
DO $$ BEGIN
    IF NOT has_table_privilege(to_regrole('app_rw'), to_regclass('alembic_version'), 'SELECT') THEN
        GRANT SELECT ON alembic_version TO app_rw;
    END IF;
END $$
"""
"""Lets a service, if there is a role for it, see which revision it serves from."""


def database_address() -> Address | str:
    given = context.config.attributes.get("address") or context.get_x_argument(as_dictionary=True).get("url")
    found = given or os.environ.get("MIGRATION_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if not found:
        raise SystemExit("Which database? Give -x url=postgresql://…, or set MIGRATION_DATABASE_URL.")
    return found


def is_comparable(thing: Any, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:  # noqa: FBT001
    """Alembic cannot compare expressions with what PostgreSQL makes of them; `offramp db check` does."""
    if kind == "index":
        return all(isinstance(each, Column) for each in thing.expressions) and name != "users_cognito_sub_idx"
    return kind != "table" or name not in {"audit_entry", "api_key", "idempotency_key"}


def migrate(connection: Connection) -> None:
    @event.listens_for(connection, "begin")
    def limit(begun: Connection) -> None:
        if begun.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            limit_transaction(begun)

    def attempt() -> None:
        connection.rollback()  # what an attempt before this one has left
        context.configure(
            connection=connection,
            target_metadata=tables_from_catalog(shipped()),
            include_object=is_comparable,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.exec_driver_sql(SHOWN)

    patiently(attempt, about="It was a revision that is one transaction; nothing of it has happened.")
    connection.commit()


@asynccontextmanager
async def turn(address: Address | str) -> AsyncIterator[None]:
    """Wait for other migrators to finish, and keep them waiting as long as the block lasts.

    The lock is that of a transaction, because RDS Proxy pins a connection that holds a session's; on a connection of its
    own, because steps on live tables are many transactions. CREATE INDEX CONCURRENTLY waits for transactions that hold a
    snapshot. This one holds none, being one message of the simple protocol in READ COMMITTED: by the extended one the
    portal, and its snapshot, would stay. Errors: CommandError.
    """
    connection = await address_of(address).open()
    try:
        await connection.execute(TURN)
    except LockNotAvailableError as error:
        await connection.close()
        raise CommandError(
            "Somebody else is migrating this database, and has been for a minute.",
            hint="Wait until they have finished, and run it again: it does nothing if nothing is left to do.",
        ) from error
    try:
        yield
    finally:
        await connection.close()


async def migrate_database() -> None:
    address = database_address()
    engine = migration_engine(address)
    async with turn(address), engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(migrate_database())
