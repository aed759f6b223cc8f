"""The OpenAPI document: valid, and true of what the door serves."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.applications import Starlette
from starlette.routing import Route

from service.rest.openapi.document import openapi_document
from service.rest.openapi.view import OpenAPIView
from service.rest.resources import resources_of
from tests.contracts.cases import catalog
from tests.rest.calls import Rest


@cache
def document(name: str) -> dict[str, Any]:
    return openapi_document(catalog(name))


def parameters_of(name: str, path: str) -> dict[str, Any]:
    """The parameters of a GET, by name."""
    components = document(name)["components"]["parameters"]
    given = document(name)["paths"][path]["get"]["parameters"]
    parameters = (components[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in given)
    return {each["name"]: each for each in parameters}


def schema(name: str, model: str) -> Any:
    return document(name)["components"]["schemas"][model]


@pytest.mark.parametrize("name", ["inventory", "erp", "odd_names", "custom", "relations", "access"])
def test_it_is_valid(name: str):
    assert list(OpenAPIV31SpecValidator(document(name)).iter_errors()) == []


def test_every_endpoint_of_89_models_is_there_once():
    described = {(path, method) for path, item in document("erp")["paths"].items() for method in item}
    served = {("/v1/transactions", "post"), ("/v1/permissions", "get")}
    for resource in resources_of(catalog("erp")):
        served |= {(each.path, each.method.lower()) for each in resource.endpoints}
        served |= {(each.path, "get") for each in resource.children}
    assert described == served
    ids = [each["operationId"] for item in document("erp")["paths"].values() for each in item.values()]
    assert len(ids) == len(set(ids)) == len(described)


def test_a_list_is_asked_by_these_parameters():
    parameters = parameters_of("inventory", "/v1/products")
    assert list(parameters)[:6] == ["limit", "cursor", "sort", "fields", "include", "filter"]
    price = parameters["price"]
    assert (price["style"], price["explode"]) == ("deepObject", True)
    assert price["schema"] == {"$ref": "#/components/schemas/query.Float"}
    operators = ["eq", "ne", "lt", "le", "gt", "ge", "between", "in", "exists"]
    assert list(schema("inventory", "query.Float")["properties"]) == operators
    assert list(schema("inventory", "query.Boolean")["properties"]) == ["eq", "ne", "exists"]
    assert "dimensions" not in parameters  # embedded values are not asked about
    assert "metadata" in parameters
    assert parameters["filter"]["content"] == {
        "application/json": {"schema": {"$ref": "#/components/schemas/Product.Filter"}, "example": {}}
    }


def test_a_key_of_several_parts_is_in_the_path():
    path = "/v1/stock-items/{warehouseId}~{productId}~{lot}"
    assert [each["name"] for each in document("inventory")["paths"][path]["get"]["parameters"][:3]] == [
        "warehouseId",
        "productId",
        "lot",
    ]


def test_what_a_body_must_have_and_may_have():
    create = schema("inventory", "Product.Create")
    assert create["required"] == ["organizationId", "sku", "name", "price", "ratings"]
    assert create["additionalProperties"] is False
    assert create["properties"]["price"] == {"type": "number", "format": "double"}
    assert create["properties"]["unit"] == {"anyOf": [{"$ref": "#/components/schemas/UnitOfMeasure"}, {"type": "null"}]}
    assert create["properties"]["ratings"] == {"type": "array", "items": {"type": "number", "format": "double"}}
    update = schema("inventory", "Product.Update")
    assert "required" not in update
    assert "id" not in update["properties"]
    assert update["properties"]["price"]["type"] == "number"  # required: not to be cleared
    assert update["properties"]["quantity"]["type"] == ["integer", "null"]
    assert schema("inventory", "PurchaseOrderItem.Create")["required"] == [
        "organizationId",
        "purchaseOrderId",
        "lineNumber",
        "productId",
        "quantity",
        "unitPrice",
    ]


def test_who_may_is_said_from_the_rules():
    operations = document("inventory")["paths"]["/v1/products"]
    assert operations["get"]["security"] == [{"token": []}, {"apiKey": []}]
    assert operations["get"]["description"] == "Admitted: the groups Admin, Manager; every signed-in user; API keys."
    assert operations["post"]["security"] == [{"token": []}]
    assert operations["post"]["description"] == "Admitted: the groups Admin, Manager."


def test_a_created_row_leads_to_what_can_be_done_with_it():
    created = document("inventory")["paths"]["/v1/stock-items"]["post"]["responses"]["201"]
    key = {name: f"$response.body#/{name}" for name in ("warehouseId", "productId", "lot")}
    assert created["links"] == {
        "get": {"operationId": "getStockItem", "parameters": key},
        "update": {"operationId": "updateStockItem", "parameters": key},
        "delete": {"operationId": "deleteStockItem", "parameters": key},
    }


def test_a_custom_query_can_be_asked_in_two_ways():
    operations = document("inventory")["paths"]["/v1/operations/reorderSuggestions"]
    assert {method: each["operationId"] for method, each in operations.items()} == {
        "get": "reorderSuggestions",
        "post": "reorderSuggestionsByBody",
    }
    assert [(each.get("name"), each.get("required")) for each in operations["get"]["parameters"][:2]] == [
        ("organizationId", True),
        ("limit", False),
    ]


async def test_rows_hold_what_is_described_and_nothing_else(library: Rest):
    described = openapi_document(library.catalog)["components"]["schemas"]
    for resource in resources_of(library.catalog):
        path = f"/v1/{resource.name}"
        for row in (await library.get(path))["data"]:
            names = {each.name for each in resource.model.fields}
            assert set(row) <= names
            assert names <= set(described[resource.model.name]["properties"])


@pytest.fixture(scope="module")
def served():
    view = OpenAPIView(catalog("inventory"))
    transport = httpx2.ASGITransport(Starlette(routes=[Route("/v1/openapi.json", view)]))
    return httpx2.AsyncClient(transport=transport, base_url="http://offramp.test")


async def test_it_is_served_gzipped_and_not_twice(served: httpx2.AsyncClient):
    answer = await served.get("/v1/openapi.json", headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.json() == json.loads(json.dumps(document("inventory")))
    again = await served.get("/v1/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])


async def test_and_plain_to_those_who_want_it_so(served: httpx2.AsyncClient):
    answer = await served.get("/v1/openapi.json", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert len(gzip.compress(answer.content)) < 60_000


async def test_it_can_only_be_read(served: httpx2.AsyncClient):
    answer = await served.post("/v1/openapi.json")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
