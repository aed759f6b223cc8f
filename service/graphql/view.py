"""The GraphQL door over HTTP: `POST` executes, a browser's `GET` shows a page.

A plain ASGI application: every request of a legacy frontend comes through here, and what is not done
costs nothing. Everything it answers has AppSync's shape; none of it is a 5xx but for a database or an issuer
that is away, because the Amplify client sends even a mutation again after one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from service.auth.principal import Principal
from service.errors import Internal, Limited, ServiceError
from service.graphql.request import Malformed, Origin, parse_request
from service.telemetry import Span, note_caller

BODY_SECONDS = 20
"""How long a body may take to arrive."""
JSON_UTF8 = (b"content-type", b"application/json;charset=UTF-8")
RETRY_AFTER = (b"retry-after", b"1")
ALLOW = b"GET, POST, OPTIONS"

log = logging.getLogger(__name__)

Page = Callable[[str], ASGIApp]
"""From the `Host` that the browser asked to what it gets."""
Authenticate = Callable[[Mapping[str, str]], Awaitable[Principal]]


class Execute(Protocol):
    """What the view hands a request to."""

    async def __call__(
        self, principal: Principal, query: str, variables: dict[str, Any], operation_name: str | None, origin: Origin
    ) -> bytes:
        """The body of the answer, as JSON, with errors of fields and rules in it.

        Errors: ServiceError where AppSync answers with a status other than 200.
        """


class BodyTooLarge(Limited):
    """The request body is over the limit."""

    code = "body_too_large"
    error_type = "RequestEntityTooLargeException"


class BodyTooSlow(Malformed):
    """The request body did not arrive in time."""

    code = "request_timeout"
    status = 408


class MethodNotAllowed(Malformed):
    """The endpoint is asked in a way it does not answer."""

    code = "method_not_allowed"
    status = 405


class _Gone(Exception):
    """The caller closed the connection before the whole request was here."""


class GraphQLView:
    """The endpoint. `page` makes what a browser gets; without it, there is none."""

    def __init__(
        self, execute: Execute, authenticate: Authenticate, *, max_body_bytes: int, page: Page | None = None
    ) -> None:
        self._execute = execute
        self._authenticate = authenticate
        self._max_body_bytes = max_body_bytes
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        method = scope["method"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            if method == "POST":
                await _send(send, 200, await self._answer(scope, headers, receive))
            elif method in {"GET", "HEAD"} and self._page and _is_visit(headers):
                await self._page(headers.get("host", ""))(scope, receive, send)
            elif method == "OPTIONS":
                await _send(send, 204, b"", [(b"allow", ALLOW)])
            else:
                raise MethodNotAllowed("Send GraphQL requests with POST, as a JSON body.")
        except ServiceError as error:
            await _send(send, error.status, refusal_body(error), _refusal_headers(error))
        except _Gone:
            return

    async def _answer(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> bytes:
        with Span("auth"):
            principal = await self._authenticate(headers)
        note_caller("graphql", principal.provider)
        body = await self._body(headers, receive)
        request = parse_request(headers.get("content-type", ""), body)
        try:
            return await self._execute(
                principal, request.query, request.variables, request.operation_name, _origin(scope, headers)
            )
        except ServiceError:
            raise
        except RecursionError:
            raise Malformed("The request is nested too deeply.") from None
        except Exception:
            request_id = scope.get("request_id", "")
            log.exception("request %s failed", request_id, extra={"request_id": request_id})
            return failed_body(Internal(request_id))

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes | bytearray:
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:20]) > self._max_body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read(receive)
        except TimeoutError:
            raise BodyTooSlow("The request body did not arrive in time.") from None

    async def _read(self, receive: Receive) -> bytes | bytearray:
        message = await receive()
        if not message.get("more_body") and message["type"] == "http.request":
            body: bytes = message.get("body", b"")
            if len(body) > self._max_body_bytes:
                raise self._too_large()
            return body
        whole = bytearray()
        while message["type"] == "http.request":
            whole += message.get("body", b"")
            if len(whole) > self._max_body_bytes:
                raise self._too_large()
            if not message.get("more_body"):
                return whole
            message = await receive()
        raise _Gone

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The request body is larger than {self._max_body_bytes} bytes.")


def _origin(scope: Scope, headers: Mapping[str, str]) -> Origin:
    client = scope.get("client")
    return Origin(headers, client[0] if client else None)


def _is_visit(headers: Mapping[str, str]) -> bool:
    """Whether a person opens the address: a script of another origin must not read what is in the page."""
    return "text/html" in headers.get("accept", "") and "origin" not in headers


def refusal_body(error: ServiceError) -> bytes:
    """AppSync's body of an answer that is not 200.

    `message` is there twice: AppSync has it inside `errors` alone, where the Amplify client does not look for it.
    """
    inner: dict[str, Any] = {"message": error.message}
    if error.error_type:
        inner = {"errorType": error.error_type, **inner}
    return orjson.dumps({"errors": [inner], "message": error.message})


def failed_body(error: ServiceError) -> bytes:
    """The body of an answer with status 200 in which the whole request failed: no client sends it again by itself."""
    described = {"errorType": error.error_type, "message": error.message, "path": None}
    return orjson.dumps({"data": None, "errors": [described]})


def _refusal_headers(error: ServiceError) -> list[tuple[bytes, bytes]]:
    headers = [(b"x-amzn-errortype", (error.error_type or error.code).encode())]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    elif error.status == 405:
        headers.append((b"allow", ALLOW))
    elif error.status == 503:
        headers.append(RETRY_AFTER)
    return headers


async def _send(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [JSON_UTF8, length, *headers]})
    await send({"type": "http.response.body", "body": body})
