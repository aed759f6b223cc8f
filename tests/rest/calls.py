"""A REST API on a real database, and what is asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import orjson

from service.auth.classes import CallerClasses
from service.auth.principal import Principal
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.errors import Unauthenticated
from service.graphql.fallback import Custom
from service.importer import catalog_from_sdl
from service.rest.api import rest_routes
from service.rest.door import RestDoor
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, CURSOR_KEY
from tests.integrity import seated, served


@dataclass
class Rest:
    """One API. Who calls is told by the test and not by a token: `tests/rest/test_over_http.py` has those."""

    catalog: Catalog
    database: Database
    repository: Repository
    client: httpx2.AsyncClient
    callers: dict[str, Principal]

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        caller: Principal | None = ADMIN,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        """The response. A body is sent as JSON, `content` as it is."""
        known = {"x-caller": self._name_of(caller)} if caller is not None else {}
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        typed = {"content-type": kind} if body is not None else {}
        sent = content if body is None else orjson.dumps(body)
        return await self.client.request(method, path, content=sent, headers={**known, **typed, **(headers or {})})

    async def get(self, path: str, **options: Any) -> Any:
        """The body of an answer that must be 200."""
        response = await self.send("GET", path, **options)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, status: int, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """The problem document of an answer that must be one, and say the same as its status."""
        response = await self.send(method, path, body, **options)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = response.json()
        assert problem["status"] == status
        assert problem["type"] == f"/errors/{problem['code']}"
        assert set(problem) - {"errors", "line"} == {"type", "title", "status", "detail", "instance", "code", "traceId"}
        return problem

    async def flaws(self, method: str, path: str, body: Any = None, **options: Any) -> list[tuple[str, str]]:
        """Where a refused request is wrong, and how: (pointer or parameter, code)."""
        problem = await self.refused(400, method, path, body, **options)
        return [(each.get("pointer", each.get("parameter")), each["code"]) for each in problem["errors"]]

    async def sql(self, statement: str, *arguments: object) -> Any:
        """Run a statement behind the API's back."""
        return await self.database.fetch_rows(statement, arguments, writes=True)

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The statements that are sent meanwhile."""
        sent: list[str] = []
        self.database.observer = sent.append
        try:
            yield sent
        finally:
            self.database.observer = None

    def with_custom(self, custom: Custom) -> Rest:
        """The same API with something that answers custom operations."""
        transport = httpx2.ASGITransport(door_of(self.repository, self.callers, custom=custom))
        return replace(self, client=httpx2.AsyncClient(transport=transport, base_url="http://offramp.test"))

    def _name_of(self, caller: Principal) -> str:
        name = str(id(caller))
        self.callers[name] = seated(caller, self.catalog)
        return name


def door_of(repository: Repository, callers: dict[str, Principal], **options: Any) -> RestDoor:
    """The door, with callers known by a header."""

    async def authenticate(headers: Mapping[str, str]) -> Principal:
        if "x-caller" not in headers:
            raise Unauthenticated("Valid authorization header not provided.")
        return callers[headers["x-caller"]]

    of_the_door = {"max_body_bytes": 1_048_576} | {
        name: options.pop(name) for name in ("max_body_bytes", "throttle") if name in options
    }
    routes = rest_routes(repository, **options)
    return RestDoor(routes, authenticate, CallerClasses(repository.catalog), **of_the_door)


@asynccontextmanager
async def rest_of(schema: str | Catalog, make_database: MakeDatabase, **options: Any) -> AsyncIterator[Rest]:
    """The REST API of an Amplify schema, on an empty database of its own."""
    catalog = catalog_from_sdl(schema) if isinstance(schema, str) else schema
    database = served(await make_database(catalog), catalog, size=5)
    async with rest_on(catalog, database, **options) as rest:
        yield rest
    await database.close()


@asynccontextmanager
async def rest_on(
    catalog: Catalog, database: Database, *, keeps_apart: bool = True, **options: Any
) -> AsyncIterator[Rest]:
    """The REST API of a catalog on a database that has its tables."""
    repository = Repository(catalog, database, cursor_key=CURSOR_KEY, keeps_apart=keeps_apart)
    callers: dict[str, Principal] = {}
    transport = httpx2.ASGITransport(door_of(repository, callers, **options))
    async with httpx2.AsyncClient(transport=transport, base_url="http://offramp.test") as client:
        yield Rest(catalog, database, repository, client, callers)
