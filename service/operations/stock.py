"""Stock: what should be ordered again."""

from __future__ import annotations

from typing import Any

from service.db import purchase_orders
from service.errors import Invalid
from service.operations.call import Call, Row
from service.operations.organization import check_organization

USUAL = 100
MOST = 1_000


async def reorder_suggestions(call: Call, organization_id: str, limit: int | None = None) -> list[dict[str, Any]]:
    """Products at or below their reorder point, warehouse by warehouse, the most urgent first."""
    check_organization(call.principal, organization_id)
    size = USUAL if limit is None else min(limit, MOST)
    if size < 1:
        raise Invalid("Limit must be greater than or equal to 1")
    async with call.rows.without_rules().transaction() as rows:
        found = await purchase_orders.to_reorder(rows.connection, organization_id, size)
    return [
        {"product": Row("Product", product), "warehouseId": warehouse, "quantity": quantity}
        for warehouse, product, quantity in found
    ]
