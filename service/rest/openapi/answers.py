"""What requests are answered with when all goes well: bodies and headers."""

from __future__ import annotations

from typing import Any

from service.rest.exchange import JSON
from service.rest.openapi.values import Schema, ref

HEADERS: dict[str, Schema] = {
    "ETag": {
        "description": (
            "The version of the row, for `If-Match` and `If-None-Match`. Of a page of rows, a weak one for "
            "`If-None-Match` alone."
        ),
        "schema": {"type": "string", "pattern": '^("[0-9]+(-[0-9a-f]{8})?"|W/"[0-9a-f]{16}")$'},
        "example": '"3"',
    },
    "Last-Modified": {
        "description": "When the row was changed last; not there if the row does not say.",
        "schema": {"type": "string"},
        "example": "Thu, 29 Feb 2024 10:15:30 GMT",
    },
    "Location": {
        "description": "The address of the new row.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Link": {
        "description": "The first page, and the next one if there is one (RFC 8288).",
        "schema": {"type": "string"},
        "example": '</v1/products?limit=2&cursor=Ab3>; rel="next"',
    },
    "Preference-Applied": {
        "description": "What of `Prefer` was kept (RFC 7240).",
        "schema": {"type": "string"},
        "example": "count=exact",
    },
    "Idempotent-Replayed": {
        "description": "`true` if this is the answer to an earlier request with the same `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit": {
        "description": "What is left of the quota (`r`), and after how many seconds it is whole again (`t`).",
        "schema": {"type": "string"},
        "example": '"organization";r=599;t=1',
    },
    "RateLimit-Policy": {
        "description": "Where the service has one: how many requests (`q`) may be sent in how many seconds (`w`).",
        "schema": {"type": "string"},
        "example": '"organization";q=600;w=60',
    },
    "Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "string"}, "example": "1"},
    "WWW-Authenticate": {"description": "How to say who you are.", "schema": {"type": "string"}, "example": "Bearer"},
}
"""Every header of an answer that means something; each is optional unless a response says otherwise."""


def headers(*names: str) -> Schema:
    """The headers of a response: these, and those that every answer to a known caller has."""
    return {name: ref(name, "headers") for name in (*names, "RateLimit", "RateLimit-Policy")}


def answer(description: str, schema: Schema | None, *names: str, example: Any = None, **more: Any) -> Schema:
    """A response with a body in JSON, or none."""
    response: Schema = {"description": description, "headers": headers(*names)}
    if schema is not None:
        response["content"] = {JSON: {"schema": schema} | ({} if example is None else {"example": example})}
    return response | more
