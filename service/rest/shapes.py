"""What is given of a row: `fields` and `include` → a tree of names, which is part of the question and can be a key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from service.catalog.model import Catalog, Model, ObjectType
from service.rest.problems import Complain, meant

DEEPEST = 3
"""Relations from the row that was asked for to one that is shown with it."""
MOST_RELATED = 30
"""Relations, and embedded values in part, that are shown with a row: each is a sub-select of its statement."""
MOST_PATHS = 200
"""Paths in one `fields` or `include`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is given of a row, or of a value of an embedded type."""

    own: tuple[str, ...] | None = None
    """Fields by name; None for all that the caller may read."""
    inner: tuple[tuple[str, Shape], ...] = ()
    """What is given of the rows that relations lead to, and of embedded values of which a part was asked for."""


EVERYTHING = Shape()


@dataclass(slots=True)
class _Node:
    everything: bool = False
    own: dict[str, None] = field(default_factory=dict)
    inner: dict[str, _Node] = field(default_factory=dict)

    def size(self) -> int:
        return len(self.inner) + sum(each.size() for each in self.inner.values())

    def frozen(self) -> Shape:
        own = None if self.everything and not self.own else tuple(self.own)
        return Shape(own, tuple((name, each.frozen()) for name, each in self.inner.items()))


class Shaper:
    """Reads the two parameters for one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def shape(self, model: Model, fields: Sequence[str] | None, include: Sequence[str], complain: Complain) -> Shape:
        """The tree that paths such as `name`, `address.city` and `supplier.name` make."""
        root = _Node(everything=fields is None)
        if fields is not None and not fields:
            complain("fields", "empty", "Name at least one field, or leave it out for all.")
        for parameter, paths in (("fields", fields or ()), ("include", include)):
            if len(paths) > MOST_PATHS:
                complain(parameter, "too_many", f"At most {MOST_PATHS} paths.")
            for path in paths[:MOST_PATHS]:
                if wrong := self._add(root, model, path.split("."), is_include=parameter == "include"):
                    complain(parameter, "unknown_field", f"{path[:80]}: {wrong}")
        if root.size() > MOST_RELATED:
            complain("include", "too_many", f"At most {MOST_RELATED} relations in one answer.")
        return root.frozen()

    def _add(self, node: _Node, at: Model | ObjectType, path: Sequence[str], *, is_include: bool) -> str:
        """Adds a path to the tree; what is wrong with it, or nothing."""
        depth = 0
        for position, name in enumerate(path):
            is_last = position == len(path) - 1
            relation = at.relation_by_name.get(name) if isinstance(at, Model) else None
            if relation is not None:
                depth += 1
                if depth > DEEPEST:
                    return f"at most {DEEPEST} relations deep."
                at = self._catalog.model_by_name[relation.target]
                node = node.inner.setdefault(name, _Node())
                node.everything |= is_last
                continue
            stored = next((each for each in at.fields if each.name == name), None)
            if stored is None or is_include:
                return _unknown(at, name, is_include=is_include)
            if is_last:
                node.own[name] = None
                return ""
            embedded = self._catalog.object_by_name.get(stored.type.name)
            if embedded is None:
                return f"'{name}' has no parts."
            at, node = embedded, node.inner.setdefault(name, _Node())
        return ""


def _unknown(at: Model | ObjectType, name: str, *, is_include: bool) -> str:
    relations = [each.name for each in at.relations] if isinstance(at, Model) else []
    known: Iterable[str] = relations if is_include else [*(each.name for each in at.fields), *relations]
    what = "relation" if is_include else "field"
    return f"{at.name} has no {what} '{name[:80]}'.{meant(name[:80], known)}"
