"""The rows: ten organizations, of which the first holds half of everything. The same at each run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

ORGANIZATIONS = 10
CATEGORIES = 20
SUPPLIERS = 100
WAREHOUSES = 5
PRODUCTS, STOCK_ITEMS, ORDERS, ORDER_ITEMS = 100_000, 300_000, 50_000, 200_000
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)

Row = dict[str, Any]
Rows = Callable[[], Iterator[Row]]


@cache
def key(kind: str, number: int) -> str:
    """The id of a row, in the form of a UUID."""
    digits = hashlib.md5(f"{kind}:{number}".encode(), usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def owner(number: int) -> int:
    """The organization of a row: every second one belongs to the first."""
    return 0 if number % 2 == 0 else 1 + number // 2 % (ORGANIZATIONS - 1)


def _row(kind: str, number: int, organization: int | None = None, seconds: int = 0, **values: Any) -> Row:
    moment = BEGINNING + timedelta(seconds=seconds)
    of = {} if organization is None else {"organizationId": key("org", organization)}
    return {"id": key(kind, number), **of, **values, "createdAt": moment, "updatedAt": moment}


def organizations() -> Iterator[Row]:
    return (_row("org", i, name=f"Org {i}") for i in range(ORGANIZATIONS))


def users() -> Iterator[Row]:
    return (_row("user", i, owner(i), email=f"user{i}@example.com", name=f"User {i}") for i in range(1_000))


def categories() -> Iterator[Row]:
    """Four roots in each organization, the others below them."""
    for o in range(ORGANIZATIONS):
        for c in range(CATEGORIES):
            parent = None if c < 4 else key("cat", o * 100 + c % 4)
            yield _row("cat", o * 100 + c, o, parentId=parent, name=f"Category {o}-{c}")


def suppliers() -> Iterator[Row]:
    for o in range(ORGANIZATIONS):
        for s in range(SUPPLIERS):
            name, email, phone = f"Supplier {o}-{s}", f"s{s}@example.com", f"+1-555-{s}"
            yield _row("sup", o * 1000 + s, o, name=name, email=email, phone=phone)


def warehouses() -> Iterator[Row]:
    for o in range(ORGANIZATIONS):
        for w in range(WAREHOUSES):
            yield _row("wh", o * 100 + w, o, name=f"Warehouse {o}-{w}", city=f"City {w}")


def products() -> Iterator[Row]:
    for i in range(PRODUCTS):
        o = owner(i)
        yield _row(
            "prod",
            i,
            o,
            seconds=i * 37,
            categoryId=key("cat", o * 100 + i // 18 % CATEGORIES),
            supplierId=key("sup", o * 1000 + i // 7 % SUPPLIERS),
            name=f"Product {i}",
            sku=f"SKU-{i:08d}",
            description=f"Description of product number {i}, a plain text of medium length.",
            price=round(10 + i * 7919 % 99_000 / 100, 2),
            cost=round(5 + i * 6007 % 50_000 / 100, 2),
            unit=("EA", "BOX", "KG", "L")[i % 4],
            status=("ACTIVE", "INACTIVE", "DRAFT")[i // 3 % 3],
            quantity=i * 31 % 1000,
        )


def stock_items() -> Iterator[Row]:
    for i in range(STOCK_ITEMS):
        o = owner(i // 3)
        places = {"productId": key("prod", i // 3), "warehouseId": key("wh", o * 100 + i % WAREHOUSES)}
        yield _row("stk", i, o, i * 11, quantity=i * 17 % 500, **places)


def purchase_orders() -> Iterator[Row]:
    for i in range(ORDERS):
        o = owner(i)
        yield _row(
            "po",
            i,
            o,
            seconds=i * 61,
            supplierId=key("sup", o * 1000 + i // 5 % SUPPLIERS),
            orderNumber=f"PO-{i:07d}",
            status=("PENDING", "APPROVED", "RECEIVED", "CANCELLED")[i // 2 % 4],
            total=float(100 + i * 373 % 90_000),
            orderedAt=BEGINNING + timedelta(seconds=i * 61),
        )


def purchase_order_items() -> Iterator[Row]:
    """Four of each order, of products of its organization's half."""
    for i in range(ORDER_ITEMS):
        order = i // 4
        product = order % 2 + 2 * (i * 7919 % (PRODUCTS // 2))
        links = {"purchaseOrderId": key("po", order), "productId": key("prod", product)}
        numbers = {"quantity": 1 + i * 13 % 50, "unitPrice": round(1 + i * 97 % 9000 / 100, 2)}
        yield _row("poi", i, owner(order), order * 61 + i % 4, **links, **numbers)


ROWS: dict[str, Rows] = {
    "Organization": organizations,
    "User": users,
    "Category": categories,
    "Supplier": suppliers,
    "Product": products,
    "Warehouse": warehouses,
    "StockItem": stock_items,
    "PurchaseOrder": purchase_orders,
    "PurchaseOrderItem": purchase_order_items,
}
"""Model → its rows, as API fields."""
