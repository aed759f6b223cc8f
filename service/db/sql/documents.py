"""Values of embedded types, which are stored as jsonb → JSON with what was selected of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import FromClause, case, func, literal_column, null, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from service.catalog.model import Field
from service.db.plans import selections
from service.db.sql.records import json_object, labelled
from service.db.sql.rows import Aliases, Sql
from service.db.sql.shown import EMPTY, in_place_of, text


def embedded(
    aliases: Aliases, owner: FromClause, document: Sql, of: Field, selection: Sequence[selections.Selected]
) -> Sql:
    """Part of a jsonb document of `owner`. `json` is built, not `jsonb`: it keeps the order of the selection."""
    if not of.type.is_list:
        given = _part_of(aliases, owner, document, selection)
        return case((_is_a(document, "object"), given), else_=null())
    elements = func.jsonb_array_elements(document)
    items = elements.table_valued("value", with_ordinality="n", name=aliases.new("e")).render_derived()
    given = _part_of(aliases, items, items.c.value, selection)
    kept = case((_is_a(items.c.value, "object"), given), else_=null())
    rows = select(func.coalesce(func.json_agg(aggregate_order_by(kept, items.c.n)), EMPTY))
    listed = rows.select_from(items).correlate(owner).scalar_subquery()
    return case((_is_a(document, "array"), listed), else_=null())


def _part_of(aliases: Aliases, owner: FromClause, document: Sql, selection: Sequence[selections.Selected]) -> Sql:
    columns = labelled((_of_document(aliases, owner, document, each) for each in selection), selection)
    return json_object(aliases, owner, columns, selection)


def _of_document(aliases: Aliases, owner: FromClause, document: Sql, selected: selections.Selected) -> Sql:
    if isinstance(selected, selections.Typename):
        return text(selected.name)
    if isinstance(selected, selections.Embedded):
        return embedded(aliases, owner, _member(document, selected.field), selected.field, selected.selection)
    if isinstance(selected, selections.Value):
        # A missing member and a stored null are both null.
        return func.nullif(_member(document, selected.field), literal_column("'null'::jsonb"))
    if isinstance(selected, selections.Hidden):
        return in_place_of(selected)
    raise TypeError(selected)


def _is_a(document: Sql, kind: str) -> Sql:
    return func.jsonb_typeof(document) == text(kind)


def _member(document: Sql, field: Field) -> Sql:
    return document.op("->")(text(field.name))
