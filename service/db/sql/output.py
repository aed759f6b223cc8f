"""What a plan gives back → SQL that renders it as JSON.

The JSON of an answer is made by PostgreSQL and passed on as it comes. Where something other than a
stored value belongs there, the SQL writes a mark (see `marks.py`); an answer without marks is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Boolean, Label, Select, case, func, null, select, tuple_

from service.catalog.model import Rule
from service.db.plans import conditions, selections
from service.db.security.gate import gate_of
from service.db.sql.binds import Binds
from service.db.sql.documents import embedded
from service.db.sql.pages import Pages
from service.db.sql.predicates import Predicates
from service.db.sql.records import json_object, json_objects, labelled
from service.db.sql.rows import Aliases, Row, Sql
from service.db.sql.shown import DENIED, as_shown, in_place_of, text


class Output:
    """Renders selections of rows as JSON, with every relation as a sub-select of its row."""

    def __init__(self, aliases: Aliases, binds: Binds, predicates: Predicates) -> None:
        self._aliases = aliases
        self._predicates = predicates
        self.pages = Pages(aliases, binds, predicates, self.columns)

    def object_of(self, row: Row, selection: Sequence[selections.Selected]) -> Select[Any]:
        """One column, the JSON object of a selection, for each row."""
        return json_objects(self._aliases, select(*self.columns(row, selection)).select_from(row.source), selection)

    def object_about(self, row: Row, selection: Sequence[selections.Selected]) -> Sql:
        """The JSON object of a selection, as an expression about `row`."""
        return json_object(self._aliases, row.source, self.columns(row, selection), selection)

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
            return json_objects(self._aliases, rows.correlate(outside), selection)
        allowed = self._predicates.build(conditions.Matches(shown_if), row)
        shown = case((allowed, self.object_about(row, selection)), else_=DENIED)
        found = select(shown).select_from(row.source).where(*where).correlate(outside)
        if row.model.tenant is None or not key:
            return found
        held = getattr(func, gate_of(row.model))(self._predicates.organization, *key, type_=Boolean)
        hidden = case((held, DENIED), else_=null())
        return select(func.coalesce(found.scalar_subquery(), hidden, type_=JSON)).correlate(outside)

    def columns(self, row: Row, selection: Sequence[selections.Selected]) -> list[Label[Any]]:
        """One labelled column for each selected field, in order."""
        return labelled((self._selected(row, each) for each in selection), selection)

    def _selected(self, row: Row, selected: selections.Selected) -> Sql:
        match selected:
            case selections.Value(_, of, owner, parsed):
                return as_shown(of, row[of.name], owner=owner, parsed=parsed)
            case selections.Guarded(_, shown, rules):
                allowed = self._predicates.build(conditions.Matches(rules), row)
                return case((allowed, func.to_json(self._selected(row, shown), type_=JSON)), else_=DENIED)
            case selections.Typename(_, name):
                return text(name)
            case selections.Version():
                return row.version
            case selections.Hidden():
                return in_place_of(selected)
            case selections.Embedded(_, of, _, selection):
                return embedded(self._aliases, row.source, row[of.name], of, selection)
            case selections.One():
                return self._one(row, selected)
            case selections.Many(_, relation, page):
                return self.pages.connection(
                    page, row, tuple(zip(relation.fields, relation.target_fields, strict=True))
                )

    def _one(self, row: Row, one: selections.One) -> Sql:
        """The row a to-one relation leads to. Where it is not the target's key that it follows, the first one."""
        target = self._aliases.row(one.target)
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
