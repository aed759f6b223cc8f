"""The inventory on Lambda: a migrated database with rows in it, and functions on it under the real runtime client."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.migrations.upgrade import upgrade
from service.db.security.roles import SERVE
from service.demo import demo_callers, load_demo
from service.demo.people import DemoCaller
from tests.aws.runtime import LocalLambda, running_function
from tests.conftest import MakeDatabase
from tests.running import settings_of

EVENTS = Path(__file__).parent / "events"
API_KEY = "da2-awsawsawsawsawsawsawsawsaws"
Event = dict[str, Any]


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentIssuer:
    return DevelopmentIssuer.open(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="session")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    """A migrated database with the demo companies in it."""
    url = await make_database(None)
    await asyncio.to_thread(upgrade, url)
    database = Database.connect(url, size=1)
    await load_demo(database, enforced)
    await database.close()
    return url


@pytest.fixture
async def admin(url: str) -> AsyncIterator[Database]:
    """Somebody who looks after the database."""
    admin = Database.connect(url, size=1)
    yield admin
    await admin.close()


@pytest.fixture(scope="session")
def served_url(url: str) -> str:
    """The same database, as the role that serves."""
    return url_as(url, SERVE)


@pytest.fixture(scope="session")
def function_environ(served_url: str, issuer: DevelopmentIssuer) -> dict[str, str]:
    """What every function here is configured with."""
    return {
        **settings_of(served_url, issuer),
        "OFFRAMP_API_KEYS": f"{API_KEY}@{demo_callers().admin.organization}",
        "OFFRAMP_POOL_SIZE": "4",
        "OFFRAMP_BEHIND_PROXY": "true",
    }


@pytest.fixture(scope="module")
def function(function_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLambda]:
    """One warm instance, shared by a module."""
    with running_function("service.aws.handler", function_environ, tmp_path_factory.mktemp("function")) as running:
        yield running


@pytest.fixture
def recorded() -> Callable[[str], Event]:
    """An event of `events/`, fresh."""
    return lambda name: copy.deepcopy(json.loads((EVENTS / f"{name}.json").read_text()))


@pytest.fixture
def graphql(recorded: Callable[[str], Event], issuer: DevelopmentIssuer) -> Callable[..., Event]:
    """The event of a GraphQL request by a manager of Harbour & Pine Outfitters."""
    return _by(demo_callers().manager, recorded, issuer)


@pytest.fixture
def admin_event(recorded: Callable[[str], Event], issuer: DevelopmentIssuer) -> Callable[..., Event]:
    """The same, by an Admin."""
    return _by(demo_callers().admin, recorded, issuer)


@pytest.fixture
def rest(recorded: Callable[[str], Event], issuer: DevelopmentIssuer) -> Callable[..., Event]:
    """The event of a REST request by an Admin, as the authorizer lets it through."""
    admin = demo_callers().admin
    token = issuer.issue(admin.sub, admin.username, admin.groups, organization=admin.organization)

    def event(method: str, path: str, query: str = "", body: str | None = None, **headers: str) -> Event:
        made = recorded("behind_authorizer")
        made["headers"] |= {"authorization": f"Bearer {token}", "content-type": "application/json", **headers}
        made["requestContext"]["http"] |= {"method": method, "path": path}
        made |= {"rawPath": path, "rawQueryString": query, "body": body}
        return made

    return event


def _by(caller: DemoCaller, recorded: Callable[[str], Event], issuer: DevelopmentIssuer) -> Callable[..., Event]:
    token = issuer.issue(caller.sub, caller.username, caller.groups, organization=caller.organization)

    def event(query: str, variables: dict[str, Any] | None = None, **headers: str) -> Event:
        made = recorded("graphql")
        made["headers"] |= {"authorization": token, **headers}
        made["body"] = json.dumps({"query": query, "variables": variables or {}})
        return made

    return event
