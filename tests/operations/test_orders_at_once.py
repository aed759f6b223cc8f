"""Many who order and receive the same products at once, and orders that PostgreSQL undoes for another's sake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.trade import LOT, PROVOKED, Books, Client, Market, differences, disturb
from service.catalog.model import Catalog
from service.db.connections import engine
from service.db.connections.engine import Database, Transaction
from service.db.development.embedded import url_as
from service.db.purchase_orders import lock_name, raise_on_order
from service.db.security.roles import SERVE
from service.operations import FUNCTIONS
from service.operations.rows import Rows
from tests.operations.api import Api, product, stock
from tests.operations.conftest import furnished_api
from tests.operations.ordering import PLACE, RECEIVE, counted, order, place, received, versions

CLIENTS = 16
ORDERS = 160
MARKET = Market("acme", "s1", "w1", [f"h{number}" for number in range(20)])
GHOST = """
WITH made AS (
    INSERT INTO purchase_orders (id, organization_id, number, status, supplier_id, created_at, updated_at)
    VALUES ('ghost', 'acme', 'ghost', 'SUBMITTED', 's1', now(), now())
)
INSERT INTO purchase_order_items (id, organization_id, purchase_order_id, line_number, product_id, quantity, unit_price,
    received_quantity, created_on, updated_on)
VALUES ('ghost', 'acme', 'ghost', 1, 'h1', 1, 1, 0, now(), now())
"""
"""An order that nobody was told of."""
WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
async def market(url: str, catalog: Catalog) -> AsyncIterator[Api]:
    """The shipped API with connections for everybody, and a market to trade on."""
    async with furnished_api(url, catalog, size=CLIENTS + 2) as api:
        for each in MARKET.products:
            await product(api, each)
            await stock(api, each, LOT, MARKET.initial)
        yield api


async def trade(api: Api, clients: int, orders: int, disturbances: int = 0) -> Books:
    books, turns = Books(), iter(range(orders))
    await asyncio.gather(
        *(Client(MARKET, books, api.send, number).work(turns) for number in range(clients)),
        disturb(MARKET, books, api.owned, iter(range(disturbances))),
    )
    return books


async def test_h1_no_unit_is_lost_and_none_is_counted_twice(market: Api) -> None:
    books = await trade(market, CLIENTS, ORDERS, disturbances=20)
    assert set(books.refused) <= PROVOKED
    assert len(books.orders) > ORDERS * 0.9
    assert books.deliveries > ORDERS / 2
    assert await differences(MARKET, books, market.owned) == []


async def test_h3_the_last_unit_arrives_once(market: Api) -> None:
    placed = await place(market, lines=[{"productId": "h1", "quantity": 1, "unitPrice": 1}])
    answers = await asyncio.gather(*(market.send(RECEIVE, received(placed, (1, 1, LOT))) for _ in range(CLIENTS)))
    refused = [each["errors"][0]["errorInfo"]["code"] for each in answers if "errors" in each]
    assert refused == ["wrong_status"] * (CLIENTS - 1)
    assert await counted(market, "h1") == {LOT: (101, 0)}


async def test_the_books_would_tell(market: Api) -> None:
    books = await trade(market, 2, 4)
    wrong = 99 if market.catalog.is_enforced else -1  # which a table of that kind would not take
    for sql in (
        "UPDATE stock_items SET quantity = quantity + 1 WHERE product_id = 'h3' AND lot = 'm'",
        f"UPDATE stock_items SET on_order = {wrong} WHERE product_id = 'h4' AND lot = 'm'",
        "UPDATE purchase_order_items SET received_quantity = 99 WHERE line_number = 1",
        GHOST,
    ):
        before = len(await differences(MARKET, books, market.owned))
        await market.owned.fetch_rows(sql, writes=True)
        assert len(await differences(MARKET, books, market.owned)) > before


@pytest.mark.parametrize("products", [("h1", "h2", "h3"), ("h3", "h1", "h2"), ("h2", "h3", "h1")])
async def test_h4_orders_of_the_same_products_never_wait_for_each_other_in_a_circle(
    market: Api, products: tuple[str, str, str]
) -> None:
    """Two name them in opposite order, while somebody keeps the one in the middle. No transaction begins again."""
    attempts: list[tuple[str, ...]] = []

    async def wanted(*named: str) -> None:
        async def work(rows: Rows) -> None:
            attempts.append(named)
            await raise_on_order(rows.connection, "acme", "w1", [(each, 1) for each in named])

        await market.rows.in_transaction(work)

    async with market.rows.transaction() as holder:
        await raise_on_order(holder.connection, "acme", "w1", [(products[1], 1)])
        both = [asyncio.create_task(wanted(*named)) for named in (products, products[::-1])]
        await until_somebody_waits(market.database, 2)
    await asyncio.gather(*both)
    assert sorted(attempts) == sorted([products, products[::-1]])
    assert [await counted(market, each) for each in products] == [{LOT: (100, on_order)} for on_order in (2, 3, 2)]


async def test_h4_an_order_that_loses_a_deadlock_is_placed_all_the_same(market: Api) -> None:
    """Somebody holds the stock of h1, and then orders it: the order in between waits for them, and they for it."""
    sent: list[str] = []
    lines = [{"productId": "h1", "quantity": 5, "unitPrice": 1}]
    async with in_the_way(market) as theirs:
        market.database.observer = sent.append
        ours = asyncio.create_task(market.ask(PLACE, order("ours", lines)))
        await until_somebody_waits(market.database)
        # The lock that the order holds, as another order of this transaction would ask for it.
        held = lock_name("stock_items", "acme", "w1", "h1")
        await theirs.fetch_rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [held])
    assert (await ours)["placePurchaseOrder"]["total"] == 5
    market.database.observer = None
    assert len([sql for sql in sent if sql.startswith("WITH ordered")]) == 2
    assert await counted(market, "h1") == {LOT: (100, 5)}
    (item,) = await market.rows.list("StockItem", {"productId": {"eq": "h1"}})
    assert item["reserved"] == 7
    assert len(await market.rows.list("PurchaseOrder")) == len(await market.rows.list("PurchaseOrderItem")) == 1


async def test_h4_a_delivery_that_loses_a_deadlock_is_received_once(market: Api) -> None:
    placed = await place(market, lines=[{"productId": "h1", "quantity": 5, "unitPrice": 1}])
    async with in_the_way(market) as theirs:
        ours = asyncio.create_task(market.ask(RECEIVE, received(placed, (1, 5, LOT))))
        await until_somebody_waits(market.database)
        await theirs.fetch_rows("UPDATE purchase_orders SET notes = 'soon' WHERE id = $1", [placed])
    assert (await ours)["receivePurchaseOrder"]["status"] == "RECEIVED"
    assert await counted(market, "h1") == {LOT: (105, 0)}
    (found,) = await market.rows.list("PurchaseOrder")
    assert found["notes"] == "soon"


async def test_who_waits_for_a_lock_too_long_is_told_to_try_again_and_nothing_has_happened(
    market: Api, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock ahead of a request takes a second, and two may be ahead of it; a request waits two seconds at most."""
    monkeypatch.setattr(engine, "DIRECT_SETTINGS", engine.DIRECT_SETTINGS | {"lock_timeout": "100ms"})
    database = Database.connect(url_as(url, SERVE) if market.catalog.is_enforced else url, size=2)
    impatient = Api(market.catalog, database, FUNCTIONS, owned=market.owned)
    lines = [{"productId": "h1", "quantity": 5, "unitPrice": 1}]
    async with market.rows.transaction() as theirs:
        await theirs.update("StockItem", {"warehouseId": "w1", "productId": "h1", "lot": LOT, "reserved": 7})
        before = await versions(market)
        assert await impatient.fail(PLACE, order("ours", lines)) == [
            ("unavailable", "The database is busy. Try again.", ["placePurchaseOrder"])
        ]
        assert await versions(market) == before
        others = [{"productId": "h2", "quantity": 5, "unitPrice": 1}]
        await impatient.ask(PLACE, order("others", others))  # who wants something else does not wait
    assert (await impatient.ask(PLACE, order("ours", lines)))["placePurchaseOrder"]["total"] == 5
    assert await counted(market, "h1") == {LOT: (100, 5)}
    await database.close()


async def test_organizations_do_not_wait_for_one_another(market: Api) -> None:
    """Not even where they have the same ids."""
    ours, theirs = ("a", "b c"), ("a b", "c")  # and not where what is written one after the other is the same
    async with market.owned.transaction() as mine, market.owned.transaction() as yours:
        for organization, warehouse in (ours, ("a", "w1")):
            await raise_on_order(mine, organization, warehouse, [("h1", 1)])
        for organization, warehouse in (theirs, ("b", "w1")):
            await raise_on_order(yours, organization, warehouse, [("h1", 1)])
        assert await market.owned.fetch_rows(WAITING) == []
        waiting = asyncio.create_task(raise_on_order(yours, "a", "w1", [("h1", 1)]))
        await until_somebody_waits(market.owned)  # as an organization does for itself
        await mine.execute("ROLLBACK; BEGIN")
        await waiting


@asynccontextmanager
async def in_the_way(market: Api) -> AsyncIterator[Transaction]:
    """A transaction of somebody's who has changed the stock of h1, and whom PostgreSQL lets win a deadlock.

    It ends whoever looks first whether there is one: that is who waits for a second, and this one would wait for ten.
    """
    async with market.owned.transaction() as theirs:
        await theirs.execute("SET LOCAL deadlock_timeout = '10s'")
        await theirs.fetch_rows(f"UPDATE stock_items SET reserved = 7 WHERE product_id = 'h1' AND lot = '{LOT}'")
        yield theirs


async def until_somebody_waits(database: Database, number: int = 1) -> None:
    async with asyncio.timeout(10):
        while len(await database.fetch_rows(WAITING)) < number:  # noqa: ASYNC110  PostgreSQL has no event for us
            await asyncio.sleep(0.01)


async def test_h5_what_is_acknowledged_is_done_once_where_nothing_but_serializable_is_allowed(
    market: Api, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database may say so for everybody: then transactions clash (40001) where they would wait."""
    strict = engine.DIRECT_SETTINGS | {"default_transaction_isolation": "serializable"}
    monkeypatch.setattr(engine, "DIRECT_SETTINGS", strict)
    database = Database.connect(url_as(url, SERVE) if market.catalog.is_enforced else url, size=4)
    begun: list[str] = []
    database.observer = begun.append
    books = await trade(Api(market.catalog, database, FUNCTIONS, owned=market.owned), 4, 30)
    await database.close()
    assert len([sql for sql in begun if "FROM suppliers" in sql]) > 30  # some have been placed again
    assert set(books.refused) <= PROVOKED | {"clash"}
    assert await differences(MARKET, books, market.owned) == []
