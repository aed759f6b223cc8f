"""Connections are used by one organization after the other, and by many at once: nothing of one stays for the next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import TypeVar

import orjson
import pytest

from service.auth.principal import Principal
from service.db.connections import engine, lanes
from service.db.connections.engine import Database
from service.db.development import embedded
from tests.access.conftest import World, of
from tests.access.organizations import OURS, THEIRS

READ = '{ getProduct(id: "both") { organizationId } listSuppliers(limit: 5) { items { organizationId } } }'
WRITE = 'mutation { updateProduct(input: { id: "both", quantity: 9 }) { organizationId category { organizationId } } }'
FAILS = 'mutation { updateProduct(input: { id: "both", categoryId: "missing" }) { organizationId } }'
REFUSED = 'mutation { updateProduct(input: { id: "both", organizationId: "nobody" }) { organizationId } }'
LEFT = """
SELECT coalesce(current_setting('app.organization', true), ''), coalesce(current_setting('app.provider', true), ''),
       (SELECT count(*) FROM products)
"""
"""What is known on a connection of who asks, and how many rows it sees then."""
Result = TypeVar("Result")
OF = {OURS: of(OURS, "ada", "Admin"), THEIRS: of(THEIRS, "tess", "Admin")}


@pytest.fixture(scope="module")
async def superuser(shared_url: str) -> AsyncIterator[Database]:
    database = Database.connect(shared_url, size=1)
    yield database
    await database.close()


@pytest.fixture(params=["both layers", "policies alone"])
async def world(request: pytest.FixtureRequest, with_predicates: World, without_predicates: World) -> World:
    return with_predicates if request.param == "both layers" else without_predicates


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes connections of which PostgreSQL ends statements soon."""
    monkeypatch.setitem(engine.DIRECT_SETTINGS, "statement_timeout", "200ms")


@pytest.fixture(params=[1, 4])
async def service(
    request: pytest.FixtureRequest, shared_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 60)  # sixty-four wait for one connection, on a machine that may be busy
    database = Database.connect(embedded.url_as(shared_url, "app_rw"), size=request.param)
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


async def stuck(superuser: Database, asked: Awaitable[Result]) -> Result:
    """What comes of a request while somebody keeps the products, until PostgreSQL ends what waits for them."""
    async with superuser.transaction() as transaction:
        await transaction.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        return await asked


@pytest.mark.usefixtures("impatient")
async def test_one_organization_after_the_other(world: World, service: Database, superuser: Database):
    """Two thousand requests on few connections, among them errors, refusals, some given up and some that take too long.

    After each of them nothing is left of it on the connections.
    """
    found = asked = 0
    for turn in range(1000):
        for organization in (OURS, THEIRS):
            document = (READ, WRITE, READ, FAILS, READ, REFUSED)[turn % 6]
            if turn % 200 == 1:
                found += await stuck(superuser, foreign(world, document, organization))
            else:
                found += await (cancelled if turn % 7 == 0 else foreign)(world, document, organization)
            asked += 1
            row = await service.fetch_row(LEFT)
            assert row is not None
            assert tuple(row) == ("", "", 0)
    assert (asked, found) == (2000, 0)


@pytest.mark.usefixtures("impatient")
async def test_what_takes_too_long_is_told_so(world: World, service: Database, superuser: Database):
    """Without which the turns above would not be what they say."""
    answer = orjson.loads(await stuck(superuser, world.graphql(OF[OURS], READ, {}, None)))
    assert {each["errorType"] for each in answer["errors"]} == {"ExecutionTimeout"}


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
