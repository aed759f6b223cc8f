"""How migrations run: in one transaction, one migrator at a time, never waiting long for a lock.

The database: `offramp db upgrade` gives its address; the `alembic` command itself takes `-x url=…`, else
MIGRATION_DATABASE_URL, else DATABASE_URL.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Column, Connection, text

from service.catalog.packaged import shipped
from service.db.address import Address
from service.db.tables import tables_from_catalog
from service.db.upgrade import migration_engine

MIGRATOR = 0x0FF7A3B
"""The advisory lock of whoever migrates; any number would do that nobody else uses."""

# Transaction-level, because RDS Proxy pins a connection that holds a session-level one.
TURN = f"SELECT pg_advisory_xact_lock({MIGRATOR})"


def database_address() -> Address | str:
    given = context.config.attributes.get("address") or context.get_x_argument(as_dictionary=True).get("url")
    found = given or os.environ.get("MIGRATION_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if not found:
        raise SystemExit("Which database? Give -x url=postgresql://…, or set MIGRATION_DATABASE_URL.")
    return found


def is_comparable(thing: Any, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:  # noqa: FBT001
    """Alembic cannot compare expressions with what PostgreSQL makes of them; tests/db/test_migrations.py does."""
    if kind == "index":
        return all(isinstance(each, Column) for each in thing.expressions) and name != "users_cognito_sub_idx"
    return kind != "table" or name not in {"audit_entry", "api_key", "idempotency_key"}


def migrate(connection: Connection) -> None:
    target = tables_from_catalog(shipped())
    context.configure(connection=connection, target_metadata=target, include_object=is_comparable)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))  # for another migrator to finish
        connection.execute(text(TURN))
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))  # on a live table, rather fail than hold up everybody
        connection.execute(text("SET LOCAL statement_timeout = '15min'"))
        context.run_migrations()


async def migrate_database() -> None:
    engine = migration_engine(database_address())
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(migrate_database())
