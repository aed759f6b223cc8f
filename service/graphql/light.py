"""The catalog as a graphql-core schema: what the hot path validates documents against.

Building it costs milliseconds where Strawberry's types cost most of a second, so a cold start can
afford it. It has no resolvers. `extensions` lead back to the catalog: of an object type `model`,
`object` or `connection_of`; of a field `field`, `relation` or `operation` (a `RootField`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLDirective,
    DirectiveLocation,
    Undefined,
    parse_value,
    specified_directives,
    value_from_ast,
)

from service.catalog.model import Catalog, EnumType, Root
from service.graphql.scalars import SCALAR_TYPES
from service.graphql.shapes import FieldShape, InputShape, ObjectShape, Outline, Shape
from service.graphql.types import outline


def light_schema(catalog: Catalog) -> GraphQLSchema:
    """The schema of a catalog, without resolvers; the same SDL as `strawberry_schema`."""
    shapes = outline(catalog)
    types = _Types(shapes)
    schema = GraphQLSchema(
        **{root.lower(): types.object(root) for root in Root if root in shapes.shapes},
        types=[types.named(name) for name in shapes.always],
        directives=(*specified_directives, *AWS_DIRECTIVES),
        assume_valid=True,
    )
    order = dict.fromkeys((*shapes.shapes, *schema.type_map))
    schema.type_map = {name: schema.type_map[name] for name in order if name in schema.type_map}
    return schema


class _Types:
    """GraphQL types by name, made when something refers to them."""

    def __init__(self, shapes: Outline) -> None:
        self._shapes = shapes.shapes
        self._types: dict[str, Any] = dict(SCALAR_TYPES)
        self._arguments: dict[str, GraphQLArgument] = {}
        self._input_fields: dict[str, GraphQLInputField] = {}
