"""Connections are used by one organization after the other, and by many at once: nothing of one stays for the next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
import pytest

from service.auth.principal import Principal
from service.catalog.model import Catalog
from service.db import embedded, lanes
from service.db.engine import Database
from tests.access.conftest import World, of
from tests.access.organizations import OURS, THEIRS, plant
from tests.conftest import MakeDatabase

READ = '{ getProduct(id: "both") { organizationId } listSuppliers(limit: 5) { items { organizationId } } }'
WRITE = 'mutation { updateProduct(input: { id: "both", quantity: 9 }) { organizationId category { organizationId } } }'
FAILS = 'mutation { updateProduct(input: { id: "both", categoryId: "missing" }) { organizationId } }'
REFUSED = 'mutation { updateProduct(input: { id: "both", organizationId: "nobody" }) { organizationId } }'
OF = {OURS: of(OURS, "ada", "Admin"), THEIRS: of(THEIRS, "tess", "Admin")}


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    url = await make_database(enforced)
    superuser = Database.connect(url, size=1)
    for each in (OURS, THEIRS):
        await plant(superuser, enforced, each)
    await superuser.close()
    return url


@pytest.fixture(params=["both layers", "policies alone"])
async def world(request: pytest.FixtureRequest, with_predicates: World, without_predicates: World) -> World:
    return with_predicates if request.param == "both layers" else without_predicates


@pytest.fixture(params=[1, 4])
async def service(
    request: pytest.FixtureRequest, url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 60)  # sixty-four wait for one connection, on a machine that may be busy
    database = Database.connect(embedded.url_as(url, "app_rw"), size=request.param)
    world.repository.database = database
    yield database
    await database.close()


async def foreign(world: World, document: str, organization: str) -> int:
    """How many of the organizations in an answer are not the caller's."""
    caller: Principal = OF[organization]
    answer = orjson.loads(await world.graphql(caller, document, {}, None))
    return sum(each != organization for each in _organizations(answer["data"]))


def _organizations(value: object) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in _organizations(each)]
    if not isinstance(value, dict):
        return []
    own = [value["organizationId"]] if "organizationId" in value else []
    return own + [found for each in value.values() for found in _organizations(each)]


async def cancelled(world: World, document: str, organization: str) -> int:
    """The same, given up at some moment before it is answered."""
    asked = asyncio.ensure_future(foreign(world, document, organization))
    for _ in range(random.randrange(12)):
        await asyncio.sleep(0)
    asked.cancel()
    with suppress(asyncio.CancelledError):
        return await asked
    return 0


async def test_one_organization_after_the_other(world: World, service: Database):
    """Two thousand requests on few connections, and among them errors, refusals and some that are given up."""
    found = asked = 0
    for turn in range(1000):
        for organization in (OURS, THEIRS):
            document = (READ, WRITE, READ, FAILS, READ, REFUSED)[turn % 6]
            found += await (cancelled if turn % 7 == 0 else foreign)(world, document, organization)
            asked += 1
    assert (asked, found) == (2000, 0)
    row = await service.fetch_row("SELECT current_setting('app.organization', true), (SELECT count(*) FROM products)")
    assert row is not None
    assert (row[0] or "", row[1]) == ("", 0)


async def test_many_at_once(world: World, service: Database):
    asked = [foreign(world, (READ, WRITE)[number % 3 == 0], (OURS, THEIRS)[number % 2]) for number in range(640)]
    found = 0
    for start in range(0, len(asked), 64):
        found += sum(await asyncio.gather(*asked[start : start + 64]))
    assert found == 0


async def test_the_counting_would_find_a_foreign_row(world: World, service: Database):
    assert _organizations({"a": {"organizationId": OURS, "b": [{"organizationId": THEIRS}]}}) == [OURS, THEIRS]
    assert await foreign(world, READ, OURS) == 0
    answer = orjson.loads(await world.graphql(OF[OURS], READ, {}, None))
    assert len(_organizations(answer["data"])) > 3
