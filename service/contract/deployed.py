"""A deployed contract as a file → a GraphQL schema: SDL, or the answer to an introspection query.

AppSync's own scalars and directives may be missing from it, as they are in what Amplify's compiler writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    BREAK,
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NamedTypeNode,
    NameNode,
    ScalarTypeDefinitionNode,
    Source,
    TypeDefinitionNode,
    Visitor,
    build_ast_schema,
    build_client_schema,
    parse,
    specified_scalar_types,
    visit,
)

from service.contract.files import text_of
from service.contract.refusal import Unusable
from service.graphql.scalars import SCALAR_TYPES
from service.importer.refusal import place_of

WANTED = (
    "It wants the API as it was deployed: SDL, such as amplify/backend/api/NAME/build/schema.graphql, "
    "or introspection JSON, such as the schema.json that `amplify codegen` keeps."
)


def read_contract(path: Path) -> GraphQLSchema:
    """The schema of a file. SDL keeps the directives of its types and fields, introspection has none.

    Errors: Unusable with line and column where there is one.
    """
    text = text_of(path)
    if text.lstrip()[:1] in {"{", "["}:
        return _from_introspection(path, text)
    return _from_sdl(path, text)


# ---------------------------------------------------------------- SDL


def _from_sdl(path: Path, text: str) -> GraphQLSchema:
    try:
        document = parse(Source(text, str(path)))
    except GraphQLSyntaxError as error:
        spot = error.locations[0] if error.locations else None
        where = f"{path}:{spot.line}:{spot.column}" if spot else str(path)
        message = error.message.removeprefix("Syntax Error: ")
        raise Unusable(f"{where}: this is not GraphQL: {message}", hint=WANTED) from None
    _refuse_what_is_no_contract(path, document)
    defined = {each.name.value for each in document.definitions if isinstance(each, TypeDefinitionNode)}
    scalars = tuple(
        ScalarTypeDefinitionNode(name=NameNode(value=name))
        for name in SCALAR_TYPES
        if name not in defined and name not in specified_scalar_types
    )
    completed = DocumentNode(definitions=(*document.definitions, *scalars))
    try:
        schema = build_ast_schema(completed, assume_valid_sdl=True)
    except (GraphQLError, TypeError, ValueError) as error:
        raise Unusable(f"{path}: {error}", hint=WANTED) from None
    return _with_queries(path, schema)


def _refuse_what_is_no_contract(path: Path, document: DocumentNode) -> None:
    if not any(isinstance(each, TypeDefinitionNode) for each in document.definitions):
        raise Unusable(f"{path}: no type is defined here.", hint=WANTED)
    model = next(_directives(document, "model"), None)
    if model is not None:
        raise Unusable(
            f"{place_of(model)}: @model: this is the schema you wrote, not the API that Amplify made of it.",
            hint=f"{WANTED} The schema you wrote goes to --schema.",
        )
    defined = {each.name.value for each in document.definitions if isinstance(each, TypeDefinitionNode)}
    known = defined | SCALAR_TYPES.keys() | specified_scalar_types.keys()
    unknown = _first_unknown(document, known)
    if unknown is not None:
        raise Unusable(f"{place_of(unknown)}: the type {unknown.name.value} is not defined.", hint=WANTED)


def _directives(document: DocumentNode, name: str) -> Iterator[DirectiveNode]:
    for definition in document.definitions:
        for directive in getattr(definition, "directives", None) or ():
            if directive.name.value == name:
                yield directive


def _first_unknown(document: DocumentNode, known: set[str]) -> NamedTypeNode | None:
    class Finder(Visitor):
        found: NamedTypeNode | None = None

        def enter_named_type(self, node: NamedTypeNode, *_: object) -> object:
            if node.name.value in known:
                return None
            self.found = node
            return BREAK

    finder = Finder()
    visit(document, finder)
    return finder.found


# ---------------------------------------------------------------- introspection


def _from_introspection(path: Path, text: str) -> GraphQLSchema:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unusable(f"{path}:{error.lineno}:{error.colno}: this is not JSON: {error.msg}.", hint=WANTED) from None
    except RecursionError:
        raise Unusable(f"{path}: this is nested too deeply for a schema.", hint=WANTED) from None
    try:
        schema = build_client_schema(_introspection(path, content), assume_valid=True)
        # Types are made when they are asked for; what is wrong with them shows here.
        for type_ in schema.type_map.values():
            for member in getattr(type_, "fields", {}).values():
                _ = (member.type, getattr(member, "args", None))
    except (GraphQLError, TypeError, KeyError, ValueError, AttributeError) as error:
        raise Unusable(f"{path}: the introspection is not complete: {error}", hint=WANTED) from None
    return _with_queries(path, schema)


def _introspection(path: Path, content: Any) -> Any:
    inner = content.get("data", content) if isinstance(content, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("__schema"), dict):
        return inner
    if isinstance(content, dict) and content.get("errors"):
        raise Unusable(f"{path}: this is an answer with errors, not a schema: was the request allowed?", hint=WANTED)
    raise Unusable(f"{path}: this JSON has no `__schema`.", hint=WANTED)


def _with_queries(path: Path, schema: GraphQLSchema) -> GraphQLSchema:
    if schema.query_type is None:
        raise Unusable(f"{path}: there is no Query type.", hint=WANTED)
    return schema
