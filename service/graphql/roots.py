"""The root fields of an API, each with what it stands for in the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from service.catalog.model import Access, Catalog, Index, Model, Operation, Root

Kind = Literal["get", "list", "index", "create", "update", "delete", "custom", "subscription"]


@dataclass(frozen=True, slots=True)
class RootField:
    """One root field. A `custom` field has an operation, every other kind but `subscription` a model."""

    root: Root
    name: str
    kind: Kind
    model: Model | None = None
    index: Index | None = None
    """For `index`: the index that the query follows."""
    operation: Operation | None = None
    """For `custom`, and for a `subscription` that somebody wrote by hand."""
    mutations: tuple[str, ...] = ()
    """For `subscription`: the mutations it listens to."""

    @property
    def access(self) -> Access | None:
        """What a caller must be allowed to do; None where the operation's own rules decide."""
        return None if self.operation is not None else _ACCESS[self.kind]


_ACCESS = {
    "get": Access.GET,
    "list": Access.LIST,
    "index": Access.LIST,
    "create": Access.CREATE,
    "update": Access.UPDATE,
    "delete": Access.DELETE,
    "subscription": Access.LISTEN,
}


def root_fields(catalog: Catalog) -> dict[tuple[Root, str], RootField]:
    """Every root field by its root type and name, hand-written ones first, in the order of the SDL."""
    fields = [_custom(operation) for operation in catalog.operations]
    for model in catalog.models:
        fields += _queries(model)
        fields += _mutations(model)
        fields += _subscriptions(model)
    return {(each.root, each.name): each for each in fields}


def _custom(operation: Operation) -> RootField:
    kind: Kind = "subscription" if operation.root is Root.SUBSCRIPTION else "custom"
    return RootField(operation.root, operation.name, kind, operation=operation, mutations=operation.mutations)


def _queries(model: Model) -> Iterator[RootField]:
    names = model.operations
    if names.get:
        yield RootField(Root.QUERY, names.get, "get", model)
    if names.list:
        yield RootField(Root.QUERY, names.list, "list", model)
    for index in model.indexes:
        if index.query:
            yield RootField(Root.QUERY, index.query, "index", model, index)


def _mutations(model: Model) -> Iterator[RootField]:
    names = model.operations
    if names.create:
        yield RootField(Root.MUTATION, names.create, "create", model)
    if names.update:
        yield RootField(Root.MUTATION, names.update, "update", model)
    if names.delete:
        yield RootField(Root.MUTATION, names.delete, "delete", model)


def _subscriptions(model: Model) -> Iterator[RootField]:
    names = model.operations
    listens: dict[str, list[str]] = {}
    for mutation, subscriptions in (
        (names.create, names.on_create),
        (names.update, names.on_update),
        (names.delete, names.on_delete),
    ):
        if mutation:
            for name in subscriptions:
                listens.setdefault(name, []).append(mutation)
    for name, mutations in listens.items():
        yield RootField(Root.SUBSCRIPTION, name, "subscription", model, mutations=tuple(mutations))
