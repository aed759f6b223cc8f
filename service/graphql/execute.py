"""Executes GraphQL requests.

The usual document selects generated fields only. It is compiled: each root field becomes a plan
whose JSON PostgreSQL makes, and no Python runs per field. A document with introspection or a custom
operation in it goes to Strawberry, whose resolvers run the same plans.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLSchema, OperationType

from service.auth.classes import CallerClasses
from service.auth.principal import Principal
from service.catalog.access import CallerClass
from service.catalog.model import Root
from service.db.plans.compilations import Compilations
from service.db.plans.tracing import Trace
from service.db.repository import Prepared, Repository
from service.errors import Invalid, ServiceError, Unavailable
from service.graphql.documents import Documents, Operation, RequestRefused
from service.graphql.errors import Error, Locator, masked, note_errors, root_error
from service.graphql.fallback import MOST_AT_ONCE, Context, Fallback
from service.graphql.notes import Answer
from service.graphql.planning import Planner
from service.graphql.refusals import request_error
from service.graphql.request import Origin
from service.graphql.roots import RootField, root_fields
from service.graphql.selections import Chosen, Reader
from service.telemetry import Span, count_errors, note_operation

UNKNOWN = Origin()
"""Of a request that did not come over HTTP."""
Ran = tuple[str, list[Error]]
"""The JSON text of a root field, and what went wrong in it."""
_ROOT = {OperationType.QUERY: Root.QUERY, OperationType.MUTATION: Root.MUTATION}


@dataclass(frozen=True, slots=True)
class CompiledField:
    """One root field, ready to run: a text that never changes, an error that always comes, or a plan."""

    key: str
    name: str
    text: str | None = None
    error: ServiceError | None = None
    prepared: Prepared | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class CompiledOperation:
    """The root fields of an operation; None where Strawberry has to execute it."""

    fields: tuple[CompiledField, ...] | None
    is_mutation: bool = False
    asked: tuple[str, ...] = ()
    """The root fields in the schema's names: `Query.listProducts`."""

    @property
    def characters(self) -> int:
        """How long its statements are together."""
        return sum(each.prepared.characters for each in self.fields or () if each.prepared)


class GraphQL:
    """The GraphQL API of one catalog on one repository."""

    def __init__(
        self,
        repository: Repository,
        schema: GraphQLSchema,
        fallback: Fallback,
        *,
        max_tokens: int,
        max_depth: int,
        max_roots: int,
        introspection: bool = True,
    ) -> None:
        self._introspection = introspection
        self._repository = repository
        self._schema = schema
        self._fallback = fallback
        self._roots = root_fields(repository.catalog)
        self._classes = CallerClasses(repository.catalog)
        self._documents = Documents(
            schema, max_tokens=max_tokens, max_depth=max_depth, max_roots=max_roots, suggestions=introspection
        )
        self._compilations: Compilations[CompiledOperation] = Compilations(lambda each: each.characters)

    async def __call__(
        self,
        principal: Principal,
        query: str,
        variables: dict[str, Any],
        operation_name: str | None,
        origin: Origin = UNKNOWN,
    ) -> bytes:
        """The body of the answer, as JSON, with the errors of fields and rules in it.

        Raises ServiceError where AppSync answers with a status other than 200.
        """
        try:
            with Span("compile"):
                operation = self._documents.operation(query, operation_name)
                if operation.type is OperationType.SUBSCRIPTION:
                    return _refused_subscription()
                coerced = operation.coerce(variables)
                caller = self._classes.of(principal)
                compiled = self._compilations.get(
                    (operation.serial, caller), coerced, lambda trace: self._compile(operation, trace, coerced, caller)
                )
        except RequestRefused as refused:
            errors = [request_error(each, self._schema, refused.document) for each in refused.errors]
            count_errors(len(errors))
            return orjson.dumps({"data": None, "errors": errors})
        note_operation(operation.node.name.value if operation.node.name else None, compiled.asked)
        if compiled.fields is None:
            context = Context(principal, caller, origin)
            return await self._fallback.execute(operation, coerced, variables, context)
        return await self._execute(compiled.fields, compiled.is_mutation, operation, coerced, principal)

    # ------------------------------------------------------------ compilation

    def _compile(
        self, operation: Operation, trace: Trace, variables: Mapping[str, Any], caller: CallerClass
    ) -> CompiledOperation:
        reader = Reader(operation.fragments, trace.of(dict(variables)))
        planner = Planner(self._repository.catalog, self._schema, reader, caller)
        root = _ROOT[operation.type]
        fields: list[CompiledField] = []
        roots = _roots_of(operation, reader)
        asked = tuple(f"{root}.{chosen.name}" for chosen in roots)
        for chosen in roots:
            if chosen.name == "__typename":
                fields.append(CompiledField(chosen.key, chosen.name, text=f'"{root}"'))
                continue
            field = self._roots.get((root, chosen.name))
            if field is None and not self._introspection:
                raise RequestRefused(GraphQLError("Introspection is switched off.", list(chosen.nodes)))
            if field is None or field.kind == "custom":
                return CompiledOperation(None, asked=asked)
            fields.append(self._compile_field(planner, field, chosen))
        return CompiledOperation(tuple(fields), root is Root.MUTATION, asked)

    def _compile_field(self, planner: Planner, root: RootField, chosen: Chosen) -> CompiledField:
        try:
            plan = planner.plan_field(root, chosen)
            prepared = self._repository.prepare(plan)
        except ServiceError as error:
            return CompiledField(chosen.key, chosen.name, error=error)
        return CompiledField(chosen.key, chosen.name, prepared=prepared, answer=Answer.of(plan))

    # ------------------------------------------------------------ execution

    async def _execute(
        self,
        fields: tuple[CompiledField, ...],
        is_mutation: bool,  # noqa: FBT001  what the operation is, not a switch
        operation: Operation,
        variables: dict[str, Any],
        principal: Principal,
    ) -> bytes:
        locate = Locator(operation.node, Reader(operation.fragments, variables))
        root = _ROOT[operation.type]
        if is_mutation or len(fields) == 1:
            done = [await self._run(field, root, variables, principal, locate) for field in fields]
        else:
            done = await _together(self._run(field, root, variables, principal, locate) for field in fields)
        parts = ['{"data":{']  # joined once: each copy of a large answer costs more than all that is done here
        for field, (text, _) in zip(fields, done, strict=True):
            parts += ('"' if len(parts) == 1 else ',"', field.key, '":', text)
        if errors := [error for _, found in done for error in found]:
            count_errors(len(errors))
            parts += ('},"errors":', orjson.dumps(errors).decode(), "}")
        else:
            parts.append("}}")
        return "".join(parts).encode()

    async def _run(
        self, field: CompiledField, root: Root, variables: dict[str, Any], principal: Principal, locate: Locator
    ) -> Ran:
        if field.text is not None:
            return field.text, []
        if field.error is not None:
            return "null", [root_error(field.error, field.key, field.name, root, locate)]
        assert field.prepared is not None
        assert field.answer is not None
        try:
            text = await self._repository.run(field.prepared, variables, principal)
        except ServiceError as error:
            if isinstance(error, Unavailable) and root is Root.QUERY:
                raise  # as 503: clients send a query again by themselves, and may do so
            return "null", [root_error(error, field.key, field.name, root, locate)]
        except Exception as error:  # noqa: BLE001  what other fields have done, and written, is told all the same
            return "null", [root_error(masked(error, field.name), field.key, field.name, root, locate)]
        text, notes = field.answer.finish(text, [field.key], (root, field.name))
        return text, note_errors(notes, locate)


async def _together(runs: Iterable[Coroutine[Any, Any, Ran]]) -> list[Ran]:
    """What each run gives, a few at a time. If one raises, the others are ended: nobody waits for them."""
    turn = asyncio.Semaphore(MOST_AT_ONCE)

    async def in_turn(run: Coroutine[Any, Any, Ran]) -> Ran:
        async with turn:
            return await run

    waiting = list(runs)
    tasks = [asyncio.ensure_future(in_turn(run)) for run in waiting]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    finally:
        for run in waiting:
            run.close()


def _roots_of(operation: Operation, reader: Reader) -> list[Chosen]:
    try:
        return reader.fields([operation.node.selection_set])
    except Invalid as error:
        raise RequestRefused(GraphQLError(error.message)) from None


def _refused_subscription() -> bytes:
    error = Invalid("Subscriptions are not served over HTTP, and this version has no other way to serve them.")
    body = {"path": None, "locations": None, "errorType": "UnsupportedOperation", "message": error.message}
    return orjson.dumps({"data": None, "errors": [body]})
