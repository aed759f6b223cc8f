"""Executes by Strawberry what is not compiled: introspection, and operations somebody wrote by hand.

Its resolvers for generated fields make and run the same plans, one for each root field, and hand the
finished rows to Strawberry to walk through. So both executors answer alike, and a test holds them to it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import orjson
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, get_named_type, get_nullable_type

from service.auth.principal import Principal
from service.catalog.access import Answer as Verdict
from service.catalog.access import CallerClass, decide
from service.catalog.model import Access
from service.catalog.model import Operation as CustomOperation
from service.db.connections.engine import Transaction
from service.db.repository import Repository
from service.errors import Forbidden, NotConnected, ServiceError, Unavailable
from service.graphql.errors import Error, Locator, field_error, masked, naming_field, not_authorized, path_text
from service.graphql.notes import Path, decoded
from service.graphql.planning import Planner
from service.graphql.request import Origin
from service.graphql.roots import RootField
from service.graphql.selections import Chosen, Reader, null_argument
from service.telemetry import count_errors

if TYPE_CHECKING:
    import strawberry

    from service.graphql.documents import Operation

MOST_AT_ONCE = 4
"""Root fields of one query that run at a time, so that it leaves connections to other requests."""
_NULL = re.compile(r"^Cannot return null for non-nullable field (\w+)\.(\w+)\.")
_ARGUMENT = re.compile(r"^Argument '(\w+)' has invalid value: Expected .* non-null")


@dataclass(frozen=True, slots=True)
class Context:
    """What a resolver knows of the request."""

    principal: Principal
    caller: CallerClass
    origin: Origin
    transaction: Transaction | None = None
    """In which a custom operation is to run, if not in one of its own."""
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    """Held by a root field while it runs: Strawberry begins with all of a query at once."""


Custom = Callable[[CustomOperation, Planner, Chosen, Context], Awaitable[Any]]
"""Answers a custom operation whose rules let the caller in: its value, in the shape of the selection."""


async def not_connected(operation: CustomOperation, _planner: Planner, _chosen: Chosen, _context: Context) -> Any:
    """The answer where nothing is connected."""
    raise NotConnected(
        f"The operation '{operation.name}' is part of the schema, but no code is connected to it. Register a Python "
        "function for it in service/operations, or name its Lambda function in OFFRAMP_FUNCTIONS."
    )


class Fallback:
    """Strawberry's executor over the same plans. The schema is built when it is first needed."""

    def __init__(self, repository: Repository, schema: GraphQLSchema, custom: Custom = not_connected) -> None:
        self._repository = repository
        self._schema = schema
        self._custom = custom

    @cached_property
    def published(self) -> strawberry.Schema:
        """The published schema, with resolvers."""
        from service.graphql.schema import strawberry_schema  # noqa: PLC0415  up to a second, seldom needed

        return strawberry_schema(self._repository.catalog, self._resolve)

    async def execute(
        self,
        operation: Operation,
        coerced: Mapping[str, Any],
        variables: dict[str, Any],
        context: Context,
    ) -> bytes:
        """The body of the answer. The document has been validated; `variables` are as they came."""
        assert operation.node.loc is not None
        result = await self.published.execute(
            operation.node.loc.source.body,
            variable_values=variables,
            context_value=context,
            operation_name=operation.node.name.value if operation.node.name else None,
        )
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            locate = Locator(operation.node, Reader(operation.fragments, coerced))
            body["errors"] = [self._error(each, locate) for each in result.errors]
            count_errors(len(result.errors))
        return orjson.dumps(body)

    # ------------------------------------------------------------ resolvers

    async def _resolve(self, root: RootField, info: strawberry.Info, _: dict[str, Any]) -> Any:
        raw = info._raw_info  # noqa: SLF001  Strawberry wraps the nodes in copies; the planner wants the nodes
        context: Context = info.context
        reader = Reader(raw.fragments, cast("Mapping[str, Any]", raw.variable_values))
        chosen = Chosen(str(raw.path.key), root.name, tuple(raw.field_nodes))
        planner = Planner(self._repository.catalog, self._schema, reader, context.caller)
        if root.operation is not None:
            if decide(root.operation.rules, Access.GET, context.caller) is Verdict.NO:
                raise Forbidden
            async with context.turn:
                return await self._custom(root.operation, planner, chosen, context)
        prepared = self._repository.prepare(planner.plan_field(root, chosen))
        async with context.turn:
            text = await self._repository.run(prepared, {}, context.principal)
        return None if text is None else decoded(text)

    # ------------------------------------------------------------ errors

    def _error(self, error: GraphQLError, locate: Locator) -> Error:
        path = list(error.path or ())
        names = self._field_at(path, locate)
        original = error.original_error
        if isinstance(original, Forbidden) and original.message == Forbidden().message:
            return field_error(path, not_authorized(names[1], names[0]), original.error_type, locate(path))
        if isinstance(original, Unavailable) and locate.root_type == "Query":
            raise original
        if isinstance(original, ServiceError):
            kind = original.error_type or original.code
            return field_error(path, naming_field(original, original.message), kind, locate(path), original.info)
        null = _NULL.match(error.message)
        if null is not None:
            expected = self._expected(null[1], null[2], path)
            message = (
                f"Cannot return null for non-nullable type: '{expected}' within parent '{null[1]}' ({path_text(path)})"
            )
            return field_error(path, message, None, locate(path))
        argument = _ARGUMENT.match(error.message)
        if argument is not None:
            refused = null_argument(argument[1], names[1])
            return field_error(path, refused.message, refused.code, locate(path))
        if isinstance(original, GraphQLError):  # a custom operation gave a value of another type
            message = f"Can't serialize value ({path_text(path)}) : {original.message}"
            return field_error(path, message, None, locate(path))
        if original is not None:
            internal = masked(original, names[1])
            return field_error(path, internal.message, internal.error_type, locate(path))
        return field_error(path, error.message, None, locate(path))

    def _expected(self, parent: str, name: str, path: Path) -> str:
        type_ = self._schema.type_map[parent]
        assert isinstance(type_, GraphQLObjectType)
        expected: Any = get_nullable_type(type_.fields[name].type)
        return str(get_nullable_type(expected.of_type) if isinstance(path[-1], int) else expected)

    def _field_at(self, path: list[str | int], locate: Locator) -> tuple[str, str]:
        """The type and the name of the field at a path of the answer."""
        parent: Any = self._schema.type_map[locate.root_type]
        name = ""
        for chosen in locate.chosen(path):
            if name:
                parent = get_named_type(parent.fields[name].type)
            name = chosen.name
        return parent.name, name
