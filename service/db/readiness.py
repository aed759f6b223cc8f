"""Whether a database holds the tables that a service needs, in words for `/readyz`."""

from __future__ import annotations

from service.catalog.model import Catalog
from service.db.engine import Database
from service.db.upgrade import schema_is_current

MISSING = """
SELECT string_agg(wanted, ', ' ORDER BY wanted) FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = wanted)
"""
"""The names in the list that no table has; null if there is none."""


async def migration_problem(database: Database) -> str | None:
    """Why the shipped service cannot serve from a database; None if it can. Errors: Unavailable."""
    if await schema_is_current(database):
        return None
    return "The database is not at the revision that this version needs. Run: offramp db upgrade"


async def table_problem(database: Database, catalog: Catalog) -> str | None:
    """Why a service of some other catalog cannot serve from a database; None if it can. Errors: Unavailable."""
    missing = await database.fetch_value(MISSING, [[model.table for model in catalog.models]])
    return f"The database lacks these tables: {missing}" if missing else None
