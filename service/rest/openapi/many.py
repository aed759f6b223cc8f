"""Writes of many rows at once: the bodies of batches and of transactions, and what they are answered with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.rest.batches import MOST_REQUESTS
from service.rest.exchange import JSON
from service.rest.openapi.answers import answer
from service.rest.openapi.parameters import SHARED, Parameters
from service.rest.openapi.problems import (
    ALWAYS,
    OF_A_BODY,
    OF_A_CHANGE,
    OF_A_KEY,
    OF_A_NEW_ROW,
    OF_A_ROW,
    OF_A_VERSION,
    refusals,
)
from service.rest.openapi.schemas import example_of, example_of_change
from service.rest.openapi.security import SCHEMES
from service.rest.openapi.values import Schema, Values, closed, ref
from service.rest.resources import KEY_SEPARATOR, PREFIX, TRANSACTIONS, Action, Resource
from service.rest.transactions import MOST_OPERATIONS, NAME

TRANSACTION_PATH = f"{PREFIX}/{TRANSACTIONS}"
_IF_MATCH: Schema = {**SHARED["ifMatch"]["schema"], "description": SHARED["ifMatch"]["description"]}


def batch_schemas(resource: Resource, values: Values) -> Iterator[tuple[str, Schema]]:
    """The bodies of the batches of a resource, and their results."""
    model, on = resource.model, resource.endpoint_by_action
    name, fields = model.name, [model.field_by_name[each] for each in model.key]
    key = closed({each.name: values.sent_in(each, null=False) for each in fields}, model.key)
    one = {each.name: values.example(each) for each in fields}
    change = example_of_change(resource, values)
    if Action.BATCH_CREATE in on:
        request = closed({"body": ref(f"{name}.Create")}, ["body"])
        yield f"{name}.BatchCreate", _batch(request, {"body": example_of(resource, values)})
    if Action.BATCH_UPDATE in on:
        request = closed({"key": key, "body": ref(f"{name}.Update"), "ifMatch": _IF_MATCH}, ["key", "body"])
        yield f"{name}.BatchUpdate", _batch(request, {"key": one, "body": change})
    if Action.BATCH_DELETE in on:
        yield f"{name}.BatchDelete", _batch(closed({"key": key, "ifMatch": _IF_MATCH}, ["key"]), {"key": one})
    if {Action.BATCH_CREATE, Action.BATCH_UPDATE, Action.BATCH_DELETE} & on.keys():
        yield f"{model.name}.Results", _results(ref(model.name))


def transaction_schemas(resources: Iterable[Resource], values: Values) -> Iterator[tuple[str, Schema]]:
    """The body of a transaction, whose operations are those of the resources, and its results."""
    first = next((each for each in resources if Action.CREATE in each.endpoint_by_action), None)
    examples = [{"operations": [_example(first, values)]}] if first else []
    operations = [each for resource in resources for each in _operations(resource)]
    several: Schema = {"type": "array", "items": {"anyOf": operations}, "minItems": 1, "maxItems": MOST_OPERATIONS}
    yield "rest.Transaction", closed({"operations": several}, ["operations"], examples=examples)
    yield "rest.Results", _results({"type": "object"})


def transaction(parameters: Parameters) -> Schema:
    """The operation that runs a transaction."""
    refused = OF_A_ROW + OF_A_BODY + OF_A_CHANGE + OF_A_NEW_ROW + OF_A_KEY + OF_A_VERSION
    results = answer(
        "What became of each, in their order.", ref("rest.Results"), "Preference-Applied", "Idempotent-Replayed"
    )
    return {
        "operationId": "runTransaction",
        "tags": ["Transactions"],
        "summary": "Write rows of several models, all or none",
        "description": (
            "`as` gives the row of an operation a name. `$order.id` in a later body or path is what the row named "
            "`order` has in `id`; the text itself is written `$$order.id`."
        ),
        "security": [{scheme: []} for scheme in SCHEMES],
        "parameters": [parameters.shared("idempotencyKey"), parameters.shared("preferReturn")],
        "requestBody": {"required": True, "content": {JSON: {"schema": ref("rest.Transaction")}}},
        "responses": {"200": results, **refusals(ALWAYS + refused)},
    }


def _operations(resource: Resource) -> Iterator[Schema]:
    name, on = resource.model.name, resource.endpoint_by_action
    collection = f"{PREFIX}/{resource.name}"
    key = KEY_SEPARATOR.join(["[^/~]+"] * len(resource.model.key))
    item: Schema = {"type": "string", "pattern": f"^{collection}/{key}$"}
    if Action.CREATE in on:
        yield _operation("POST", {"const": collection}, ref(f"{name}.Create"))
    if Action.REPLACE in on:
        yield _operation("PUT", item, ref(f"{name}.Replace"), ifMatch=_IF_MATCH)
    if Action.UPDATE in on:
        yield _operation("PATCH", item, ref(f"{name}.Update"), ifMatch=_IF_MATCH)
    if Action.DELETE in on:
        yield _operation("DELETE", item, None, ifMatch=_IF_MATCH)


def _operation(method: str, path: Schema, body: Schema | None, **more: Schema) -> Schema:
    members = {"method": {"const": method}, "path": path, "as": {"type": "string", "pattern": f"^{NAME.pattern}$"}}
    return closed(members | ({"body": body} if body else {}) | more, ["method", "path", *(["body"] if body else [])])


def _example(resource: Resource, values: Values) -> Schema:
    body = example_of(resource, values)
    return {"method": "POST", "path": f"{PREFIX}/{resource.name}", "body": body, "as": "made"}


def _batch(request: Schema, example: Schema) -> Schema:
    requests: Schema = {"type": "array", "items": request, "minItems": 1, "maxItems": MOST_REQUESTS}
    atomic: Schema = {"type": "boolean", "default": True, "description": "All or none; else each that can be done."}
    return closed({"requests": requests, "atomic": atomic}, ["requests"], examples=[{"requests": [example]}])


def _results(row: Schema) -> Schema:
    members: dict[str, Schema] = {
        "status": {"type": "integer"},
        "location": {"type": "string", "format": "uri-reference"},
        "etag": {"type": "string"},
        "body": row,
        "problem": ref("rest.Refusal"),
    }
    result: Schema = {"type": "object", "required": ["status"], "properties": members}
    return {"type": "object", "required": ["results"], "properties": {"results": {"type": "array", "items": result}}}
