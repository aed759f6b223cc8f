"""`python -m bench.statements`: how long the SQL of generated documents is, and how long it takes to make.

RDS Proxy pins a connection for a statement of 16 KB or more. The documents are those that Amplify generates
for the inventory and for an ERP of 89 models; each is compiled with every variable given.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeNode,
    is_input_object_type,
    parse,
    print_ast,
    type_from_ast,
)

from service.auth.principal import Principal
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.repository import Prepared, Repository
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.graphql.roots import root_fields
from service.importer import catalog_from_sdl

TESTS = Path(__file__).parents[1] / "tests"
PINS = 15_000
ADMIN = Principal(Provider.USER_POOLS, {"sub": "s", "username": "u", "cognito:groups": ["Admin", "Manager"]})
SAMPLES = {"Int": 1, "Float": 1.5, "Boolean": True, "AWSTimestamp": 1, "AWSDate": "2026-01-31", "AWSJSON": "{}"}
SAMPLES |= {"AWSDateTime": "2026-01-31T10:00:00Z", "AWSEmail": "a@example.com", "AWSURL": "https://example.com"}
SAMPLES |= {"AWSTime": "10:00:00", "AWSPhone": "+15551234567", "AWSIPAddress": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class Made:
    """The statements of one document."""

    name: str
    longest: int
    """Bytes of the longest of them."""
    read: float
    """Milliseconds to parse and validate the document."""
    made: float
    """Milliseconds to plan it and to make its SQL."""


class Compiler(GraphQL):
    """Compiles and does not execute."""

    async def _execute(self, fields: Any, *_: Any) -> Any:
        return fields


async def statements_of(catalog: Catalog, documents: Path) -> list[Made]:
    """What each query and mutation of the documents is compiled to."""
    schema = light_schema(catalog)
    repository = Repository(catalog, Database.connect("postgresql://nobody@nowhere/none"), cursor_key=b"k" * 32)
    fallback = Fallback(repository, schema)
    api = Compiler(repository, schema, fallback, max_tokens=15_000, max_depth=25, max_roots=200)
    custom = {root.name for root in root_fields(catalog).values() if root.kind == "custom"}
    return [await _made(api, schema, each) for each in _operations(documents) if custom.isdisjoint(_roots(each))]


def _roots(operation: OperationDefinitionNode) -> set[str]:
    return {each.name.value for each in operation.selection_set.selections if isinstance(each, FieldNode)}


def _operations(documents: Path) -> Iterator[OperationDefinitionNode]:
    for file in sorted(documents.glob("*.graphql")):
        for definition in parse(file.read_text()).definitions:
            if isinstance(definition, OperationDefinitionNode) and definition.operation != OperationType.SUBSCRIPTION:
                yield definition


async def _made(api: Compiler, schema: GraphQLSchema, operation: OperationDefinitionNode) -> Made:
    text = print_ast(operation)
    variables = {each.variable.name.value: _sample(schema, each.type) for each in operation.variable_definitions or ()}
    started = time.perf_counter()
    api._documents.operation(text, None)  # noqa: SLF001  to measure it alone
    read = time.perf_counter()
    fields: Any = await api(ADMIN, text, variables, None)
    made = time.perf_counter()
    prepared = [field.prepared for field in fields if field.prepared is not None]
    longest = max((len(sql.encode()) for each in prepared for sql in _texts(each)), default=0)
    name = operation.name.value if operation.name else "?"
    return Made(name, longest, 1000 * (read - started), 1000 * (made - read))


def _texts(prepared: Prepared) -> list[str]:
    return [each.sql for each in (prepared.statement, prepared.reread, prepared.permission) if each is not None]


def _sample(schema: GraphQLSchema, type_: TypeNode) -> Any:
    return _value(type_from_ast(schema, type_), depth=0)  # type: ignore[call-overload]


def _value(type_: Any, depth: int) -> Any:
    """A value of an input type, with every field given; of a filter, one condition on each field."""
    if isinstance(type_, GraphQLNonNull):
        return _value(type_.of_type, depth)
    if isinstance(type_, GraphQLList):
        return [_value(type_.of_type, depth)] * (1 if is_input_object_type(type_.of_type) else 2)
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        return _object(type_, depth)
    return SAMPLES.get(type_.name, "a")


def _object(type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
    if "eq" in type_.fields:
        return {"eq": _value(type_.fields["eq"].type, depth + 1)}
    names = [name for name in type_.fields if name not in {"and", "or", "not", "_deleted"}]
    return {name: _value(type_.fields[name].type, depth + 1) for name in names}


def _table(name: str, made: list[Made]) -> str:
    made = sorted(made, key=lambda each: each.longest)
    long = [each for each in made if each.longest > PINS]
    cells = (
        f"{len(made):,}",
        f"{median(each.longest for each in made):,.0f}",
        f"{made[-1].longest:,} (`{made[-1].name}`)",
        f"{len(long)}",
        f"{median(each.read for each in made):.1f} / {max(each.read for each in made):.1f}",
        f"{median(each.made for each in made):.1f} / {max(each.made for each in made):.1f}",
    )
    return f"| {name} | {' | '.join(cells)} |"


async def main() -> None:
    """Print the report."""
    print("| documents | | median bytes | longest | over 15,000 | read ms, median / most | make SQL ms |")
    print("|---|" + "--:|" * 6)
    for name in ("inventory", "erp"):
        catalog = catalog_from_sdl((TESTS / "importer" / "cases" / name / "in.graphql").read_text())
        print(_table(name, await statements_of(catalog, TESTS / "contracts" / "data" / name / "operations")))


if __name__ == "__main__":
    import asyncio

    asyncio.run(main())
