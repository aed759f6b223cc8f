"""Executes by Strawberry what is not compiled: introspection, and operations somebody wrote by hand.

Its resolvers for generated fields make and run the same plans, one for each root field, and hand the
finished rows to Strawberry to walk through. So both executors answer alike, and a test holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import orjson
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, get_named_type, get_nullable_type

from service.auth.principal import Principal
from service.catalog.access import Answer as Verdict
from service.catalog.access import CallerClass, decide
from service.catalog.model import Access
from service.db.marks import DENIED, first_mark
from service.db.repository import Repository
from service.errors import Forbidden, ServiceError
from service.graphql.errors import Error, Locator, field_error, not_authorized, path_text
from service.graphql.planning import Planner
from service.graphql.roots import RootField
from service.graphql.selections import Chosen, Reader

if TYPE_CHECKING:
    import strawberry

    from service.graphql.documents import Operation

_NULL = re.compile(r"^Cannot return null for non-nullable field (\w+)\.(\w+)\.")


@dataclass(frozen=True, slots=True)
class Context:
    """What a resolver knows of the request."""

    principal: Principal
    caller: CallerClass


class NotConnected(ServiceError):
    """A custom operation has no code behind it."""

    code = "not_connected"
    status = 501
    error_type = "NotImplemented"


class Fallback:
    """Strawberry's executor over the same plans. The schema is built when it is first needed."""

    def __init__(self, repository: Repository, schema: GraphQLSchema) -> None:
        self._repository = repository
        self._schema = schema

    @cached_property
    def published(self) -> strawberry.Schema:
        """The published schema, with resolvers."""
        from service.graphql.schema import strawberry_schema  # noqa: PLC0415  up to a second, seldom needed

        return strawberry_schema(self._repository.catalog, self._resolve)

    async def execute(
        self,
        operation: Operation[Any],
        coerced: Mapping[str, Any],
        variables: dict[str, Any],
        principal: Principal,
        caller: CallerClass,
    ) -> bytes:
        """The body of the answer. The document has been validated; `variables` are as they came."""
        assert operation.node.loc is not None
        result = await self.published.execute(
            operation.node.loc.source.body,
            variable_values=variables,
            context_value=Context(principal, caller),
            operation_name=operation.node.name.value if operation.node.name else None,
        )
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            locate = Locator(operation.node, Reader(operation.fragments, coerced))
            body["errors"] = [self._error(each, locate) for each in result.errors]
        return orjson.dumps(body)

    # ------------------------------------------------------------ resolvers

    async def _resolve(self, root: RootField, info: strawberry.Info, _: dict[str, Any]) -> Any:
        raw = info._raw_info  # noqa: SLF001  Strawberry wraps the nodes in copies; the planner wants the nodes
        context: Context = info.context
        if root.operation is not None:
            if decide(root.operation.rules, Access.GET, context.caller) is Verdict.NO:
                raise Forbidden
            raise NotConnected(
                f"The operation '{root.name}' is part of the schema, but no code is connected to it yet."
            )
        reader = Reader(raw.fragments, cast("Mapping[str, Any]", raw.variable_values))
        chosen = Chosen(str(raw.path.key), root.name, tuple(raw.field_nodes))
        plan = Planner(self._repository.catalog, self._schema, reader, context.caller).plan_field(root, chosen)
        prepared = self._repository.prepare(plan)
        text = await self._repository.run(prepared, {}, context.principal)
        if text is None:
            return None
        value = orjson.loads(text)
        return _with_refusals(value) if first_mark(text) >= 0 else value

    # ------------------------------------------------------------ errors

    def _error(self, error: GraphQLError, locate: Locator) -> Error:
        path = list(error.path or ())
        names = self._field_at(path, locate)
        original = error.original_error
        if isinstance(original, Forbidden) and original.message == Forbidden().message:
            return field_error(path, not_authorized(names[1], names[0]), original.error_type, locate(path))
        if isinstance(original, ServiceError):
            return field_error(path, original.message, original.error_type or original.code, locate(path))
        null = _NULL.match(error.message)
        if null is not None:
            expected = self._expected(null[1], null[2])
            message = (
                f"Cannot return null for non-nullable type: '{expected}' within parent '{null[1]}' ({path_text(path)})"
            )
            return field_error(path, message, None, locate(path))
        if original is not None:
            raise original
        return field_error(path, error.message, None, locate(path))

    def _expected(self, parent: str, name: str) -> str:
        type_ = self._schema.type_map[parent]
        assert isinstance(type_, GraphQLObjectType)
        return str(get_nullable_type(type_.fields[name].type))

    def _field_at(self, path: list[str | int], locate: Locator) -> tuple[str, str]:
        """The type and the name of the field at a path of the answer."""
        parent: Any = self._schema.type_map[locate.root_type]
        name = ""
        for chosen in locate.chosen(path):
            if name:
                parent = get_named_type(parent.fields[name].type)
            name = chosen.name
        return parent.name, name


def _with_refusals(value: Any) -> Any:
    """The rows with an exception to raise wherever the database left the mark of a denial."""
    if value == DENIED:
        return Forbidden()
    if isinstance(value, dict):
        return {name: _with_refusals(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_refusals(each) for each in value]
    return value
