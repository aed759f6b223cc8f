"""The custom operations of a catalog, each as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Iterator

from service.catalog.model import Access, Catalog, Field, Operation, Root, TypeRef
from service.rest.exchange import JSON
from service.rest.openapi.answers import answer
from service.rest.openapi.parameters import Parameters
from service.rest.openapi.problems import (
    ALWAYS,
    OF_A_BODY,
    OF_A_CHANGE,
    OF_A_FUNCTION,
    OF_A_KEY,
    OF_A_ROW,
    Errors,
    refusals,
)
from service.rest.openapi.security import admitted, requirements
from service.rest.openapi.values import Schema, Values, closed
from service.rest.resources import operation_path, served_operations

TAG = "Operations"


class CustomPaths:
    """Makes the operations of one document that no model brings."""

    def __init__(self, catalog: Catalog, values: Values, parameters: Parameters) -> None:
        self._catalog = catalog
        self._values = values
        self._parameters = parameters

    def all(self) -> Iterator[tuple[str, str, Schema]]:
        """(path, method, operation) of each; a query has two."""
        for each in served_operations(self._catalog):
            about = {
                "tags": [TAG],
                "summary": each.name,
                "description": admitted(each.rules, Access.GET),
                "security": requirements(each.rules, Access.GET),
            }
            if each.root is Root.QUERY:
                yield operation_path(each), "get", about | {"operationId": each.name, **self._asked(each)}
                yield operation_path(each), "post", about | {"operationId": f"{each.name}ByBody", **self._sent(each)}
            else:
                yield operation_path(each), "post", about | {"operationId": each.name, **self._sent(each)}

    def _asked(self, operation: Operation) -> Schema:
        return {
            "parameters": [*map(self._argument, operation.arguments), self._parameters.shared("prefer")],
            "responses": self._responses(operation, ALWAYS + OF_A_ROW + OF_A_FUNCTION),
        }

    def _sent(self, operation: Operation) -> Schema:
        required = [each.name for each in operation.arguments if _is_required(each)]
        arguments = {
            each.name: self._values.sent_in(each, null=each.name not in required) for each in operation.arguments
        }
        body = closed(arguments, required, examples=[self._values.examples(operation.arguments)])
        refused = ALWAYS + OF_A_ROW + OF_A_BODY + OF_A_CHANGE + OF_A_KEY + OF_A_FUNCTION
        return {
            "parameters": [self._parameters.shared("idempotencyKey"), self._parameters.shared("prefer")],
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": body}},
            },
            "responses": self._responses(operation, refused),
        }

    def _argument(self, argument: Field) -> Schema:
        """An argument in a query string: a list with commas, an object as JSON."""
        schema = self._values.sent_in(argument, null=False)
        parameter: Schema = {"name": argument.name, "in": "query", "required": _is_required(argument)}
        if argument.type.is_list:
            return parameter | {"schema": schema, "style": "form", "explode": False}
        if argument.type.name in {each.name for each in self._catalog.inputs}:
            return parameter | {"content": {JSON: {"schema": schema}}}
        return parameter | {"schema": schema}

    def _responses(self, operation: Operation, refused: Errors) -> Schema:
        body = {"type": "object", "required": ["data"], "properties": {"data": self._given_back(operation.type)}}
        headers = ("Preference-Applied", "Idempotent-Replayed")
        return {"200": answer("What it gives.", body, *headers), **refusals(refused)}

    def _given_back(self, type_: TypeRef) -> Schema:
        return self._values.given_back(Field("data", type_))


def _is_required(argument: Field) -> bool:
    return argument.type.required and argument.default is None
