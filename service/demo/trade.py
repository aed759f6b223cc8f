"""What a company has done: its purchase orders and who changed what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from service.demo.maker import Maker
from service.demo.people import demo_id

STATUSES = ("DRAFT", "SUBMITTED", "APPROVED", "RECEIVED", "RECEIVED", "CANCELLED")
NOTES = (None, "Call before delivery.", "Second pallet to follow.", "Replaces the damaged lot.", "Quote 4471 applies.")


def order(maker: Maker, number: int) -> None:
    """Add a purchase order with its lines."""
    key, ordered = maker.id("order", number), maker.before(240)
    status = maker.random.choice(STATUSES)
    total = sum(order_items(maker, key, ordered, is_received=status == "RECEIVED"))
    maker.add(
        "PurchaseOrder",
        ordered,
        id=key,
        number=f"PO-{maker.company.slug[:3].upper()}-{number + 1:04}",
        status=status,
        orderedAt=None if status == "DRAFT" else ordered,
        expectedOn=(ordered + timedelta(days=maker.random.randrange(3, 45))).date(),
        total=round(total, 2),
        notes=maker.random.choice(NOTES),
        approverGroups=maker.random.choice((None, ["Manager"], ["finance"], ["Manager", "finance"])),
        supplierId=maker.random.choice(maker.suppliers),
        warehouseId=maker.random.choice(maker.warehouses) if maker.chance(0.9) else None,
        owner=owner(maker, number),
    )


def owner(maker: Maker, number: int) -> str:
    """Most owners as AppSync writes them today; some as older resolvers did: the sub or the name alone."""
    person = maker.people[number % len(maker.people)]
    return {7: person.sub, 8: person.username}.get(number % 10, person.owner)


def order_items(maker: Maker, order: str, ordered: datetime, *, is_received: bool) -> Iterator[float]:
    """Add the lines of an order, and give what each comes to."""
    for line in range(1, maker.random.randrange(2, 7)):
        product, price = maker.random.choice(maker.products)
        quantity, cost = maker.random.randrange(1, 60), round(price * 0.6, 2)
        maker.add(
            "PurchaseOrderItem",
            ordered,
            id=demo_id(order, line),
            purchaseOrderId=order,
            lineNumber=line,
            productId=product,
            quantity=quantity,
            unitPrice=cost,
            receivedQuantity=quantity if is_received else 0,
        )
        yield quantity * cost


def audit_logs(maker: Maker) -> None:
    """Add who did what, lately."""
    for number in range(maker.company.products // 2):
        kind, action = maker.random.choice((("Product", "UPDATE"), ("PurchaseOrder", "CREATE"), ("User", "LOGIN")))
        person = maker.random.choice(maker.people)
        at = maker.before(120)
        maker.add(
            "AuditLog",
            at,
            id=maker.id("audit", number),
            actorId=person.id if maker.chance(0.95) else None,
            action=action,
            entityType=kind,
            entityId=person.id if kind == "User" else maker.random.choice(maker.rows[kind])["id"],
            occurredAt=at,
            ip=f"203.0.113.{maker.random.randrange(1, 255)}",
            changes={"price": [1.5, 2.25]} if action == "UPDATE" else None,
        )
