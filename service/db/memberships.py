"""Who belongs to which organization, asked before anybody's organization is known.

The two functions are the database's (`app_gate` owns them): the role that serves sees no row without an organization.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.db.connections.engine import Connection


@dataclass(frozen=True, slots=True)
class Membership:
    """A user of an organization."""

    organization: str
    status: str | None
    roles: tuple[str, ...]
    """The names of the roles they have today."""


_MEMBERSHIPS = "SELECT organization_id, status, roles FROM app_membership($1, $2)"
_ORGANIZATION_OF_KEY = "SELECT app_api_key($1)"


async def memberships(connection: Connection, sub: str, organization: str | None) -> tuple[Membership, ...]:
    """The users with a `sub`, in one organization if one is named. Of many, two: enough to see that there are many."""
    rows = await connection.fetch_rows(_MEMBERSHIPS, [sub, organization])
    return tuple(Membership(row[0], row[1], tuple(row[2] or ())) for row in rows)


async def organization_of_key(connection: Connection, digest: bytes) -> str | None:
    """The organization of the API key with a SHA-256; None for one that is unknown, has expired or was revoked."""
    return await connection.fetch_value(_ORGANIZATION_OF_KEY, [digest])
