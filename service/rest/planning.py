"""A question and a class of callers → a plan. The rules are asked here, as the GraphQL door asks them.

What the rules keep from a caller is treated one way throughout: a field or a related row that is closed is left
out of the answer, and so is one that is closed in this row alone; to ask for it by name, in `fields`, `include`,
`filter` or `sort`, is refused where it is closed to the caller altogether. Rows of a list that are closed are
not there. Nothing here awaits, and nothing here knows SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.catalog.access import Answer, CallerClass, Verdict, decide, names_owner, required
from service.catalog.indexes import followed_sort
from service.catalog.model import Access, Catalog, Field, Model, ObjectType, Relation
from service.db.plans import conditions, plan, selections, sources
from service.db.plans.filters import readable_condition
from service.db.plans.tracing import source_of
from service.errors import Forbidden
from service.rest.questions import ListQuestion, Order
from service.rest.resources import is_any_json
from service.rest.shapes import EVERYTHING, Shape

MOST_INCLUDED = 50
"""Rows of a relation that are shown with a row: the rest are at the path of their own."""
VERSION, MODIFIED = "__version", "__modified"
"""Begin the object of a row, for its headers; no field can be called so."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes the plans of reads for one class of callers."""

    catalog: Catalog
    caller: CallerClass

    # ------------------------------------------------------------ rows

    def get(self, model: Model, shape: Shape, key: Sequence[Any]) -> plan.Get:
        """One row. `key` are the traced values of its key. Errors: Forbidden."""
        rules = required(model, Access.GET, self.caller)
        selection = (*about(model), *self.select(model, shape))
        return plan.Get(model, self._key(model, key), selection, rules)

    def page(self, model: Model, question: ListQuestion, values: Mapping[str, Any]) -> plan.List:
        """A page of rows. `values` are its traced values. Errors: Forbidden, Limited."""
        rules = required(model, Access.LIST, self.caller)
        order = self._order(model, question.order)
        return plan.List(self._page(model, question, values, order, rules))

    def child(
        self, model: Model, relation: Relation, question: ListQuestion, values: Mapping[str, Any], key: Sequence[Any]
    ) -> plan.Get:
        """A page of what a hasMany of one row leads to: the row itself, with nothing but that. Errors: as `page`."""
        target = self.catalog.model_by_name[relation.target]
        order = self._order(target, question.order) or natural_order(relation, target)
        page = self._page(target, question, values, order, required(target, Access.LIST, self.caller))
        own: Verdict = decide(relation.rules, Access.GET, self.caller) if relation.rules else Answer.YES
        if own is Answer.NO:
            raise Forbidden(f"Unauthorized on [{relation.name}]")
        many = selections.Many(relation.name, relation, page)
        shown = selections.Guarded(relation.name, many, own) if isinstance(own, tuple) else many
        return plan.Get(model, self._key(model, key), (shown,), required(model, Access.GET, self.caller))

    def _key(self, model: Model, key: Sequence[Any]) -> tuple[tuple[Field, sources.Source], ...]:
        fields = (model.field_by_name[name] for name in model.key)
        return tuple(zip(fields, map(source_of, key), strict=True))

    # ------------------------------------------------------------ pages

    def _page(
        self,
        model: Model,
        question: ListQuestion,
        values: Mapping[str, Any],
        order: tuple[sources.SortKey, ...],
        rules: tuple[Any, ...],
    ) -> selections.Page:
        where = [self._condition(model, each) for each in values["filters"]]
        if rules:
            where.append(conditions.Matches(rules))
        items = selections.Items("data", self.select(model, question.shape))
        token = values["cursor"]
        return selections.Page(
            model=model,
            connection=selections.Connection((items, selections.PageInfo("page", total=question.count))),
            where=conditions.All(tuple(each for each in where if each != conditions.TRUE)),
            sort=order,
            descending=bool(order) and order[-1].descending,
            limit=source_of(values["limit"]),
            token=None if token is None else source_of(token),
            bound=source_of(values["bound"]),
        )

    def _condition(self, model: Model, given: Mapping[str, Any]) -> conditions.Condition:
        return readable_condition(model, given, self.caller)

    def _order(self, model: Model, order: Order) -> tuple[sources.SortKey, ...]:
        """The keys of an order. Rows in order of a field tell of it, so it must be open in all of them."""
        for name, _ in order:
            field = model.field_by_name[name]
            if field.rules and decide(field.rules, Access.GET, self.caller) is not Answer.YES:
                raise Forbidden(f"Unauthorized on [{name}]")
        return tuple(sources.SortKey((name,), descending, name not in model.key) for name, descending in order)

    # ------------------------------------------------------------ selections

    def select(self, model: Model, shape: Shape) -> tuple[selections.Selected, ...]:
        """What is given of a row. Errors: Forbidden for what is closed and asked for by name."""
        parts = {name: inner for name, inner in shape.inner if name in model.field_by_name}
        own = [*parts] if shape.own is None else [*shape.own, *(name for name in parts if name not in shape.own)]
        names = [each.name for each in model.fields] if shape.own is None else own
        selected = [self._field(model, name, parts.get(name), shape) for name in names]
        selected += [
            self._related(model.relation_by_name[name], inner)
            for name, inner in shape.inner
            if name in model.relation_by_name
        ]
        return tuple(each for each in selected if each is not None)

    def _field(self, model: Model, name: str, part: Shape | None, shape: Shape) -> selections.Selected | None:
        field = model.field_by_name[name]
        verdict: Verdict = decide(field.rules, Access.GET, self.caller) if field.rules else Answer.YES
        if verdict is Answer.NO:
            if shape.own is None and part is None:
                return None
            raise Forbidden(f"Unauthorized on [{name}]")
        shown = self._stored(field, part or EVERYTHING, owner=names_owner(model, field))
        return selections.Guarded(name, shown, verdict) if isinstance(verdict, tuple) else shown

    def _stored(self, field: Field, part: Shape, *, owner: bool = False) -> selections.Value | selections.Embedded:
        embedded = self.catalog.object_by_name.get(field.type.name)
        if embedded is None:
            return selections.Value(field.name, field, owner, is_any_json(field))
        return selections.Embedded(field.name, field, embedded.name, self._embedded(embedded, part))

    def _embedded(self, embedded: ObjectType, part: Shape) -> tuple[selections.Selected, ...]:
        inner = dict(part.inner)
        names = None if part.own is None else {*part.own, *inner}
        return tuple(
            self._stored(each, inner.get(each.name, EVERYTHING))
            for each in embedded.fields
            if names is None or each.name in names
        )

    # ------------------------------------------------------------ relations

    def _related(self, relation: Relation, shape: Shape) -> selections.Selected:
        target = self.catalog.model_by_name[relation.target]
        own: Verdict = decide(relation.rules, Access.GET, self.caller) if relation.rules else Answer.YES
        verdict = decide(target.rules, Access.LIST if relation.is_many else Access.GET, self.caller)
        if Answer.NO in {own, verdict}:
            raise Forbidden(f"Unauthorized on [{relation.name}]")
        rules = verdict if isinstance(verdict, tuple) else ()
        shown: selections.One | selections.Many
        if relation.is_many:
            shown = selections.Many(relation.name, relation, self._included(relation, target, shape, rules))
        else:
            shown = selections.One(relation.name, relation, target, self.select(target, shape), rules)
        return selections.Guarded(relation.name, shown, own) if isinstance(own, tuple) else shown

    def _included(self, relation: Relation, target: Model, shape: Shape, rules: tuple[Any, ...]) -> selections.Page:
        members = (selections.Items("data", self.select(target, shape)), selections.PageInfo("page", token=False))
        return selections.Page(
            model=target,
            connection=selections.Connection(members),
            where=conditions.Matches(rules) if rules else conditions.TRUE,
            sort=natural_order(relation, target),
            limit=sources.Constant(MOST_INCLUDED),
        )


def about(model: Model) -> tuple[selections.Selected, ...]:
    """What the headers of a row are made from."""
    updated = model.field_by_name.get(model.timestamps.updated or "")
    if updated is None or updated.type.name != "AWSDateTime" or updated.rules:
        return (selections.Version(VERSION),)
    return (selections.Version(VERSION), selections.Value(MODIFIED, updated))


def natural_order(relation: Relation, target: Model) -> tuple[sources.SortKey, ...]:
    """The order of a hasMany where nobody asks for another: that of the index it follows."""
    return tuple(sources.SortKey((name,), nullable=name not in target.key) for name in followed_sort(relation, target))
