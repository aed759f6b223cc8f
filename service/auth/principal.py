"""Who is calling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.catalog.model import Provider

ORGANIZATION_CLAIM = "custom:organizationId"
"""A custom attribute in Cognito's spelling: in id tokens, and in access tokens where a trigger adds it."""
GROUPS_CLAIM = "cognito:groups"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. Every access decision is made from this and the row, from nothing else."""

    provider: Provider
    """The authorization mode the request came in by."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """The verified claims of the token, in `enforced` integrity with organization and roles from the database.

    An API key has none but the organization it is bound to, if it is.
    """
    is_service: bool = False
    """Whether the service acts for the caller with rights of its own, in the caller's organization all the same."""

    @property
    def sub(self) -> str | None:
        """The user's unchanging id, or None for a caller without one."""
        return self.claims.get("sub")

    @property
    def username(self) -> str | None:
        """The user's name: `username` in an access token, `cognito:username` in an id token."""
        return self.claims.get("username") or self.claims.get("cognito:username")

    @property
    def organization(self) -> str | None:
        """The organization the caller acts for. None in `legacy` integrity does not say that they have none."""
        return self.claims.get(ORGANIZATION_CLAIM)

    def groups(self, claim: str = GROUPS_CLAIM) -> tuple[str, ...]:
        """The groups named by a claim, each to the letter. A claim that is one string is one group, whatever is in it.

        API Gateway writes a list as `[Admin Viewer]`; such a text comes from no token, and is no list here.
        """
        value = self.claims.get(claim)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, (list, tuple)):
            return tuple(each for each in value if isinstance(each, str))
        return ()
