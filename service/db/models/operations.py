"""Custom operations: the root fields that no model brings, and their inputs."""

from __future__ import annotations

from service.db.models.inventory import PurchaseOrder
from service.db.models.types import ReorderSuggestion
from service.db.vocabulary import ID, Date, Input, Mutation, Query, allow


class PurchaseOrderLineInput(Input):
    product_id: ID
    quantity: int
    unit_price: float


class PlacePurchaseOrderInput(Input):
    organization_id: ID
    number: str
    supplier_id: ID
    warehouse_id: ID
    expected_on: Date | None
    notes: str | None
    lines: list[PurchaseOrderLineInput]


class ReceivedLineInput(Input):
    line_number: int
    quantity: int
    lot: str | None


class ReorderSuggestions(Query[list[ReorderSuggestion | None] | None]):
    function = "reorderSuggestions-${env}"
    access = (allow.signed_in(),)

    organization_id: ID
    limit: int | None


class PlacePurchaseOrder(Mutation[PurchaseOrder | None]):
    function = "placePurchaseOrder-${env}"
    access = (allow.groups("Admin", "Manager"),)

    input: PlacePurchaseOrderInput


class ReceivePurchaseOrder(Mutation[PurchaseOrder | None]):
    function = "receivePurchaseOrder-${env}"
    access = (allow.groups("Admin", "Manager"),)

    purchase_order_id: ID
    lines: list[ReceivedLineInput]
