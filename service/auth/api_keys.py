"""API keys: which are accepted, and for which organization. Kept as digests, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Provider
from service.errors import SettingsError

DIGEST = "sha256:"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
LENGTH = 26
"""Letters of `ALPHABET` after the `da2-` of a new key: 130 bits."""


class ApiKeys:
    """The accepted keys.

    Each entry is `sha256:<64 hexadecimal digits>` or the key itself, either with `@organization` after it.
    A key is long and random, so a plain SHA-256 is as hard to turn back as a slow one.
    Errors: SettingsError for an entry that is neither.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._principals = [_entry(each) for each in entries]

    def find(self, digest: bytes) -> Principal | None:
        """The caller behind the key with a SHA-256, None if it is not accepted."""
        found = None
        for known, principal in self._principals:  # to the end, so that time tells nothing
            if hmac.compare_digest(known, digest):
                found = principal
        return found


def digest_of(key: str) -> bytes:
    """The SHA-256 of an API key, which is all that is kept of it."""
    return hashlib.sha256(key.encode()).digest()


def new_api_key() -> str:
    """A random key in AppSync's form."""
    return "da2-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _entry(text: str) -> tuple[bytes, Principal]:
    key, at, organization = text.partition("@")
    claims = {ORGANIZATION_CLAIM: organization} if organization else {}
    if not key or (at and not organization):
        raise SettingsError("OFFRAMP_API_KEYS has an entry without a key, or with nothing after its @.")
    return _digest(key), Principal(Provider.API_KEY, claims)


def _digest(key: str) -> bytes:
    if not key.startswith(DIGEST):
        return digest_of(key)
    try:
        digest = bytes.fromhex(key.removeprefix(DIGEST))
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise SettingsError("OFFRAMP_API_KEYS has an entry that starts with sha256: but has no 64 hexadecimal digits.")
    return digest
