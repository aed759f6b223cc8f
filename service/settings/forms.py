"""What the text of a setting may look like, and the value that it becomes.

Each takes the text, and raises a ValueError that goes on after the name of the variable: `must be true or false`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

Parse = Callable[[str], Any]


def as_it_is(text: str) -> str:
    """Any text."""
    return text


def words(text: str) -> tuple[str, ...]:
    """Words between commas."""
    return tuple(word for word in (each.strip() for each in text.split(",")) if word)


def flag(text: str) -> bool:
    """Yes or no."""
    try:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def whole(least: int, most: int) -> Parse:
    """A whole number from `least` to `most`."""

    def parse(text: str) -> int:
        """The number that a text is."""
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return number

    return parse


def some_of(*allowed: str) -> Parse:
    """One or more of these words, between commas."""

    def parse(text: str) -> tuple[str, ...]:
        """The words of a text."""
        named = words(text)
        if not named or not set(named) <= set(allowed):
            raise ValueError(f"must be one or more of {', '.join(allowed)}")
        return named

    return parse


def one_of(*allowed: str) -> Parse:
    """One of these words."""

    def parse(text: str) -> str:
        """The text itself."""
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}")
        return text

    return parse


def issuer(text: str) -> str:
    """The address of an issuer, whose keys come from there."""
    if not _is_safe_url(text):
        raise ValueError("must be an https:// address (http:// only for this machine)")
    return text


def database_url(text: str) -> str:
    """The address of a PostgreSQL database."""
    if urlsplit(text).scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError("must start with postgresql://")
    return text


def origins(text: str) -> tuple[str, ...]:
    """Web origins between commas, or `*`."""
    for origin in (named := words(text)):
        parts = urlsplit(origin)
        if origin != "*" and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path):
            raise ValueError(f"must list origins such as https://app.example.com, not {origin!r}")
    return named


def some_words(text: str) -> tuple[str, ...]:
    """Words between commas, at least one."""
    if not (named := words(text)):
        raise ValueError("must name at least one")
    return named


def jwks(text: str) -> str:
    """Where keys are: an address, a path, or the JSON itself."""
    return issuer(text) if text.startswith(("http://", "https://")) else text


def functions(text: str) -> tuple[tuple[str, str], ...]:
    """A JSON object of operations and the functions that answer them."""
    try:
        named = json.loads(text)
    except ValueError:
        named = None
    if not isinstance(named, dict) or not all(each and isinstance(each, str) for each in named.values()):
        raise ValueError('must be a JSON object such as {"placeOrder": "placeOrder-prod"}')
    return tuple(named.items())


def pools(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A JSON object of issuers and their app clients."""
    try:
        named = json.loads(text)
    except ValueError:
        named = None
    if not isinstance(named, dict) or not all(_are_client_ids(each) for each in named.values()):
        raise ValueError('must be a JSON object of issuers and their app clients: {"https://…": ["4f…"]}')
    return tuple((issuer(pool), tuple(client_ids)) for pool, client_ids in named.items())


def _are_client_ids(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(each and isinstance(each, str) for each in value)


def day(text: str) -> str:
    """A day as ISO 8601 spells it."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("must be a day such as 2027-05-01") from None


def cursor_key(text: str) -> str:
    """A key that is long enough to sign with."""
    if len(text) < 32:
        raise ValueError("must have 32 characters or more")
    return text


def _is_safe_url(text: str) -> bool:
    """Whether keys may be fetched from an address: over TLS, or from this machine."""
    parts = urlsplit(text)
    if parts.scheme == "http":
        return parts.hostname in LOCAL_HOSTS
    return parts.scheme == "https" and bool(parts.hostname)
