"""Which organization a verified caller acts for, and what they may do there.

Asked in `enforced` integrity alone, and only about users whose token holds: a bad one never reaches the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from service.auth.principal import GROUPS_CLAIM, ORGANIZATION_CLAIM, Principal
from service.auth.remembered import Remembered
from service.catalog.model import Provider
from service.db.connections.engine import Database
from service.db.memberships import Membership, memberships, organization_of_key
from service.errors import AmbiguousOrganization, NoOrganization, Suspended, UnboundApiKey

LONGEST_KNOWN = 30
"""Seconds after which the database is asked again: whoever is suspended or loses a role is let in for no longer."""
LONGEST_UNKNOWN = 5
"""The same for somebody the database did not know: whoever is made a user need not wait for long."""
MOST_KNOWN = 4096
SUSPENDED = "SUSPENDED"


class Members:
    """Completes callers from the database. `clock` counts seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        async def ask_user(key: tuple[str, str | None]) -> tuple[Membership, ...]:
            return await memberships(database, *key)

        async def ask_key(digest: bytes) -> str | None:
            return await organization_of_key(database, digest)

        self._users = Remembered(ask_user, _lifetime, most=MOST_KNOWN, clock=clock)
        self._keys = Remembered(ask_key, _lifetime, most=MOST_KNOWN, clock=clock)

    async def of_user(self, principal: Principal) -> Principal:
        """The caller with their organization, and with their roles there among their groups.

        The organization is the one a claim names, else that of the one user with the caller's `sub`. A claim needs no
        user: the trigger that adds it may know of an organization before its table does.
        Errors: NoOrganization, AmbiguousOrganization, Suspended, Unavailable.
        """
        assert principal.sub is not None
        claimed = principal.organization
        found = await self._users((principal.sub, claimed))
        organization = claimed or _only_organization(found)
        if any(each.status == SUSPENDED for each in found):
            raise Suspended
        claims = {**principal.claims, ORGANIZATION_CLAIM: organization}
        if roles := [role for each in found for role in each.roles]:
            claims[GROUPS_CLAIM] = tuple(dict.fromkeys((*principal.groups(), *roles)))
        return Principal(principal.provider, claims)

    async def of_api_key(self, digest: bytes, known: Principal | None) -> Principal | None:
        """The caller behind the API key with a SHA-256, None if there is no such key; `known` is what the settings say.

        Errors: UnboundApiKey for a key of the settings without an organization, Unavailable.
        """
        if known is None:
            organization = await self._keys(digest)
            return None if organization is None else Principal(Provider.API_KEY, {ORGANIZATION_CLAIM: organization})
        if known.organization is None:
            raise UnboundApiKey
        return known


def _only_organization(found: Sequence[Membership]) -> str:
    organizations = {each.organization for each in found}
    if not organizations:
        raise NoOrganization
    if len(organizations) > 1:
        raise AmbiguousOrganization
    return organizations.pop()


def _lifetime(answer: object) -> float:
    return LONGEST_KNOWN if answer else LONGEST_UNKNOWN
