"""From the bytes of a request body to a GraphQL request, or to the refusal that AppSync would send.

JSON is read by orjson, which refuses what a lenient reader lets in: bytes that are not UTF-8, `NaN`, numbers
that fit nowhere, 1,025 levels of nesting. A key that is there twice it lets in, so a second look refuses that:
what stands before the service may go by the first value, and the service by the last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from service.errors import Invalid

MALFORMED = "MalformedHttpRequestException"
EMPTY = "Request body is empty."
UNPARSABLE = "Unable to parse GraphQL query."
MEDIA_TYPES = frozenset({"application/json", "application/graphql", "application/graphql+json"})
"""`application/graphql` is what AWS's own examples send a JSON body with."""
REPEATED = "The request body has the key '{}' twice in one object."
WRONG_TYPE = "Content-Type must be application/json, in UTF-8."


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What the caller asks for."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as HTTP tells."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """By name, in lower case."""
    address: str | None = None
    """Of the other end of the connection."""

    @property
    def addresses(self) -> list[str]:
        """What AppSync calls `sourceIp`: the chain that a proxy reports, then the other end of the connection."""
        chain = [each.strip() for each in self.headers.get("x-forwarded-for", "").split(",") if each.strip()]
        return chain if self.address is None else [*chain, self.address]


class Malformed(Invalid):
    """The HTTP request is no GraphQL request."""

    code = "malformed_request"
    error_type = MALFORMED


class WrongContentType(Malformed):
    """The body is of a kind that is not read here."""

    code = "unsupported_media_type"
    status = 415


@lru_cache(maxsize=64)
def is_json(content_type: str) -> bool:
    """Whether a Content-Type header announces JSON in UTF-8, or says nothing of its charset."""
    media_type, *parameters = (each.strip() for each in content_type.lower().split(";"))
    charsets = [each.partition("=")[2].strip('" ') for each in parameters if each.startswith("charset")]
    return media_type in MEDIA_TYPES and all(each in {"utf-8", "utf8"} for each in charsets)


def parse_request(content_type: str, body: bytes | bytearray) -> GraphQLRequest:
    """The request in a body. Errors: Malformed, with AppSync's message where it has one."""
    if not body or body.isspace():
        raise Malformed(EMPTY)
    if not is_json(content_type):
        raise WrongContentType(WRONG_TYPE)
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed(UNPARSABLE) from None
    _check_keys(body.decode())
    query = parsed.get("query") if isinstance(parsed, dict) else None
    if not isinstance(query, str) or not query or query.isspace():
        raise Malformed(UNPARSABLE)
    return GraphQLRequest(query, _variables(parsed.get("variables")), _name(parsed.get("operationName")))


def _check_keys(text: str) -> None:
    """Raises Malformed if a key repeats. The request's own stack leaves room for some 900 levels of nesting."""
    try:
        _KEYS.decode(text)
    except RecursionError:
        raise Malformed(UNPARSABLE) from None


def _unrepeated(pairs: list[tuple[str, Any]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise Malformed(REPEATED.format(next(key for key in keys if keys.count(key) > 1)[:80]))


_KEYS = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_int=str, parse_float=str)
"""Reads for the keys alone: values are as orjson has them, and digits without end are not made a number."""


def _variables(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("Variables must be a JSON object or null.")
    return value


def _name(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Malformed("The operation name must be a string or null.")
    return value or None
