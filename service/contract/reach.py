"""Which types of a schema a document can come across, in answers and in calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    get_named_type,
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Names of types; root types under their usual names, `Query` and so on."""

    answered: frozenset[str]
    """What answers are made of."""
    every: frozenset[str]
    """That, and what arguments are made of."""


def reach(schema: GraphQLSchema) -> Reach:
    """What can be reached from the root types."""
    roots = {each.value.capitalize(): type_ for each in OperationType if (type_ := schema.get_root_type(each))}
    answered = _closure(roots.values(), lambda type_: _outputs(schema, type_))
    asked = _closure((each for type_ in answered.values() for each in _arguments(type_)), _inputs)
    return Reach(frozenset((*answered, *roots)), frozenset((*answered, *roots, *asked)))


def _closure(
    start: Iterable[GraphQLNamedType], lead: Callable[[GraphQLNamedType], Iterable[GraphQLNamedType]]
) -> dict[str, GraphQLNamedType]:
    found: dict[str, GraphQLNamedType] = {}
    ahead = list(start)
    while ahead:
        type_ = ahead.pop()
        if type_.name not in found:
            found[type_.name] = type_
            ahead += lead(type_)
    return found


def _outputs(schema: GraphQLSchema, type_: GraphQLNamedType) -> Iterator[GraphQLNamedType]:
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
        yield from (get_named_type(field.type) for field in type_.fields.values())
    if isinstance(type_, GraphQLObjectType):
        yield from type_.interfaces
    if isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)):
        yield from schema.get_possible_types(type_)


def _arguments(type_: GraphQLNamedType) -> Iterator[GraphQLNamedType]:
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
        for field in type_.fields.values():
            yield from (get_named_type(argument.type) for argument in field.args.values())


def _inputs(type_: GraphQLNamedType) -> Iterator[GraphQLNamedType]:
    if isinstance(type_, GraphQLInputObjectType):
        yield from (get_named_type(field.type) for field in type_.fields.values())
