"""The directives of a schema as Python values, with an error that points at what is wrong."""

from __future__ import annotations

from typing import Any, Protocol

from graphql import DirectiveNode, ListTypeNode, NamedTypeNode, NonNullTypeNode, TypeNode, value_from_ast_untyped

from service.catalog.model import TypeRef
from service.importer.refusal import ImportRefused

KNOWN = frozenset(
    {
        "model", "auth", "primaryKey", "index", "hasMany", "hasOne", "belongsTo", "manyToMany", "default", "function",
        "aws_subscribe", "aws_api_key", "aws_cognito_user_pools", "aws_iam", "aws_oidc", "aws_lambda", "aws_auth",
        "deprecated",
    }
)  # fmt: skip
"""What is read, or may be left unread because the rules say the same."""


class Directed(Protocol):
    """A node that can carry directives."""

    @property
    def directives(self) -> tuple[DirectiveNode, ...] | None:
        """Its directives in the order of the text, or None."""
        ...


def find(node: Directed, name: str) -> DirectiveNode | None:
    """The first directive of that name."""
    return next((each for each in node.directives or () if each.name.value == name), None)


def find_all(node: Directed, name: str) -> list[DirectiveNode]:
    """All directives of that name."""
    return [each for each in node.directives or () if each.name.value == name]


def arguments(directive: DirectiveNode) -> dict[str, Any]:
    """Argument name → its value as plain data; enum values are strings."""
    return {each.name.value: value_from_ast_untyped(each.value) for each in directive.arguments or ()}


def argument_names(directive: DirectiveNode) -> set[str]:
    """The names of the arguments that are given."""
    return {each.name.value for each in directive.arguments or ()}


def strings(directive: DirectiveNode, name: str) -> tuple[str, ...]:
    """A list of names; GraphQL lets a list of one be written without brackets."""
    value = arguments(directive).get(name)
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in values):
        raise ImportRefused(
            f"@{directive.name.value}({name}: …) must be a list of names.", f'Write `{name}: ["…"]`.', node=directive
        )
    return tuple(values)


def string(directive: DirectiveNode, name: str) -> str | None:
    """A name or text; None if it is absent or null."""
    value = arguments(directive).get(name)
    if value is not None and not isinstance(value, str):
        raise ImportRefused(
            f"@{directive.name.value}({name}: …) must be text.", f'Write `{name}: "…"`.', node=directive
        )
    return value


def type_of(node: TypeNode) -> TypeRef:
    """`[String!]!` as data."""
    required = isinstance(node, NonNullTypeNode)
    inner = node.type if isinstance(node, NonNullTypeNode) else node
    if not isinstance(inner, ListTypeNode):
        return TypeRef(_name(inner), required)
    element_required = isinstance(inner.type, NonNullTypeNode)
    element = inner.type.type if isinstance(inner.type, NonNullTypeNode) else inner.type
    if isinstance(element, ListTypeNode):
        raise ImportRefused(
            "a list of lists has no filter and no column.", "Use AWSJSON, or a type that holds a list.", node=node
        )
    return TypeRef(_name(element), required, is_list=True, element_required=element_required)


def _name(node: TypeNode) -> str:
    return node.name.value if isinstance(node, NamedTypeNode) else ""
