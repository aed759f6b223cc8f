"""The plans of writes, each made once: what is written, on what conditions, and the row as the caller sees it then."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec

from service.catalog.access import CallerClass, required, required_by_deletion, required_by_input
from service.catalog.model import Access, Model
from service.db.plans import conditions, plan, selections, sources
from service.db.repository import Prepared, Repository
from service.rest.planning import Planner, about
from service.rest.shapes import EVERYTHING
from service.telemetry import Span

Asked = ParamSpec("Asked")

KEPT = 1_000
INPUT, VERSIONS = "input", "versions"
"""Where the variables of a write hold its values, and the versions of which the row must have one."""


class WritePlans:
    """Makes and keeps the plans of writes to one catalog. All raise Forbidden where the rules say no to any row."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.create = _timed(lru_cache(KEPT)(self._create))
        self.update = _timed(lru_cache(KEPT)(self._update))
        self.delete = _timed(lru_cache(KEPT)(self._delete))

    def _create(self, name: str, names: tuple[str, ...], caller: CallerClass) -> Prepared:
        model = self._model(name)
        create = plan.Create(
            model,
            _input(names),
            self._row(model, caller),
            allowed_if=required(model, Access.CREATE, caller),
            guarded=required_by_input(model, names, Access.CREATE, caller),
        )
        return self._repository.prepare(create)

    def _update(self, name: str, names: tuple[str, ...], versions: int | None, caller: CallerClass) -> Prepared:
        """`names` has those of the key. `versions`: how many there are to compare with, None for any version."""
        model = self._model(name)
        own = required(model, Access.UPDATE, caller)
        sets = tuple(rules for _, rules in required_by_input(model, names, Access.UPDATE, caller))
        rules = (own, *sets) if own else sets
        change = plan.Update(model, _input(names), self._row(model, caller), _condition(versions), rules)
        return self._repository.prepare(change)

    def _delete(self, name: str, versions: int | None, caller: CallerClass) -> Prepared:
        model = self._model(name)
        own = required(model, Access.DELETE, caller)
        sets = required_by_deletion(model, caller)
        rules = (own, *sets) if own else sets
        removal = plan.Delete(model, _input(model.key), about(model), _condition(versions), rules)
        return self._repository.prepare(removal)

    def _model(self, name: str) -> Model:
        return self._repository.catalog.model_by_name[name]

    def _row(self, model: Model, caller: CallerClass) -> tuple[selections.Selected, ...]:
        return (*about(model), *Planner(self._repository.catalog, caller).select(model, EVERYTHING))


def _timed(make: Callable[Asked, Prepared]) -> Callable[Asked, Prepared]:
    """The same, noting how long it takes."""

    def timed(*args: Asked.args, **kwargs: Asked.kwargs) -> Prepared:
        with Span("compile"):
            return make(*args, **kwargs)

    return timed


def _input(names: tuple[str, ...]) -> dict[str, sources.Source]:
    return {name: sources.Variable((INPUT, name)) for name in names}


def _condition(versions: int | None) -> conditions.Condition:
    if versions is None:
        return conditions.TRUE
    return conditions.Some(tuple(conditions.VersionIs(sources.Variable((VERSIONS, at))) for at in range(versions)))
