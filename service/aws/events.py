"""Events of an HTTP API (payload 2.0), and what else may invoke a function.

Nothing of an event says who is calling but the token in its headers: ADR 5.
Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs".
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from service.errors import Invalid

Event = dict[str, Any]


class MalformedEvent(Invalid):
    """The function was invoked with something that is no request of an HTTP API."""

    code = "malformed_event"


def is_warm_up(event: object) -> bool:
    """Whether somebody only wants the function to stay loaded: `{"warmup": true}`, or a schedule of EventBridge."""
    return isinstance(event, dict) and (event.get("warmup") is True or event.get("source") == "aws.events")


def checked(event: object) -> Event:
    """The event, if it is a request. Errors: MalformedEvent."""
    if not isinstance(event, dict) or event.get("version") != "2.0":
        raise MalformedEvent("This function answers an HTTP API with payload format 2.0.")
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    if not isinstance(http, dict) or not all(isinstance(http.get(name), str) for name in ("method", "path")):
        raise MalformedEvent("The event has no requestContext.http with a method and a path.")
    http.setdefault("sourceIp", None)
    if not _are_texts(event.get("headers") or {}):
        raise MalformedEvent("The event's headers are not texts.")
    event["headers"] = event.get("headers") or {}
    _check_body(event)
    return event


def _are_texts(headers: object) -> bool:
    return isinstance(headers, dict) and all(isinstance(each, str) for pair in headers.items() for each in pair)


def _check_body(event: Event) -> None:
    body = event.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedEvent("The event's body is not a text.")
    try:
        if event.get("isBase64Encoded"):
            base64.b64decode(body or "", validate=True)
        elif body is not None:
            body.encode()
    except (binascii.Error, ValueError):
        raise MalformedEvent("The event's body is not what it says it is: base64, or a text.") from None
