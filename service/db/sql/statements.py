"""Plan → statement: the text PostgreSQL gets, and where its parameters come from.

SQLAlchemy Core builds and compiles each statement once; what is kept is plain text, which runs on
the driver's connection without another look at the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    cast,
    column,
    delete,
    func,
    literal_column,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, asyncpg, insert
from sqlalchemy.sql.expression import CTE

from service.catalog.model import Catalog, Field, Model
from service.db.plans import conditions, plan, selections, sources
from service.db.plans.conditions import Operator
from service.db.plans.run import Resolve, Run, resolver
from service.db.schema.tables import Tables, column_type, version_column
from service.db.security.context import told
from service.db.sql.binds import Binds
from service.db.sql.output import Output
from service.db.sql.predicates import Predicates
from service.db.sql.rows import Aliases, Row

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
# The catalog's names fit as they are. SQLAlchemy would shorten some by six characters to be sure.
_DIALECT.max_identifier_length = 1_000


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. It yields one row or none, and in it JSON: one column, or one for each of `members`."""

    sql: str
    arguments: tuple[Resolve, ...]
    orders: tuple[sources.PageOrder, ...] = ()
    """The page orders whose cursors the answer marks, by the number in the mark."""
    members: tuple[str, ...] = ()
    """Of a page: the names of the columns, which together are the answer."""
    fresh_plan: bool = False
    """Whether PostgreSQL has to see the arguments to plan well."""

    def bind(self, run: Run) -> list[Any]:
        """The parameters for one run, in order."""
        return [resolve(run) for resolve in self.arguments]

    def joined(self, columns: Iterable[str | None]) -> str:
        """The JSON text of a page, from the columns of its row."""
        parts = ["{"]
        for name, text in zip(self.members, columns, strict=True):
            parts += ('"' if len(parts) == 1 else ',"', name, '":', text or "null")
        parts.append("}")
        return "".join(parts)


class Statements:
    """Makes statements for the plans of one catalog.

    `keeps_apart`: whether they leave other organizations' rows out, and do not leave that to the policies.
    """

    def __init__(self, catalog: Catalog, tables: Tables, *, keeps_apart: bool = True) -> None:
        self._catalog = catalog
        self._tables = tables
        self._keeps_apart = keeps_apart

    def _maker(self) -> _Maker:
        return _Maker(self._catalog, self._tables, keeps_apart=self._keeps_apart)

    def read(self, read: plan.Get | plan.List) -> Statement:
        """The one statement of a read."""
        maker = self._maker()
        if isinstance(read, plan.Get):
            return maker.finish(maker.get(read))
        members = tuple(member.key for member in read.page.connection.members)
        made = maker.finish(maker.output.pages.members(read.page))
        return replace(made, members=members, fresh_plan=_has_range(read.page.where) or _may_follow_nothing(read.page))

    def given(self, given: plan.Lookup | plan.Around) -> Statement:
        """The one statement about a list of keys or rows; it yields a JSON list."""
        maker = self._maker()
        if isinstance(given, plan.Lookup):
            row, order = maker.given(given.model, given.keys)
            target = maker.aliases.row(given.model)
            key = [row[name] for name in given.model.key]
            where = [target[name] == value for name, value in zip(given.model.key, key, strict=True)]
            each: ColumnElement[Any] = maker.output.found(
                target, where, given.selection, given.shown_if, parent=row, key=key
            ).scalar_subquery()
        else:
            row, order = maker.given(given.model, given.rows)
            each = maker.output.object_about(row, given.selection)
        listed = func.coalesce(func.json_agg(aggregate_order_by(each, order)), literal_column("'[]'::json"))
        return maker.finish(select(cast(listed, Text)))

    def create(self, create: plan.Create, fields: Sequence[str]) -> Statement:
        """An insert of `fields` that does nothing if the key exists."""
        maker = self._maker()
        table = self._tables[create.model.name]
        values = maker.written(create.model, fields)
        if create.condition == conditions.TRUE:
            statement = insert(table).values(values)
        else:
            chosen = select(*values.values()).where(maker.about_nothing(create))
            statement = insert(table).from_select(list(values), chosen)
        written = statement.on_conflict_do_nothing(constraint=table.primary_key).returning(*table.c).cte("w")
        return maker.finish_write(create.model, written, create.selection)

    def update(self, change: plan.Update, fields: Sequence[str]) -> Statement:
        """An update of `fields` in the row with the key, if the rules and the condition hold for it."""
        maker = self._maker()
        table = self._tables[change.model.name]
        # A change of nothing is one all the same: the row gets a new version, and conditions are asked.
        version = table.c[version_column(change.model)]
        values = maker.written(change.model, fields) or {version.name: version}
        statement = update(table).values(values).where(*maker.target(change, table))
        return maker.finish_write(change.model, statement.returning(*table.c).cte("w"), change.selection)

    def delete(self, removal: plan.Delete) -> Statement:
        """A delete of the row with the key, if the rules and the condition hold for it."""
        maker = self._maker()
        table = self._tables[removal.model.name]
        statement = delete(table).where(*maker.target(removal, table)).returning(*table.c)
        return maker.finish_write(removal.model, statement.cte("w"), removal.selection)

    def permission(self, write: plan.Update | plan.Delete) -> Statement:
        """Whether the row is there and the rules allow the write: asked after a conditional write met no row."""
        maker = self._maker()
        row = maker.aliases.row(write.model)
        allowed = and_(*maker.allowed(write, row))
        found = (
            select(literal_column("'yes'", Text).label("allowed"))
            .select_from(row.source)
            .where(*maker.by_key(write, row), allowed)
        )
        return maker.finish(found)

    def reread(self, write: plan.Create | plan.Update) -> Statement:
        """The selection of a row that was just written, by its key."""
        key = tuple((write.model.field_by_name[name], sources.Written(name)) for name in write.model.key)
        return self.read(plan.Get(write.model, key, write.selection))


class _Maker:
    """What one statement is made with."""

    def __init__(self, catalog: Catalog, tables: Tables, *, keeps_apart: bool) -> None:
        self._catalog = catalog
        self._tables = tables
        self.binds = Binds()
        self.predicates = Predicates(catalog, self.binds, keeps_apart=keeps_apart)
        self.aliases = Aliases(tables)
        self.output = Output(self.aliases, self.binds, self.predicates)

    def finish(self, statement: Select[Any]) -> Statement:
        """The text of a statement, who asks told in it where that is enforced, and where its arguments come from."""
        if self._catalog.is_enforced:
            statement = told(statement, [self.binds.add(sources.Asking(at), Text()) for at in range(3)])
        compiled = statement.compile(dialect=_DIALECT)
        names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        # What SQLAlchemy made a parameter of by itself, a literal in an expression, has its value in `params`, made
        # anew each time they are asked for.
        params = compiled.params
        resolvers = (self.binds.resolvers.get(name) or resolver(sources.Constant(params[name])) for name in names)
        return Statement(str(compiled), tuple(resolvers), orders=tuple(self.output.pages.orders))

    def finish_write(self, model: Model, written: CTE, selection: tuple[selections.Selected, ...]) -> Statement:
        return self.finish(self.output.object_of(Row(model, written), selection))

    def get(self, get: plan.Get) -> Select[Any]:
        row = self.aliases.row(get.model)
        key = [self.binds.add(value, self.predicates.operand_type(of)) for of, value in get.key]
        where = [row[of.name] == value for (of, _), value in zip(get.key, key, strict=True)]
        return self.output.found(row, where, get.selection, get.shown_if, key=key)

    def given(self, model: Model, source: sources.Source) -> tuple[Row, ColumnElement[int]]:
        """The rows of a JSON list as if they were stored in the model's table, and what puts them in order.

        PostgreSQL converts them by the table's own row type, lists included.
        """
        document = cast(self.binds.document(source), JSONB)
        items = (
            func.jsonb_array_elements(document).table_valued("value", with_ordinality="n", name="i").render_derived()
        )
        table = self._tables[model.name]
        record: ColumnElement[Any] = literal_column(f"null::{_DIALECT.identifier_preparer.format_table(table)}")
        columns = [column(each.name, each.type) for each in table.c]
        populated = func.jsonb_populate_record(record, items.c.value).table_valued(*columns, name="g").lateral()
        joined = select(populated, items.c.n).select_from(items.join(populated, true())).subquery("given")
        return Row(model, joined), joined.c.n

    def _equals(self, key: Sequence[tuple[Field, sources.Source]], row: Row) -> list[ColumnElement[Any]]:
        return [row[of.name] == self.binds.add(value, self.predicates.operand_type(of)) for of, value in key]

    def written(self, model: Model, fields: Sequence[str]) -> dict[str, Any]:
        """Column → parameter, for the fields of a write."""
        columns: dict[str, Any] = {}
        for name in fields:
            of = model.stored_by_name[name]
            columns[of.column] = self.binds.add(sources.Written(name), column_type(of, self._catalog))
        return columns

    def by_key(self, write: plan.Update | plan.Delete, row: Row) -> list[ColumnElement[Any]]:
        key = [(write.model.field_by_name[name], write.input[name]) for name in write.model.key]
        return [*self.predicates.within(row), *self._equals(key, row)]

    def allowed(self, write: plan.Update | plan.Delete, row: Row) -> list[ColumnElement[Any]]:
        return [self.predicates.build(conditions.Matches(rules), row) for rules in write.allowed_if]

    def target(self, write: plan.Update | plan.Delete, table: Table) -> list[ColumnElement[Any]]:
        row = Row(write.model, table)
        condition = [] if write.condition == conditions.TRUE else [self.predicates.build(write.condition, row)]
        return [*self.by_key(write, row), *self.allowed(write, row), *condition]

    def about_nothing(self, create: plan.Create) -> ColumnElement[Any]:
        """The condition of a create, which is asked of a row that does not exist: every value is missing."""
        table = self.aliases.row(create.model).source
        nothing = select(*(cast(null(), column.type).label(column.key) for column in table.c)).subquery("nothing")
        held = self.predicates.build(create.condition, Row(create.model, nothing))
        return select(held).select_from(nothing).scalar_subquery()


def _may_follow_nothing(page: selections.Page) -> bool:
    """Whether a page begins behind a row that may have nothing in what orders it: only the value tells the range."""
    return page.token is not None and any(each.nullable for each in page.sort)


def _has_range(condition: conditions.Condition) -> bool:
    """Whether a condition compares in a way of which PostgreSQL can only guess how many rows it leaves.

    It guesses low, and then keeps a plan that reads and sorts what another finds in order: 1.2 ms for 0.4.
    """
    match condition:
        case conditions.All(parts) | conditions.Some(parts):
            return any(map(_has_range, parts))
        case conditions.Not() | conditions.JoinedComparison():
            return True
        case conditions.Comparison(_, operator, operands):
            return bool(operands) and operator is not Operator.EQ
        case conditions.Matches() | conditions.VersionIs():
            return False
