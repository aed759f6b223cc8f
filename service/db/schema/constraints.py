"""What tables in `enforced` integrity refuse, beside a missing value: dangling references, and values out of range.

A reference holds the organization on both sides, because PostgreSQL checks one without asking the policies:
only so can no row refer to another organization's. Source: PostgreSQL manual, "Row Security Policies".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    literal_column,
    null,
    true,
)
from sqlalchemy.dialects.postgresql import array

from service.catalog.columns import shortened
from service.catalog.model import Catalog, Field, Model, OnDelete, Relation


def constrain(tables: Mapping[str, Table], catalog: Catalog) -> None:
    """Add the constraints of every model to its table."""
    for model in catalog.models:
        table = tables[model.name]
        for each in (*_checks(model, catalog, table), *_unique(model), *_references(model, catalog, tables)):
            table.append_constraint(each)


def _checks(model: Model, catalog: Catalog, table: Table) -> Iterator[CheckConstraint]:
    for field in model.fields:
        column = table.c[field.column]
        name = shortened(f"{model.table}_{field.column}_check")
        if field.type.name in catalog.enum_by_name:
            yield CheckConstraint(_is_one_of(column, field, catalog.enum_by_name[field.type.name].values), name)
        elif field.at_least is not None:
            # NaN is greater than every number to PostgreSQL.
            finite = column < literal_column("'infinity'", column.type) if field.type.name == "Float" else true()
            yield CheckConstraint(and_(column >= literal_column(str(field.at_least)), finite), name)


def _is_one_of(column: ColumnElement[Any], field: Field, values: tuple[str, ...]) -> ColumnElement[bool]:
    names = [literal_column(f"'{each}'", Text) for each in values]  # GraphQL names, which need no escaping
    if not field.type.is_list:
        return column.in_(names)
    # No list that holds a null is contained in another.
    given = column if field.type.element_required else func.array_remove(column, null())
    return given.op("<@", is_comparison=True)(array(names))


def _unique(model: Model) -> Iterator[UniqueConstraint]:
    for index in model.indexes:
        if index.unique:
            columns = [model.stored_by_name[name].column for name in (*_tenant_of(model), index.hash)]
            yield UniqueConstraint(*columns, name=shortened("_".join((model.table, *columns, "key"))))


def _references(model: Model, catalog: Catalog, tables: Mapping[str, Table]) -> Iterator[ForeignKeyConstraint]:
    """The foreign keys. Two relations by the same fields are one."""
    seen: set[tuple[str, ...]] = set()
    for relation in model.relations:
        target = catalog.model_by_name[relation.target]
        # Only what leads to a whole key can be checked; the rest is found by an index.
        if relation.is_many or set(relation.target_fields) != set(target.key):
            continue
        pairs = list(dict.fromkeys((*_tenants(model, target), *_pairs(model, target, relation))))
        columns = tuple(own for own, _ in pairs)
        if columns not in seen:
            seen.add(columns)
            yield ForeignKeyConstraint(
                columns,
                [tables[target.name].c[its] for _, its in pairs],
                name=foreign_key_name(model, *columns),
                ondelete=_on_delete(model, relation),
            )


def foreign_key_name(model: Model, *columns: str) -> str:
    """The name of the foreign key that these columns of a model's table make."""
    return shortened("_".join((model.table, *columns, "fkey")))


def _tenant_of(model: Model) -> tuple[str, ...]:
    return (model.tenant.name,) if model.tenant else ()


def _tenants(model: Model, target: Model) -> Iterator[tuple[str, str]]:
    if model.tenant and target.tenant:
        yield model.tenant.column, target.tenant.column


def _pairs(model: Model, target: Model, relation: Relation) -> Iterator[tuple[str, str]]:
    for own, its in zip(relation.fields, relation.target_fields, strict=True):
        yield model.field_by_name[own].column, target.field_by_name[its].column


def _on_delete(model: Model, relation: Relation) -> str:
    if relation.on_delete is not OnDelete.SET_NULL:
        return relation.on_delete.value.upper()
    # Of the columns only these: the row stays in its organization.
    own = (model.field_by_name[name].column for name in relation.fields)
    return f"SET NULL ({', '.join(own)})"
