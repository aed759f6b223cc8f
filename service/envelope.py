"""What every response carries, and what becomes of an exception that nobody expected.

Plain ASGI, because each runs on each request. `Envelope` is the outermost layer, `Mask` the innermost but one, so
that a masked failure gets the same headers as every other answer, those of CORS included.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import telemetry
from service.allowance import ALLOWANCE, Allowance
from service.errors import Internal
from service.sender import SENDER, Sender

NOSNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")
CLIENT = re.compile(rb"[a-z][a-z0-9-]{0,30}/[0-9][0-9A-Za-z.+-]{0,20}(?![^ ])")
"""The first product of `x-amz-user-agent`, such as `aws-amplify/6.22.1`; nothing else of that header is logged."""

log = logging.getLogger("service.requests")


class Envelope:
    """Gives each request an id and each response its headers; logs the request, if asked to.

    The id is in `scope["request_id"]`, where Lambda's may be already, and in `x-amzn-RequestId`; one that the caller
    sends is not taken over.
    """

    def __init__(self, app: ASGIApp, *, log_requests: bool) -> None:
        self._app = app
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = scope.get("request_id") or str(uuid.uuid4())
        SENDER.set(Sender(request_id, scope["client"][0] if scope.get("client") else None))
        ALLOWANCE.set(Allowance())
        started = time.perf_counter()
        record = telemetry.begin() if self._log_requests else None
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_ours(message.get("headers", ()), request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            if record is not None:
                log.info("request", extra=_line(scope, record, status, time.perf_counter() - started))


def _with_ours(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in headers}
    ours = [each for each in (NOSNIFF, NO_STORE) if each[0] not in names]
    return [*headers, *ours, (b"x-amzn-requestid", request_id.encode())]


def _line(scope: Scope, record: telemetry.Record, status: int, seconds: float) -> Mapping[str, Any]:
    """What the log says of a request.

    A path of the REST door may hold ids: there its route is told. One that leads nowhere may hold anything.
    """
    told = {
        "path": None if record.door == "rest" or status == 404 else scope["path"],
        "door": record.door,
        "operation": record.operation,
        "fields": record.fields,
        "caller": record.caller,
        "client": _client(scope),
    }
    return {
        "request_id": scope["request_id"],
        "method": scope["method"],
        **{name: value for name, value in told.items() if value},
        "status": status,
        "errors": record.errors,
        "statements": record.statements,
        "duration_ms": round(seconds * 1000, 2),
        "spans_ms": record.milliseconds(),
    }


def _client(scope: Scope) -> str | None:
    sent = next((value for name, value in scope["headers"] if name == b"x-amz-user-agent"), b"")
    found = CLIENT.match(sent)
    return found[0].decode() if found else None


class Mask:
    """Turns an exception that no layer below expected into a 500 that says nothing but the request's id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception:
            if scope["type"] != "http":
                raise
            request_id = scope["request_id"]
            log.exception("request %s failed", request_id, extra={"request_id": request_id})
            if not started:
                await _send_failure(send, request_id)


async def _send_failure(send: Send, request_id: str) -> None:
    error = Internal(request_id)
    body = orjson.dumps({"code": error.code, "message": error.message})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-amzn-errortype", str(error.error_type).encode()),
    ]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Shortcut:
    """Hands what comes to one path to its application, past Starlette's routing, which costs more than a lookup by id.

    Behind a prefix (`root_path`) paths are longer, and the routes decide.
    """

    def __init__(self, app: ASGIApp, *, path: str, to: ASGIApp) -> None:
        self._app = app
        self._path = path
        self._to = to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        is_ours = scope["type"] == "http" and scope["path"] == self._path
        await (self._to if is_ours else self._app)(scope, receive, send)
