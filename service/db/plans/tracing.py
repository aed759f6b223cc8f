"""How a plan is made from values without depending on them.

While a plan is made, every value of the request stands in for itself as a `Traced` leaf. The plan
takes its `Variable`, and so fits every later request with values elsewhere in the same places.
Where a value does change the plan (a sort direction, say), the maker peeks at it, and the trace
remembers: two requests may share a plan if their variables have the same shape and every peek
would see the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.db.plans.sources import Constant, Source, Tree, Variable

Probe = Callable[[Any], Hashable]
"""What a peek wants to know of a value, such as whether it is a whole date."""


def itself(value: Any) -> Hashable:
    """The probe for which only an equal value will do."""
    return tuple(value) if isinstance(value, list) else value


@dataclass(slots=True)
class Trace:
    """The peeks of one plan."""

    peeks: dict[tuple[tuple[str | int, ...], Probe], None] = field(default_factory=dict)

    def of(self, value: Any, path: tuple[str | int, ...] = ()) -> Any:
        """`value` with `Traced` leaves. Lists without objects in them, and nulls, are told apart by `shape` alone."""
        if value is None:
            return None
        if isinstance(value, dict):
            return {name: self.of(each, (*path, name)) for name, each in value.items()}
        if isinstance(value, list) and holds_objects(value):
            return [self.of(each, (*path, index)) for index, each in enumerate(value)]
        return Traced(Variable(path), value, self)

    def seen(self, variables: Mapping[str, Any]) -> tuple[Hashable, ...]:
        """What the peeks see in other variables of the same shape."""
        return tuple(probe(at(variables, path)) for path, probe in self.peeks)


@dataclass(frozen=True, slots=True)
class Traced:
    """A value of the request and where it stands."""

    variable: Variable
    value: Any
    trace: Trace


def holds_objects(value: Sequence[Any]) -> bool:
    """Whether a list is one of objects, whose shape matters; an empty list may be."""
    return not value or any(isinstance(each, dict) for each in value)


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path, or None where the path leads nowhere."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def peek(leaf: Any, probe: Probe = itself) -> Any:
    """Look at a value that the plan depends on."""
    if isinstance(leaf, Traced):
        leaf.trace.peeks[leaf.variable.path, probe] = None
        return probe(leaf.value)
    return probe(leaf)


def source_of(leaf: Any) -> Source:
    """Where the plan finds this value when it runs."""
    if isinstance(leaf, Traced):
        return leaf.variable
    if isinstance(leaf, (dict, list)) and _holds_traced(leaf):
        return Tree(leaf)
    return Constant(_plain(leaf))


def _holds_traced(leaf: Any) -> bool:
    if isinstance(leaf, dict):
        return any(_holds_traced(each) for each in leaf.values())
    if isinstance(leaf, list):
        return any(_holds_traced(each) for each in leaf)
    return isinstance(leaf, Traced)


def _plain(leaf: Any) -> Any:
    return list(leaf) if isinstance(leaf, list) else leaf


def resolve_tree(tree: Any, variables: Mapping[str, Any]) -> Any:
    """A tree of traced and plain values with the values of this request in it."""
    if isinstance(tree, Traced):
        return at(variables, tree.variable.path)
    if isinstance(tree, dict):
        return {name: resolve_tree(each, variables) for name, each in tree.items()}
    if isinstance(tree, list):
        return [resolve_tree(each, variables) for each in tree]
    return tree


def shape(value: Any) -> Hashable:
    """What about variables a plan always depends on: which are given, which are null, how objects nest.

    Values have one shape, lists of values another; null is like neither, since a plan has it written in.
    """
    if isinstance(value, dict):
        return tuple((name, shape(each)) for name, each in value.items())
    if isinstance(value, list):
        return ("[", *map(shape, value)) if holds_objects(value) else _LIST
    return _NULL if value is None else _VALUE


_VALUE, _NULL, _LIST = range(3)
