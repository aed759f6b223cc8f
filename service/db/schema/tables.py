"""The tables of a catalog, as SQLAlchemy Core sees them and as SQL that creates them.

In `legacy` integrity a table refuses almost nothing, as DynamoDB did: only the columns of the primary
key are NOT NULL, nothing is unique but the key, and references are indexed but not checked. In `enforced`
integrity the tenant's column leads every key and index, and `constraints.py` adds what is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.columns import shortened
from service.catalog.model import Catalog, Field, Model, TypeRef
from service.catalog.scalars import SCALARS
from service.db.schema.constraints import constrain
from service.db.schema.functions import joined

TEXT = Text(collation="C")
"""DynamoDB orders strings by their UTF-8 bytes."""

_TYPES: dict[str, TypeEngine[Any]] = {
    "text": TEXT,
    "integer": Integer(),
    "bigint": BigInteger(),
    "double precision": Double(),
    "boolean": Boolean(),
    "date": Date(),
    # Milliseconds are all that the API shows. Finer digits would be compared and ordered unseen.
    "timestamptz": postgresql.TIMESTAMP(timezone=True, precision=3),
    "json": postgresql.JSON(),
}
_LISTED_AS_ITSELF = frozenset({"integer", "bigint", "double precision", "boolean"})
"""The rest are lists of text, dates too: nothing orders their elements, and they stay as they were sent."""


def column_type(field: Field, catalog: Catalog) -> TypeEngine[Any]:
    """The PostgreSQL type of a model's field."""
    return sql_type(field.type, embedded=field.type.name in catalog.object_by_name)


def sql_type(type_: TypeRef, *, embedded: bool) -> TypeEngine[Any]:
    """The PostgreSQL type that holds a type of the API. Embedded types are jsonb, enums text, lists arrays."""
    if embedded:
        return postgresql.JSONB()
    scalar = SCALARS.get(type_.name)
    sql = scalar.sql if scalar else "text"
    if not type_.is_list:
        return _TYPES[sql]
    return ARRAY(_TYPES[sql] if sql in _LISTED_AS_ITSELF else Text())


class Tables(Mapping[str, Table]):
    """Model name → table, each made when it is first asked for. Columns: `table.c[field.column]`.

    These tables have no indexes, which no statement needs; `tables_from_catalog` adds them.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.metadata = MetaData()
        self._catalog = catalog
        self._made: dict[str, Table] = {}

    def __getitem__(self, model_name: str) -> Table:
        table = self._made.get(model_name)
        if table is None:
            model = AUDIT_ENTRY if model_name == AUDIT_ENTRY.name else self._catalog.model_by_name[model_name]
            table = self._made[model_name] = self._make(model)
        return table

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalog.model_by_name)

    def __len__(self) -> int:
        return len(self._catalog.models)

    def _make(self, model: Model) -> Table:
        columns = (
            Column(each.column, column_type(each, self._catalog), nullable=self._is_nullable(model, each))
            for each in model.stored
        )
        key = (model.stored_by_name[name].column for name in within_tenant(model, model.key))
        version = Column(version_column(model), Integer(), nullable=False, server_default=text("1"))
        return Table(model.table, self.metadata, *columns, version, PrimaryKeyConstraint(*key))

    def _is_nullable(self, model: Model, field: Field) -> bool:
        if self._catalog.is_enforced:
            return not field.type.required
        return field.name not in model.key


def within_tenant(model: Model, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Fields that find rows, the tenant's first: of another organization's rows none is found, or clashed with."""
    return fields if model.tenant is None or model.tenant.name in fields else (model.tenant.name, *fields)


def version_column(model: Model) -> str:
    """The name of the column that each update of a row raises (`versions.py`).

    It is in no API. A field of that name keeps it.
    """
    return "row_version_" if any(each.column == "row_version" for each in model.fields) else "row_version"


def tables_from_catalog(catalog: Catalog) -> MetaData:
    """Every table of the catalog, with its indexes and, in `enforced` integrity, its constraints."""
    tables = Tables(catalog)
    for model in catalog.models:
        table = tables[model.name]
        taken: set[str] = set()
        for path in access_paths(model, catalog):
            name = path.name(model)
            while name in taken:  # (a_b, c) and (a, b_c)
                name = shortened(f"{name}_2")
            taken.add(name)
            Index(name, *path.expressions(table, model))
    if catalog.is_enforced:
        constrain(tables, catalog)
    return tables.metadata


@dataclass(frozen=True, slots=True)
class AccessPath:
    """The rows an index finds: those with these `equal` fields, ordered by `sort`, then by the key."""

    equal: tuple[str, ...]
    sort: tuple[str, ...] = ()

    @property
    def is_joined(self) -> bool:
        """Whether the order is that of the joined text of several sort fields."""
        return len(self.sort) > 1

    @property
    def leading(self) -> tuple[str, ...]:
        """The fields that the index holds as columns, before the key."""
        return self.equal if self.is_joined else self.equal + self.sort

    def name(self, model: Model) -> str:
        """The index's name, by PostgreSQL's own convention: `product_category_id_price_idx`."""
        columns = (model.stored_by_name[each].column for each in self.equal + self.sort)
        return shortened("_".join((model.table, *columns, "joined_idx" if self.is_joined else "idx")))

    def expressions(self, table: Table, model: Model) -> list[ColumnElement[Any]]:
        """What the index is made over; the primary key comes last, so that every page has one order."""
        rest = (each for each in model.key if each not in self.leading)
        column = {each.name: table.c[each.column] for each in model.stored}
        order = [joined(table, [model.field_by_name[each] for each in self.sort])] if self.is_joined else []
        return [*(column[each] for each in self.leading), *order, *(column[each] for each in rest)]


def access_paths(model: Model, catalog: Catalog) -> list[AccessPath]:
    """The indexes of a model besides its primary key: declared ones, the key's joined order, references."""
    hash_field, *sort = model.key
    paths = [AccessPath(within_tenant(model, (each.hash,)), each.sort) for each in model.indexes]
    if len(sort) > 1:
        paths.append(AccessPath(within_tenant(model, (hash_field,)), tuple(sort)))
    for reference in _references(model, catalog):
        fields = within_tenant(model, reference)
        led = [within_tenant(model, model.key), *(each.leading for each in paths)]
        if not any(lead[: len(fields)] == fields for lead in led):
            paths.append(AccessPath(fields))
    distinct = {(each.leading, each.sort if each.is_joined else ()): each for each in reversed(paths)}
    return [*reversed(distinct.values())]


def _references(model: Model, catalog: Catalog) -> Iterator[tuple[str, ...]]:
    """The fields of a model that point at rows of others, or by which others find its rows."""
    yield from (each.fields for each in model.relations if not each.is_many)
    for other in catalog.models:
        yield from (each.target_fields for each in other.relations if each.is_many and each.target == model.name)
