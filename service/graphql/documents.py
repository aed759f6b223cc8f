"""Documents: parsed and validated once, with everything that was compiled from them.

What a plan depends on besides the document, that is the class of the caller, the shape of the
variables and what the planner peeked at, is the key under which the compiled operation is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from service.catalog.access import CallerClass
from service.db.tracing import Trace, shape
from service.errors import Invalid, Limited, ServiceError
from service.graphql.coercion import Coercers, Unfit
from service.graphql.limits import Limits

KEPT_DOCUMENTS = 1_000
KEPT_PLANS = 200
"""Compiled variants of one operation; more are made anew."""
LONGEST_KEPT = 100_000
"""Characters of a document that is kept; a longer one is parsed each time it comes."""
MOST_ERRORS = 10

Compiled = TypeVar("Compiled")


class RequestRefused(Exception):
    """The document or its variables are wrong; nothing ran."""

    def __init__(self, *errors: GraphQLError, document: DocumentNode | None = None) -> None:
        super().__init__(errors)
        self.errors = errors
        self.document = document


class Malformed(Invalid):
    """The query is no GraphQL document."""

    error_type = "MalformedHttpRequestException"


@dataclass(slots=True)
class _Variants(Generic[Compiled]):
    """The compiled forms of an operation for one class of callers and one shape of variables."""

    trace: Trace
    by_peeks: dict[tuple[Hashable, ...], Compiled] = field(default_factory=dict)


@dataclass(slots=True)
class Operation(Generic[Compiled]):
    """One operation of a document, and what was compiled from it."""

    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    schema: GraphQLSchema
    coerce_quickly: Callable[[Mapping[str, Any]], dict[str, Any]]
    _compiled: dict[Hashable, _Variants[Compiled]] = field(default_factory=dict)

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    def coerce(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The variables as the types of the operation make them. Raises `RequestRefused`."""
        try:
            return self.coerce_quickly(variables)
        except Unfit:
            pass
        values = get_variable_values(
            self.schema, self.node.variable_definitions or (), dict(variables), max_errors=MOST_ERRORS
        )
        if isinstance(values, list):
            raise RequestRefused(*values)
        return values.coerced

    def compiled(
        self, caller: CallerClass, variables: dict[str, Any], compile_: Callable[[Operation[Compiled], Trace], Compiled]
    ) -> Compiled:
        """What `compile_` makes of this operation, made only if no earlier one fits these variables."""
        key = (caller, shape(variables))
        variants = self._compiled.get(key)
        if variants is not None:
            known = variants.by_peeks.get(variants.trace.seen(variables))
            if known is not None:
                return known
        trace = Trace()
        compiled = compile_(self, trace)
        if variants is None or trace.peeks != variants.trace.peeks:
            variants = self._keep(key, _Variants(trace))
        variants.by_peeks[trace.seen(variables)] = compiled
        return compiled

    def _keep(self, key: Hashable, variants: _Variants[Compiled]) -> _Variants[Compiled]:
        if len(self._compiled) >= KEPT_PLANS:
            del self._compiled[next(iter(self._compiled))]
        self._compiled[key] = variants
        return variants


class Documents(Generic[Compiled]):
    """Parses and validates documents, and keeps them."""

    def __init__(self, schema: GraphQLSchema, *, max_tokens: int, max_depth: int, max_roots: int) -> None:
        self._schema = schema
        self._coercers = Coercers(schema)
        self._max_tokens = max_tokens
        self._limits = Limits(max_depth, max_roots)
        self._kept = lru_cache(KEPT_DOCUMENTS)(self._document)

    def operation(self, query: str, name: str | None) -> Operation[Compiled]:
        """The operation to execute. Raises `RequestRefused`, `Malformed` or `Limited`."""
        operations = (self._kept if len(query) <= LONGEST_KEPT else self._document)(query)
        if name is None and len(operations) == 1:
            return next(iter(operations.values()))
        if name is None:
            raise Malformed("The document has several operations; operationName must say which to execute.")
        if name not in operations:
            raise Malformed(f"The document has no operation named '{name}'.")
        return operations[name]

    def _document(self, query: str) -> dict[str | None, Operation[Compiled]]:
        try:
            document = parse(query, max_tokens=self._max_tokens, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as error:
            raise _unparsable(error, self._max_tokens) from None
        except RecursionError:
            raise Malformed("The document is nested too deeply.") from None
        fragments, operations = _definitions(document)
        if not operations:
            raise Malformed("The document has no operation.")
        self._limits.check(operations, fragments)
        errors = validate(self._schema, document, max_errors=MOST_ERRORS, allow_empty_selection_sets=False)
        if errors:
            raise RequestRefused(*errors, document=document)
        return {
            each.name.value if each.name else None: Operation(
                each, fragments, self._schema, self._coercers.of_operation(each)
            )
            for each in operations
        }


def _unparsable(error: GraphQLSyntaxError, max_tokens: int) -> ServiceError:
    if "token limit" in error.message or "tokens" in error.message:
        return Limited(f"The document has more than {max_tokens} tokens (OFFRAMP_MAX_TOKENS).")
    return Malformed(f"Unable to parse GraphQL query. {error.message}")


def _definitions(
    document: DocumentNode,
) -> tuple[dict[str, FragmentDefinitionNode], list[OperationDefinitionNode]]:
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return fragments, [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
