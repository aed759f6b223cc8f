"""Clients who order and receive the same products at once, and the books that say what they were told.

What the tables hold afterwards must be what the books say, unit by unit. `orders.py` runs it for a minute, the suite
for a number of orders.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from service.db.connections.engine import Database, Transaction

PLACE = "mutation($i: PlacePurchaseOrderInput!) { placePurchaseOrder(input: $i) { id total } }"
RECEIVE = """mutation($id: ID!, $lines: [ReceivedLineInput!]!) {
  receivePurchaseOrder(purchaseOrderId: $id, lines: $lines) { status } }"""
LOT = "m"
"""The lot in which each product is in stock at the beginning."""
RECENT = 20
PROVOKED = {"duplicate_number", "over_receipt", "wrong_status"}
"""What clients are refused because they try to order twice, or to receive more than is left."""
BUSY, ATTEMPTS = "unavailable", 3
"""What a client is told who waited for a lock too long, and how often such a client asks."""

Send = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Sends a document with its variables; gives the answer."""
Lines = list[tuple[str, int]]
"""Product and units of each line."""


@dataclass(frozen=True)
class Market:
    """Whose order flow it is; each product has `initial` units in stock, in one lot."""

    organization: str
    supplier: str
    warehouse: str
    products: list[str]
    initial: int = 100


@dataclass
class Books:
    """What the clients were told. Counters are of units by product."""

    orders: dict[str, Lines] = field(default_factory=dict)
    ordered: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    reserved: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    sent_again: int = 0
    """How often a client was told that nothing has happened and to try again, and did."""
    deliveries: int = 0
    seconds: list[float] = field(default_factory=list)
    """How long each request took."""


class Client:
    """Somebody who orders, and receives what anybody has ordered."""

    def __init__(self, market: Market, books: Books, send: Send, number: int) -> None:
        self._market = market
        self._books = books
        self._send = send
        self._number = number
        self._random = random.Random(number)

    async def work(self, turns: Iterator[int]) -> None:
        """Order once and receive twice, as long as there are turns."""
        for turn in turns:
            await self._order(turn)
            await self._receive()
            await self._receive()

    async def _order(self, turn: int) -> None:
        """Three lines; now and then two of one product, or a number that is taken."""
        lines = [(self._random.choice(self._market.products), self._random.randint(1, 9)) for _ in range(3)]
        data = await self._ask(PLACE, {"i": self._input(f"{self._number}-{turn}", lines)})
        if data is not None:
            placed = data["placePurchaseOrder"]
            assert placed["total"] == sum(units for _, units in lines) / 10
            self._books.orders[placed["id"]] = lines
            self._books.ordered.update(_units(lines))

    def _input(self, number: str, lines: Lines) -> dict[str, Any]:
        return {
            "organizationId": self._market.organization,
            "number": "taken" if self._random.random() < 0.02 else number,
            "supplierId": self._market.supplier,
            "warehouseId": self._market.warehouse,
            "lines": [{"productId": product, "quantity": units, "unitPrice": 0.1} for product, units in lines],
        }

    async def _receive(self) -> None:
        """A part of a recent order, whosever it is: others are at it, too."""
        recent = list(self._books.orders)[-RECENT:]
        if not recent:
            return
        id_ = self._random.choice(recent)
        lines = self._books.orders[id_]
        chosen = [(at, self._random.randint(1, lines[at][1])) for at in self._random.sample(range(3), 2)]
        lots = (LOT, "a", f"lot {self._random.randrange(50)}")
        given = [{"lineNumber": at + 1, "quantity": units, "lot": self._random.choice(lots)} for at, units in chosen]
        if await self._ask(RECEIVE, {"id": id_, "lines": given}) is not None:
            self._books.deliveries += 1
            self._books.received.update(_units((lines[at][0], units) for at, units in chosen))

    async def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        started = time.perf_counter()
        answer = await self._send(query, variables)
        for _ in range(ATTEMPTS - 1):
            if not any(each["errorType"] == BUSY for each in answer.get("errors", ())):
                break
            self._books.sent_again += 1
            answer = await self._send(query, variables)
        self._books.seconds.append(time.perf_counter() - started)
        if "errors" not in answer:
            data: dict[str, Any] = answer["data"]
            return data
        (error,) = answer["errors"]
        self._books.refused[(error["errorInfo"] or {}).get("code") or error["errorType"]] += 1
        return None


async def disturb(market: Market, books: Books, database: Database, turns: Iterator[int]) -> None:
    """Change two products at a time in any order, as somebody might who knows no better: deadlocks come of it."""
    for turn in turns:
        products = random.Random(turn).sample(market.products[:5], 2)

        async def change(transaction: Transaction, products: list[str] = products) -> None:
            for product in products:
                await transaction.fetch_rows(_RESERVE, [market.warehouse, product, LOT])
                await asyncio.sleep(0.01)

        await database.in_transaction(change)
        books.reserved.update(products)


_RESERVE = """\
UPDATE stock_items SET reserved = coalesce(reserved, 0) + 1 WHERE warehouse_id = $1 AND product_id = $2 AND lot = $3"""

_STOCK = """\
SELECT product_id, sum(quantity)::int, sum(on_order)::int, sum(reserved)::int, least(min(quantity), min(on_order))
FROM stock_items WHERE organization_id = $1 AND warehouse_id = $2 GROUP BY product_id"""

_ORDERS = """\
SELECT purchase_orders.id, status, array_agg(product_id ORDER BY line_number), array_agg(quantity ORDER BY line_number),
       array_agg(received_quantity ORDER BY line_number)
FROM purchase_orders LEFT JOIN purchase_order_items AS line ON purchase_order_id = purchase_orders.id
WHERE purchase_orders.organization_id = $1 GROUP BY purchase_orders.id, status"""


async def differences(market: Market, books: Books, database: Database) -> list[str]:
    """Where the tables are not what the books say, a line each."""
    stock = await database.fetch_rows(_STOCK, [market.organization, market.warehouse])
    orders = await database.fetch_rows(_ORDERS, [market.organization])
    return [*_in_stock(market, books, stock), *_in_orders(books, orders)]


def _in_stock(market: Market, books: Books, rows: Iterable[Any]) -> Iterator[str]:
    found = {row[0]: tuple(row)[1:] for row in rows}
    for product in market.products:
        ordered, received = books.ordered[product], books.received[product]
        expected = market.initial + received, ordered - received, books.reserved[product]
        *units, least = found[product]
        if tuple(units) != expected:
            yield f"{product}: in stock, on order and reserved are {units}, not {expected}"
        if least < 0:
            yield f"{product}: a lot is below zero"


def _in_orders(books: Books, rows: Iterable[Any]) -> Iterator[str]:
    found = {row[0]: tuple(row)[1:] for row in rows}
    if missing := books.orders.keys() ^ found.keys():
        yield f"{len(missing)} orders are missing, or there although nobody was told"
    received: Counter[str] = Counter()
    for id_, (status, products, quantities, arrived) in found.items():
        if list(zip(products, quantities, strict=True)) != books.orders.get(id_):
            yield f"{id_}: the lines are {products}, {quantities}"
        if (status == "RECEIVED") is not (arrived == quantities):
            yield f"{id_}: {status} with {arrived} of {quantities}"
        received.update(_units(zip(products, arrived, strict=True)))
    if +received != +books.received:
        yield "the lines have received other units than was told"


def _units(lines: Iterable[tuple[str, int]]) -> Counter[str]:
    units: Counter[str] = Counter()
    for product, quantity in lines:
        units[product] += quantity
    return units
