"""Tokens of the user pools that are trusted: who signed them, for which app client, until when.

PyJWT checks the signature; around it stands what it lets pass: an `exp` that is text or lies beyond any
calendar, a token in more than one spelling, a header that asks for more than we do.
Source: Cognito developer guide, "Verifying JSON web tokens"; RFC 8725.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from service.auth.keys import Keys
from service.auth.principal import ORGANIZATION_CLAIM
from service.errors import Unauthenticated

USE_INSTEAD = (
    "Send a user pool token in Authorization (authMode userPool) or an API key in x-api-key (authMode apiKey)."
)
UNPARSABLE = f"Unable to parse JWT token. {USE_INSTEAD}"
"""Begins as AppSync's does. A client in authMode lambda meets it: its token is often no JWT."""
EXPIRED = "Token has expired."
REFUSED = "You are not authorized to make this call."
UNTRUSTED = f"{REFUSED} No user pool that is trusted here has issued this token. {USE_INSTEAD}"
"""A client in authMode oidc meets it, or one that signs in to another pool."""
DEVELOPMENT = "https://offramp.localhost/"
"""What the `iss` of every development issuer starts with; the first characters of its key's id follow."""
OTHER_FOLDER = (
    f"{REFUSED} The development issuer of another data folder has issued this token. "
    "Make one with offramp token, and with the --data-dir of this server."
)
"""Only where a development issuer is trusted."""

LARGEST_TOKEN = 16_384
LONGEST_KEY_ID = 256
LAST_SECOND = 100_000_000_000
"""No clock shows this many seconds before the year 5138: an `exp` beyond it is no time."""
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
DEVELOPMENT_ISSUER = re.compile(re.escape(DEVELOPMENT) + "[A-Za-z0-9_-]{12}")
OTHER_TIMES = ("iat", "nbf", "auth_time")


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool that is trusted, and what of it."""

    issuer: str
    client_ids: frozenset[str]
    token_uses: frozenset[str]
    leeway: int
    """Seconds by which clocks may differ."""
    keys: Keys


class TokenVerifier:
    """Verifies a token with the keys of the pool it names and no other. None can make it ask a stranger for keys."""

    def __init__(self, *pools: Pool) -> None:
        self._pools = {each.issuer: each for each in pools}

    async def prime(self) -> None:
        """Have the keys at hand. Errors: Unavailable."""
        for pool in self._pools.values():
            await pool.keys.find("")  # no key has this id, and looking for it fetches them all

    async def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token. Errors: Unauthenticated, with AppSync's message; Unavailable without keys."""
        kid, issuer = _said(token)
        pool = self._pools.get(issuer)
        key = await pool.keys.find(kid) if pool else None
        if pool is None or key is None:
            raise Unauthenticated(OTHER_FOLDER if self._is_of_another_folder(issuer) else UNTRUSTED)
        return _verified(token, key, pool)

    def _is_of_another_folder(self, issuer: str) -> bool:
        return (
            issuer not in self._pools
            and DEVELOPMENT_ISSUER.fullmatch(issuer) is not None
            and any(DEVELOPMENT_ISSUER.fullmatch(each) for each in self._pools)
        )


def _verified(token: str, key: RSAPublicKey, pool: Pool) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=pool.issuer,
            leeway=pool.leeway,
            # An access token of Cognito has no `aud`: `_is_for` checks what each kind has instead.
            options={"require": ["exp", "iss", "sub"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError:
        raise Unauthenticated(EXPIRED) from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise Unauthenticated(REFUSED) from None
    if not (_has_sane_times(claims, pool.leeway) and _is_for(pool, claims)):
        raise Unauthenticated(REFUSED)
    return claims


def _is_for(pool: Pool, claims: dict[str, Any]) -> bool:
    use = claims.get("token_use")
    client = claims.get("client_id") if use == "access" else claims.get("aud")
    return (
        isinstance(use, str)
        and use in pool.token_uses
        and isinstance(client, str)
        and client in pool.client_ids
        and _is_name(claims["sub"])
        and (ORGANIZATION_CLAIM not in claims or _is_name(claims[ORGANIZATION_CLAIM]))
    )


def _is_name(value: Any) -> bool:
    """Whether a claim can name a user or an organization: a text that PostgreSQL can store, and that is not empty."""
    return isinstance(value, str) and bool(value) and value.isprintable()


def _said(token: str) -> tuple[str, str]:
    """The key id and the issuer that a token names, if it is worth verifying. Nothing of it is true yet."""
    if len(token) > LARGEST_TOKEN or not COMPACT.fullmatch(token) or not _is_canonical(token):
        raise Unauthenticated(UNPARSABLE)
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise Unauthenticated(UNPARSABLE) from None
    header, issuer = parts["header"], parts["payload"].get("iss")
    kid = header.get("kid")
    if header.get("alg") != "RS256" or "crit" in header or not isinstance(kid, str) or len(kid) > LONGEST_KEY_ID:
        raise Unauthenticated(REFUSED)
    if not isinstance(issuer, str):
        raise Unauthenticated(UNTRUSTED)
    return kid, issuer


def _is_canonical(token: str) -> bool:
    """Whether the signature has the one spelling that its bytes have: the bits left over at its end are zero."""
    signature = token[token.rindex(".") + 1 :]
    spare = {0: "", 2: "AQgw", 3: "AEIMQUYcgkosw048"}.get(len(signature) % 4)
    return spare == "" or (spare is not None and signature[-1] in spare)


def _has_sane_times(claims: dict[str, Any], leeway: int) -> bool:
    latest = time.time() + leeway
    return _is_time(claims["exp"]) and all(
        _is_time(claims[name]) and claims[name] <= latest for name in OTHER_TIMES if name in claims
    )


def _is_time(value: Any) -> bool:
    """Whether a claim is a number of seconds; `True` is an int to Python and no time to anybody."""
    return type(value) in {int, float} and 0 < value < LAST_SECOND
