"""Headers → Principal. Reads nothing but two headers.

The database is asked about users who have proved who they are, and about API keys that the settings do not know.

What API Gateway's authorizer writes into an event is not looked at: whoever may invoke the Lambda function could write
the same. The token is in the header beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from service.auth.api_keys import ApiKeys, digest_of
from service.auth.keys import keys_from
from service.auth.principal import Principal
from service.auth.tokens import REFUSED, USE_INSTEAD, Pool, TokenVerifier
from service.catalog.model import Provider
from service.errors import SettingsError, Unauthenticated
from service.settings import Settings, well_known_keys

if TYPE_CHECKING:
    from service.auth.membership import Members

NO_HEADER = "Valid authorization header not provided."
SIGNED = f"Requests signed with AWS credentials (SigV4) are not accepted here. {USE_INSTEAD}"
MOST_KNOWN = 4096
"""Verified tokens that are remembered. One takes about 4 KB."""
LONGEST_KNOWN = 300
"""Seconds for which a verified token is remembered at most: a key that the issuer withdraws stops working."""


class Authenticator:
    """Decides who sent a request. `clock` gives the time as tokens count it."""

    def __init__(
        self,
        tokens: TokenVerifier,
        api_keys: ApiKeys,
        members: Members | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._members = members
        self._clock = clock
        self._known: dict[str, tuple[Principal, float]] = {}

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """The caller that the headers (names in lower case) prove.

        `Authorization` holds a token, bare as the Amplify client sends it or after `Bearer `; if it is there,
        it decides, and an API key beside it is not looked at. Errors: Unauthenticated, Unavailable; with members
        those of `Members`.
        """
        if authorization := headers.get("authorization"):
            principal = await self._by_token(_token_of(authorization))
            return principal if self._members is None else await self._members.of_user(principal)
        if api_key := headers.get("x-api-key"):
            return await self._by_api_key(api_key)
        raise Unauthenticated(NO_HEADER)

    async def prime(self) -> None:
        """Fetch the keys that tokens are verified with before the first token comes. Errors: Unavailable."""
        await self._tokens.prime()

    async def _by_api_key(self, key: str) -> Principal:
        digest = digest_of(key)
        principal = self._api_keys.find(digest)
        if self._members is not None:
            principal = await self._members.of_api_key(digest, principal)
        if principal is None:
            raise Unauthenticated(REFUSED)
        return principal

    async def _by_token(self, token: str) -> Principal:
        now = self._clock()
        principal, until = self._known.get(token, (None, 0.0))
        if principal is not None and now < until:
            return principal
        self._known.pop(token, None)
        claims = await self._tokens.verify(token)
        principal = Principal(Provider.USER_POOLS, claims)
        self._remember(token, principal, min(claims["exp"], now + LONGEST_KNOWN))
        return principal

    def _remember(self, token: str, principal: Principal, until: float) -> None:
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[token] = (principal, until)


def _token_of(authorization: str) -> str:
    if authorization.startswith("AWS4-HMAC-SHA256"):
        raise Unauthenticated(SIGNED)
    token = authorization.removeprefix("Bearer ")
    if not token or " " in token:
        raise Unauthenticated(NO_HEADER)
    return token


def authenticator_from(settings: Settings, members: Members | None = None) -> Authenticator:
    """The authenticator of a deployment; `members` completes callers, without it a token says everything.

    Errors: SettingsError for keys that cannot be read, and for an issuer that is named twice.
    """
    return Authenticator(TokenVerifier(*_pools(settings)), ApiKeys(settings.api_keys), members)


def _pools(settings: Settings) -> Iterator[Pool]:
    known = {settings.issuer: (settings.client_ids, settings.jwks_location)}
    for issuer, client_ids in settings.other_pools:
        if issuer in known:
            raise SettingsError(f"OFFRAMP_OTHER_POOLS names {issuer} again.", hint="List all its app clients once.")
        known[issuer] = client_ids, well_known_keys(issuer)
    for issuer, (client_ids, location) in known.items():
        uses = frozenset(settings.token_uses)
        yield Pool(issuer, frozenset(client_ids), uses, settings.leeway, keys_from(location))
