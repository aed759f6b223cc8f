"""A model while it is being resolved: its parsed type and what has been made of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql import FieldDefinitionNode, ObjectTypeDefinitionNode

from service.catalog.model import Field, Index, Operations, Relation, Rule, Timestamps, TypeRef


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A field whose type is a model although no directive says how to get there."""

    type: TypeRef
    rules: tuple[Rule, ...] = ()


@dataclass
class Draft:
    """A model that is not finished. Members are appended in the order in which the SDL shows them."""

    name: str
    node: ObjectTypeDefinitionNode | None
    """None for the model behind a `@manyToMany`, which nobody wrote."""
    plural: str
    operations: Operations
    rules: tuple[Rule, ...]
    timestamps: Timestamps = field(default_factory=Timestamps)
    module: str = "models"
    key: tuple[str, ...] = ("id",)
    names_key: bool = False
    members: dict[str, Field | Relation | Unresolved | None] = field(default_factory=dict)
    """Name → what it is; None holds the place of a relation that is not resolved yet."""
    indexes: list[Index] = field(default_factory=list)

    def add(self, name: str, type_: TypeRef, *, in_input: bool = True) -> None:
        """Adds a field that the author did not write, unless there is one of that name."""
        if name not in self.members:
            self.members[name] = Field(name, type_, in_input=in_input)

    def field(self, name: str) -> Field | None:
        """The field of that name; None if there is none or it is a relation."""
        found = self.members.get(name)
        return found if isinstance(found, Field) else None

    def base_type(self, name: str) -> str:
        """The name of a key field's type."""
        found = self.field(name)
        return found.type.name if found else "ID"

    @property
    def written(self) -> tuple[FieldDefinitionNode, ...]:
        """The fields that the author wrote."""
        return (self.node.fields or ()) if self.node else ()
