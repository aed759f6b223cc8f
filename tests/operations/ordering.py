"""How orders are sent to the API, and what of them is in the tables."""

from __future__ import annotations

from typing import Any

from tests.operations.api import Api, tables

PLACE = "mutation($i: PlacePurchaseOrderInput!) { placePurchaseOrder(input: $i) { id number status total } }"
RECEIVE = (
    "mutation($id: ID!, $lines: [ReceivedLineInput!]!)"
    "{ receivePurchaseOrder(purchaseOrderId: $id, lines: $lines) { id status } }"
)


def order(number: str = "1", lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    default = [
        {"productId": "p1", "quantity": 10, "unitPrice": 0.1},
        {"productId": "p2", "quantity": 5, "unitPrice": 2},
    ]
    given = {"organizationId": "acme", "number": number, "supplierId": "s1", "warehouseId": "w1", **more}
    return {"i": given | {"lines": default if lines is None else lines}}


async def place(api: Api, **given: Any) -> str:
    placed: str = (await api.ask(PLACE, order(**given)))["placePurchaseOrder"]["id"]
    return placed


def received(order_id: str, *lines: tuple[int, int] | tuple[int, int, str]) -> dict[str, Any]:
    return {
        "id": order_id,
        "lines": [dict(zip(("lineNumber", "quantity", "lot"), each, strict=False)) for each in lines],
    }


async def counted(api: Api, product_id: str) -> dict[str, tuple[int, int]]:
    """Lot → quantity in stock, on order."""
    items = await api.rows.list("StockItem", {"productId": {"eq": product_id}})
    return {each["lot"]: (each["quantity"], each["onOrder"]) for each in items}


async def versions(api: Api) -> list[tuple[Any, ...]]:
    """Every row there is, and the transaction that wrote it: the same list means that nobody has written."""
    rows = []
    for table in tables(api.catalog):
        rows += await api.owned.fetch_rows(f"SELECT '{table}', xmin::text, t::text FROM {table} AS t ORDER BY t::text")
    return [tuple(each) for each in rows]
