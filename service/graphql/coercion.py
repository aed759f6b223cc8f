"""Variables → the values their types make of them, quickly.

graphql-core coerces variables by walking types and values together each time. Here each type is made
into a function once. A value that does not fit raises `Unfit` and says nothing more: graphql-core is
then asked to say what is wrong. Source: GraphQL specification, October 2021, §6.1.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    coerce_input_literal,
    type_from_ast,
)

Coerce = Callable[[Any], Any]


class Unfit(Exception):
    """A value does not fit its type."""


class Coercers:
    """The coercing functions of the input types of one schema, each made when it is first needed."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._made: dict[str, Coerce] = {}

    def of_operation(self, operation: OperationDefinitionNode) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """The function that coerces an operation's variables; it raises `Unfit`."""
        variables = []
        for definition in operation.variable_definitions or ():
            type_: Any = type_from_ast(self._schema, definition.type)
            default = coerce_input_literal(definition.default_value, type_) if definition.default_value else Undefined
            required = isinstance(type_, GraphQLNonNull) and default is Undefined
            variables.append((definition.variable.name.value, self.of(type_), default, required))

        def coerce(given: Mapping[str, Any]) -> dict[str, Any]:
            values: dict[str, Any] = {}
            for name, coerce_value, default, required in variables:
                if name in given:
                    values[name] = coerce_value(given[name])
                elif default is not Undefined:
                    values[name] = default
                elif required:
                    raise Unfit
            return values

        return coerce

    def of(self, type_: GraphQLInputType) -> Coerce:
        """The function that coerces a value of `type_`."""
        if isinstance(type_, GraphQLNonNull):
            return _not_null(self.of(type_.of_type))
        if isinstance(type_, GraphQLList):
            return _list(self.of(type_.of_type))
        name = type_.name
        if name not in self._made:
            # Filter inputs contain themselves: what is made first is a way to what is being made.
            self._made[name] = lambda value: self._made[name](value)  # noqa: PLW0108  looked up when called
            self._made[name] = self._make(type_)
        return self._made[name]

    def _make(self, type_: GraphQLInputType) -> Coerce:
        if isinstance(type_, GraphQLScalarType):
            return _scalar(type_)
        if isinstance(type_, GraphQLEnumType):
            return _enum(type_)
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_)
        raise TypeError(type_)

    def _object(self, type_: GraphQLInputObjectType) -> Coerce:
        fields = {name: self.of(each.type) for name, each in type_.fields.items()}
        required = {name for name, each in type_.fields.items() if isinstance(each.type, GraphQLNonNull)}

        def coerce(value: Any) -> Any:
            if value is None:
                return None
            if not isinstance(value, dict) or not required <= value.keys():
                raise Unfit
            try:
                return {name: fields[name](each) for name, each in value.items()}
            except KeyError:
                raise Unfit from None

        return coerce


def _not_null(inner: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            raise Unfit
        return inner(value)

    return coerce


def _list(inner: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        return [inner(each) for each in value] if isinstance(value, list) else [inner(value)]

    return coerce


def _scalar(type_: GraphQLScalarType) -> Coerce:
    parse = type_.coerce_input_value

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        try:
            return parse(value)
        except (GraphQLError, ValueError, TypeError):
            raise Unfit from None

    return coerce


def _enum(type_: GraphQLEnumType) -> Coerce:
    values = {name: each.value for name, each in type_.values.items()}

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str) or value not in values:
            raise Unfit
        return values[value]

    return coerce
