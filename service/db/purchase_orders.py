"""The statements of the order flow: what the API's own writes cannot say in one piece.

All of it runs in the caller's transaction. Whoever changes stock here first locks each product in its
warehouse, in one order for all. These locks are advisory: a row lock cannot be taken on a lot that another
transaction is about to insert, and two that insert each other's lots would wait for one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from service.db.connections.engine import Connection


@dataclass(frozen=True, slots=True)
class References:
    """What of a new order's references its organization has."""

    supplier: bool
    warehouse: bool
    unknown_products: Sequence[str]
    inactive_products: Sequence[str]
    number_taken: bool


@dataclass(frozen=True, slots=True)
class Order:
    """An order that is locked until the end of the transaction."""

    organization: str | None
    number: str | None
    status: str | None
    warehouse: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order, locked likewise."""

    id: str
    number: int
    product: str
    ordered: int
    received: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """Goods that go into stock."""

    product: str
    lot: str
    quantity: int


# A subquery with an order is run before what selects from it, so the locks are taken in that order.
_LOCK = """\
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest($1::text[]) AS name ORDER BY key
) AS keys"""


async def _lock(connection: Connection, what: str, organization: str, keys: Iterable[Sequence[str]]) -> None:
    """Wait until nobody else holds one of these keys; they are free again with the end of the transaction.

    Organizations do not wait for one another, whatever keys they have.
    """
    names = [lock_name(what, organization, *key) for key in keys]
    await connection.fetch_rows(_LOCK, [names])


def lock_name(what: str, organization: str, *key: str) -> str:
    """The name by which something is locked: in JSON, so that no two things have one."""
    return orjson.dumps([what, organization, *key]).decode()


_ORDERABLE = """\
products.active IS NOT FALSE AND (products.discontinued_at IS NULL OR products.discontinued_at > now())"""

_REFERENCES = f"""\
SELECT EXISTS (SELECT FROM suppliers WHERE id = $2 AND organization_id = $1),
       EXISTS (SELECT FROM warehouses WHERE id = $3 AND organization_id = $1),
       ARRAY(SELECT DISTINCT wanted FROM unnest($4::text[]) AS wanted
             WHERE NOT EXISTS (SELECT FROM products WHERE id = wanted AND organization_id = $1)),
       ARRAY(SELECT id FROM products WHERE id = ANY ($4) AND organization_id = $1 AND NOT ({_ORDERABLE})),
       EXISTS (SELECT FROM purchase_orders WHERE organization_id = $1 AND number = $5)"""  # noqa: S608  constants


async def references(
    connection: Connection, organization: str, *, supplier: str, warehouse: str, products: Sequence[str], number: str
) -> References:
    """Look up what a new order refers to. Of two orders with one number the second waits, then finds the first."""
    await _lock(connection, "purchase_orders.number", organization, [(number,)])
    row = await connection.fetch_row(_REFERENCES, [organization, supplier, warehouse, list(products), number])
    assert row is not None
    return References(*row)


async def _lock_stock(connection: Connection, organization: str, warehouse: str, products: Sequence[str]) -> None:
    await _lock(connection, "stock_items", organization, [(warehouse, product) for product in products])


_RAISE_ON_ORDER = """\
WITH ordered AS (
    SELECT product_id, sum(quantity) AS quantity
    FROM unnest($3::text[], $4::integer[]) AS line (product_id, quantity) GROUP BY product_id
), chosen AS (
    SELECT product_id, min(lot) AS lot FROM stock_items
    WHERE warehouse_id = $1 AND organization_id = $2 AND product_id = ANY ($3) GROUP BY product_id
)
UPDATE stock_items AS stock
SET on_order = coalesce(stock.on_order, 0) + ordered.quantity, updated_at = now()
FROM chosen JOIN ordered USING (product_id)
WHERE stock.warehouse_id = $1 AND stock.organization_id = $2
  AND stock.product_id = chosen.product_id AND stock.lot = chosen.lot
RETURNING stock.lot"""


async def raise_on_order(
    connection: Connection, organization: str, warehouse: str, ordered: Sequence[tuple[str, int]]
) -> None:
    """Count products as on order in a warehouse, each in its first lot; one without stock there is not counted.

    `ordered`: product and quantity, a product any number of times.
    """
    products, quantities = [product for product, _ in ordered], [quantity for _, quantity in ordered]
    await _lock_stock(connection, organization, warehouse, products)
    await connection.fetch_rows(_RAISE_ON_ORDER, [warehouse, organization, products, quantities])


_LOCK_ORDER = """\
SELECT organization_id, number, status, warehouse_id FROM purchase_orders
WHERE id = $1 AND ($2::text IS NULL OR organization_id = $2) FOR NO KEY UPDATE"""

_LOCK_LINES = """\
SELECT id, line_number, product_id, coalesce(quantity, 0), coalesce(received_quantity, 0)
FROM purchase_order_items WHERE organization_id = $1 AND purchase_order_id = $2 ORDER BY id FOR NO KEY UPDATE"""


async def locked_order(connection: Connection, order: str, organization: str | None) -> Order | None:
    """An order by its id, of one organization if it is named; who else wants to receive it waits."""
    row = await connection.fetch_row(_LOCK_ORDER, [order, organization])
    return None if row is None else Order(*row)


async def locked_lines(connection: Connection, organization: str, order: str) -> list[Line]:
    """The lines of an order."""
    return [Line(*row) for row in await connection.fetch_rows(_LOCK_LINES, [organization, order])]


_RECEIVE = """\
UPDATE purchase_order_items AS line
SET received_quantity = coalesce(line.received_quantity, 0) + arrived.quantity, updated_on = now()
FROM unnest($2::text[], $3::integer[]) AS arrived (id, quantity)
WHERE line.organization_id = $1 AND line.id = arrived.id
  AND coalesce(line.received_quantity, 0) + arrived.quantity <= line.quantity
RETURNING line.id"""


async def receive(connection: Connection, organization: str, arrived: Mapping[str, int]) -> int:
    """Mark quantities of lines, by their ids, as received; the number of lines that had so much left."""
    return len(await connection.fetch_rows(_RECEIVE, [organization, list(arrived), list(arrived.values())]))


_ADD = """\
INSERT INTO stock_items AS stock
    (warehouse_id, product_id, lot, organization_id, quantity, on_order, reserved, created_at, updated_at)
SELECT $1, product_id, lot, $2, sum(quantity), 0, 0, now(), now()
FROM unnest($3::text[], $4::text[], $5::integer[]) AS arrived (product_id, lot, quantity)
GROUP BY product_id, lot ORDER BY product_id, lot
ON CONFLICT ON CONSTRAINT stock_items_pkey DO UPDATE
SET quantity = coalesce(stock.quantity, 0) + excluded.quantity, updated_at = excluded.updated_at
WHERE stock.organization_id = excluded.organization_id
RETURNING stock.lot"""

_LOWER_ON_ORDER = """\
WITH arrived AS (
    SELECT product_id, sum(quantity) AS quantity
    FROM unnest($3::text[], $4::integer[]) AS arrival (product_id, quantity) GROUP BY product_id
), due AS (
    SELECT product_id, lot, least(on_order, quantity_arrived - before) AS quantity
    FROM (
        SELECT stock.product_id, stock.lot, stock.on_order, arrived.quantity AS quantity_arrived,
               sum(stock.on_order) OVER (PARTITION BY stock.product_id ORDER BY stock.lot) - stock.on_order AS before
        FROM stock_items AS stock JOIN arrived USING (product_id)
        WHERE stock.warehouse_id = $1 AND stock.organization_id = $2 AND stock.on_order > 0
    ) AS lots
    WHERE quantity_arrived > before
)
UPDATE stock_items AS stock SET on_order = stock.on_order - due.quantity, updated_at = now()
FROM due
WHERE stock.warehouse_id = $1 AND stock.organization_id = $2
  AND stock.product_id = due.product_id AND stock.lot = due.lot
RETURNING stock.lot"""


async def put_into_stock(
    connection: Connection, organization: str, warehouse: str, arrivals: Sequence[Arrival]
) -> bool:
    """Add goods to their lots, new ones where there is none, and take them off what is on order, lot by lot.

    False if a lot belongs to another organization; then undo the transaction.
    """
    products, quantities = [each.product for each in arrivals], [each.quantity for each in arrivals]
    lots = [each.lot for each in arrivals]
    await _lock_stock(connection, organization, warehouse, products)
    added = await connection.fetch_rows(_ADD, [warehouse, organization, products, lots, quantities])
    await connection.fetch_rows(_LOWER_ON_ORDER, [warehouse, organization, products, quantities])
    return len(added) == len({(each.product, each.lot) for each in arrivals})


_TO_REORDER = f"""\
SELECT warehouse_id, product_id, least(greatest(2 * reorder_point - available, 1), 2147483647)::integer
FROM (
    SELECT stock.warehouse_id, stock.product_id, max(stock.reorder_point) AS reorder_point,
           sum(coalesce(stock.quantity, 0)::bigint + coalesce(stock.on_order, 0) - coalesce(stock.reserved, 0))
               AS available
    FROM warehouses
    JOIN stock_items AS stock ON stock.warehouse_id = warehouses.id AND stock.organization_id = $1
    JOIN products ON products.id = stock.product_id AND products.organization_id = $1
    WHERE warehouses.organization_id = $1 AND {_ORDERABLE}
    GROUP BY stock.warehouse_id, stock.product_id
) AS level
WHERE available <= reorder_point
ORDER BY available - reorder_point, warehouse_id, product_id
LIMIT $2"""  # noqa: S608  constants


async def to_reorder(connection: Connection, organization: str, limit: int) -> list[tuple[str, str, int]]:
    """Warehouse, product and quantity of what is at or below its reorder point, the furthest below first.

    What counts is the sum of all lots: in stock and on order, less what is reserved. The quantity brings it to
    twice the reorder point.
    """
    rows = await connection.fetch_rows(_TO_REORDER, [organization, limit])
    return [(row[0], row[1], row[2]) for row in rows]
