"""Columns → JSON objects, their names those of a selection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, FromClause, Label, Select, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import array

from service.db.plans import selections
from service.db.sql.rows import Aliases, Sql
from service.db.sql.shown import text
from service.errors import Limited

LONGEST_NAME = 63
"""Bytes of a PostgreSQL identifier."""
MOST_COLUMNS = 1_600
"""PostgreSQL itself stops at 1,664."""
RECORD = "r$"
"""Begins the aliases of records. No name in an answer has a `$`, so none of their columns is mistaken for one."""


def labelled(columns: Iterable[Sql], selection: Sequence[selections.Selected]) -> list[Label[Any]]:
    """The columns of a selection under the names it gives them or, where one is too long, under another."""
    if len(selection) > MOST_COLUMNS:
        raise Limited(f"A selection has more than {MOST_COLUMNS} fields.")
    named = enumerate(zip(columns, selection, strict=True))
    return [column.label(each.key if len(each.key) <= LONGEST_NAME else f"long {at}") for at, (column, each) in named]


def as_record(rows: FromClause, selection: Sequence[selections.Selected]) -> ColumnElement[Any]:
    """Each row of a sub-select as one value, which becomes a JSON object with the names of its selection."""
    if all(len(each.key) <= LONGEST_NAME for each in selection):
        return literal_column(str(rows.name), JSON)  # type: ignore[attr-defined]  # a sub-select has a name
    members = [
        text(f'"{each.key}":').concat(func.coalesce(cast(func.to_json(column), Text), text("null")))
        for each, column in zip(selection, rows.c, strict=True)
    ]
    joined_members = func.array_to_string(array(members), text(","))
    return cast(text("{").concat(joined_members).concat(text("}")), JSON)


def json_objects(aliases: Aliases, rows: Select[Any], selection: Sequence[selections.Selected]) -> Select[Any]:
    """The JSON object of each row of a select with the columns of a selection."""
    sub = rows.subquery(aliases.new(RECORD))
    return select(func.to_json(as_record(sub, selection), type_=JSON)).select_from(sub)


def json_object(
    aliases: Aliases, owner: FromClause, columns: Sequence[Label[Any]], selection: Sequence[selections.Selected]
) -> Sql:
    """The JSON object of columns that are expressions about `owner`, as one more expression about it."""
    return json_objects(aliases, select(*columns).correlate(owner), selection).scalar_subquery()
