"""Two worlds to ask the same of: one where our organization is alone, and one where theirs is there, too.

What callers of ours are told must be the same in both, to the letter, and so must be what happens to our rows. The
worlds are kept apart in two ways at once, and then in each of the two by itself.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.repository import Repository
from service.errors import ServiceError
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.operations import FUNCTIONS
from service.operations.connect import connect
from service.operations.run import CustomOperations
from tests.access.organizations import APPROVERS, OURS, THEIRS, plant
from tests.access.questions import Question
from tests.conftest import MakeDatabase
from tests.graphql.api import CURSOR_KEY, user

LAYERS = ("both layers", "predicates alone", "policies alone")
NO_POLICIES = """
DO $$ DECLARE each record; BEGIN
    FOR each IN SELECT oid::regclass AS name FROM pg_class WHERE relrowsecurity LOOP
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', each.name);
    END LOOP;
    FOR each IN SELECT tablename FROM pg_policies WHERE policyname = 'tenant' LOOP
        EXECUTE format('DROP POLICY tenant ON %I', each.tablename);
    END LOOP;
END $$
"""
MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|20(?!24)\d\d-\d\d-\d\d[T ][\d:.]+(Z|\+00)")
"""Ids and times that no two runs have the same of. Those that were planted look otherwise."""


def of(organization: str | None, name: str, *groups: str) -> Principal:
    """A signed-in caller of an organization."""
    return user(name, *groups, **({ORGANIZATION_CLAIM: organization} if organization else {}))


CALLERS = {
    "Admin": of(OURS, "ada", "Admin"),
    "Manager": of(OURS, "mo", "Manager"),
    "Viewer": of(OURS, "vic", "Viewer"),
    "owner": of(OURS, "olive"),
    "approver": of(OURS, "abe", APPROVERS),
    "API key": Principal(Provider.API_KEY, {ORGANIZATION_CLAIM: OURS}),
    "nobody": of(None, "nob", "Admin"),
}
THEIR_ADMIN = of(THEIRS, "tess", "Admin")


@dataclass
class Answered:
    """What came of a question: the body, and how many statements it took."""

    body: str
    statements: int


class World:
    """The databases on which organizations are alone or not, and the API in front of them."""

    def __init__(self, catalog: Catalog, *, keeps_apart: bool) -> None:
        self.catalog = catalog
        nowhere = Database.connect("postgresql://nowhere.invalid/none")  # each question names its own
        self.repository = Repository(catalog, nowhere, cursor_key=CURSOR_KEY, keeps_apart=keeps_apart)
        light = light_schema(catalog)
        custom = CustomOperations(self.repository, connect(catalog, FUNCTIONS, {}))
        self.graphql = GraphQL(
            self.repository,
            light,
            Fallback(self.repository, light, custom),
            max_tokens=50_000,
            max_depth=25,
            max_roots=500,
        )

    async def data(self, database: Database, document: str, caller: Principal, **variables: Any) -> Any:
        """The data of an answer, whether it has errors or not."""
        self.repository.database = database
        return orjson.loads(await self.graphql(caller, document, variables, None))["data"]

    async def error(self, database: Database, document: str, caller: Principal, **variables: Any) -> tuple[str, str]:
        """Type and message of the one error of an answer."""
        self.repository.database = database
        (error,) = orjson.loads(await self.graphql(caller, document, variables, None))["errors"]
        return error["errorType"], error["message"]

    async def ask(self, database: Database, question: Question, caller: Principal) -> Answered:
        """What a caller is answered on one of the databases, and how many statements that took."""
        sent: list[str] = []
        self.repository.database, database.observer = database, sent.append
        try:
            raw = await self.graphql(caller, question.document, dict(question.variables), None)
        except ServiceError as error:
            raw = f"{type(error).__name__} {error.message}".encode()
        finally:
            database.observer = None
        return Answered(MADE_UP.sub("made up", raw.decode()), len(sent))


@dataclass
class Databases:
    """Our organization alone, and with theirs; each as the service is connected, and as a superuser is."""

    alone: Database
    shared: Database
    alone_superuser: Database
    shared_superuser: Database

    async def close(self) -> None:
        for each in (self.alone, self.shared, self.alone_superuser, self.shared_superuser):
            await each.close()


@pytest.fixture(scope="module")
async def shared_url(make_database: MakeDatabase, enforced: Catalog) -> str:
    """A database of the module's own with both organizations in it, for a superuser."""
    url = await make_database(enforced)
    superuser = Database.connect(url, size=1)
    for each in (OURS, THEIRS):
        await plant(superuser, enforced, each)
    await superuser.execute_ddl("ANALYZE")  # what was estimated of theirs is not to be had either
    await superuser.close()
    return url


async def databases_of(make_database: MakeDatabase, catalog: Catalog, *, policies: bool) -> Databases:
    opened: list[Database] = []
    for organizations in ((OURS,), (OURS, THEIRS)):
        url = await make_database(catalog)
        superuser = Database.connect(url, size=1)
        for each in organizations:
            await plant(superuser, catalog, each)
        await superuser.execute_ddl("ANALYZE" if policies else NO_POLICIES)
        opened += [Database.connect(embedded.url_as(url, "app_rw"), size=2), superuser]
    return Databases(opened[0], opened[2], opened[1], opened[3])


@pytest.fixture(scope="module", params=LAYERS)
async def layer(request: pytest.FixtureRequest) -> str:
    kept: str = request.param
    return kept


@pytest.fixture(scope="session")
async def with_predicates(enforced: Catalog) -> World:
    return World(enforced, keeps_apart=True)


@pytest.fixture(scope="session")
async def without_predicates(enforced: Catalog) -> World:
    return World(enforced, keeps_apart=False)


@pytest.fixture(scope="module")
async def world(layer: str, with_predicates: World, without_predicates: World) -> World:
    return without_predicates if layer == "policies alone" else with_predicates


@pytest.fixture(scope="module")
async def databases(layer: str, make_database: MakeDatabase, enforced: Catalog) -> AsyncIterator[Databases]:
    made = await databases_of(make_database, enforced, policies=layer != "predicates alone")
    yield made
    await made.close()


async def rows_of(superuser: Database, catalog: Catalog, organization: str) -> dict[str, list[str]]:
    """All rows of an organization, and the transaction that wrote each."""
    found = {}
    for model in (*catalog.models, AUDIT_ENTRY):
        assert model.tenant is not None
        every = f"SELECT t.xmin::text || ' ' || t::text FROM {model.table} AS t WHERE {model.tenant.column} = $1"
        rows = await superuser.fetch_rows(f"{every} ORDER BY 1", [organization])
        found[model.name] = [row[0] for row in rows]
    return found
