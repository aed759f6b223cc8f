"""A GraphQL API on a real database, as tests ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from service.auth.principal import Principal
from service.catalog.model import Catalog, Integrity, Provider
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl
from tests.conftest import MakeDatabase
from tests.integrity import forgive, in_integrity, seated, served

CURSOR_KEY = b"a key for the cursors of tests.."


def user(name: str, *groups: str, **claims: Any) -> Principal:
    """A signed-in caller: `ann` has the sub `sub-ann`."""
    named = {"cognito:groups": list(groups)} if groups else {}
    return Principal(Provider.USER_POOLS, {"sub": f"sub-{name}", "username": name, **named, **claims})


ADMIN = user("root", "Admin")
MANAGER = user("mo", "Manager")
VIEWER = user("vic")
KEY = Principal(Provider.API_KEY)


@dataclass
class Api:
    """One API, its database and its two executors."""

    catalog: Catalog
    database: Database
    """As the service is connected."""
    owned: Database
    """The same, as one who sees every row: where nobody is kept apart, that is everybody."""
    graphql: GraphQL
    fallback: Fallback

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, caller: Principal = ADMIN, name: str | None = None
    ) -> dict[str, Any]:
        """The answer, errors and all."""
        known = seated(caller, self.catalog)
        body: dict[str, Any] = orjson.loads(await self.graphql(known, query, variables or {}, name))
        return body

    async def data(self, query: str, variables: dict[str, Any] | None = None, caller: Principal = ADMIN) -> Any:
        """The data of an answer that must have no errors."""
        body = await self.ask(query, variables, caller)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def errors(
        self, query: str, variables: dict[str, Any] | None = None, caller: Principal = ADMIN
    ) -> list[tuple[Any, str | None, str]]:
        """The errors of an answer that must have some: path, type and message of each."""
        body = await self.ask(query, variables, caller)
        return [(each["path"], each.get("errorType"), each["message"]) for each in body["errors"]]

    async def create(self, model: str, *inputs: dict[str, Any], caller: Principal = ADMIN) -> None:
        """Make rows through the API."""
        query = f"mutation ($input: Create{model}Input!) {{ create{model}(input: $input) {{ __typename }} }}"
        for each in inputs:
            await self.data(query, {"input": each}, caller)

    async def sql(self, statement: str, *arguments: object) -> Any:
        """Run a statement behind the API's back."""
        return await self.owned.fetch_rows(statement, arguments, writes=True)

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The statements that are sent meanwhile."""
        sent: list[str] = []
        self.database.observer = sent.append
        try:
            yield sent
        finally:
            self.database.observer = None


@asynccontextmanager
async def api_of(
    schema: str | Catalog,
    make_database: MakeDatabase,
    integrity: Integrity = Integrity.LEGACY,
    *,
    lanes: int = 5,
    **options: Any,
) -> AsyncIterator[Api]:
    """The API of an Amplify schema, on an empty database of its own."""
    catalog = in_integrity(catalog_from_sdl(schema) if isinstance(schema, str) else schema, integrity)
    url = await make_database(catalog)
    await forgive(url, catalog)
    async with api_on(url, catalog, lanes=lanes, **options) as api:
        yield api


@asynccontextmanager
async def api_on(url: str, catalog: Catalog, *, lanes: int = 5, **options: Any) -> AsyncIterator[Api]:
    """The API of a catalog on a database that has its tables."""
    database = served(url, catalog, size=lanes)
    owned = Database.connect(url, size=1) if catalog.is_enforced else database
    repository = Repository(catalog, database, cursor_key=CURSOR_KEY, max_page=options.pop("max_page", 10_000))
    light = light_schema(catalog)
    fallback = Fallback(repository, light)
    limits = {"max_tokens": 15_000, "max_depth": 25, "max_roots": 200, **options}
    yield Api(catalog, database, owned, GraphQL(repository, light, fallback, **limits), fallback)
    await database.close()
    await owned.close()
