"""What AppSync says of a document or of variables that it refuses before anything runs.

graphql-core's errors are put into graphql-java's words where clients are known to match on them or
people to search for them. Everything else keeps graphql-core's message, which says more.
Source: appsync-community #322 and #406, graphql-over-http #81, Amplify's end-to-end tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
)

_VALIDATION = (
    (r"Cannot query field '(\w+)' on type '(\w+)'", "FieldUndefined", "Field '{0}' in type '{1}' is undefined"),
    (r"Argument '\w+\.\w+\((\w+):\)' of type '.+' is required", "MissingFieldArgument", "Missing field argument {0}"),
    (r"Unknown argument '(\w+)' on field", "UnknownArgument", "Unknown field argument {0}"),
    (r"Field '(\w+)' of type '(.+)' must have a selection", "SubSelectionRequired",
     "Sub selection required for type {1} of field {0}"),
    (r"Field '(\w+)' must not have a selection since type '(.+)'", "SubSelectionNotAllowed",
     "Sub selection not allowed on leaf type {1} of field {0}"),
    (r"Unknown fragment '(\w+)'", "UndefinedFragment", "Undefined fragment {0}"),
    (r"Variable '\$(\w+)' is not defined", "UndefinedVariable", "Undefined variable {0}"),
    (r"Variable '\$(\w+)' is never used", "UnusedVariable", "Unused variable {0}"),
)  # fmt: skip
_NULL = re.compile(
    r"^Variable '\$(\w+)' has invalid value(?: at ([\w.\[\]]+))?: Expected a? ?value of non-null type '(.+)' "
)
_MISSING = re.compile(
    r"^Variable '\$\w+' has invalid value.*: Expected value of type '(\w+)' to include required field '(\w+)'"
)
_FOUND = re.compile(r",? [Ff]ound: .*$", re.DOTALL)


def request_error(error: GraphQLError, schema: GraphQLSchema, document: DocumentNode | None) -> dict[str, Any]:
    """The error AppSync answers with: no path, no type, and a place in the document where there is one."""
    locations = [{"line": each.line, "column": each.column, "sourceName": None} for each in error.locations or ()]
    return {"path": None, "locations": locations or None, "message": _message(error, schema, document)}


def _message(error: GraphQLError, schema: GraphQLSchema, document: DocumentNode | None) -> str:
    if document is not None:
        for pattern, kind, text in _VALIDATION:
            match = re.match(pattern, error.message)
            if match is not None:
                words = text.format(*match.groups())
                return f"Validation error of type {kind}: {words} @ '{_place(error, document)}'"
    null = _NULL.match(error.message)
    if null is not None:
        return _coerced_null(_last(null[2]) or null[1], null[3])
    missing = _MISSING.match(error.message)
    if missing is not None:
        return _coerced_null(missing[2], _input_type(schema, missing[1], missing[2]))
    # What was found is the caller's own input, which may be long and need not be repeated.
    message = _FOUND.sub(".", error.message)
    return message.removesuffix(".") if message.endswith("?.") else message  # its question has its own mark


def _coerced_null(name: str, type_name: str) -> str:
    """Named after the input field, not after the variable: which field it was is what people ask."""
    return f"Variable '{name}' has coerced Null value for NonNull type '{type_name}'"


def _last(path: str | None) -> str:
    """The last name in a path like `.lines[0].quantity`."""
    names = re.findall(r"[A-Za-z_]\w*", path or "")
    return names[-1] if names else ""


def _input_type(schema: GraphQLSchema, type_name: str, field: str) -> str:
    type_ = schema.type_map[type_name]
    assert isinstance(type_, GraphQLInputObjectType)
    return str(type_.fields[field].type)


def _place(error: GraphQLError, document: DocumentNode) -> str:
    """The path of field names that leads to what is wrong: `getProduct/category/nope`."""
    node = error.nodes[0] if error.nodes else None
    return "" if node is None or node.loc is None else "/".join(_along(document, node.loc.start))


def _along(document: DocumentNode, position: int) -> Iterator[str]:
    """The names of the fields, and of the fragment, whose source text spans `position`."""
    nodes: Any = document.definitions
    while nodes:
        around = next((each for each in nodes if each.loc.start <= position < each.loc.end), None)
        if around is None:
            return
        if isinstance(around, (FieldNode, FragmentDefinitionNode)):
            yield around.name.value
        selections = getattr(around, "selection_set", None)
        nodes = selections.selections if selections is not None else ()
