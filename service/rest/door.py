"""The REST door over HTTP: finds the endpoint, learns who asks, and sends what it replies, or a problem document."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from service.auth.classes import CallerClasses
from service.auth.principal import Principal
from service.bodies import Gone, Malformed, MethodNotAllowed, read_body
from service.errors import Internal, NotFound, ServiceError
from service.graphql.request import Origin
from service.rest.exchange import JSON, Preferences, Reply, Request, Session, check_accept
from service.rest.problems import headers_of, problem
from service.rest.routes import Routes, endpoint_for, methods_of
from service.telemetry import Span, note_caller, note_door, note_operation
from service.throttle import Throttle

LONGEST_PATH = 8_192
Authenticate = Callable[[Mapping[str, str]], Awaitable[Principal]]

log = logging.getLogger(__name__)


class RestDoor:
    """The ASGI application of everything below `/v1`."""

    def __init__(
        self,
        routes: Routes,
        authenticate: Authenticate,
        classes: CallerClasses,
        *,
        max_body_bytes: int,
        throttle: Throttle | None = None,
    ) -> None:
        self._routes = routes
        self._authenticate = authenticate
        self._classes = classes
        self._max_body_bytes = max_body_bytes
        self._throttle = throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        path, quota = path_of(scope), list[tuple[str, str]]()
        note_door("rest")
        try:
            reply = await self._reply(scope, receive, path, quota)
        except Gone:
            return
        except ServiceError as error:
            reply = _refusal(error, scope, path)
        except Exception:
            request_id = scope.get("request_id", "")
            log.exception("request %s failed", request_id, extra={"request_id": request_id})
            reply = _refusal(Internal(request_id), scope, path)
        await _send(send, replace(reply, headers=(*reply.headers, *quota)), with_body=scope["method"] != "HEAD")

    async def _reply(self, scope: Scope, receive: Receive, path: str, quota: list[tuple[str, str]]) -> Reply:
        """The reply; `quota` takes the headers that every answer to this caller has, refusals too."""
        if len(path) > LONGEST_PATH:
            raise NotFound("There is nothing at an address as long as this.")
        found = self._routes.find(path)
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(204, headers=(("allow", ", ".join(methods_of(found.endpoints))),))
        endpoint = endpoint_for(method, found.endpoints)
        note_operation(f"{method} {found.route}")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        check_accept(headers.get("accept", ""))
        with Span("auth"):
            principal = await self._authenticate(headers)
        note_caller(principal.provider)
        if self._throttle is not None:
            left = self._throttle.take(principal)
            quota += left.headers()
            left.check()
        client = scope.get("client")
        request = Request(
            method=method,
            path=path,
            query=scope["query_string"],
            headers=headers,
            session=Session(principal, self._classes.of(principal)),
            read=partial(read_body, headers, receive, self._max_body_bytes),
            origin=Origin(headers, client[0] if client else None),
            preferences=Preferences.of(headers.get("prefer", "")),
        )
        try:
            return await endpoint(request)
        except RecursionError:
            raise Malformed("The request is nested too deeply.") from None


def path_of(scope: Scope) -> str:
    """The path as it was sent, so that a `%2F` or `%7E` in a key is not taken for a separator.

    A gateway that decodes it first, as an HTTP API of AWS does, leaves no raw path: what is left is encoded anew, and
    keys with those characters cannot be addressed.
    """
    raw = scope.get("raw_path")
    path = raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"], safe="/~:@!$&'()*+,;=-._")
    return path.removeprefix(scope.get("root_path", ""))


def _refusal(error: ServiceError, scope: Scope, path: str) -> Reply:
    headers = list(headers_of(error))
    if isinstance(error, MethodNotAllowed):
        headers.append(("allow", ", ".join(error.allowed)))
    return Reply(error.status, problem(error, path[:200], scope.get("request_id", "")), tuple(headers))


async def _send(send: Send, reply: Reply, *, with_body: bool) -> None:
    headers: Sequence[tuple[str, str]] = reply.headers
    if reply.body and not any(name == "content-type" for name, _ in headers):
        headers = (("content-type", JSON), *headers)
    encoded: list[Any] = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    if reply.status not in {204, 304}:
        encoded.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})
