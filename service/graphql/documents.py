"""Documents: parsed and validated once, and kept.

What is compiled from them is kept in `service.db.plans.compilations`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

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
from graphql.validation.rules import overlapping_fields_can_be_merged

from service.bodies import Malformed
from service.errors import Limited, ServiceError
from service.graphql.coercion import Coercers, Unfit
from service.graphql.limits import Limits, check_values
from service.graphql.request import UNPARSABLE

KEPT_TEXT = 1_000_000
"""Characters of all the documents that are kept: those of a large frontend, three times over. Parsed, they take
some hundred times as many bytes."""
MOST_ERRORS = 10
COMPARISONS = 100_000
"""What validation may spend on comparing fields with one another; graphql-core's own 500,000 take a second."""


class RequestRefused(Exception):
    """The document or its variables are wrong; nothing ran."""

    def __init__(self, *errors: GraphQLError, document: DocumentNode | None = None) -> None:
        super().__init__(errors)
        self.errors = errors
        self.document = document


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document. `serial` tells it from every other that ever was."""

    serial: int
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    schema: GraphQLSchema
    coerce_quickly: Callable[[Mapping[str, Any]], dict[str, Any]]
    suggestions: bool = True
    """Whether an error may say what of the schema might have been meant."""

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    def coerce(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The variables as the types of the operation make them. Raises `RequestRefused` or `Limited`."""
        check_values(variables)
        try:
            return self.coerce_quickly(variables)
        except (Unfit, RecursionError):
            pass
        values = get_variable_values(
            self.schema,
            self.node.variable_definitions or (),
            dict(variables),
            max_errors=MOST_ERRORS,
            hide_suggestions=not self.suggestions,
        )
        if isinstance(values, list):
            raise RequestRefused(*values)
        return values.coerced


class Documents:
    """Parses and validates documents, and keeps them."""

    def __init__(
        self, schema: GraphQLSchema, *, max_tokens: int, max_depth: int, max_roots: int, suggestions: bool = True
    ) -> None:
        overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = COMPARISONS
        self._suggestions = suggestions
        self._schema = schema
        self._coercers = Coercers(schema)
        self._max_tokens = max_tokens
        self._limits = Limits(max_depth, max_roots)
        self._serials = count()
        self._kept: OrderedDict[str, dict[str | None, Operation]] = OrderedDict()
        self._kept_text = 0

    def operation(self, query: str, name: str | None) -> Operation:
        """The operation to execute. Raises `RequestRefused`, `Malformed` or `Limited`."""
        operations = self._known(query)
        if name is None and len(operations) == 1:
            return next(iter(operations.values()))
        if name is None:
            raise Malformed("The document has several operations; operationName must say which to execute.")
        if name not in operations:
            raise Malformed(f"The document has no operation named '{name}'.")
        return operations[name]

    def _known(self, query: str) -> dict[str | None, Operation]:
        operations = self._kept.get(query)
        if operations is not None:
            self._kept.move_to_end(query)
            return operations
        operations = self._kept[query] = self._document(query)
        self._kept_text += len(query)
        while self._kept_text > KEPT_TEXT:
            oldest, _ = self._kept.popitem(last=False)
            self._kept_text -= len(oldest)
        return operations

    def _document(self, query: str) -> dict[str | None, Operation]:
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
        self._validate(document)
        return {
            each.name.value if each.name else None: Operation(
                next(self._serials), each, fragments, self._schema, self._coercers.of_operation(each), self._suggestions
            )
            for each in operations
        }

    def _validate(self, document: DocumentNode) -> None:
        errors = validate(
            self._schema,
            document,
            max_errors=MOST_ERRORS,
            hide_suggestions=not self._suggestions,
            allow_empty_selection_sets=False,
        )
        if any(each.message == "Validation aborted." for each in errors):
            raise Limited("The document selects the same fields too many times to be validated.")
        if errors:
            raise RequestRefused(*errors, document=document)


def _unparsable(error: GraphQLSyntaxError, max_tokens: int) -> ServiceError:
    if "token limit" in error.message or "tokens" in error.message:
        return Limited(f"The document has more than {max_tokens} tokens (OFFRAMP_MAX_TOKENS).")
    return Malformed(f"{UNPARSABLE} {error.message}")


def _definitions(
    document: DocumentNode,
) -> tuple[dict[str, FragmentDefinitionNode], list[OperationDefinitionNode]]:
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return fragments, [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
