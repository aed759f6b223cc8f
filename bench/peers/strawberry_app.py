"""How an Amplify-shaped API is written with Strawberry: SQLAlchemy's ORM, data loaders, both of its caches."""

from __future__ import annotations

import base64
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import strawberry
from sqlalchemy import DateTime, and_, func, or_, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

URL = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
session = async_sessionmaker(create_async_engine(URL, pool_size=10, max_overflow=0), expire_on_commit=False)
Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    pass


class Common:
    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid.uuid4()))
    organization_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now(), default=lambda: datetime.now(UTC))
    updated_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now(), default=lambda: datetime.now(UTC))


class ProductRow(Common, Base):
    __tablename__ = "products"
    category_id: Mapped[str]
    supplier_id: Mapped[str | None]
    name: Mapped[str]
    sku: Mapped[str]
    description: Mapped[str | None]
    price: Mapped[float]
    cost: Mapped[float]
    unit: Mapped[str]
    status: Mapped[str]
    quantity: Mapped[int]


class SupplierRow(Common, Base):
    __tablename__ = "suppliers"
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]


class PurchaseOrderRow(Common, Base):
    __tablename__ = "purchase_orders"
    supplier_id: Mapped[str]
    order_number: Mapped[str]
    status: Mapped[str]
    total: Mapped[float]
    ordered_at: Mapped[datetime] = mapped_column(Moment)


class PurchaseOrderItemRow(Common, Base):
    __tablename__ = "purchase_order_items"
    purchase_order_id: Mapped[str]
    product_id: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[float]


# ---------------------------------------------------------------- inputs


@strawberry.input
class ModelIDInput:
    eq: strawberry.ID | None = None
    ne: strawberry.ID | None = None


@strawberry.input
class ModelStringInput:
    eq: str | None = None
    ne: str | None = None
    contains: str | None = None
    beginsWith: str | None = None  # noqa: N815


@strawberry.input
class ModelFloatInput:
    eq: float | None = None
    ne: float | None = None
    lt: float | None = None
    le: float | None = None
    gt: float | None = None
    ge: float | None = None
    between: list[float] | None = None


@strawberry.input
class ModelProductFilterInput:
    organization_id: ModelIDInput | None = None
    category_id: ModelIDInput | None = None
    name: ModelStringInput | None = None
    status: ModelStringInput | None = None
    price: ModelFloatInput | None = None
    and_: list[ModelProductFilterInput] | None = strawberry.field(name="and", default=None)
    or_: list[ModelProductFilterInput] | None = strawberry.field(name="or", default=None)


@strawberry.input
class ModelPurchaseOrderFilterInput:
    organization_id: ModelIDInput | None = None
    status: ModelStringInput | None = None


@strawberry.input
class CreateProductInput:
    organization_id: strawberry.ID
    category_id: strawberry.ID
    name: str
    sku: str
    price: float
    cost: float
    unit: str
    status: str
    quantity: int
    id: strawberry.ID | None = None
    description: str | None = None


@strawberry.input
class DeleteProductInput:
    id: strawberry.ID


# ---------------------------------------------------------------- pages

_COMPARE = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "between": lambda column, value: column.between(*value),
    "contains": lambda column, value: column.contains(value),
    "beginsWith": lambda column, value: column.startswith(value),
}


def conditions(rows: Any, chosen: Any) -> list[Any]:
    found = []
    for name, value in vars(chosen).items() if chosen else ():
        if value is None:
            continue
        if name in {"and_", "or_"}:
            parts = [and_(*conditions(rows, each)) for each in value]
            found.append((and_ if name == "and_" else or_)(*parts))
            continue
        column = getattr(rows, name)
        found += [_COMPARE[op](column, operand) for op, operand in vars(value).items() if operand is not None]
    return found


async def page(rows: Any, chosen: Any, limit: int, token: str | None) -> tuple[list[Any], str | None]:
    statement = select(rows).where(*conditions(rows, chosen)).order_by(rows.id).limit(limit)
    if token:
        statement = statement.where(rows.id > base64.urlsafe_b64decode(token).decode())
    async with session() as db:
        found = list(await db.scalars(statement))
    more = base64.urlsafe_b64encode(found[-1].id.encode()).decode() if len(found) == limit else None
    return found, more


# ---------------------------------------------------------------- types


@strawberry.type
class Product:
    id: strawberry.ID
    name: str
    sku: str
    description: str | None
    price: float
    cost: float
    unit: str
    status: str
    quantity: int
    created_at: datetime


@strawberry.type
class Supplier:
    id: strawberry.ID
    name: str
    email: str | None


@strawberry.type
class ModelProductConnection:
    items: list[Product | None]
    next_token: str | None


@strawberry.type
class PurchaseOrderItem:
    id: strawberry.ID
    quantity: int
    unit_price: float
    product_id: strawberry.Private[str]

    @strawberry.field
    async def product(self, info: strawberry.Info) -> Product | None:
        return await info.context["product"].load(self.product_id)


@strawberry.type
class ModelPurchaseOrderItemConnection:
    items: list[PurchaseOrderItem | None]
    next_token: str | None


@strawberry.type
class PurchaseOrder:
    id: strawberry.ID
    order_number: str
    status: str
    total: float
    ordered_at: datetime
    supplier_id: strawberry.Private[str]

    @strawberry.field
    async def supplier(self, info: strawberry.Info) -> Supplier | None:
        return await info.context["supplier"].load(self.supplier_id)

    @strawberry.field
    async def items(self, info: strawberry.Info, limit: int = 100) -> ModelPurchaseOrderItemConnection | None:
        found = await info.context["items"].load(self.id)
        return ModelPurchaseOrderItemConnection(items=found[:limit], next_token=None)


@strawberry.type
class ModelPurchaseOrderConnection:
    items: list[PurchaseOrder | None]
    next_token: str | None


def product_of(row: ProductRow) -> Product:
    return Product(
        id=strawberry.ID(row.id),
        name=row.name,
        sku=row.sku,
        description=row.description,
        price=row.price,
        cost=row.cost,
        unit=row.unit,
        status=row.status,
        quantity=row.quantity,
        created_at=row.created_at,
    )


def supplier_of(row: SupplierRow) -> Supplier:
    return Supplier(id=strawberry.ID(row.id), name=row.name, email=row.email)


def order_of(row: PurchaseOrderRow) -> PurchaseOrder:
    return PurchaseOrder(
        id=strawberry.ID(row.id),
        order_number=row.order_number,
        status=row.status,
        total=row.total,
        ordered_at=row.ordered_at,
        supplier_id=row.supplier_id,
    )


def item_of(row: PurchaseOrderItemRow) -> PurchaseOrderItem:
    return PurchaseOrderItem(
        id=strawberry.ID(row.id), quantity=row.quantity, unit_price=row.unit_price, product_id=row.product_id
    )


# ---------------------------------------------------------------- data loaders


def by_id(rows: Any, made: Any) -> Any:
    async def load(ids: list[str]) -> list[Any]:
        async with session() as db:
            found = {row.id: made(row) for row in await db.scalars(select(rows).where(rows.id.in_(set(ids))))}
        return [found.get(each) for each in ids]

    return load


async def items_of_orders(ids: list[str]) -> list[list[PurchaseOrderItem]]:
    found: dict[str, list[PurchaseOrderItem]] = {each: [] for each in ids}
    rows = PurchaseOrderItemRow
    async with session() as db:
        for row in await db.scalars(select(rows).where(rows.purchase_order_id.in_(ids)).order_by(rows.id)):
            found[row.purchase_order_id].append(item_of(row))
    return [found[each] for each in ids]


# ---------------------------------------------------------------- roots


@strawberry.type
class Query:
    @strawberry.field
    async def get_product(self, id: strawberry.ID) -> Product | None:  # noqa: A002  the API's name
        async with session() as db:
            row = await db.get(ProductRow, id)
        return product_of(row) if row else None

    @strawberry.field
    async def list_products(
        self,
        filter: ModelProductFilterInput | None = None,  # noqa: A002  the API's name
        limit: int | None = 100,
        next_token: str | None = None,
    ) -> ModelProductConnection | None:
        rows, token = await page(ProductRow, filter, limit or 100, next_token)
        return ModelProductConnection(items=[product_of(row) for row in rows], next_token=token)

    @strawberry.field
    async def list_purchase_orders(
        self,
        filter: ModelPurchaseOrderFilterInput | None = None,  # noqa: A002  the API's name
        limit: int | None = 100,
        next_token: str | None = None,
    ) -> ModelPurchaseOrderConnection | None:
        rows, token = await page(PurchaseOrderRow, filter, limit or 100, next_token)
        return ModelPurchaseOrderConnection(items=[order_of(row) for row in rows], next_token=token)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def create_product(self, input: CreateProductInput) -> Product | None:  # noqa: A002  the API's name
        row = ProductRow(**{name: value for name, value in vars(input).items() if value is not None})
        async with session() as db:
            db.add(row)
            await db.commit()
        return product_of(row)

    @strawberry.mutation
    async def delete_product(self, input: DeleteProductInput) -> Product | None:  # noqa: A002  the API's name
        async with session() as db:
            row = await db.get(ProductRow, input.id)
            if row is not None:
                await db.delete(row)
                await db.commit()
        return product_of(row) if row else None


class App(GraphQL):
    async def get_context(self, request: Any, response: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return {
            "product": DataLoader(by_id(ProductRow, product_of)),
            "supplier": DataLoader(by_id(SupplierRow, supplier_of)),
            "items": DataLoader(items_of_orders),
        }


schema = strawberry.Schema(Query, Mutation, extensions=[ParserCache(maxsize=128), ValidationCache(maxsize=128)])
app = Starlette()
app.router.add_route("/graphql", App(schema), methods=["POST"])
