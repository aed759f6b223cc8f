"""Whether a database holds the tables that a service needs, and binds it, in words for `/readyz`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.migrations.upgrade import HEAD, SERVED, current_revision, schema_is_current, schema_is_served

log = logging.getLogger(__name__)

MISSING = """
SELECT string_agg(wanted, ', ' ORDER BY wanted) FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = wanted)
"""
"""The names in the list that no table has; null if there is none."""


async def serving_problem(database: Database) -> str | None:
    """Why a service of an enforced catalog cannot serve from a database; None if it can. Errors: Unavailable."""
    return await _revision_problem(schema_is_served(database))


async def warn_of_revision(database: Database) -> None:
    """Say in the log if the tables are some to serve from for a while only. Errors: Unavailable, WrongRole."""
    revision = await current_revision(database)
    if revision in SERVED and revision != HEAD:
        log.warning(
            "The database is at revision %s, where there is no row-level security: predicates alone keep organizations "
            "apart. Once no older version is running: offramp db upgrade",
            revision,
        )


async def migration_problem(database: Database) -> str | None:
    """Why the tables are not those that this version needs; None if they are. Errors: Unavailable."""
    return await _revision_problem(schema_is_current(database))


async def _revision_problem(answer: Awaitable[bool]) -> str | None:
    if await answer:
        return None
    return "The database is not at the revision that this version needs. Run: offramp db upgrade"


async def table_problem(database: Database, catalog: Catalog) -> str | None:
    """Why a service of some other catalog cannot serve from a database; None if it can. Errors: Unavailable."""
    missing = await database.fetch_value(MISSING, [[model.table for model in catalog.models]])
    return f"The database lacks these tables: {missing}" if missing else None
