"""Composition: the routes of the service and the layers around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Scope

from service.auth.authenticator import Authenticator, authenticator_from
from service.auth.classes import CallerClasses
from service.auth.membership import Members
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.readiness import serving_problem, table_problem
from service.db.repository import Repository
from service.deadline import Deadline
from service.envelope import Envelope, Mask, Shortcut
from service.errors import ServiceError
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.graphql.sunset import Announced, sunset_headers
from service.graphql.view import Execute, GraphQLView, Page, failed_body
from service.operations import FUNCTIONS
from service.operations.connect import Connected, connect
from service.operations.run import CustomOperations
from service.rest.api import rest_routes
from service.rest.door import RestDoor, path_of
from service.rest.explained import explained
from service.rest.openapi.view import OpenAPIView
from service.rest.problems import ERRORS, headers_of, problem
from service.rest.resources import PERMISSIONS, PREFIX
from service.settings import Settings
from service.throttle import Throttle

if TYPE_CHECKING:
    from service.page import Caller

ENDPOINT = "/graphql"
DESCRIPTION = f"{PREFIX}/openapi.json"
EXPOSED_HEADERS = (
    "x-amzn-ErrorType", "x-amzn-RequestId",
    "Deprecation", "ETag", "Idempotent-Replayed", "Last-Modified", "Link", "Location", "Preference-Applied",
    "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset",
)  # fmt: skip
"""A browser hides headers from a page of another origin unless they are named; the Amplify client reads the first."""
Problem = Callable[[], Awaitable[str | None]]
Callers = Callable[[str], Sequence["Caller"]]
CODES = {404: "not_found", 405: "method_not_allowed"}


def _nobody(_host: str) -> Sequence[Caller]:
    return ()


def compose(
    settings: Settings,
    *,
    catalog: Catalog,
    database: Database,
    examples: Path | None = None,
    callers: Callers = _nobody,
) -> Starlette:
    """The service of a catalog on a database.

    For the pages: `examples` is a folder of documents for GraphiQL, by default they are made from the catalog;
    `callers` gives who may be chosen by somebody who opened a page under a `Host`. Errors: SettingsError.
    """
    repository = Repository(
        catalog,
        database,
        cursor_key=settings.cursor_key.encode(),
        max_page=settings.max_page_size,
        max_rows=settings.max_rows,
    )
    schema = light_schema(catalog)
    custom = CustomOperations(repository, connected_by(settings, catalog))
    graphql = GraphQL(
        repository,
        schema,
        Fallback(repository, schema, custom),
        max_tokens=settings.max_tokens,
        max_depth=settings.max_depth,
        max_roots=settings.max_aliases,
        introspection=settings.introspection,
    )
    page, pages = _graphiql(catalog, examples, callers) if settings.graphiql else (None, [])
    authenticator = authenticator_from(settings, Members(database) if catalog.is_enforced else None)
    throttle = Throttle(settings.requests_per_minute) if settings.requests_per_minute else None
    door = rest_door(settings, repository, custom, authenticator, throttle)
    return create_app(
        settings,
        authenticator=authenticator,
        graphql=graphql,
        problem=_problem_of(database, catalog),
        close=database.close,
        page=page,
        pages=[*pages, *_rest(settings, door, catalog, callers)],
        throttle=throttle,
    )


def rest_door(
    settings: Settings,
    repository: Repository,
    custom: CustomOperations,
    authenticator: Authenticator,
    throttle: Throttle | None,
) -> RestDoor:
    """What answers everything below `/v1`."""
    routes = rest_routes(
        repository, custom, sorts_by_any=settings.rest_sort_any, requires_match=settings.require_if_match
    )
    classes = CallerClasses(repository.catalog)
    most = settings.max_body_bytes
    return RestDoor(routes, authenticator.authenticate, classes, max_body_bytes=most, throttle=throttle)


def connected_by(settings: Settings, catalog: Catalog) -> Connected:
    """What answers the custom operations of a catalog. Errors: SettingsError."""
    return connect(catalog, FUNCTIONS, dict(settings.functions), environment=settings.env)


def _graphiql(catalog: Catalog, examples: Path | None, callers: Callers) -> tuple[Page, list[Route]]:
    from service.graphql.examples import examples_in, examples_of  # noqa: PLC0415  only where it is on
    from service.graphql.graphiql import graphiql_page, graphiql_routes  # noqa: PLC0415  as above

    operations = (examples_in(examples) if examples else {}) or examples_of(catalog)
    return lambda host: graphiql_page(callers(host), operations, ENDPOINT), graphiql_routes(ENDPOINT)


class _Anything(PathConvertor):
    """Any path. In Starlette's own a key may have no line break."""

    regex = r"[\s\S]*"


def _rest(settings: Settings, door: RestDoor, catalog: Catalog, callers: Callers) -> Iterator[Route]:
    leads = {"permissions": f"{PREFIX}/{PERMISSIONS}"}
    if settings.docs:
        from service.rest.docs import PATH, docs_routes  # noqa: PLC0415  as above

        yield from docs_routes(DESCRIPTION, callers)
        leads["docs"] = PATH
    if settings.introspection:
        yield Route(DESCRIPTION, OpenAPIView(catalog))
        leads["description"] = DESCRIPTION
    for path in (PREFIX, f"{PREFIX}/"):
        yield Route(path, _rest_front(leads))
    register_url_convertor("anything", _Anything())
    yield Route(f"{PREFIX}{{path:anything}}", door)
    yield Route(f"{ERRORS}/{{code}}", explained)


def _problem_of(database: Database, catalog: Catalog) -> Problem:
    async def problem() -> str | None:
        """What is wrong with the database just now; None if it can be served from."""
        try:
            if catalog.is_enforced:
                return await serving_problem(database)
            return await table_problem(database, catalog)
        except ServiceError as error:
            return error.message

    return problem


def create_app(
    settings: Settings,
    *,
    authenticator: Authenticator,
    graphql: Execute,
    problem: Problem,
    close: Callable[[], Awaitable[None]],
    page: Page | None = None,
    pages: Sequence[BaseRoute] = (),
    throttle: Throttle | None = None,
) -> Starlette:
    """The ASGI application around a GraphQL executor.

    `problem` says why requests cannot be served now, in words safe to show, or None. `close` is called when the server
    stops. `page` makes what a browser gets at the endpoint, `pages` are the routes beside it, which may count requests
    by the same `throttle`. `state.prime` of what is returned fetches the keys of tokens before there is one.
    """
    most = settings.max_body_bytes
    view: ASGIApp = GraphQLView(graphql, authenticator.authenticate, max_body_bytes=most, page=page, throttle=throttle)
    if announced := sunset_headers(settings.graphql_deprecated, settings.graphql_sunset, PREFIX):
        view = Announced(view, announced)
    routes = [
        Route(ENDPOINT, view),
        Route(f"{ENDPOINT}/", view),
        Route("/healthz", _healthy),
        Route("/readyz", _readiness(problem)),
        Route("/", _front(has_page=page is not None)),
        *pages,
    ]
    app = Starlette(
        routes=routes,
        middleware=[*_layers(settings), Middleware(Shortcut, path=ENDPOINT, to=view)],
        exception_handlers={HTTPException: _refused},
        lifespan=_lifespan(close),
    )
    app.state.prime = authenticator.prime
    return app


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
    deadline = Middleware(Deadline, seconds=settings.max_seconds, refuse=failed_at)
    layers = [Middleware(Envelope, log_requests=settings.request_log), Middleware(Mask), deadline]
    if settings.cors_origins:
        layers.insert(1, cors)
    return layers


def _lifespan(close: Callable[[], Awaitable[None]]) -> Any:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await close()

    return lifespan


async def _healthy(_request: Request) -> Response:
    return _json({"status": "ok"})


def _readiness(problem: Problem) -> Any:
    async def readiness(_request: Request) -> Response:
        reason = await problem()
        if reason is None:
            return _json({"status": "ok"})
        return _json({"status": "unavailable", "reason": reason}, 503, {"Retry-After": "1"})

    return readiness


def _front(*, has_page: bool) -> Any:
    async def front(request: Request) -> Response:
        if has_page and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/graphql", 303)
        return _json(
            {"service": "offramp", "graphql": "/graphql", "rest": PREFIX, "health": "/healthz", "readiness": "/readyz"}
        )

    return front


def _rest_front(leads: Mapping[str, str]) -> Any:
    """What is at `/v1` itself, an address that `offramp dev` prints: where to go from there."""

    async def front(request: Request) -> Response:
        if "docs" in leads and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(leads["docs"], 303)
        return _json({"rest": PREFIX, **leads})

    return front


def failed_at(scope: Scope, error: ServiceError) -> Response:
    """An error where the door that `scope` leads to cannot answer any more, in that door's form.

    Over GraphQL with status 200, because the Amplify client sends even a mutation again after one of the 500s.
    """
    path = scope["path"]
    if path.rstrip("/") == ENDPOINT:
        return Response(failed_body(error), media_type="application/json")
    if path.startswith(PREFIX):
        body = problem(error, path_of(scope)[:200], scope["request_id"])
        return Response(body, error.status, headers=dict(headers_of(error)))
    return _json({"code": error.code, "message": error.message}, error.status)


async def _refused(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = "There is nothing at this address." if status == 404 else "This cannot be done at this address."
    headers = error.headers if isinstance(error, HTTPException) else None
    return _json({"code": CODES.get(status, "invalid"), "message": message}, status, headers)


def _json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")
