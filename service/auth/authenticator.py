"""Headers → Principal. Touches no database and reads nothing but two headers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from service.auth.api_keys import ApiKeys
from service.auth.keys import keys_from
from service.auth.principal import Principal
from service.auth.tokens import USE_INSTEAD, Pool, TokenVerifier
from service.catalog.model import Provider
from service.errors import Unauthenticated
from service.settings import Settings

NO_HEADER = "Valid authorization header not provided."
SIGNED = f"Requests signed with AWS credentials (SigV4) are not accepted here. {USE_INSTEAD}"
MOST_KNOWN = 4096
"""Verified tokens that are remembered. One takes about 4 KB."""
LONGEST_KNOWN = 300
"""Seconds for which a verified token is remembered at most: a key that the issuer withdraws stops working."""


class Authenticator:
    """Decides who sent a request. `clock` gives the time as tokens count it."""

    def __init__(self, tokens: TokenVerifier, api_keys: ApiKeys, *, clock: Callable[[], float] = time.time) -> None:
        self._tokens = tokens
        self._api_keys = api_keys
        self._clock = clock
        self._known: dict[str, tuple[Principal, float]] = {}

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """The caller that the headers (names in lower case) prove.

        `Authorization` holds a token, bare as the Amplify client sends it or after `Bearer `; if it is there,
        it decides, and an API key beside it is not looked at. Errors: Unauthenticated, Unavailable.
        """
        if authorization := headers.get("authorization"):
            return await self._by_token(_token_of(authorization))
        if api_key := headers.get("x-api-key"):
            return self._api_keys.principal(api_key)
        raise Unauthenticated(NO_HEADER)

    async def prime(self) -> None:
        """Fetch the keys that tokens are verified with before the first token comes. Errors: Unavailable."""
        await self._tokens.prime()

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


def authenticator_from(settings: Settings) -> Authenticator:
    """The authenticator of a deployment. Errors: SettingsError for keys that cannot be read."""
    pool = Pool(settings.issuer, frozenset(settings.client_ids), frozenset(settings.token_uses), settings.leeway)
    tokens = TokenVerifier(pool, keys_from(settings.jwks_location))
    return Authenticator(tokens, ApiKeys(settings.api_keys))
