"""The database of the benchmark: the service's own tables for `amplify.graphql`, loaded by COPY."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.data import ROWS
from service.catalog.model import Catalog
from service.db.connections.engine import Database, Transaction
from service.db.development import embedded
from service.db.development.scratch import create_scratch, create_tables
from service.importer import catalog_from_sdl

SCHEMA = Path(__file__).parent / "amplify.graphql"
SERVER_SETTINGS = {"shared_buffers": "512MB", "max_connections": "150", "max_wal_size": "2GB"}
"""Enough memory for the data, and a connection for each of everybody's pools."""


def catalog() -> Catalog:
    """The catalog of the benchmark's schema."""
    return catalog_from_sdl(SCHEMA.read_text(encoding="utf-8"))


@contextmanager
def running(data_dir: Path, url: str | None) -> Iterator[str]:
    """The URL of a loaded database, for as long as the block runs: an embedded one, or the given one."""
    if url is not None:
        asyncio.run(load(url))
        yield url
        return
    with embedded.start(data_dir, throwaway=True) as server:
        asyncio.run(_configure(server.url))
    with embedded.start(data_dir, throwaway=True) as server:
        scratch = asyncio.run(create_scratch(server.url, catalog()))
        asyncio.run(load(scratch))
        yield scratch


async def _configure(url: str) -> None:
    database = Database.connect(url, size=1)
    for name, value in SERVER_SETTINGS.items():
        await database.fetch_rows(f"ALTER SYSTEM SET {name} = '{value}'", writes=True)
    await database.close()


async def load(url: str) -> None:
    """Make the tables and fill them, unless they are there and full."""
    described = catalog()
    database = Database.connect(url, size=1)
    try:
        await create_tables(database, described)
        if await database.fetch_value("SELECT id FROM products LIMIT 1"):
            return
        started = time.monotonic()
        async with database.transaction() as transaction:
            await transaction.execute("SET LOCAL statement_timeout = 0")
            for model in described.models:
                await _fill(transaction, described, model.name)
            await transaction.execute(_references(described))
        await database.fetch_rows("SET statement_timeout = 0")
        await database.fetch_rows("VACUUM (ANALYZE)", writes=True)
        print(f"loaded in {time.monotonic() - started:.0f} s")
    finally:
        await database.close()


async def _fill(transaction: Transaction, described: Catalog, name: str) -> None:
    model = described.model_by_name[name]
    fields = list(next(ROWS[name]()))
    columns = [model.field_by_name[field].column for field in fields]
    await transaction.copy(model.table, columns, (tuple(row.values()) for row in ROWS[name]()))


def _references(described: Catalog) -> str:
    """Comments that tell PostGraphile of the references, which the tables do not check."""
    statements = []
    for model in described.models:
        tags = []
        for relation in model.relations:
            if not relation.is_many:
                column = model.field_by_name[relation.fields[0]].column
                tags.append(f"@foreignKey ({column}) references {described.model_by_name[relation.target].table} (id)")
        if model.name == "PurchaseOrderItem":  # the way back from a hasMany, which has no belongsTo
            tags.append("@foreignKey (purchase_order_id) references purchase_orders (id)")
        text = "\\n".join(tags)
        statements.append(f"COMMENT ON TABLE {model.table} IS E'{text}'")
    return ";\n".join(statements)
