"""Inventory: 8 models, from Category to ProductSupplier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.db.models.types import Address, Dimensions, PurchaseOrderStatus, UnitOfMeasure
from service.db.vocabulary import (
    ID,
    JSON,
    URL,
    Date,
    DateTime,
    Email,
    JoinModel,
    Mapped,
    Model,
    OnDelete,
    Phone,
    Record,
    Time,
    Timestamp,
    allow,
    belongs_to,
    created,
    field,
    has_many,
    has_one,
    index,
    key,
    set_by_server,
    updated,
)

if TYPE_CHECKING:
    from service.db.models.accounts import Organization, User


class Category(Model):
    __tablename__ = "categories"
    access = (
        allow.groups("Admin", "Manager"),
        allow.signed_in(to="read"),
        allow.api_key(to="read"),
    )

    organization_id: Mapped[ID] = field(index("categoriesByOrganization", sort="name"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    name: Mapped[str]
    slug: Mapped[str | None] = field(index("categoriesBySlug"))
    position: Mapped[int | None] = field(default=0)
    parent_id: Mapped[ID | None] = field(index("categoriesByParent", sort="position"))
    parent: Mapped[Category | None] = belongs_to("parent_id")
    children: Mapped[list[Category]] = has_many("parent_id")
    products: Mapped[list[Product]] = has_many("category_id")


class Product(Model):
    __tablename__ = "products"
    access = (
        allow.groups("Admin", "Manager"),
        allow.signed_in(to="read"),
        allow.api_key(to="read"),
    )

    organization_id: Mapped[ID] = field(index("productsByOrganization", sort="name"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    sku: Mapped[str] = field(index("productBySku"))
    name: Mapped[str]
    description: Mapped[str | None]
    price: Mapped[float] = field(at_least=0)
    quantity: Mapped[int | None]
    active: Mapped[bool] = field(default=True)
    unit: Mapped[UnitOfMeasure | None] = field(default=UnitOfMeasure.EACH)
    tags: Mapped[list[str | None] | None]
    ratings: Mapped[list[float]]
    photos: Mapped[list[URL | None] | None]
    metadata_: Mapped[JSON | None]
    released_on: Mapped[Date | None]
    available_from: Mapped[Time | None]
    synced_at: Mapped[Timestamp | None]
    discontinued_at: Mapped[DateTime | None]
    dimensions: Mapped[Dimensions | None]
    category_id: Mapped[ID | None] = field(index("productsByCategory", sort="price"))
    category: Mapped[Category | None] = belongs_to("category_id")
    stock_items: Mapped[list[StockItem]] = has_many("product_id")
    purchase_order_items: Mapped[list[PurchaseOrderItem]] = has_many("product_id")
    suppliers: Mapped[list[ProductSupplier]] = has_many("product_id")


class Warehouse(Model):
    __tablename__ = "warehouses"
    access = (
        allow.groups("Admin", "Manager"),
        allow.signed_in(to="read"),
    )

    organization_id: Mapped[ID] = field(index("warehousesByOrganization", sort="code"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    code: Mapped[str]
    name: Mapped[str]
    address: Mapped[Address | None]
    capacity: Mapped[int | None]
    opens_at: Mapped[Time | None]
    closes_at: Mapped[Time | None]
    manager_id: Mapped[ID | None]
    manager: Mapped[User | None] = has_one("manager_id", on_delete=OnDelete.SET_NULL)
    stock_items: Mapped[list[StockItem]] = has_many("warehouse_id")
    purchase_orders: Mapped[list[PurchaseOrder]] = has_many("warehouse_id")


class StockItem(Record):
    __tablename__ = "stock_items"
    access = (
        allow.groups("Admin", "Manager"),
        allow.signed_in(to="read"),
    )

    warehouse_id: Mapped[ID] = key(index("stockItemsByWarehouse", sort="quantity"))
    product_id: Mapped[ID] = key(index("stockItemsByProduct", sort="quantity"))
    lot: Mapped[str] = key()
    organization_id: Mapped[ID]
    quantity: Mapped[int] = field(at_least=0)
    on_order: Mapped[int | None] = field(default=0, at_least=0)
    reserved: Mapped[int | None] = field(default=0, at_least=0)
    reorder_point: Mapped[int | None]
    counted_on: Mapped[Date | None]
    warehouse: Mapped[Warehouse | None] = belongs_to("warehouse_id")
    product: Mapped[Product | None] = belongs_to("product_id")
    created_at: Mapped[DateTime] = created()
    updated_at: Mapped[DateTime] = updated()


class Supplier(Model):
    __tablename__ = "suppliers"
    access = (
        allow.groups("Admin", "Manager"),
        allow.signed_in(to="read"),
    )

    organization_id: Mapped[ID] = field(index("suppliersByOrganization", sort="name"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    name: Mapped[str] = field(index("suppliersByName"))
    email: Mapped[Email | None]
    phone: Mapped[Phone | None]
    website: Mapped[URL | None]
    address: Mapped[Address | None]
    lead_time_days: Mapped[int | None]
    products: Mapped[list[ProductSupplier]] = has_many("supplier_id")
    purchase_orders: Mapped[list[PurchaseOrder]] = has_many("supplier_id")


class PurchaseOrder(Model):
    __tablename__ = "purchase_orders"
    access = (
        allow.owner(),
        allow.groups_in("approver_groups", to=("read", "update")),
        allow.groups("Admin"),
        allow.groups("Manager", to=("read", "create", "update")),
    )

    organization_id: Mapped[ID] = field(index("purchaseOrdersByOrganization", sort="ordered_at"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    number: Mapped[str] = field(index("purchaseOrderByNumber", unique=True))
    status: Mapped[PurchaseOrderStatus] = field(
        index("purchaseOrdersByStatus", sort="ordered_at"), default=PurchaseOrderStatus.DRAFT
    )
    ordered_at: Mapped[DateTime | None]
    expected_on: Mapped[Date | None]
    total: Mapped[float | None]
    notes: Mapped[str | None]
    approver_groups: Mapped[list[str | None] | None]
    supplier_id: Mapped[ID] = field(index("purchaseOrdersBySupplier", sort="ordered_at"))
    supplier: Mapped[Supplier | None] = belongs_to("supplier_id")
    warehouse_id: Mapped[ID | None] = field(index("purchaseOrdersByWarehouse", sort="ordered_at"))
    warehouse: Mapped[Warehouse | None] = belongs_to("warehouse_id")
    items: Mapped[list[PurchaseOrderItem]] = has_many("purchase_order_id")
    owner: Mapped[str | None] = set_by_server()


class PurchaseOrderItem(Record):
    __tablename__ = "purchase_order_items"
    access = (
        allow.groups("Admin", "Manager"),
        allow.signed_in(to="read"),
    )

    id: Mapped[ID] = key()
    organization_id: Mapped[ID]
    purchase_order_id: Mapped[ID] = field(index("purchaseOrderItemsByPurchaseOrder", sort="line_number"))
    purchase_order: Mapped[PurchaseOrder | None] = belongs_to("purchase_order_id")
    line_number: Mapped[int]
    product_id: Mapped[ID] = field(index("purchaseOrderItemsByProduct", name="byOrderedProduct"))
    product: Mapped[Product | None] = belongs_to("product_id")
    quantity: Mapped[int] = field(at_least=1)
    unit_price: Mapped[float] = field(at_least=0)
    received_quantity: Mapped[int | None] = field(default=0, at_least=0)
    created_on: Mapped[DateTime] = created()
    updated_on: Mapped[DateTime] = updated()


class ProductSupplier(JoinModel):
    __tablename__ = "product_suppliers"
    access = (
        allow.groups("Admin", "Manager"),
        allow.signed_in(to="read"),
        allow.api_key(to="read"),
    )

    product_id: Mapped[ID] = field(index("productSuppliersByProductId"))
    supplier_id: Mapped[ID] = field(index("productSuppliersBySupplierId"))
    product: Mapped[Product] = belongs_to("product_id", on_delete=OnDelete.CASCADE)
    supplier: Mapped[Supplier] = belongs_to("supplier_id", on_delete=OnDelete.CASCADE)
