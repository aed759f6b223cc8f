"""The catalog as a graphql-core schema: what the hot path validates documents against.

Building it costs milliseconds where Strawberry's types cost most of a second, so a cold start can
afford it. It has no resolvers. `extensions` lead back to the catalog: of an object type `model`,
`object` or `connection_of`; of a field `field`, `relation` or `operation` (a `RootField`).
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLDefaultInput,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    parse_const_value,
    specified_directives,
)

from service.catalog.model import Catalog, EnumType, Root
from service.graphql.scalars import SCALAR_TYPES, guard_built_in_scalars
from service.graphql.shapes import FieldShape, InputShape, ObjectShape, Outline
from service.graphql.types import outline

_STRINGS = GraphQLList(GraphQLString)
_GROUPS = GraphQLList(GraphQLNonNull(GraphQLString))
_ANYWHERE = (DirectiveLocation.FIELD_DEFINITION, DirectiveLocation.OBJECT)
_ON_FIELD = (DirectiveLocation.FIELD_DEFINITION,)

AWS_DIRECTIVES = (
    GraphQLDirective("aws_subscribe", _ON_FIELD, {"mutations": GraphQLArgument(_STRINGS)}),
    GraphQLDirective("aws_api_key", _ANYWHERE),
    GraphQLDirective("aws_iam", _ANYWHERE),
    GraphQLDirective("aws_oidc", _ANYWHERE),
    GraphQLDirective("aws_lambda", _ANYWHERE),
    GraphQLDirective("aws_cognito_user_pools", _ANYWHERE, {"cognito_groups": GraphQLArgument(_GROUPS)}),
    GraphQLDirective("aws_auth", _ON_FIELD, {"cognito_groups": GraphQLArgument(_GROUPS)}),
)
"""The directives that AppSync knows in every schema."""


def light_schema(catalog: Catalog) -> GraphQLSchema:
    """The schema of a catalog, without resolvers; the same SDL as `strawberry_schema`."""
    guard_built_in_scalars()
    shapes = outline(catalog)
    types = _Types(shapes)
    query, mutation, subscription = (types.named(root) if root in shapes.shapes else None for root in Root)
    schema = GraphQLSchema(
        query,
        mutation,
        subscription,
        types=[types.named(name) for name in shapes.always],
        directives=(*specified_directives, *AWS_DIRECTIVES),
        assume_valid=True,
    )
    ordered = dict.fromkeys((*shapes.shapes, *schema.type_map))
    schema.type_map = {name: schema.type_map[name] for name in ordered if name in schema.type_map}
    return schema


# graphql-core checks every name character by character, which is a third of the time that a schema
# takes. The catalog's names have been through a GraphQL parser already.
class _ObjectType(GraphQLObjectType):
    @cached_property
    def fields(self) -> dict[str, GraphQLField]:
        return self._fields()  # type: ignore[operator, return-value]


class _InputType(GraphQLInputObjectType):
    @cached_property
    def fields(self) -> dict[str, GraphQLInputField]:
        return self._fields()  # type: ignore[operator, return-value]


class _Types:
    """GraphQL types by name, made when something refers to them.

    Arguments and input fields of the same type are one object, as they are the same in everything.
    """

    def __init__(self, shapes: Outline) -> None:
        self._shapes = shapes.shapes
        self._types: dict[str, Any] = dict(SCALAR_TYPES)
        self._arguments: dict[str, GraphQLArgument] = {}
        self._input_fields: dict[str, GraphQLInputField] = {}

    def named(self, name: str) -> Any:
        """The type of this name, or of this spelling: `[Product!]!`."""
        if name not in self._types:
            self._types[name] = self._make(name)
        return self._types[name]

    def _make(self, name: str) -> Any:
        if name.endswith("!"):
            return GraphQLNonNull(self.named(name[:-1]))
        if name.startswith("["):
            return GraphQLList(self.named(name[1:-1]))
        shape = self._shapes[name]
        if isinstance(shape, EnumType):
            return GraphQLEnumType(name, {each: each for each in shape.values})
        if isinstance(shape, InputShape):
            return _InputType(name, partial(self._inputs, shape))
        extensions = {**shape.origin, "directives": shape.directives}
        return _ObjectType(name, partial(self._fields, shape), description=shape.description, extensions=extensions)

    def _fields(self, shape: ObjectShape) -> dict[str, GraphQLField]:
        return {name: self._field(each) for name, each in shape.fields().items()}

    def _field(self, shape: FieldShape) -> GraphQLField:
        extensions = {**shape.origin, "directives": shape.directives} if shape.directives else {**shape.origin}
        field = GraphQLField(self.named(shape.type), extensions=extensions)
        field.args = {name: self._argument(type_) for name, type_ in shape.arguments.items()}
        return field

    def _argument(self, spelled: str) -> GraphQLArgument:
        if spelled not in self._arguments:
            type_, default = self._with_default(spelled)
            self._arguments[spelled] = GraphQLArgument(type_, default=default)
        return self._arguments[spelled]

    def _inputs(self, shape: InputShape) -> dict[str, GraphQLInputField]:
        return {name: self._input_field(type_) for name, type_ in shape.fields().items()}

    def _input_field(self, spelled: str) -> GraphQLInputField:
        if spelled not in self._input_fields:
            type_, default = self._with_default(spelled)
            self._input_fields[spelled] = GraphQLInputField(type_, default=default)
        return self._input_fields[spelled]

    def _with_default(self, spelled: str) -> tuple[Any, GraphQLDefaultInput | None]:
        type_, _, default = spelled.partition(" = ")
        literal = GraphQLDefaultInput(literal=parse_const_value(default)) if default else None
        return self.named(type_), literal
