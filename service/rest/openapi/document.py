"""The whole document of a catalog."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from service.catalog.model import Catalog, Model
from service.rest.openapi.answers import HEADERS
from service.rest.openapi.custom import TAG, CustomPaths
from service.rest.openapi.filters import Filters
from service.rest.openapi.many import TRANSACTION_PATH, batch_schemas, transaction, transaction_schemas
from service.rest.openapi.parameters import Parameters
from service.rest.openapi.paths import Paths
from service.rest.openapi.permissions import PERMISSIONS_PATH, permissions_operation, permissions_schemas
from service.rest.openapi.permissions import TAG as OF_ALL
from service.rest.openapi.problems import EVERY, problem_responses, problem_schemas
from service.rest.openapi.schemas import page_schema, resource_schemas, type_schemas
from service.rest.openapi.security import SCHEMES, TOKEN
from service.rest.openapi.values import Schema, Values
from service.rest.questions import MOST_PARAMETERS
from service.rest.resources import resources_of, served_operations

DESCRIPTION = f"""\
The rows of every model, over HTTP. Bodies are JSON; names are those of the GraphQL API.

* **Lists** are pages: `data`, and in `page` where the next one begins. A filter runs before the limit.
* **Filters** are parameters: `status=OPEN`, `total[ge]=100`, `name[beginsWith]=Ac`. All have to hold; a filter of any
  shape goes into `filter`, or into the body of a search. A request has {MOST_PARAMETERS} parameters at most.
* **Versions**: a row comes with its `ETag`. Send it back as `If-Match`, and nobody's change is overwritten.
* **Retries** are safe with an `Idempotency-Key`.
* **Errors** are problem documents (RFC 9457) that list everything that is wrong, with its place.

A field that is closed to a caller is not there. Text must not contain U+0000.
"""


def openapi_document(catalog: Catalog) -> dict[str, Any]:
    """The OpenAPI 3.1 document of everything that the REST door serves for a catalog."""
    values, resources = Values(catalog), resources_of(catalog)
    parameters = Parameters(values, filters := Filters(catalog, values))
    paths: dict[str, Schema] = {}
    for path, method, operation in _operations(catalog, values, parameters):
        paths.setdefault(path, {})[method] = operation
    schemas: dict[str, Schema] = dict(type_schemas(catalog, values)) | problem_schemas() | {"rest.Page": page_schema()}
    for resource in resources:
        schemas.update(resource_schemas(catalog, resource, values))
        schemas.update(batch_schemas(resource, values))
        schemas.update(filters.schemas(resource))
    schemas.update(transaction_schemas(resources, values))
    schemas.update(permissions_schemas())
    return {
        "openapi": "3.1.0",
        "info": {"title": "Offramp REST API", "version": version("offramp"), "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{TOKEN: []}],
        "tags": [*(_tag(each.model) for each in resources), *({"name": each} for each in _other_tags(catalog))],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "parameters": dict(sorted(parameters.components.items())),
            "headers": HEADERS,
            "responses": problem_responses(EVERY),
            "securitySchemes": SCHEMES,
        },
    }


def _operations(catalog: Catalog, values: Values, parameters: Parameters) -> Iterator[tuple[str, str, Schema]]:
    paths = Paths(resources := resources_of(catalog), parameters)
    for resource in resources:
        yield from paths.of(resource)
    yield TRANSACTION_PATH, "post", transaction(parameters)
    yield PERMISSIONS_PATH, "get", permissions_operation(parameters)
    yield from CustomPaths(catalog, values, parameters).all()


def _other_tags(catalog: Catalog) -> Iterator[str]:
    yield "Transactions"
    if served_operations(catalog):
        yield TAG
    yield OF_ALL


def _tag(model: Model) -> dict[str, str]:
    return {"name": model.name} | ({"description": model.description} if model.description else {})
