"""The forms of GraphQL types as plain data, from which both schemas are built.

Types are spelled as in SDL: `[Product]!`. An argument or input field may carry a default: `Int = 10`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from service.catalog.model import EnumType


class Directive(NamedTuple):
    """A directive that is applied to a type or a field."""

    name: str
    mutations: tuple[str, ...] = ()
    """Of `@aws_subscribe`: the mutations it listens to."""

    def __str__(self) -> str:
        listed = ", ".join(f'"{each}"' for each in self.mutations)
        return f"@{self.name}(mutations: [{listed}])" if listed else f"@{self.name}"


class FieldShape(NamedTuple):
    """A field of an object type."""

    type: str
    arguments: Mapping[str, str] = {}
    directives: tuple[Directive, ...] = ()
    origin: Mapping[str, Any] = {}
    """What it stands for in the catalog, as the field's GraphQL extensions show it."""


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object type. Its fields are made when the type is used, because many never are."""

    name: str
    fields: Callable[[], dict[str, FieldShape]]
    directives: tuple[Directive, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None


@dataclass(frozen=True, slots=True)
class InputShape:
    """An input type: field name → type."""

    name: str
    fields: Callable[[], dict[str, str]]


Shape = ObjectShape | InputShape | EnumType


@dataclass(frozen=True, slots=True)
class Outline:
    """Every type that a schema may have, by name, in the order of the SDL."""

    shapes: dict[str, Shape]
    always: tuple[str, ...]
    """Types that are there even if no root field leads to them."""
