"""Demo data into a database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

import orjson

from service.catalog.model import Catalog, Field, Model
from service.db.connections.engine import Database
from service.db.schema.tables import tables_from_catalog
from service.db.security.audit import UNAUDITED
from service.demo.maker import Row
from service.demo.people import DemoCallers, demo_callers
from service.demo.rows import demo_rows

LOADER = 0x0FF7A3D
"""The advisory lock of whoever loads."""


def fits(catalog: Catalog) -> bool:
    """Whether the demo data is for these models: those of the shipped inventory, with whatever fields are added."""
    rows = demo_rows()
    return rows.keys() == catalog.model_by_name.keys() and all(
        made[0].keys() <= {each.name for each in catalog.model_by_name[name].stored} for name, made in rows.items()
    )


async def load_demo(database: Database, catalog: Catalog) -> DemoCallers:
    """Load the demo data, unless there is an organization already, and give the people to call as.

    `catalog` is that of the shipped inventory; it says which column a field is in. All or nothing.
    """
    async with database.transaction() as transaction:
        await transaction.execute(f"SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock({LOADER})")
        if await transaction.fetch_value("SELECT id FROM organizations LIMIT 1") is None:
            await transaction.execute(f"SET LOCAL statement_timeout = '60s'; {UNAUDITED}")
            rows_by_table = {catalog.model_by_name[name].table: (name, rows) for name, rows in demo_rows().items()}
            for table in tables_from_catalog(catalog).sorted_tables:  # those first that others refer to
                name, rows = rows_by_table[table.name]
                model = catalog.model_by_name[name]
                columns = [each.column for each in model.stored]
                await transaction.copy(model.table, columns, _records(model, catalog, rows))
    return demo_callers()


def _records(model: Model, catalog: Catalog, rows: list[Row]) -> Iterator[tuple[object, ...]]:
    is_json = [_is_json(each, catalog) for each in model.stored]
    for row in rows:
        values = (row.get(each.name) for each in model.stored)
        yield tuple(_stored(value, as_json=as_json) for value, as_json in zip(values, is_json, strict=True))


def _is_json(field: Field, catalog: Catalog) -> bool:
    return field.type.name == "AWSJSON" or field.type.name in catalog.object_by_name


def _stored(value: Any, *, as_json: bool) -> object:
    """A value as the driver takes it: json as text, and a time of day as the API's own text."""
    if value is None:
        return None
    if as_json:
        return orjson.dumps(value).decode()
    return value.isoformat() if isinstance(value, time) else value
