"""Whether a database holds the tables that a service needs, and binds it, in words for `/readyz`."""

from __future__ import annotations

from collections.abc import Awaitable

from service.catalog.model import Catalog
from service.db.engine import Database
from service.db.upgrade import schema_is_current, schema_is_served

MISSING = """
SELECT string_agg(wanted, ', ' ORDER BY wanted) FROM unnest($1::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = wanted)
"""
"""The names in the list that no table has; null if there is none."""


ROLE = """
SELECT CASE
    WHEN rolsuper THEN 'is a superuser'
    WHEN rolbypassrls THEN 'has BYPASSRLS'
    WHEN EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relkind IN ('r', 'v', 'm', 'p')
                 AND relnamespace = 'public'::regnamespace) THEN 'owns tables'
    WHEN current_user = session_user AND pg_has_role('app_owner', 'MEMBER') THEN 'may become app_owner'
END FROM pg_roles WHERE rolname = current_user
"""
"""Why policies do not bind the role of this connection; null if they do."""


async def role_problem(database: Database) -> str | None:
    """Why a service must not run as the role that it is connected as; None if it may. Errors: Unavailable."""
    why = await database.fetch_value(ROLE)
    return f"The database role {why}, so row-level security would not hold. Serve as app_rw." if why else None


async def serving_problem(database: Database) -> str | None:
    """Why the shipped service cannot serve from a database; None if it can. Errors: Unavailable."""
    return await _revision_problem(schema_is_served(database)) or await role_problem(database)


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
