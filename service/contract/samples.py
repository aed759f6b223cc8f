"""The least that a value of an input type can be: what a variable is given when nobody has given it one."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    type_from_ast,
)

_SCALARS: dict[str, Any] = {
    "Boolean": True,
    "Int": 1,
    "Float": 1.0,
    "AWSTimestamp": 1,
    "AWSDate": "2024-02-29",
    "AWSTime": "10:15:30.000Z",
    "AWSDateTime": "2024-02-29T10:15:30.000Z",
    "AWSEmail": "a@example.com",
    "AWSJSON": "{}",
    "AWSURL": "https://example.com/",
    "AWSPhone": "+12025550123",
    "AWSIPAddress": "192.0.2.1",
}


def sample_variables(schema: GraphQLSchema, node: OperationDefinitionNode) -> dict[str, Any]:
    """Values for the variables of a valid operation that must have one."""
    types = {each.variable.name.value: each for each in node.variable_definitions or ()}
    return {
        name: sample(type_)
        for name, each in types.items()
        if isinstance(type_ := type_from_ast(schema, each.type), GraphQLNonNull) and each.default_value is None
    }


def sample(type_: GraphQLInputType) -> Any:
    """A value of a type, with nothing in it that may be left out."""
    if isinstance(type_, GraphQLNonNull):
        return sample(type_.of_type)
    if isinstance(type_, GraphQLList):
        return [sample(type_.of_type)]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        return {
            name: sample(field.type)
            for name, field in type_.fields.items()
            if isinstance(field.type, GraphQLNonNull) and field.default is None
        }
    return _SCALARS.get(type_.name, "1")
