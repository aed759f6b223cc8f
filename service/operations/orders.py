"""Purchase orders: placed, and received into stock.

Both act with the service's rights, as the Lambda functions did that they take the place of: the rules of
the operation say who may call it. They stay inside one organization.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from service.db import purchase_orders
from service.db.purchase_orders import Arrival, Line, Order, References
from service.errors import ConditionFailed, NotFound
from service.operations.call import Call, Row
from service.operations.organization import check_organization
from service.operations.refusals import (
    AmbiguousLine,
    DuplicateNumber,
    EmptyOrder,
    ForeignLot,
    InactiveProduct,
    InvalidNumber,
    InvalidPrice,
    InvalidQuantity,
    NoWarehouse,
    OverReceipt,
    TooManyLines,
    UnknownLine,
    UnknownProduct,
    UnknownSupplier,
    UnknownWarehouse,
    WrongStatus,
)
from service.operations.rows import Rows

MOST_LINES = 1_000
MOST_UNITS = 1_000_000
"""In one line."""
HIGHEST_PRICE = 1_000_000_000
RECEIVABLE = ("SUBMITTED", "APPROVED")
"""The states in which goods of an order may arrive."""
Given = Mapping[str, Any]


async def place_purchase_order(call: Call, input: Given) -> Row:
    """A new order with its lines, SUBMITTED and owned by the caller; products in stock are counted as on order.

    Lines of one product stay lines of their own and are counted together. Raises an `OrderRefused` that says which
    line and why; for a number that the organization has used, too: so an order that is sent twice is placed once.
    """
    organization, lines = input["organizationId"], input["lines"]
    check_organization(call.principal, organization)
    if not input["number"].strip():
        raise InvalidNumber("The number must not be blank.")
    _check_lines((number, line["quantity"]) for number, line in enumerate(lines, 1))
    _check_prices(lines)
    ordered = [(line["productId"], line["quantity"]) for line in lines]

    async def place(rows: Rows) -> str:
        """Write the order and its lines; the result is its id. All of it again after a clash."""
        await _check_references(rows, input)
        order: str = (await rows.create("PurchaseOrder", _order_of(input)))["id"]
        for number, line in enumerate(lines, 1):
            item = {"organizationId": organization, "purchaseOrderId": order, "lineNumber": number, **line}
            await rows.create("PurchaseOrderItem", item)
        await purchase_orders.raise_on_order(rows.connection, organization, input["warehouseId"], ordered)
        return order

    return Row("PurchaseOrder", await call.rows.without_rules().in_transaction(place))


async def receive_purchase_order(call: Call, purchase_order_id: str, lines: Sequence[Given]) -> Row:
    """The order with what has arrived marked as received and put into stock; RECEIVED when nothing is left.

    Every call is a delivery of its own: one that is sent twice counts twice, as long as the order has so much left.
    Goods without a lot get the order's number as theirs. Raises `NotFound`, and an `OrderRefused` that says which line
    and why.
    """
    _check_lines((line["lineNumber"], line["quantity"]) for line in lines)

    async def receive(rows: Rows) -> None:
        """Lock the order, then write what arrived. All of it again after a clash."""
        connection = rows.connection
        order = await purchase_orders.locked_order(connection, purchase_order_id, call.principal.organization)
        organization, warehouse, lot = _receivable(order, purchase_order_id)
        known = _by_number(await purchase_orders.locked_lines(connection, organization, purchase_order_id))
        arrived = _arrived(known, lines)
        if await purchase_orders.receive(connection, organization, arrived) != len(arrived):
            raise ConditionFailed("The lines of the order have changed meanwhile. Try again.")
        arrivals = [
            Arrival(known[line["lineNumber"]].product, line.get("lot") or lot, line["quantity"]) for line in lines
        ]
        if not await purchase_orders.put_into_stock(connection, organization, warehouse, arrivals):
            raise ForeignLot("A lot of that name belongs to another organization.")
        if all(line.received + arrived.get(line.id, 0) >= line.ordered for line in known.values()):
            await rows.update("PurchaseOrder", {"id": purchase_order_id, "status": "RECEIVED"})

    await call.rows.without_rules().in_transaction(receive)
    return Row("PurchaseOrder", purchase_order_id)


def _check_lines(numbered: Iterable[tuple[int, Any]]) -> None:
    """Check how many lines there are, and the quantity of each by its number."""
    lines = list(numbered)
    if not lines:
        raise EmptyOrder("There must be at least one line.")
    if len(lines) > MOST_LINES:
        raise TooManyLines(f"There must be at most {MOST_LINES} lines, not {len(lines)}.")
    for number, quantity in lines:
        if type(quantity) is not int or not 1 <= quantity <= MOST_UNITS:
            raise InvalidQuantity(
                f"the quantity must be a whole number from 1 to {MOST_UNITS}, not {quantity}.", line=number
            )


def _check_prices(lines: Sequence[Given]) -> None:
    for number, line in enumerate(lines, 1):
        price = line["unitPrice"]
        if not 0 <= price <= HIGHEST_PRICE:  # which no NaN is
            raise InvalidPrice(f"the price must be a number from 0 to {HIGHEST_PRICE}, not {price}.", line=number)


async def _check_references(rows: Rows, input: Given) -> None:
    found = await purchase_orders.references(
        rows.connection,
        input["organizationId"],
        supplier=input["supplierId"],
        warehouse=input["warehouseId"],
        products=[line["productId"] for line in input["lines"]],
        number=input["number"],
    )
    organization = input["organizationId"]
    if not found.supplier:
        raise UnknownSupplier(f"The organization '{organization}' has no supplier '{input['supplierId']}'.")
    if not found.warehouse:
        raise UnknownWarehouse(f"The organization '{organization}' has no warehouse '{input['warehouseId']}'.")
    _check_products(found, input)
    if found.number_taken:
        raise DuplicateNumber(f"The organization '{organization}' has an order with the number '{input['number']}'.")


def _check_products(found: References, input: Given) -> None:
    for number, line in enumerate(input["lines"], 1):
        product = line["productId"]
        if product in found.unknown_products:
            raise UnknownProduct(
                f"the organization '{input['organizationId']}' has no product '{product}'.", line=number
            )
        if product in found.inactive_products:
            raise InactiveProduct(f"the product '{product}' is inactive or discontinued.", line=number)


def _order_of(input: Given) -> dict[str, Any]:
    kept = ("organizationId", "number", "supplierId", "warehouseId", "expectedOn", "notes")
    # Prices are added up as they are written: three times 0.1 is 0.3.
    total = sum(line["quantity"] * Decimal(repr(line["unitPrice"])) for line in input["lines"])
    order = {name: input[name] for name in kept if name in input}
    return order | {"status": "SUBMITTED", "orderedAt": datetime.now(UTC), "total": float(total)}


def _receivable(order: Order | None, id_: str) -> tuple[str, str, str]:
    """The organization, the warehouse and the number of an order that goods may arrive for."""
    if order is None or order.organization is None:
        raise NotFound(f"There is no purchase order '{id_}'.")
    if order.status not in RECEIVABLE:
        states = " or ".join(RECEIVABLE)
        raise WrongStatus(f"The order is {order.status}; goods can arrive for one that is {states}.")
    if order.warehouse is None:
        raise NoWarehouse("The order names no warehouse to put the goods into.")
    return order.organization, order.warehouse, order.number or id_


def _by_number(lines: Sequence[Line]) -> dict[int, Line]:
    by_number: dict[int, Line] = {}
    for line in lines:
        if line.number in by_number:
            raise AmbiguousLine("the order has several lines with this number.", line=line.number)
        by_number[line.number] = line
    return by_number


def _arrived(by_number: Mapping[int, Line], given: Sequence[Given]) -> dict[str, int]:
    """What has arrived by line id. Raises for a line that is not there or has less left than that."""
    totals: Counter[int] = Counter()
    for each in given:
        totals[each["lineNumber"]] += each["quantity"]
    for number, quantity in totals.items():
        line = by_number.get(number)
        if line is None:
            raise UnknownLine("the order has no such line.", line=number)
        if line.received + quantity > line.ordered:
            left = line.ordered - line.received
            raise OverReceipt(f"{left} of {line.ordered} are left to receive, not {quantity}.", line=number)
    return {by_number[number].id: quantity for number, quantity in totals.items()}
