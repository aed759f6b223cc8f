"""A schema as SDL, the way Amplify writes it: with the directives that are applied to types and fields.

graphql-core prints no applied directives; these come from the `directives` in an element's extensions.
AppSync knows its own scalars and directives, so neither are defined in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    print_ast,
)
from graphql.language.block_string import print_block_string

GENERATED = "# Written by `offramp contract export` from the models; see README.md beside it.\n\n"
"""The first line of the published file."""


def print_sdl(schema: GraphQLSchema) -> str:
    """The SDL of a schema that `light_schema` made, in the order of its types."""
    types = (each for each in schema.type_map.values() if not is_introspection_type(each))
    return "\n\n".join(text for each in types if (text := _definition(each))) + "\n"


def _definition(type_: GraphQLNamedType) -> str:
    """The definition of a type; empty for a scalar."""
    match type_:
        case GraphQLEnumType():
            return _block(f"enum {type_.name}", type_.values)
        case GraphQLInputObjectType():
            return _block(f"input {type_.name}", map(_input, type_.fields, type_.fields.values()))
        case GraphQLObjectType():
            described = f"{print_block_string(type_.description)}\n" if type_.description else ""
            fields = map(_field, type_.fields, type_.fields.values())
            return described + _block(f"type {type_.name}{_directives(type_.extensions)}", fields)
        case _:
            return ""


def _block(head: str, lines: Iterator[str] | Mapping[str, object]) -> str:
    return "\n".join((f"{head} {{", *(f"  {line}" for line in lines), "}"))


def _field(name: str, field: GraphQLField) -> str:
    arguments = ", ".join(map(_input, field.args, field.args.values()))
    taken = f"({arguments})" if arguments else ""
    return f"{name}{taken}: {field.type}{_directives(field.extensions)}"


def _input(name: str, value: GraphQLArgument | GraphQLInputField) -> str:
    default = f" = {print_ast(value.default.literal)}" if value.default and value.default.literal else ""
    return f"{name}: {value.type}{default}"


def _directives(extensions: Mapping[str, object]) -> str:
    applied = extensions.get("directives", ())
    return "".join(f" {each}" for each in applied) if isinstance(applied, tuple) else ""
