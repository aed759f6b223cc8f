"""What a plan gives back → SQL that renders it as JSON.

The JSON of an answer is made by PostgreSQL and passed on as it comes. Where something other than a
stored value belongs there, the SQL writes a mark: a JSON string that begins with U+0000, which no
text in PostgreSQL can hold, so a mark is never mistaken for data. `service.graphql.notes` replaces
the marks it finds; an answer without marks is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    FromClause,
    Integer,
    Label,
    Select,
    Subquery,
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

from service.catalog.model import Catalog, Field, Model, Rule
from service.db import plan
from service.db.binds import Binds
from service.db.functions import datetime_text, joined
from service.db.predicates import Predicates, Row, Sql
from service.db.tables import Tables
from service.errors import Limited

MARK = '"\\u0000'
"""How every mark begins in JSON text."""
DENIED: Sql = literal_column(f"""'{MARK}d"'::json""")
"""The mark of a value that the rules keep from the caller."""
_EMPTY: Sql = literal_column("'[]'::json")
LONGEST_NAME = 63
"""Bytes of a PostgreSQL identifier."""
MOST_COLUMNS = 1_600
"""PostgreSQL itself stops at 1,664."""


class Output:
    """Renders selections of rows as JSON, with every relation as a sub-select of its row."""

    def __init__(self, catalog: Catalog, tables: Tables, binds: Binds) -> None:
        self._tables = tables
        self._binds = binds
        self._predicates = Predicates(catalog, binds)
        self._aliases = 0
        self.orders: list[plan.PageOrder] = []
        """The orders of the pages whose cursors are marked, by the number in the mark."""

    def row(self, model: Model) -> Row:
        """The rows of a model under a new alias."""
        return Row(model, self._tables[model.name].alias(self._alias("t")))

    def _alias(self, prefix: str) -> str:
        self._aliases += 1
        return f"{prefix}{self._aliases}"

    # ------------------------------------------------------------ one row

    def object_of(self, row: Row, selection: Sequence[plan.Selected]) -> Sql:
        """The JSON object of a selection, as an expression about `row`."""
        return self._as_object(select(*self.columns(row, selection)).correlate(row.source), selection)

    def found(
        self,
        row: Row,
        where: Sequence[Sql],
        selection: Sequence[plan.Selected],
        shown_if: tuple[Rule, ...],
        parent: Row | None = None,
    ) -> Sql:
        """The JSON object of the row for which `where` holds, null without one, a mark if the rules deny it."""
        if not shown_if:
            rows = select(*self.columns(row, selection)).select_from(row.source).where(*where)
            return self._as_object(rows.correlate(parent.source if parent else None), selection)
        allowed = self._predicates.build(plan.Matches(shown_if), row)
        shown = case((allowed, self.object_of(row, selection)), else_=DENIED)
        rows = select(shown).select_from(row.source).where(*where)
        return rows.correlate(parent.source if parent else None).scalar_subquery()

    def _as_object(self, rows: Select[Any], selection: Sequence[plan.Selected]) -> Sql:
        sub = rows.subquery(self._alias("r"))
        return select(_json_of(sub, selection)).select_from(sub).scalar_subquery()

    def columns(self, row: Row, selection: Sequence[plan.Selected]) -> list[Label[Any]]:
        """One labelled column for each selected field, in order."""
        return _labelled((self._selected(row, each) for each in selection), selection)

    def _selected(self, row: Row, selected: plan.Selected) -> Sql:
        match selected:
            case plan.Value(_, of, owner):
                return _shown(of, row[of.name], owner=owner)
            case plan.Guarded(_, shown, rules):
                allowed = self._predicates.build(plan.Matches(rules), row)
                return case((allowed, func.to_json(self._selected(row, shown), type_=JSON)), else_=DENIED)
            case plan.Typename(_, name):
                return _text(name)
            case plan.Hidden():
                return self._hidden(selected)
            case plan.Embedded(_, of, _, selection):
                return self._embedded(row.source, row[of.name], of, selection)
            case plan.One():
                return self._one(row, selected)
            case plan.Many(_, relation, page):
                return self.page(page, row, tuple(zip(relation.fields, relation.target_fields, strict=True)))

    @staticmethod
    def _hidden(hidden: plan.Hidden) -> Sql:
        if hidden.denied:
            return DENIED
        if hidden.connection is None:
            return null()
        members = [f"'{member.key}',{_empty(member)}" for member in hidden.connection.members]
        return literal_column(f"json_build_object({','.join(members)})", JSON)

    # ------------------------------------------------------------ embedded types

    def _embedded(self, owner: FromClause, document: Sql, of: Field, selection: Sequence[plan.Selected]) -> Sql:
        """Part of a jsonb document of `owner`. `json` is built, not `jsonb`: it keeps the order of the selection."""
        if not of.type.is_list:
            part = self._part(owner, document, selection)
            return case((_is_a(document, "object"), part), else_=null())
        elements = func.jsonb_array_elements(document)
        items = elements.table_valued("value", with_ordinality="n", name=self._alias("e")).render_derived()
        part = self._part(items, items.c.value, selection)
        kept = case((_is_a(items.c.value, "object"), part), else_=null())
        rows = select(func.coalesce(func.json_agg(aggregate_order_by(kept, items.c.n)), _EMPTY))
        listed = rows.select_from(items).correlate(owner).scalar_subquery()
        return case((_is_a(document, "array"), listed), else_=null())

    def _part(self, owner: FromClause, document: Sql, selection: Sequence[plan.Selected]) -> Sql:
        columns = _labelled((self._of_document(owner, document, each) for each in selection), selection)
        return self._as_object(select(*columns).correlate(owner), selection)

    def _of_document(self, owner: FromClause, document: Sql, selected: plan.Selected) -> Sql:
        if isinstance(selected, plan.Typename):
            return _text(selected.name)
        if isinstance(selected, plan.Embedded):
            return self._embedded(owner, _member(document, selected.field), selected.field, selected.selection)
        if isinstance(selected, plan.Value):
            # A missing member and a stored null are both null.
            return func.nullif(_member(document, selected.field), literal_column("'null'::jsonb"))
        if isinstance(selected, plan.Hidden):
            return self._hidden(selected)
        raise TypeError(selected)

    # ------------------------------------------------------------ relations

    def _one(self, row: Row, one: plan.One) -> Sql:
        """The row a to-one relation leads to. Where it is not the target's key that it follows, the first one."""
        target = self.row(one.target)
        pairs = zip(one.relation.fields, one.relation.target_fields, strict=True)
        where = [target[there] == row[here] for here, there in pairs]
        if set(one.relation.target_fields) != set(one.target.key):
            keys = [target[name] for name in one.target.key]
            first = select(*keys).where(*where).order_by(*keys).limit(1).correlate(row.source).scalar_subquery()
            where = [tuple_(*keys) == first]
        return self.found(target, where, one.selection, one.shown_if, row)

    # ------------------------------------------------------------ pages

    def page(self, page: plan.Page, parent: Row | None = None, pairs: Iterable[tuple[str, str]] = ()) -> Sql:
        """The JSON of a connection: a page of rows, of all or of those that belong to `parent`."""
        row = self.row(page.model)
        keys = self._page_keys(page, row)
        columns = [row[name] for name in _needed(page)]
        rows = select(*columns).select_from(row.source).where(self._predicates.build(page.where, row))
        if parent is not None:
            rows = rows.where(*(row[there] == parent[here] for here, there in pairs)).correlate(parent.source)
        if page.token is not None:
            rows = rows.where(self._after(page, keys))
        rows = rows.order_by(*(key.desc() if page.descending else key.asc() for _, key in keys))
        if page.connection.wants_token:
            return self._page_with_token(page, rows, parent)
        return self._page_of_items(page, row, rows, parent)

    def _page_keys(self, page: plan.Page, row: Row) -> list[tuple[Field | None, Sql]]:
        """What orders the rows of a page, unique in the end; the field is None for a joined sort key."""
        fields = page.model.field_by_name
        keys: list[tuple[Field | None, Sql]] = []
        if len(page.sort) > 1:
            keys.append((None, joined(row.source, [fields[name] for name in page.sort])))
        else:
            keys += [(fields[name], row[name]) for name in page.sort]
        # Two rows may have one joined text ("a#b" and "c", "a" and "b#c"), so it replaces no part of the key.
        return keys + [(fields[name], row[name]) for name in page.model.key if page.sort != (name,)]

    def _after(self, page: plan.Page, keys: Sequence[tuple[Field | None, Sql]]) -> Sql:
        assert page.token is not None
        values: list[Any] = []
        for position, (of, _) in enumerate(keys):
            part = plan.CursorPart(page.token, page.order, position)
            values.append(self._binds.add(part, self._predicates.operand_type(of) if of else Text()))
        columns = func.row(*(key for _, key in keys)) if len(keys) > 1 else keys[0][1]
        after = func.row(*values) if len(keys) > 1 else values[0]
        return columns < after if page.descending else columns > after

    def _page_of_items(self, page: plan.Page, row: Row, rows: Select[Any], parent: Row | None) -> Sql:
        limit = self._binds.add(plan.Limit(page.limit), _INTEGER)
        items = [member for member in page.connection.members if isinstance(member, plan.Items)]
        listed: dict[str, Sql] = {}
        for item in items:
            columns = self.columns(row, item.selection)
            chosen = rows.with_only_columns(*columns, maintain_column_froms=True).limit(limit)
            sub = (chosen.correlate(parent.source) if parent else chosen).subquery(self._alias("r"))
            each = _json_of(sub, item.selection)
            listed[item.key] = select(func.coalesce(func.json_agg(each), _EMPTY)).select_from(sub).scalar_subquery()
        return _connection(page.connection, listed, null())

    def _page_with_token(self, page: plan.Page, rows: Select[Any], parent: Row | None) -> Sql:
        """One row more than the page is read; if it is there, the last row of the page makes the cursor."""
        size = self._binds.add(plan.Limit(page.limit), _INTEGER)
        limited = rows.limit(self._binds.add(plan.Limit(page.limit, 1), _INTEGER))
        found = (limited.correlate(parent.source) if parent else limited).subquery(self._alias("t"))
        kept = Row(page.model, found)
        items = [member for member in page.connection.members if isinstance(member, plan.Items)]
        keys = self._page_keys(page, kept)
        numbered = select(
            func.row_number().over().label("n"),
            *(self.object_of(kept, item.selection).label(f"j{at}") for at, item in enumerate(items)),
            *(key.label(f"k{at}") for at, (_, key) in enumerate(keys)),
        ).subquery(self._alias("p"))
        listed: dict[str, Sql] = {
            item.key: func.coalesce(func.json_agg(numbered.c[f"j{at}"]).filter(numbered.c.n <= size), _EMPTY)
            for at, item in enumerate(items)
        }
        last = [func.max(numbered.c[f"k{at}"]).filter(numbered.c.n == size) for at in range(len(keys))]
        token = case((func.max(numbered.c.n) > size, self._cursor(page, last)), else_=null())
        return select(_connection(page.connection, listed, token)).select_from(numbered).scalar_subquery()

    def _cursor(self, page: plan.Page, values: Sequence[Sql]) -> Sql:
        """The mark of a cursor: the number of its page order and its key values, in hexadecimal."""
        if page.order not in self.orders:
            self.orders.append(page.order)
        number = self.orders.index(page.order)
        text = cast(func.json_build_array(*values), Text)
        coded = func.encode(func.convert_to(text, literal_column("'UTF8'")), literal_column("'hex'"))
        mark = literal_column(f"'{MARK}t{number}:'", Text) + coded + literal_column("""'"'""", Text)
        return cast(mark, JSON)


_INTEGER = Integer()


def _labelled(columns: Iterable[Sql], selection: Sequence[plan.Selected]) -> list[Label[Any]]:
    """The columns of a selection under the names it gives them or, where one is too long, under another."""
    if len(selection) > MOST_COLUMNS:
        raise Limited(f"A selection has more than {MOST_COLUMNS} fields.")
    named = enumerate(zip(columns, selection, strict=True))
    return [column.label(each.key if len(each.key) <= LONGEST_NAME else f"long {at}") for at, (column, each) in named]


def _json_of(sub: Subquery, selection: Sequence[plan.Selected]) -> Sql:
    """The row of a sub-select as a JSON object with the names of its selection."""
    if all(len(each.key) <= LONGEST_NAME for each in selection):
        return func.row_to_json(literal_column(sub.name, JSON), type_=JSON)
    members = [
        _text(f'"{each.key}":').concat(func.coalesce(cast(func.to_json(column), Text), _text("null")))
        for each, column in zip(selection, sub.c, strict=True)
    ]
    joined_members = func.array_to_string(array(members), _text(","))
    return cast(_text("{").concat(joined_members).concat(_text("}")), JSON)


def _needed(page: plan.Page) -> list[str]:
    """The fields of a page's rows that their JSON and their order are made from."""
    needed = dict.fromkeys((*page.model.key, *page.sort))
    for member in page.connection.members:
        if isinstance(member, plan.Items):
            for selected in member.selection:
                needed |= dict.fromkeys(read_by(selected))
    return list(needed)


def read_by(selected: plan.Selected) -> Iterable[str]:
    """The fields of a row that something selected of it is made from."""
    match selected:
        case plan.Value(_, field) | plan.Embedded(_, field):
            return (field.name,)
        case plan.One(_, relation) | plan.Many(_, relation):
            return relation.fields
        case plan.Guarded(_, shown, rules):
            return (
                *read_by(shown),
                *(name for rule in rules for name in (rule.owner_field, rule.groups_field) if name),
            )
    return ()


def _empty(member: plan.Items | plan.NextToken | plan.Typename) -> str:
    match member:
        case plan.Items():
            return "'[]'::json"
        case plan.Typename(_, name):
            return f"'{name}'"
        case plan.NextToken():
            return "null"


def _connection(connection: plan.Connection, listed: dict[str, Sql], token: Sql) -> Sql:
    parts: list[Any] = []
    for member in connection.members:
        parts.append(_text(member.key))
        match member:
            case plan.Items(key):
                parts.append(listed[key])
            case plan.Typename(_, name):
                parts.append(_text(name))
            case plan.NextToken():
                parts.append(token)
    return func.json_build_object(*parts, type_=JSON)


def _text(value: str) -> Sql:
    """A constant as part of the statement's text. Only for words of ours and for GraphQL names."""
    return literal_column(f"'{value}'", Text)


def _is_a(document: Sql, kind: str) -> Sql:
    return func.jsonb_typeof(document) == _text(kind)


def _member(document: Sql, field: Field) -> Sql:
    return document.op("->")(_text(field.name))


def _shown(of: Field, column: Sql, *, owner: bool) -> Sql:
    """A stored value as the API shows it."""
    if owner:
        return _owner_shown(column)
    if of.type.is_list:
        return column
    if of.type.name == "AWSDateTime":
        return datetime_text(column)
    if of.type.name == "AWSJSON":
        return cast(column, Text)
    return column


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
