"""Purchase orders: placed, and received into stock.

Both act with the service's rights, as the Lambda functions did that they take the place of: the rules of
the operation say who may call it. They stay inside one organization.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from service.auth.principal import Principal
from service.db import purchase_orders
from service.db.purchase_orders import Arrival, Line, Order
from service.errors import ConditionFailed, Invalid, NotFound
from service.operations.call import Call, Row
from service.operations.organization import check_organization, is_outside

MOST_LINES = 1_000
RECEIVABLE = ("SUBMITTED", "APPROVED")
"""The states in which goods of an order may arrive."""
Given = Mapping[str, Any]


async def place_purchase_order(call: Call, input: Given) -> Row:
    """A new order with its lines, SUBMITTED and owned by the caller; products in stock are counted as on order.

    Raises `Invalid` for what the organization does not have, and `ConditionFailed` for a number that it has used:
    so an order that is sent twice is placed once.
    """
    organization, lines = input["organizationId"], input["lines"]
    check_organization(call.principal, organization)
    _check_quantities(lines)
    if any(line["unitPrice"] < 0 for line in lines):
        raise Invalid("A price must not be negative.")
    async with call.rows.transaction() as rows:
        found = await purchase_orders.references(
            rows.connection,
            organization,
            supplier=input["supplierId"],
            warehouse=input["warehouseId"],
            products=[line["productId"] for line in lines],
            number=input["number"],
        )
        _check_references(found, input)
        everything = rows.without_rules()
        order = await everything.create("PurchaseOrder", _order_of(input))
        for number, line in enumerate(lines, 1):
            item = {"organizationId": organization, "purchaseOrderId": order["id"], "lineNumber": number, **line}
            await everything.create("PurchaseOrderItem", item)
        ordered = [(line["productId"], line["quantity"]) for line in lines]
        await purchase_orders.raise_on_order(rows.connection, organization, input["warehouseId"], ordered)
    return Row("PurchaseOrder", order["id"])


async def receive_purchase_order(call: Call, purchase_order_id: str, lines: Sequence[Given]) -> Row:
    """The order with what has arrived marked as received and put into stock; RECEIVED when nothing is left.

    Every call is a delivery of its own: one that is sent twice counts twice, as long as the order has so much left.
    Goods without a lot get the order's number as theirs. Raises `NotFound`, `ConditionFailed` and `Invalid`.
    """
    _check_quantities(lines)
    async with call.rows.transaction() as rows:
        connection = rows.connection
        order = await purchase_orders.locked_order(connection, purchase_order_id)
        organization, warehouse, lot = _receivable(order, call.principal, purchase_order_id)
        by_number = _by_number(await purchase_orders.locked_lines(connection, purchase_order_id))
        arrived = _arrived(by_number, lines)
        if await purchase_orders.receive(connection, arrived) != len(arrived):
            raise ConditionFailed("The lines of the order have changed meanwhile. Try again.")
        arrivals = [
            Arrival(by_number[line["lineNumber"]].product, line.get("lot") or lot, line["quantity"]) for line in lines
        ]
        if not await purchase_orders.put_into_stock(connection, organization, warehouse, arrivals):
            raise Invalid("A lot of that name belongs to another organization.")
        if all(line.received + arrived.get(line.id, 0) >= line.ordered for line in by_number.values()):
            await rows.without_rules().update("PurchaseOrder", {"id": purchase_order_id, "status": "RECEIVED"})
    return Row("PurchaseOrder", purchase_order_id)


def _check_quantities(lines: Sequence[Given]) -> None:
    if not 1 <= len(lines) <= MOST_LINES:
        raise Invalid(f"There must be from 1 to {MOST_LINES} lines, not {len(lines)}.")
    if any(line["quantity"] < 1 for line in lines):
        raise Invalid("A quantity must be 1 or more.")


def _check_references(found: purchase_orders.References, input: Given) -> None:
    organization = input["organizationId"]
    if not found.supplier:
        raise Invalid(f"The organization '{organization}' has no supplier '{input['supplierId']}'.")
    if not found.warehouse:
        raise Invalid(f"The organization '{organization}' has no warehouse '{input['warehouseId']}'.")
    if found.unknown_products:
        named = ", ".join(f"'{each}'" for each in found.unknown_products)
        raise Invalid(f"The organization '{organization}' has no product {named}.")
    if found.number_taken:
        raise ConditionFailed(f"The organization '{organization}' has an order with the number '{input['number']}'.")


def _order_of(input: Given) -> dict[str, Any]:
    kept = ("organizationId", "number", "supplierId", "warehouseId", "expectedOn", "notes")
    # Prices are added up as they are written: three times 0.1 is 0.3.
    total = sum(line["quantity"] * Decimal(repr(line["unitPrice"])) for line in input["lines"])
    order = {name: input[name] for name in kept if name in input}
    return order | {"status": "SUBMITTED", "orderedAt": datetime.now(UTC), "total": float(total)}


def _receivable(order: Order | None, principal: Principal, id_: str) -> tuple[str, str, str]:
    """The organization, the warehouse and the number of an order that goods may arrive for."""
    if order is None or order.organization is None or is_outside(principal, order.organization):
        raise NotFound(f"There is no purchase order '{id_}'.")
    if order.status not in RECEIVABLE:
        states = " or ".join(RECEIVABLE)
        raise ConditionFailed(f"The order is {order.status}; goods can arrive for one that is {states}.")
    if order.warehouse is None:
        raise Invalid("The order names no warehouse to put the goods into.")
    return order.organization, order.warehouse, order.number or id_


def _by_number(lines: Sequence[Line]) -> dict[int, Line]:
    by_number = {line.number: line for line in lines}
    if len(by_number) != len(lines):
        raise Invalid("The order has several lines with the same number.")
    return by_number


def _arrived(by_number: Mapping[int, Line], given: Sequence[Given]) -> dict[str, int]:
    """What has arrived by line id. Raises `Invalid` for a line that is not there or has less left than that."""
    totals: Counter[int] = Counter()
    for each in given:
        totals[each["lineNumber"]] += each["quantity"]
    for number, quantity in totals.items():
        line = by_number.get(number)
        if line is None:
            raise Invalid(f"The order has no line {number}.")
        if line.received + quantity > line.ordered:
            left = line.ordered - line.received
            raise Invalid(f"Line {number} has {left} of {line.ordered} left to receive, not {quantity}.")
    return {by_number[number].id: quantity for number, quantity in totals.items()}
