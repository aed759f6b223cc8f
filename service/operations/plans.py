"""The plans of rows that Python code reads and writes, each prepared once.

They differ from those of documents in what they give back alone: every stored field the caller may
read, under its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from service.catalog.access import Answer, CallerClass, decide, required, required_by_deletion, required_by_input
from service.catalog.model import Access, Field, Model
from service.db.plans import conditions, plan, selections, sources
from service.db.plans.filters import condition_of
from service.db.repository import Prepared, Repository

KEPT = 500
Given = Mapping[str, Any]


class Plans:
    """Makes and keeps what `Rows` runs. Values stand in the variables, by field name."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.get = lru_cache(KEPT)(self._get)
        self.create = lru_cache(KEPT)(self._create)
        self._plain_update = lru_cache(KEPT)(self._update)
        self._plain_delete = lru_cache(KEPT)(self._delete)

    def list(self, model: Model, filter_: Given | None, limit: int, caller: CallerClass | None) -> Prepared:
        """A page of rows."""
        rules = required(model, Access.LIST, caller)
        where = (condition_of(model, filter_), *([conditions.Matches(rules)] if rules else []))
        items = selections.Items("items", readable(model, caller))
        page = selections.Page(
            model, selections.Connection((items,)), conditions.All(where), limit=sources.Constant(limit)
        )
        return self.repository.prepare(plan.List(page))

    def update(
        self, model: str, names: tuple[str, ...], condition: Given | None, caller: CallerClass | None
    ) -> Prepared:
        """A change of some fields; `names` holds the key too."""
        if condition is None:
            return self._plain_update(model, names, caller)
        return self._update(model, names, caller, condition)

    def delete(self, model: str, condition: Given | None, caller: CallerClass | None) -> Prepared:
        """The end of a row."""
        return self._plain_delete(model, caller) if condition is None else self._delete(model, caller, condition)

    def _model(self, name: str) -> Model:
        return self.repository.catalog.model_by_name[name]

    def _get(self, name: str, caller: CallerClass | None) -> Prepared:
        model = self._model(name)
        key = tuple((model.field_by_name[each], sources.Variable((each,))) for each in model.key)
        rules = required(model, Access.GET, caller)
        return self.repository.prepare(plan.Get(model, key, readable(model, caller), rules))

    def _create(self, name: str, names: tuple[str, ...], caller: CallerClass | None) -> Prepared:
        model = self._model(name)
        create = plan.Create(
            model,
            {each: sources.Variable((each,)) for each in names},
            readable(model, caller),
            allowed_if=required(model, Access.CREATE, caller),
            guarded=required_by_input(model, names, Access.CREATE, caller),
        )
        return self.repository.prepare(create)

    def _update(
        self, name: str, names: tuple[str, ...], caller: CallerClass | None, condition: Given | None = None
    ) -> Prepared:
        model = self._model(name)
        own = required(model, Access.UPDATE, caller)
        sets = [rules for _, rules in required_by_input(model, names, Access.UPDATE, caller)]
        change = plan.Update(
            model,
            {each: sources.Variable((each,)) for each in names},
            readable(model, caller),
            condition_of(model, condition),
            (own, *sets) if own else tuple(sets),
        )
        return self.repository.prepare(change)

    def _delete(self, name: str, caller: CallerClass | None, condition: Given | None = None) -> Prepared:
        model = self._model(name)
        own = required(model, Access.DELETE, caller)
        sets = required_by_deletion(model, caller)
        removal = plan.Delete(
            model,
            {each: sources.Variable((each,)) for each in model.key},
            readable(model, caller),
            condition_of(model, condition),
            (own, *sets) if own else sets,
        )
        return self.repository.prepare(removal)


def readable(model: Model, caller: CallerClass | None) -> tuple[selections.Selected, ...]:
    """Every stored field that its own rules do not keep from the caller; embedded types as they are stored."""
    return tuple(_readable(model.fields, caller))


def _readable(fields: tuple[Field, ...], caller: CallerClass | None) -> Iterator[selections.Selected]:
    for field in fields:
        verdict = decide(field.rules, Access.GET, caller) if field.rules else Answer.YES
        value = selections.Value(field.name, field)
        if isinstance(verdict, tuple):
            yield selections.Guarded(field.name, value, verdict)
        elif verdict is Answer.YES:
            yield value
