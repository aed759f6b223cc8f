"""What one read costs on the wire: one statement, one round trip, and nothing before or after it.

The whole service asks, over both doors, as the role that serves and on enforced tables. A relay counts the messages,
and PostgreSQL's own log says which statement they made.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

import httpx2
import pytest

from service.app import compose
from service.auth import membership
from service.auth.issuer import DevelopmentIssuer
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.demo import demo_callers
from service.settings import Settings
from tests.aws.sent import ServerLog, logging_everything, pins
from tests.aws.tap import CANCEL, Tap, tapped

NESTED = """{ listPurchaseOrders(limit: 2) { items {
  supplier { name } items { items { quantity product { name category { name } } } } } nextToken } }"""
READS = {
    "get": '{ getProduct(id: "none") { name } }',
    "list": "{ listProducts(limit: 3) { items { name } nextToken } }",
    "filtered list": "{ listProducts(filter: { price: { gt: 2 } }, limit: 3) { items { name } nextToken } }",
    "index list": '{ productsByCategory(categoryId: "none", price: { gt: 2 }, limit: 3) { items { name } nextToken } }',
    "nested": NESTED,
    "get over REST": "/v1/products/none",
    "list over REST": "/v1/products?limit=3",
    "index list over REST": "/v1/products?categoryId=none&price[gt]=2&sort=price",
    "nested over REST": f"/v1/purchase-orders?limit=2&include={quote('supplier,items.product.category')}",
}


@dataclass
class Wired:
    """The service, and what stands between it and PostgreSQL."""

    client: httpx2.AsyncClient
    tap: Tap
    log: ServerLog
    is_behind_proxy: bool

    async def ask(self, read: str) -> None:
        """Ask a question, which must be answered."""
        if read.startswith("{"):
            answer = await self.client.post("/graphql", json={"query": read})
            assert "errors" not in answer.json(), answer.text
        else:
            answer = await self.client.get(read)
        assert answer.status_code in {200, 404}, answer.text


@pytest.fixture(scope="module", params=["behind a proxy", "directly"])
async def wired(
    request: pytest.FixtureRequest, url: str, served_url: str, enforced: Catalog, issuer: DevelopmentIssuer
) -> AsyncIterator[Wired]:
    is_behind_proxy = request.param == "behind a proxy"
    async with logging_everything(url) as log, tapped(served_url) as tap:
        settings = Settings(
            database_url=tap.url,
            issuer=issuer.url,
            client_ids=(issuer.client_id,),
            jwks=issuer.jwks,
            cursor_key="0" * 32,
            request_log=False,
        )
        database = Database.connect(tap.url, size=1, behind_proxy=is_behind_proxy)
        caller = demo_callers().admin
        token = issuer.issue(caller.sub, caller.username, caller.groups, organization=caller.organization)
        transport = httpx2.ASGITransport(compose(settings, catalog=enforced, database=database))
        headers = {"authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://offramp.test", headers=headers) as client:
            yield Wired(client, tap, log, is_behind_proxy)
        await database.close()


@pytest.mark.parametrize("read", READS)
async def test_a_read_is_one_statement_and_one_round_trip(wired: Wired, read: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(membership, "LONGEST_KNOWN", 3600)  # who asks is looked up once in thirty seconds
    await wired.ask(READS[read])
    wired.tap.sent.clear()
    mark = wired.log.mark()
    await wired.ask(READS[read])
    ((name, statement),) = wired.log.sent_since(mark)
    assert statement.startswith("SELECT ")
    assert "app_context(" in statement
    is_named = name != "<unnamed>"
    # A statement without a name is parsed with what it is given, in the same breath.
    assert "".join(wired.tap.sent) == ("BES" if is_named else "PBES")
    assert wired.tap.round_trips == 1
    if wired.is_behind_proxy:
        assert not pins(name, statement)


async def test_a_text_that_a_connection_has_not_seen_takes_one_more(wired: Wired):
    wired.tap.sent.clear()
    mark = wired.log.mark()
    await wired.ask("{ listProducts(limit: 4) { items { name sku price unit } nextToken } }")
    assert len(wired.log.sent_since(mark)) == 1
    assert wired.tap.round_trips == 2


async def test_a_statement_whose_caller_gives_up_is_cancelled_where_postgresql_can_be_asked_to(wired: Wired):
    """Behind a proxy nobody is asked: it could reach whoever has the connection by then. Ours is cut instead."""
    database = Database.connect(wired.tap.url, size=1, behind_proxy=wired.is_behind_proxy)
    await database.ping()
    wired.tap.sent.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await database.fetch_row("SELECT pg_sleep(1)")
    await database.ping()
    assert (CANCEL in wired.tap.sent) is not wired.is_behind_proxy
    await database.close()


async def test_the_tap_would_see_a_transaction(wired: Wired):
    database = Database.connect(wired.tap.url, size=1, behind_proxy=True)
    async with database.transaction() as transaction:
        wired.tap.sent.clear()
        await transaction.fetch_row("SELECT 1")
    assert "".join(wired.tap.sent).endswith("Q")
    assert wired.tap.round_trips == 3  # to parse it, to run it, to commit
    await database.close()
