"""Whether row-level security binds the role of a connection. Nothing is served on one that it does not bind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.db.security.roles import GATE
from service.errors import WrongRole

if TYPE_CHECKING:
    import asyncpg

UNBOUND = f"""
SELECT CASE WHEN name IN (current_user, session_user) THEN '' ELSE 'may become ' || name || ', which ' END || why
FROM (
    SELECT rolname AS name, CASE
        WHEN rolsuper THEN 'is a superuser'
        WHEN rolbypassrls THEN 'has BYPASSRLS'
        WHEN EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relkind IN ('r', 'v', 'm', 'p')
                     AND relnamespace = 'public'::regnamespace) THEN 'owns tables'
        WHEN rolname = '{GATE}' THEN 'reads the rows of all organizations'
    END AS why
    FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')
) AS within_reach
WHERE why IS NOT NULL ORDER BY
    name <> current_user, name <> session_user,
    array_position(ARRAY['is a superuser', 'has BYPASSRLS', 'owns tables'], why), name
LIMIT 1
"""  # noqa: S608  the name is ours
"""Why policies do not bind the role of this connection, or one that it can change to; no row if they bind all."""


async def refuse_unbound(driver: asyncpg.Connection) -> None:
    """Errors: WrongRole for a connection whose role policies do not bind. It takes a round trip."""
    if why := await driver.fetchval(UNBOUND):
        raise WrongRole(why)
