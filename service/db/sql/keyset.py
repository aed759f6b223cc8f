"""The order of the rows of a page, and which of them come after a given one: a range of an index, if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, false, func, or_, true

from service.catalog.model import Field
from service.db.plans import selections, sources
from service.db.schema.functions import joined
from service.db.sql.rows import Row, Sql


@dataclass(frozen=True, slots=True)
class PageKey:
    """One of the keys that order a page."""

    field: Field | None
    """None for a joined text."""
    column: Sql
    descending: bool
    nullable: bool = False

    def is_beyond(self, value: Sql) -> Sql:
        """Whether it comes after `value`. PostgreSQL orders nulls as if they were greater than any value."""
        beyond: Sql = self.column < value if self.descending else self.column > value
        if not self.nullable:
            return beyond
        null_, other = (value, self.column) if self.descending else (self.column, value)
        return or_(beyond, and_(null_.is_(None), other.is_not(None)))

    def reaches(self, value: Sql) -> Sql:
        """Whether it is `value` or comes after it, where an index can tell: it says nothing new."""
        if not self.nullable:
            return self.column <= value if self.descending else self.column >= value
        return or_(self.column <= value, value.is_(None)) if self.descending else true()

    def equals(self, value: Sql) -> Sql:
        """Whether it is `value`, or both are missing."""
        return self.column.is_not_distinct_from(value) if self.nullable else self.column == value


def page_keys(page: selections.Page, row: Row) -> list[PageKey]:
    """What orders the rows of a page, unique in the end."""
    fields = page.model.field_by_name
    keys = [_sort_key(each, row) for each in page.sort]
    # Two rows may have one joined text ("a#b" and "c", "a" and "b#c"), so it replaces no part of the key.
    sorted_by = {key.field.name for key in keys if key.field is not None}
    rest = (name for name in page.model.key if name not in sorted_by)
    return keys + [PageKey(fields[name], row[name], page.descending) for name in rest]


def _sort_key(key: sources.SortKey, row: Row) -> PageKey:
    fields = [row.model.field_by_name[name] for name in key.fields]
    if len(fields) > 1:
        return PageKey(None, joined(row.source, fields), key.descending, key.nullable)
    return PageKey(fields[0], row[fields[0].name], key.descending, key.nullable)


def comes_after(keys: Sequence[PageKey], values: Sequence[Sql]) -> Sql:
    """Whether a row with these keys comes after the one that has these values."""
    if len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys):
        columns = func.row(*(key.column for key in keys)) if len(keys) > 1 else keys[0].column
        after = func.row(*values) if len(keys) > 1 else values[0]
        return columns < after if keys[0].descending else columns > after
    found: Sql = false()
    for key, value in reversed([*zip(keys, values, strict=True)]):
        found = or_(key.is_beyond(value), and_(key.equals(value), found))
    return and_(keys[0].reaches(values[0]), found)
