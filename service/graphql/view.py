"""The GraphQL door over HTTP: `POST` executes, a browser's `GET` shows a page.

A plain ASGI application: every request of a legacy frontend comes through here, and what is not done
costs nothing. Everything it answers has AppSync's shape; none of it is a 5xx but for a database or an issuer
that is away, because the Amplify client sends even a mutation again after one. It does after a 429 as well, by which
time nothing was done.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from service.auth.principal import Principal
from service.bodies import Gone, Malformed, MethodNotAllowed, read_body
from service.errors import Internal, RateLimited, ServiceError
from service.graphql.request import Origin, parse_request
from service.telemetry import Span, note_caller, note_door
from service.throttle import Throttle

JSON_UTF8 = (b"content-type", b"application/json;charset=UTF-8")
RETRY_AFTER = (b"retry-after", b"1")
ALLOWED = ("GET", "POST", "OPTIONS")

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


class GraphQLView:
    """The endpoint. `page` makes what a browser gets; without it, there is none."""

    def __init__(
        self,
        execute: Execute,
        authenticate: Authenticate,
        *,
        max_body_bytes: int,
        page: Page | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._execute = execute
        self._authenticate = authenticate
        self._max_body_bytes = max_body_bytes
        self._page = page
        self._throttle = throttle

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
                await _send(send, 204, b"", [(b"allow", ", ".join(ALLOWED).encode())])
            else:
                raise MethodNotAllowed("Send GraphQL requests with POST, as a JSON body.", ALLOWED)
        except ServiceError as error:
            await _send(send, error.status, refusal_body(error), _refusal_headers(error))
        except Gone:
            return

    async def _answer(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> bytes:
        note_door("graphql")
        with Span("auth"):
            principal = await self._authenticate(headers)
        note_caller(principal.provider)
        if self._throttle is not None:
            self._throttle.take(principal).check()
        body = await read_body(headers, receive, self._max_body_bytes)
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
    elif isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    elif error.status == 503:
        headers.append(RETRY_AFTER)
    elif isinstance(error, RateLimited):
        headers.append((b"retry-after", b"%d" % error.wait))
    return headers


async def _send(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [JSON_UTF8, length, *headers]})
    await send({"type": "http.response.body", "body": body})
