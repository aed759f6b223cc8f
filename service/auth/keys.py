"""The public keys that tokens are verified with: given once, or fetched from the issuer and kept.

An issuer's address is asked seldom, whatever callers send: once when the first token comes, again in the
background when the keys are a quarter of an hour old, and for a key id that nobody knows at most once in
five minutes. While it does not answer, the keys it gave last stay good for a day; but the first token after
half an hour without any waits for new ones, because nobody has seen meanwhile that one was withdrawn.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from service.errors import SettingsError, Unavailable

FRESH = 15 * 60
"""Seconds after which keys are fetched again, in the background."""
FORGOTTEN = 2 * FRESH
"""Seconds without a fetch after which the keys are fetched before they are used."""
USABLE = 24 * 60 * 60
"""Seconds after which keys that could not be fetched again are no longer trusted."""
UNKNOWN_PAUSE = 5 * 60
"""Seconds between two fetches for the sake of unknown key ids."""
RETRY_PAUSE = 10
"""Seconds after a fetch that failed before the next."""
FETCH_TIMEOUT = 5
LARGEST_DOCUMENT = 1_000_000
SMALLEST_KEY = 2048

log = logging.getLogger(__name__)


class Keys(Protocol):
    """Where a verifier finds a key."""

    async def find(self, kid: str) -> RSAPublicKey | None:
        """The key of that id, or None if the issuer has none. Errors: Unavailable if it could not be asked."""


class FixedKeys:
    """Keys that never change while the process lives."""

    def __init__(self, document: str | bytes) -> None:
        self._keys = parse_jwks(document)

    async def find(self, kid: str) -> RSAPublicKey | None:
        """The key of that id, or None."""
        return self._keys.get(kid)


class FetchedKeys:
    """The keys at an address, fetched when they are needed and by one request at a time.

    `fetch` gives the document; `clock` counts seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        fetch: Callable[[str], Awaitable[bytes]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch or fetch_document
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> RSAPublicKey | None:
        """The key of that id, or None. Errors: Unavailable if no key could be fetched yet."""
        age = self._clock() - self._fetched_at
        if age > USABLE or self._clock() - self._tried_at > FORGOTTEN:
            await self._refresh(RETRY_PAUSE)
        elif age > FRESH:
            self._begin(RETRY_PAUSE)
        if kid not in self._keys:
            await self._refresh(UNKNOWN_PAUSE)
        if self._clock() - self._fetched_at > USABLE:
            raise Unavailable("The keys that tokens are verified with cannot be fetched; try again.")
        return self._keys.get(kid)

    async def _refresh(self, pause: float) -> None:
        self._begin(pause)
        if self._fetching is not None:
            # Shielded: the caller who gives up must not take the fetch away from those who wait for it too.
            await asyncio.shield(self._fetching)

    def _begin(self, pause: float) -> None:
        if self._fetching is None and self._clock() - self._tried_at >= pause:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._load())

    async def _load(self) -> None:
        try:
            self._keys = parse_jwks(await self._fetch(self._url))
            self._fetched_at = self._clock()
        except (OSError, ValueError) as error:
            log.warning("The keys at %s cannot be fetched: %s", self._url, error)
        finally:
            self._fetching = None


async def fetch_document(url: str) -> bytes:
    """Fetch a small document without blocking the loop. Errors: OSError, or ValueError if it is not small."""
    return await asyncio.to_thread(_download, url)


def _download(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310  settings allow https alone
    try:
        with urllib.request.urlopen(request, timeout=FETCH_TIMEOUT) as response:  # noqa: S310  the same
            document: bytes = response.read(LARGEST_DOCUMENT + 1)
    except http.client.HTTPException as error:
        raise OSError(f"no valid answer: {error!r}") from error
    if len(document) > LARGEST_DOCUMENT:
        raise ValueError("the document is too large for a set of keys")
    return document


def parse_jwks(document: str | bytes) -> dict[str, RSAPublicKey]:
    """Key id → key, for every RSA signing key of a JWKS document; anything else in it is left out.

    Errors: ValueError if it is not such a document, or holds no such key. Source: RFC 7517 §5.
    """
    parsed = json.loads(document)
    listed = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(listed, list):
        raise ValueError("not a JWKS document: it has no list of keys")  # noqa: TRY004  the document's fault
    found = {each["kid"]: key for each in listed if (key := _signing_key(each)) is not None}
    if not found:
        raise ValueError("no RSA signing key in the JWKS document")
    return found


def _signing_key(jwk: Any) -> RSAPublicKey | None:
    if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or not isinstance(jwk.get("kid"), str):
        return None
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
        return None
    try:
        key = RSAAlgorithm.from_jwk(jwk)
    except (InvalidKeyError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_KEY else None


def keys_from(location: str) -> Keys:
    """The keys a setting speaks of: an address, a JSON document, or the path of one.

    Errors: SettingsError if the document cannot be read or is none.
    """
    if location.startswith(("https://", "http://")):
        return FetchedKeys(location)
    try:
        return FixedKeys(location if location.lstrip().startswith("{") else Path(location).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"The keys in OFFRAMP_JWKS cannot be read: {error}") from error
