"""Request bodies, as both doors read them: within a size and a time, and as JSON that leaves nothing open.

JSON is read by orjson, which refuses what a lenient reader lets in: bytes that are not UTF-8, `NaN`, numbers
that fit nowhere, 1,025 levels of nesting. A key that is there twice it lets in, so a second look refuses that:
what stands before the service may go by the first value, and the service by the last.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from starlette.types import Receive

from service.errors import Invalid, Limited

BODY_SECONDS = 20
"""How long a body may take to arrive."""
MALFORMED = "MalformedHttpRequestException"
REPEATED = "The request body has the key '{}' twice in one object."


class Malformed(Invalid):
    """The HTTP request is not one that is answered here: its body cannot be read, or its headers contradict it."""

    code = "malformed_request"
    error_type = MALFORMED


class WrongContentType(Malformed):
    """The body is of a kind that is not read here."""

    code = "unsupported_media_type"
    status = 415


class BodyTooLarge(Limited):
    """The request body is over the limit."""

    code = "body_too_large"
    error_type = "RequestEntityTooLargeException"


class BodyTooSlow(Malformed):
    """The request body did not arrive in time."""

    code = "request_timeout"
    status = 408


class MethodNotAllowed(Malformed):
    """The address is asked in a way it does not answer; `Allow` lists the ways it does."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, message: str, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class Gone(Exception):
    """The caller closed the connection before the whole request was here."""


async def read_body(headers: Mapping[str, str], receive: Receive, most_bytes: int) -> bytes | bytearray:
    """The body of a request. Errors: BodyTooLarge, BodyTooSlow, Gone."""
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > most_bytes:
        raise _too_large(most_bytes)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, most_bytes)
    except TimeoutError:
        raise BodyTooSlow("The request body did not arrive in time.") from None


async def _read(receive: Receive, most_bytes: int) -> bytes | bytearray:
    message = await receive()
    if not message.get("more_body") and message["type"] == "http.request":
        body: bytes = message.get("body", b"")
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        return body
    whole = bytearray()
    while message["type"] == "http.request":
        whole += message.get("body", b"")
        if len(whole) > most_bytes:
            raise _too_large(most_bytes)
        if not message.get("more_body"):
            return whole
        message = await receive()
    raise Gone


def _too_large(most_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than {most_bytes} bytes.")


@lru_cache(maxsize=64)
def is_json(content_type: str, media_types: frozenset[str]) -> bool:
    """Whether a Content-Type header announces one of these in UTF-8, or says nothing of its charset."""
    media_type, *parameters = (each.strip() for each in content_type.lower().split(";"))
    charsets = [each.partition("=")[2].strip('" ') for each in parameters if each.startswith("charset")]
    return media_type in media_types and all(each in {"utf-8", "utf8"} for each in charsets)


def parse_json(body: bytes | bytearray, unparsable: str) -> Any:
    """The value in a body. Errors: Malformed, with the words `unparsable` for what is no JSON at all."""
    try:
        parsed = orjson.loads(body)
        # The request's own stack leaves room for some 900 levels of nesting.
        _KEYS.decode(body.decode())
    except (orjson.JSONDecodeError, RecursionError):
        raise Malformed(unparsable) from None
    return parsed


def _unrepeated(pairs: list[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise Malformed(REPEATED.format(next(key for key in keys if keys.count(key) > 1)[:80]))


_KEYS = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_int=str, parse_float=str)
"""Reads for the keys alone: values are as orjson has them, and digits without end are not made a number."""
