"""Enums, and the structures that models embed and operations return."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from service.db.vocabulary import ID, Structure

if TYPE_CHECKING:
    from service.db.models.inventory import Product


class UserStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INVITED = "INVITED"
    SUSPENDED = "SUSPENDED"


class OrganizationPlan(StrEnum):
    FREE = "FREE"
    STANDARD = "STANDARD"
    ENTERPRISE = "ENTERPRISE"


class AuditAction(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    LOGIN = "LOGIN"
    EXPORT = "EXPORT"


class PurchaseOrderStatus(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    RECEIVED = "RECEIVED"
    CANCELLED = "CANCELLED"


class UnitOfMeasure(StrEnum):
    EACH = "EACH"
    KG = "KG"
    LITRE = "LITRE"
    METRE = "METRE"
    BOX = "BOX"


class GeoPoint(Structure):
    lat: float
    lon: float


class Address(Structure):
    line1: str
    line2: str | None
    city: str
    region: str | None
    postal_code: str | None
    country: str
    location: GeoPoint | None


class Dimensions(Structure):
    width: float | None
    height: float | None
    depth: float | None
    unit: UnitOfMeasure | None


class ReorderSuggestion(Structure):
    product: Product | None
    warehouse_id: ID
    quantity: int
