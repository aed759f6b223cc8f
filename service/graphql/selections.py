"""A document's selection sets → fields with arguments, as the specification collects them.

Fragments are taken apart, `@skip` and `@include` are obeyed and fields of one name are merged.
Source: GraphQL specification, October 2021, §6.3.2 CollectFields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    InlineFragmentNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    coerce_input_literal,
    is_non_null_type,
)
from graphql.execution.values import VariableValues

from service.db.plans.tracing import peek
from service.errors import Invalid


@dataclass(frozen=True, slots=True)
class Chosen:
    """One field of the answer: its name there, its name in the schema, and its merged nodes."""

    key: str
    name: str
    nodes: tuple[FieldNode, ...]

    @property
    def selection_sets(self) -> tuple[SelectionSetNode, ...]:
        """What was selected below it, in all its nodes."""
        return tuple(node.selection_set for node in self.nodes if node.selection_set is not None)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the fields and arguments of one operation, given its (traced) variables."""

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def fields(self, sets: Iterable[SelectionSetNode]) -> list[Chosen]:
        """The fields of merged selection sets, in order. All fragments apply: no type has subtypes here."""
        grouped: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for each in sets:
            self._collect(each, grouped, visited)
        return [Chosen(key, nodes[0].name.value, tuple(nodes)) for key, nodes in grouped.items()]

    def _collect(self, selections: SelectionSetNode, grouped: dict[str, list[FieldNode]], visited: set[str]) -> None:
        for node in selections.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                grouped.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                self._collect(node.selection_set, grouped, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                self._collect(self.fragments[node.name.value].selection_set, grouped, visited)

    def _is_included(self, node: Any) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name in {"skip", "include"} and self._holds(directive.arguments[0].value) is (name == "skip"):
                return False
        return True

    def _holds(self, value: Any) -> bool:
        if not isinstance(value, VariableNode):
            return bool(value.value)
        holds = peek(self.variables.get(value.name.value))
        if holds is None:  # its type may be nullable where it has a default
            raise Invalid(f"Variable '{value.name.value}' has coerced Null value for NonNull type 'Boolean!'")
        return bool(holds)

    def arguments(self, field: GraphQLField, chosen: Chosen) -> dict[str, Any]:
        """The arguments that were given or have a default, by name; a variable without a value gives none.

        Raises `Invalid` for a null where the argument may not be null, which only a variable can cause.
        """
        given: dict[str, Any] = {}
        variables = VariableValues({}, dict(self.variables))
        nodes = {argument.name.value: argument.value for argument in chosen.nodes[0].arguments or ()}
        for name, definition in field.args.items():
            value = coerce_input_literal(nodes[name], definition.type, variables) if name in nodes else Undefined
            if value is Undefined and definition.default is not None and definition.default.literal is not None:
                value = coerce_input_literal(definition.default.literal, definition.type)
            if value is not Undefined:
                given[name] = value
            elif is_non_null_type(definition.type):
                raise null_argument(name, chosen.name)
        return given


def null_argument(argument: str, field: str) -> Invalid:
    """What is wrong where an argument that must not be null has a variable that is, instead of its default."""
    return Invalid(f"Argument '{argument}' of '{field}' must not be null.")
