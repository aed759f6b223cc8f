"""What is shown of a stored value, or stands where one is not shown."""

from __future__ import annotations

from sqlalchemy import ARRAY, JSON, Text, case, cast, func, literal_column, null, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from service.catalog.model import Field
from service.db.plans import selections
from service.db.schema.functions import datetime_text
from service.db.sql.marks import DENIAL
from service.db.sql.rows import Sql

DENIED: Sql = literal_column(f"'{DENIAL}'::json")
EMPTY: Sql = literal_column("'[]'::json")
_NUL, _NUL_REPLACED = r"(?<!\\)((?:\\\\)*)\\u0000", r"\1\\ufffd"


def text(value: str) -> Sql:
    """A constant as part of the statement's text. Only for words of ours and for GraphQL names."""
    return literal_column(f"'{value}'", Text)


def as_shown(of: Field, column: Sql, *, owner: bool, parsed: bool) -> Sql:
    """A stored value as the API shows it."""
    if owner:
        return _owner_shown(column)
    if of.type.is_list:
        return column
    if of.type.name == "AWSDateTime":
        return datetime_text(column)
    if of.type.name == "AWSJSON":
        return _without_marks(column) if parsed else cast(column, Text)
    return column


def _without_marks(column: Sql) -> Sql:
    """Stored JSON in which nothing can be taken for a mark: U+0000, which only json can hold, is shown as U+FFFD."""
    stored = cast(column, Text)
    replaced = func.regexp_replace(stored, text(_NUL), text(_NUL_REPLACED), text("g"))
    return case((func.strpos(stored, text("\\u0000")) > 0, cast(replaced, JSON)), else_=column)


def _owner_shown(column: Sql) -> Sql:
    """Of `sub::username` the username; of anything else all of it."""
    if isinstance(column.type, ARRAY):
        element = func.unnest(column).table_valued("value", with_ordinality="n", name="o").render_derived()
        names = func.array_agg(aggregate_order_by(_owner_shown(element.c.value), element.c.n))
        shown = select(names).select_from(element).scalar_subquery()
        return func.coalesce(shown, column)  # of no owners there is nothing to aggregate
    separator = text("::")
    last = func.split_part(column, separator, literal_column("-1"))
    return case((func.strpos(column, separator) > 0, last), else_=column)


def in_place_of(hidden: selections.Hidden) -> Sql:
    """What stands where a value is not given: the mark of a denial, null, or a connection of nothing."""
    if hidden.denied:
        return DENIED
    if hidden.connection is None:
        return null()
    members = [f"'{member.key}',{_empty(member)}" for member in hidden.connection.members]
    return literal_column(f"json_build_object({','.join(members)})", JSON)


def _empty(member: selections.PageMember) -> str:
    match member:
        case selections.Items():
            return "'[]'::json"
        case selections.Typename(_, name):
            return f"'{name}'"
        case selections.NextToken():
            return "null"
        case selections.PageInfo():
            raise TypeError(member)
