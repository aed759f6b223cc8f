"""Pages of rows → JSON, with the cursor behind their last row, and how many rows there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, FromClause, Integer, Label, Select, Text, case, cast, func, literal_column, null, select

from service.db.plans import conditions, selections, sources
from service.db.sql.binds import Binds
from service.db.sql.keyset import PageKey, comes_after, page_keys
from service.db.sql.marks import MARK
from service.db.sql.predicates import Predicates
from service.db.sql.records import RECORD, as_record
from service.db.sql.rows import Aliases, Row, Sql
from service.db.sql.shown import EMPTY, text

_INTEGER = Integer()
_FIRST: Sql = literal_column("1", _INTEGER)

Columns = Callable[[Row, Sequence[selections.Selected]], Sequence[Label[Any]]]
"""What gives one labelled column for each selected field of a row."""


class Pages:
    """Renders pages of rows, each row's selection by `columns`."""

    def __init__(self, aliases: Aliases, binds: Binds, predicates: Predicates, columns: Columns) -> None:
        self._aliases = aliases
        self._binds = binds
        self._predicates = predicates
        self._columns = columns
        self.orders: list[sources.PageOrder] = []
        """The orders of the pages whose cursors are marked, by the number in the mark."""

    def connection(self, page: selections.Page, parent: Row, pairs: Iterable[tuple[str, str]]) -> Sql:
        """The JSON of a connection, as an expression about `parent`: a page of the rows that belong to it."""
        names = (text(member.key) for member in page.connection.members)
        found, members = self._found(page, parent, pairs)
        parts = [part for pair in zip(names, members, strict=True) for part in pair]
        return _select_over(found, func.json_build_object(*parts, type_=JSON)).scalar_subquery()

    def members(self, page: selections.Page) -> Select[Any]:
        """A page of all rows, as one row: a column of JSON for each member of the connection.

        PostgreSQL copies what it puts together: of a large answer that costs more than to make it.
        """
        found, members = self._found(page)
        return _select_over(found, *members)

    def _found(
        self, page: selections.Page, parent: Row | None = None, pairs: Iterable[tuple[str, str]] = ()
    ) -> tuple[FromClause, list[Sql]]:
        """The rows of a page, as a sub-select, and the members of its connection, as aggregates over it.

        If there may be a cursor to make, one row more is read than is shown.
        """
        row = self._aliases.row(page.model)
        looks_ahead, has_token = page.connection.looks_ahead, page.connection.has_token
        rows = _belonging(self._in_order(page, row), row, parent, pairs)
        for at, member in enumerate(page.connection.members):
            if isinstance(member, selections.Items):
                record = (
                    select(*self._columns(row, member.selection))
                    .correlate(row.source)
                    .lateral(self._aliases.new(RECORD))
                )
                rows = rows.select_from(record).add_columns(as_record(record, member.selection).label(f"j{at}"))
        if has_token:
            rows = rows.add_columns(*(key.column.label(f"k{at}") for at, key in enumerate(page_keys(page, row))))
        limit = self._binds.add(sources.Limit(page.limit, 1 if looks_ahead else 0), _INTEGER)
        found = rows.limit(limit).subquery(self._aliases.new("p"))
        totals = [self._total(page, member, parent, pairs) for member in page.connection.members]
        return found, [self._member_of(page, at, found, total) for at, total in enumerate(totals)]

    def _in_order(self, page: selections.Page, row: Row) -> Select[Any]:
        """The rows that the pages of a list consist of, from its cursor on; no columns yet."""
        keys = page_keys(page, row)
        rows = self._matching(page, row)
        if page.token is not None:
            rows = rows.where(self._after(page, keys))
        return rows.order_by(*(key.column.desc() if key.descending else key.column.asc() for key in keys))

    def _matching(self, page: selections.Page, row: Row) -> Select[Any]:
        rows = select().select_from(row.source).where(*self._predicates.within(row))
        return rows if page.where == conditions.TRUE else rows.where(self._predicates.build(page.where, row))

    def _member_of(self, page: selections.Page, at: int, found: FromClause, total: Sequence[Sql]) -> Sql:
        match page.connection.members[at]:
            case selections.Items():
                return self._items(page, found.c[f"j{at}"])
            case selections.Typename(_, name):
                return literal_column(f"""'"{name}"'::json""", JSON)
            case selections.NextToken():
                return self._token(page, found)
            case selections.PageInfo(_, token):
                size = self._binds.add(sources.Limit(page.limit), _INTEGER)
                next_ = (text("next"), self._token(page, found)) if token else ()
                more = (text("hasMore"), func.count() > size)
                return func.json_build_object(text("limit"), size, *next_, *more, *total, type_=JSON)

    def _total(
        self, page: selections.Page, member: selections.PageMember, parent: Row | None, pairs: Iterable[tuple[str, str]]
    ) -> list[Sql]:
        """The number of rows of all pages and the name it has; nothing if nobody asks for it."""
        if not isinstance(member, selections.PageInfo) or member.total is None:
            return []
        row = self._aliases.row(page.model)
        rows = _belonging(self._matching(page, row), row, parent, pairs)
        if member.total is selections.Count.ESTIMATED:
            rows = rows.add_columns(_FIRST.label("n")).limit(literal_column(str(selections.MOST_COUNTED)))
            rows = select().select_from(rows.subquery(self._aliases.new("n")))
        return [text("total"), rows.add_columns(func.count()).scalar_subquery()]

    def _items(self, page: selections.Page, records: Sql) -> Sql:
        """The rows of a page as a JSON array, without the one that comes after it."""
        if not page.connection.looks_ahead:
            return func.coalesce(func.json_agg(records), EMPTY)
        size = self._binds.add(sources.Limit(page.limit), _INTEGER)
        return func.coalesce(func.array_to_json(func.array_agg(records)[_FIRST:size]), EMPTY)

    def _token(self, page: selections.Page, found: FromClause) -> Sql:
        """The cursor behind the last row of a page, if a row comes after it."""
        size = self._binds.add(sources.Limit(page.limit), _INTEGER)
        last = [func.array_agg(column)[size] for name, column in found.c.items() if name.startswith("k")]
        return case((func.count() > size, self._cursor(page, last)), else_=null())

    def _after(self, page: selections.Page, keys: Sequence[PageKey]) -> Sql:
        """Whether a row comes after the one in the page's cursor."""
        assert page.token is not None
        values: list[Sql] = []
        for position, key in enumerate(keys):
            part = sources.CursorPart(page.token, page.order, position)
            values.append(self._binds.add(part, self._predicates.operand_type(key.field) if key.field else Text()))
        return comes_after(keys, values)

    def _cursor(self, page: selections.Page, values: Sequence[Sql]) -> Sql:
        """The mark of a cursor: the number of its page order and its key values, in hexadecimal."""
        if page.order not in self.orders:
            self.orders.append(page.order)
        number = self.orders.index(page.order)
        listed = cast(func.json_build_array(*values), Text)
        coded = func.encode(func.convert_to(listed, literal_column("'UTF8'")), literal_column("'hex'"))
        mark = literal_column(f"'{MARK}t{number}:'", Text) + coded + literal_column("""'"'""", Text)
        return cast(mark, JSON)


def _belonging(rows: Select[Any], row: Row, parent: Row | None, pairs: Iterable[tuple[str, str]]) -> Select[Any]:
    """Of some rows those that belong to `parent`."""
    if parent is None:
        return rows
    return rows.where(*(row[there] == parent[here] for here, there in pairs)).correlate(parent.source)


def _select_over(rows: FromClause, *aggregates: Sql) -> Select[Any]:
    """Aggregates over rows, unless nothing is asked of the rows."""
    return select(*aggregates).select_from(rows) if rows.c else select(*aggregates)
