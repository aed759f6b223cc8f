"""Compares two schemas by name, whatever their order: what a client can see, and who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphql import (
    DefinitionNode,
    DirectiveNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    parse,
    print_ast,
)


def facts(sdl: str) -> dict[str, str]:
    """Every fact of a schema by its place: `Query.getProduct(id)` → `ID!`.

    Descriptions, order, and the definitions of directives are no facts: AppSync does not print the last.
    """
    return dict(fact for node in parse(sdl, no_location=True).definitions for fact in _definition(node))


def differences(ours: str, theirs: str) -> list[str]:
    """A line for every fact in which two schemas differ; empty if they are the same."""
    mine, wanted = facts(ours), facts(theirs)
    missing = [f"- {place}: {wanted[place]}" for place in wanted if place not in mine]
    extra = [f"+ {place}: {mine[place]}" for place in mine if place not in wanted]
    changed = [
        f"~ {place}: {mine[place]}, expected {wanted[place]}"
        for place in wanted
        if place in mine and mine[place] != wanted[place]
    ]
    return [*missing, *extra, *changed]


def _definition(node: DefinitionNode) -> Iterator[tuple[str, str]]:
    match node:
        case ObjectTypeDefinitionNode():
            yield node.name.value, _kind("type", node.directives)
            for field in node.fields or ():
                yield from _field(node.name.value, field)
        case InputObjectTypeDefinitionNode():
            yield node.name.value, _kind("input", node.directives)
            for value in node.fields or ():
                yield from _value(f"{node.name.value}.{value.name.value}", value)
        case EnumTypeDefinitionNode():
            yield node.name.value, _kind("enum", node.directives)
            for value in node.values or ():
                yield f"{node.name.value}.{value.name.value}", "value"
        case ScalarTypeDefinitionNode():
            yield node.name.value, "scalar"


def _field(parent: str, node: FieldDefinitionNode) -> Iterator[tuple[str, str]]:
    place = f"{parent}.{node.name.value}"
    yield place, _kind(print_ast(node.type), node.directives)
    for argument in node.arguments or ():
        yield from _value(f"{place}({argument.name.value})", argument)


def _value(place: str, node: InputValueDefinitionNode) -> Iterator[tuple[str, str]]:
    default = f" = {print_ast(node.default_value)}" if node.default_value else ""
    yield place, _kind(print_ast(node.type) + default, node.directives)


def _kind(text: str, directives: Iterable[DirectiveNode] | None) -> str:
    return " ".join((text, *sorted(print_ast(each) for each in directives or ())))
