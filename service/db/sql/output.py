"""What a plan gives back → SQL that renders it as JSON.

The JSON of an answer is made by PostgreSQL and passed on as it comes. Where something other than a
stored value belongs there, the SQL writes a mark (see `marks.py`); an answer without marks is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Label,
    Select,
    Text,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array

from service.catalog.model import Field, Model, Rule
from service.db.plans import conditions, selections, sources
from service.db.schema.functions import datetime_text
from service.db.schema.tables import Tables
from service.db.security.gate import gate_of
from service.db.sql.binds import Binds
from service.db.sql.keyset import PageKey, comes_after, page_keys
from service.db.sql.marks import DENIAL, MARK
from service.db.sql.predicates import Predicates, Row, Sql
from service.errors import Limited

DENIED: Sql = literal_column(f"'{DENIAL}'::json")
_EMPTY: Sql = literal_column("'[]'::json")
LONGEST_NAME = 63
"""Bytes of a PostgreSQL identifier."""
MOST_COLUMNS = 1_600
"""PostgreSQL itself stops at 1,664."""


class Output:
    """Renders selections of rows as JSON, with every relation as a sub-select of its row."""

    def __init__(self, tables: Tables, binds: Binds, predicates: Predicates) -> None:
        self._tables = tables
        self._binds = binds
        self._predicates = predicates
        self._aliases = 0
        self.orders: list[sources.PageOrder] = []
        """The orders of the pages whose cursors are marked, by the number in the mark."""

    def row(self, model: Model) -> Row:
        """The rows of a model under a new alias."""
        return Row(model, self._tables[model.name].alias(self._alias("t")))

    def _alias(self, prefix: str) -> str:
        self._aliases += 1
        return f"{prefix}{self._aliases}"

    # ------------------------------------------------------------ one row

    def object_of(self, row: Row, selection: Sequence[selections.Selected]) -> Select[Any]:
        """One column, the JSON object of a selection, for each row."""
        return self._objects(select(*self.columns(row, selection)).select_from(row.source), selection)

    def object_about(self, row: Row, selection: Sequence[selections.Selected]) -> Sql:
        """The JSON object of a selection, as an expression about `row`."""
        return self._part(row.source, self.columns(row, selection), selection)

    def found(
        self,
        row: Row,
        where: Sequence[Sql],
        selection: Sequence[selections.Selected],
        shown_if: tuple[Rule, ...],
        *,
        parent: Row | None = None,
        key: Sequence[Sql] = (),
    ) -> Select[Any]:
        """The JSON object of the row for which `where` holds, no row without one, a mark if the rules deny it.

        `key` is the row's whole key, if `where` is about that: policies hide what the rules deny, and the gate tells it
        from what is not there.
        """
        outside = parent.source if parent else None
        where = (*self._predicates.within(row), *where)
        if not shown_if:
            rows = select(*self.columns(row, selection)).select_from(row.source).where(*where)
            return self._objects(rows.correlate(outside), selection)
        allowed = self._predicates.build(conditions.Matches(shown_if), row)
        shown = case((allowed, self.object_about(row, selection)), else_=DENIED)
        found = select(shown).select_from(row.source).where(*where).correlate(outside)
        if row.model.tenant is None or not key:
            return found
        held = getattr(func, gate_of(row.model))(self._predicates.organization, *key, type_=Boolean)
        hidden = case((held, DENIED), else_=null())
        return select(func.coalesce(found.scalar_subquery(), hidden, type_=JSON)).correlate(outside)

    def _objects(self, rows: Select[Any], selection: Sequence[selections.Selected]) -> Select[Any]:
        sub = rows.subquery(self._alias(_RECORD))
        return select(func.to_json(_record(sub, selection), type_=JSON)).select_from(sub)

    def _part(self, owner: FromClause, columns: Sequence[Label[Any]], selection: Sequence[selections.Selected]) -> Sql:
        """The JSON object of columns that are expressions about `owner`, as one more expression about it."""
        return self._objects(select(*columns).correlate(owner), selection).scalar_subquery()

    def columns(self, row: Row, selection: Sequence[selections.Selected]) -> list[Label[Any]]:
        """One labelled column for each selected field, in order."""
        return _labelled((self._selected(row, each) for each in selection), selection)

    def _selected(self, row: Row, selected: selections.Selected) -> Sql:
        match selected:
            case selections.Value(_, of, owner, parsed):
                return _shown(of, row[of.name], owner=owner, parsed=parsed)
            case selections.Guarded(_, shown, rules):
                allowed = self._predicates.build(conditions.Matches(rules), row)
                return case((allowed, func.to_json(self._selected(row, shown), type_=JSON)), else_=DENIED)
            case selections.Typename(_, name):
                return _text(name)
            case selections.Version():
                return row.version
            case selections.Hidden():
                return self._hidden(selected)
            case selections.Embedded(_, of, _, selection):
                return self._embedded(row.source, row[of.name], of, selection)
            case selections.One():
                return self._one(row, selected)
            case selections.Many(_, relation, page):
                return self.page(page, row, tuple(zip(relation.fields, relation.target_fields, strict=True)))

    @staticmethod
    def _hidden(hidden: selections.Hidden) -> Sql:
        if hidden.denied:
            return DENIED
        if hidden.connection is None:
            return null()
        members = [f"'{member.key}',{_empty(member)}" for member in hidden.connection.members]
        return literal_column(f"json_build_object({','.join(members)})", JSON)

    # ------------------------------------------------------------ embedded types

    def _embedded(self, owner: FromClause, document: Sql, of: Field, selection: Sequence[selections.Selected]) -> Sql:
        """Part of a jsonb document of `owner`. `json` is built, not `jsonb`: it keeps the order of the selection."""
        if not of.type.is_list:
            part = self._part_of(owner, document, selection)
            return case((_is_a(document, "object"), part), else_=null())
        elements = func.jsonb_array_elements(document)
        items = elements.table_valued("value", with_ordinality="n", name=self._alias("e")).render_derived()
        part = self._part_of(items, items.c.value, selection)
        kept = case((_is_a(items.c.value, "object"), part), else_=null())
        rows = select(func.coalesce(func.json_agg(aggregate_order_by(kept, items.c.n)), _EMPTY))
        listed = rows.select_from(items).correlate(owner).scalar_subquery()
        return case((_is_a(document, "array"), listed), else_=null())

    def _part_of(self, owner: FromClause, document: Sql, selection: Sequence[selections.Selected]) -> Sql:
        columns = _labelled((self._of_document(owner, document, each) for each in selection), selection)
        return self._part(owner, columns, selection)

    def _of_document(self, owner: FromClause, document: Sql, selected: selections.Selected) -> Sql:
        if isinstance(selected, selections.Typename):
            return _text(selected.name)
        if isinstance(selected, selections.Embedded):
            return self._embedded(owner, _member(document, selected.field), selected.field, selected.selection)
        if isinstance(selected, selections.Value):
            # A missing member and a stored null are both null.
            return func.nullif(_member(document, selected.field), literal_column("'null'::jsonb"))
        if isinstance(selected, selections.Hidden):
            return self._hidden(selected)
        raise TypeError(selected)

    # ------------------------------------------------------------ relations

    def _one(self, row: Row, one: selections.One) -> Sql:
        """The row a to-one relation leads to. Where it is not the target's key that it follows, the first one."""
        target = self.row(one.target)
        pairs = zip(one.relation.fields, one.relation.target_fields, strict=True)
        values = {there: row[here] for here, there in pairs}
        where = [target[there] == value for there, value in values.items()]
        if values.keys() == set(one.target.key):
            key = [values[name] for name in one.target.key]
            return self.found(target, where, one.selection, one.shown_if, parent=row, key=key).scalar_subquery()
        keys = [target[name] for name in one.target.key]
        matching = select(*keys).where(*self._predicates.within(target), *where)
        first = matching.order_by(*keys).limit(1).correlate(row.source).scalar_subquery()
        where = [tuple_(*keys) == first]
        return self.found(target, where, one.selection, one.shown_if, parent=row).scalar_subquery()

    # ------------------------------------------------------------ pages

    def page(self, page: selections.Page, parent: Row, pairs: Iterable[tuple[str, str]]) -> Sql:
        """The JSON of a connection, as an expression about `parent`: a page of the rows that belong to it."""
        names = (_text(member.key) for member in page.connection.members)
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
        row = self.row(page.model)
        looks_ahead, has_token = page.connection.looks_ahead, page.connection.has_token
        rows = _belonging(self._in_order(page, row), row, parent, pairs)
        for at, member in enumerate(page.connection.members):
            if isinstance(member, selections.Items):
                record = (
                    select(*self.columns(row, member.selection)).correlate(row.source).lateral(self._alias(_RECORD))
                )
                rows = rows.select_from(record).add_columns(_record(record, member.selection).label(f"j{at}"))
        if has_token:
            rows = rows.add_columns(*(key.column.label(f"k{at}") for at, key in enumerate(page_keys(page, row))))
        limit = self._binds.add(sources.Limit(page.limit, 1 if looks_ahead else 0), _INTEGER)
        found = rows.limit(limit).subquery(self._alias("p"))
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
                next_ = (_text("next"), self._token(page, found)) if token else ()
                more = (_text("hasMore"), func.count() > size)
                return func.json_build_object(_text("limit"), size, *next_, *more, *total, type_=JSON)

    def _total(
        self, page: selections.Page, member: selections.PageMember, parent: Row | None, pairs: Iterable[tuple[str, str]]
    ) -> list[Sql]:
        """The number of rows of all pages and the name it has; nothing if nobody asks for it."""
        if not isinstance(member, selections.PageInfo) or member.total is None:
            return []
        row = self.row(page.model)
        rows = _belonging(self._matching(page, row), row, parent, pairs)
        if member.total is selections.Count.ESTIMATED:
            rows = rows.add_columns(_FIRST.label("n")).limit(literal_column(str(selections.MOST_COUNTED)))
            rows = select().select_from(rows.subquery(self._alias("n")))
        return [_text("total"), rows.add_columns(func.count()).scalar_subquery()]

    def _items(self, page: selections.Page, records: Sql) -> Sql:
        """The rows of a page as a JSON array, without the one that comes after it."""
        if not page.connection.looks_ahead:
            return func.coalesce(func.json_agg(records), _EMPTY)
        size = self._binds.add(sources.Limit(page.limit), _INTEGER)
        return func.coalesce(func.array_to_json(func.array_agg(records)[_FIRST:size]), _EMPTY)

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
        text = cast(func.json_build_array(*values), Text)
        coded = func.encode(func.convert_to(text, literal_column("'UTF8'")), literal_column("'hex'"))
        mark = literal_column(f"'{MARK}t{number}:'", Text) + coded + literal_column("""'"'""", Text)
        return cast(mark, JSON)


def _belonging(rows: Select[Any], row: Row, parent: Row | None, pairs: Iterable[tuple[str, str]]) -> Select[Any]:
    """Of some rows those that belong to `parent`."""
    if parent is None:
        return rows
    return rows.where(*(row[there] == parent[here] for here, there in pairs)).correlate(parent.source)


_RECORD = "r$"
"""Begins the aliases of records. No name in an answer has a `$`, so none of their columns is mistaken for one."""
_NUL, _NUL_REPLACED = r"(?<!\\)((?:\\\\)*)\\u0000", r"\1\\ufffd"
_INTEGER = Integer()
_FIRST: Sql = literal_column("1", _INTEGER)


def _labelled(columns: Iterable[Sql], selection: Sequence[selections.Selected]) -> list[Label[Any]]:
    """The columns of a selection under the names it gives them or, where one is too long, under another."""
    if len(selection) > MOST_COLUMNS:
        raise Limited(f"A selection has more than {MOST_COLUMNS} fields.")
    named = enumerate(zip(columns, selection, strict=True))
    return [column.label(each.key if len(each.key) <= LONGEST_NAME else f"long {at}") for at, (column, each) in named]


def _record(rows: FromClause, selection: Sequence[selections.Selected]) -> ColumnElement[Any]:
    """Each row of a sub-select as one value, which becomes a JSON object with the names of its selection."""
    if all(len(each.key) <= LONGEST_NAME for each in selection):
        return literal_column(str(rows.name), JSON)  # type: ignore[attr-defined]  # a sub-select has a name
    members = [
        _text(f'"{each.key}":').concat(func.coalesce(cast(func.to_json(column), Text), _text("null")))
        for each, column in zip(selection, rows.c, strict=True)
    ]
    joined_members = func.array_to_string(array(members), _text(","))
    return cast(_text("{").concat(joined_members).concat(_text("}")), JSON)


def _select_over(rows: FromClause, *aggregates: Sql) -> Select[Any]:
    """Aggregates over rows, unless nothing is asked of the rows."""
    return select(*aggregates).select_from(rows) if rows.c else select(*aggregates)


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


def _text(value: str) -> Sql:
    """A constant as part of the statement's text. Only for words of ours and for GraphQL names."""
    return literal_column(f"'{value}'", Text)


def _is_a(document: Sql, kind: str) -> Sql:
    return func.jsonb_typeof(document) == _text(kind)


def _member(document: Sql, field: Field) -> Sql:
    return document.op("->")(_text(field.name))


def _shown(of: Field, column: Sql, *, owner: bool, parsed: bool) -> Sql:
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
    text = cast(column, Text)
    replaced = func.regexp_replace(text, _text(_NUL), _text(_NUL_REPLACED), _text("g"))
    return case((func.strpos(text, _text("\\u0000")) > 0, cast(replaced, JSON)), else_=column)


def _owner_shown(column: Sql) -> Sql:
    """Of `sub::username` the username; of anything else all of it."""
    if isinstance(column.type, ARRAY):
        element = func.unnest(column).table_valued("value", with_ordinality="n", name="o").render_derived()
        names = func.array_agg(aggregate_order_by(_owner_shown(element.c.value), element.c.n))
        shown = select(names).select_from(element).scalar_subquery()
        return func.coalesce(shown, column)  # of no owners there is nothing to aggregate
    separator = _text("::")
    last = func.split_part(column, separator, literal_column("-1"))
    return case((func.strpos(column, separator) > 0, last), else_=column)
