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
    ColumnElement,
    FromClause,
    Label,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from service.catalog.model import Catalog, Field, Model
from service.db import plan
from service.db.binds import Binds
from service.db.predicates import Predicates, Row, Sql
from service.db.tables import Tables, datetime_as_text, joined
from service.errors import Limited

MARK = '"\\u0000'
"""How every mark begins in JSON text."""
DENIED = literal_column(f"""'{MARK}d"'::json""")
"""The mark of a value that the rules keep from the caller."""
LONGEST_NAME = 63
"""Bytes of a PostgreSQL identifier; a longer response name cannot be a column of a sub-select."""


class Output:
    """Renders selections of rows as JSON, with every relation as a sub-select of its row."""

    def __init__(self, catalog: Catalog, tables: Tables, binds: Binds) -> None:
        self._catalog = catalog
        self._tables = tables
        self._binds = binds
        self._predicates = Predicates(tables, binds)
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
        columns = self.columns(row, selection)
        return self._one_of(select(*columns).correlate(row.source), [column.name for column in columns])

    def _one_of(self, rows: Select[Any], names: Sequence[str]) -> Sql:
        sub = rows.subquery(self._alias("r"))
        return select(self._json_of(sub, names)).scalar_subquery()

    def _json_of(self, sub: FromClause, names: Sequence[str]) -> Sql:
        """The row of a sub-select as a JSON object whose names are those of its columns."""
        if all(len(name) <= LONGEST_NAME for name in names):
            return func.row_to_json(literal_column(str(sub.name), JSON), type_=JSON)  # type: ignore[attr-defined]
        raise Limited(f"A name in the answer is longer than {LONGEST_NAME} characters. Use a shorter alias.")

    def columns(self, row: Row, selection: Sequence[plan.Selected]) -> list[Label[Any]]:
        """One labelled column for each selected field, in order."""
        return [self._selected(row, each).label(each.key) for each in selection]

    def _selected(self, row: Row, selected: plan.Selected) -> Sql:
        match selected:
            case plan.Value(_, of, owner):
                return _shown(of, row[of.name], owner=owner)
            case plan.Guarded(_, shown, rules):
                allowed = self._predicates.build(plan.Matches(rules), row)
                return case((allowed, func.to_json(self._selected(row, shown), type_=JSON)), else_=DENIED)
            case plan.Typename(_, name):
                return literal_column(f"'{name}'", Text)
            case plan.Hidden():
                return self._hidden(selected)
            case plan.Embedded(_, of, _, selection):
                return self._embedded(row[of.name], of, selection)
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

    def _embedded(self, document: Sql, of: Field, selection: Sequence[plan.Selected]) -> Sql:
        """Part of a jsonb document. `json`, not `jsonb`, is built: it keeps the order of the selection."""
        if not of.type.is_list:
            return case((func.jsonb_typeof(document) == "object", self._part(document, selection)), else_=null())
        items = func.jsonb_array_elements(document).table_valued("value", with_ordinality="n", name=self._alias("e"))
        part = case(
            (func.jsonb_typeof(items.c.value) == "object", self._part(items.c.value, selection)), else_=null()
        )
        rows = select(func.coalesce(func.json_agg(aggregate_order_by(part, items.c.n)), literal_column("'[]'::json")))
        listed = rows.select_from(items).scalar_subquery()
        return case((func.jsonb_typeof(document) == "array", listed), else_=null())

    def _part(self, document: Sql, selection: Sequence[plan.Selected]) -> Sql:
        columns = [self._of_document(document, each).label(each.key) for each in selection]
        sub = select(*columns).subquery(self._alias("r"))
        names = [column.name for column in columns]
        return select(self._json_of(sub, names)).scalar_subquery()

    def _of_document(self, document: Sql, selected: plan.Selected) -> Sql:
        if isinstance(selected, plan.Typename):
            return literal_column(f"'{selected.name}'", Text)
        if isinstance(selected, plan.Embedded):
            return self._embedded(document.op("->")(selected.field.name), selected.field, selected.selection)
        if isinstance(selected, plan.Value):
            # A missing member and a stored null are both null.
            return func.nullif(document.op("->")(selected.field.name), literal_column("'null'::jsonb"))
        raise TypeError(selected)

    # ------------------------------------------------------------ relations

    def _one(self, row: Row, one: plan.One) -> Sql:
        target = self.row(one.target)
        shown = self.object_of(target, one.selection)
        if one.shown_if:
            allowed = self._predicates.build(plan.Matches(one.shown_if), target)
            shown = case((allowed, shown), else_=DENIED)
        pairs = zip(one.relation.fields, one.relation.target_fields, strict=True)
        found = select(shown).select_from(target.source).where(*(target[there] == row[here] for here, there in pairs))
        if set(one.relation.target_fields) != set(one.target.key):
            found = found.order_by(*(target[name] for name in one.target.key)).limit(1)
        return found.correlate(row.source).scalar_subquery()

    # ------------------------------------------------------------ pages

    def page(self, page: plan.Page, parent: Row | None = None, pairs: Iterable[tuple[str, str]] = ()) -> Sql:
        """The JSON of a connection: a page of rows, of all or of those that belong to `parent`."""
        row = self.row(page.model)
        keys = self._page_keys(page, row)
        rows = select(row.source).where(self._predicates.build(page.where, row))
        if parent is not None:
            rows = rows.where(*(row[there] == parent[here] for here, there in pairs)).correlate(parent.source)
        if page.token is not None:
            rows = rows.where(self._after(page, keys))
        rows = rows.order_by(*(key.desc() if page.descending else key.asc() for _, key in keys))
        if page.connection.wants_token:
            return self._page_with_token(page, row, rows, parent)
        return self._page_of_items(page, row, rows, parent)

    def _page_keys(self, page: plan.Page, row: Row) -> list[tuple[Field | None, Sql]]:
        """What orders the rows of a page, unique in the end; the field is None for a joined sort key."""
        fields = page.model.field_by_name
        keys: list[tuple[Field | None, Sql]] = []
        if len(page.sort) > 1:
            keys.append((None, joined(row.source, [fields[name] for name in page.sort])))
        else:
            keys += [(fields[name], row[name]) for name in page.sort]
        return keys + [(fields[name], row[name]) for name in page.model.key if name not in page.sort]

    def _after(self, page: plan.Page, keys: Sequence[tuple[Field | None, Sql]]) -> Sql:
        assert page.token is not None
        values: list[Any] = []
        for position, (of, _) in enumerate(keys):
            part = plan.CursorPart(page.token, page.order, position)
            values.append(self._binds.add(part, *(self._predicates.operand_type(of) if of else (Text(), None))))
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
            each = self._json_of(sub, [column.name for column in columns])
            listed[item.key] = (
                select(func.coalesce(func.json_agg(each), literal_column("'[]'::json"))).select_from(sub).scalar_subquery()
            )
        return _connection(page.connection, listed, null())

    def _page_with_token(self, page: plan.Page, row: Row, rows: Select[Any], parent: Row | None) -> Sql:
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
        listed = {
            item.key: func.coalesce(
                func.json_agg(numbered.c[f"j{at}"]).filter(numbered.c.n <= size), literal_column("'[]'::json")
            )
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


_INTEGER = literal_column("0").type


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
        parts.append(literal_column(f"'{member.key}'", Text))
        match member:
            case plan.Items(key):
                parts.append(listed[key])
            case plan.Typename(_, name):
                parts.append(literal_column(f"'{name}'", Text))
            case plan.NextToken():
                parts.append(token)
    return func.json_build_object(*parts, type_=JSON)


def _shown(of: Field, column: Sql, *, owner: bool) -> Sql:
    """A stored value as the API shows it."""
    if owner:
        return _owner_shown(column)
    if of.type.is_list:
        return column
    if of.type.name == "AWSDateTime":
        return datetime_as_text(column)
    if of.type.name == "AWSJSON":
        return cast(column, Text)
    return column


def _owner_shown(column: Sql) -> Sql:
    """Of `sub::username` the username; of anything else all of it."""
    if isinstance(column.type, ARRAY):
        element = func.unnest(column).table_valued("value", with_ordinality="n", name="o")
        names = func.array_agg(aggregate_order_by(_owner_shown(element.c.value), element.c.n))
        return select(names).select_from(element).scalar_subquery()
    return case((func.strpos(column, "::") > 0, func.split_part(column, "::", 2)), else_=column)
