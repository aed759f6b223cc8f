"""Composition: the routes of the service and the layers around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from service.auth.authenticator import Authenticator
from service.envelope import Envelope, Mask
from service.graphql.view import Execute, GraphQLView, Page
from service.settings import Settings

EXPOSED_HEADERS = ("x-amzn-ErrorType", "x-amzn-RequestId")
"""A browser hides headers from a page of another origin unless they are named; the Amplify client reads the first."""
CODES = {404: "not_found", 405: "method_not_allowed"}


class Database(Protocol):
    """What the shell of the service needs of the database."""

    async def problem(self) -> str | None:
        """Why requests cannot be served now, in words safe to show; None if they can."""

    async def close(self) -> None:
        """Give all connections back."""


def create_app(
    settings: Settings,
    *,
    database: Database,
    authenticator: Authenticator,
    graphql: Execute,
    page: Page | None = None,
    pages: Sequence[BaseRoute] = (),
) -> Starlette:
    """The ASGI application.

    `page` makes what a browser gets at the endpoint, `pages` are the routes it loads its files from. The database is
    closed when the server stops.
    """
    view = GraphQLView(graphql, authenticator.authenticate, max_body_bytes=settings.max_body_bytes, page=page)
    routes = [
        Route("/graphql", view),
        Route("/graphql/", view),
        Route("/healthz", _healthy),
        Route("/readyz", _readiness(database)),
        Route("/", _front(has_page=page is not None)),
        *pages,
    ]
    return Starlette(
        routes=routes,
        middleware=_layers(settings),
        exception_handlers={HTTPException: _refused},
        lifespan=_lifespan(database),
    )


def _layers(settings: Settings) -> list[Middleware]:
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        # Any header may be sent: legacy clients add their own, and none is trusted for being there.
        allow_headers=("*",),
        allow_private_network=True,
        expose_headers=EXPOSED_HEADERS,
        max_age=7200,
    )
    layers = [Middleware(Envelope, log_requests=settings.request_log), Middleware(Mask)]
    if settings.cors_origins:
        layers.insert(1, cors)
    return layers


def _lifespan(database: Database) -> Any:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await database.close()

    return lifespan


async def _healthy(_request: Request) -> Response:
    return _json({"status": "ok"})


def _readiness(database: Database) -> Any:
    async def readiness(_request: Request) -> Response:
        problem = await database.problem()
        if problem is None:
            return _json({"status": "ok"})
        return _json({"status": "unavailable", "reason": problem}, 503, {"Retry-After": "1"})

    return readiness


def _front(*, has_page: bool) -> Any:
    async def front(request: Request) -> Response:
        if has_page and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/graphql", 303)
        return _json({"service": "offramp", "graphql": "/graphql", "health": "/healthz", "readiness": "/readyz"})

    return front


async def _refused(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = "There is nothing at this address." if status == 404 else "This cannot be done at this address."
    headers = error.headers if isinstance(error, HTTPException) else None
    return _json({"code": CODES.get(status, "invalid"), "message": message}, status, headers)


def _json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")
