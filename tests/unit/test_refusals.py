"""Every form of a refusal, in AppSync's words where it has some. The prefixes are what clients match on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from service.graphql.documents import Documents, RequestRefused
from service.graphql.light import light_schema
from service.graphql.refusals import request_error
from service.importer import catalog_from_sdl

SCHEMA = light_schema(catalog_from_sdl((Path(__file__).parents[2] / "graphql" / "amplify.graphql").read_text()))


def refused(query: str, variables: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    documents = Documents(SCHEMA, max_tokens=15_000, max_depth=25, max_roots=200)
    with pytest.raises(RequestRefused) as caught:
        documents.operation(query, None).coerce(variables or {})
    return [request_error(each, SCHEMA, caught.value.document) for each in caught.value.errors]


VALIDATION = [
    ("{ nope }", "FieldUndefined: Field 'nope' in type 'Query' is undefined @ 'nope'"),
    (
        '{ getProduct(id: "x") { category { nope } } }',
        "FieldUndefined: Field 'nope' in type 'Category' is undefined @ 'getProduct/category/nope'",
    ),
    (
        '{ a: getProduct(id: "x") { b: nope } }',
        "FieldUndefined: Field 'nope' in type 'Product' is undefined @ 'getProduct/nope'",
    ),
    ("{ getProduct { id } }", "MissingFieldArgument: Missing field argument id @ 'getProduct'"),
    (
        '{ getProduct(id: "x", nope: 1) { id } }',
        "UnknownArgument: Unknown field argument nope @ 'getProduct'",
    ),
    (
        '{ getProduct(id: "x") }',
        "SubSelectionRequired: Sub selection required for type Product of field getProduct @ 'getProduct'",
    ),
    (
        '{ getProduct(id: "x") { id { x } } }',
        "SubSelectionNotAllowed: Sub selection not allowed on leaf type ID! of field id @ 'getProduct/id'",
    ),
    ("{ ...nope }", "UndefinedFragment: Undefined fragment nope @ ''"),
    (
        "{ getProduct(id: $id) { id } }",
        "UndefinedVariable: Undefined variable id @ 'getProduct'",
    ),
    ("query ($id: ID) { __typename }", "UnusedVariable: Unused variable id @ ''"),
    (
        "{ __typename ...f } fragment f on Query { getProduct(id: 1) { nope } }",
        "FieldUndefined: Field 'nope' in type 'Product' is undefined @ 'f/getProduct/nope'",
    ),
]


@pytest.mark.parametrize(("query", "message"), VALIDATION, ids=[each[1].partition(":")[0] for each in VALIDATION])
def test_errors_of_validation(query: str, message: str):
    (error,) = refused(query)
    assert error["message"] == f"Validation error of type {message}"
    assert error["path"] is None
    assert "errorType" not in error
    assert all(set(place) == {"line", "column", "sourceName"} for place in error["locations"])


def test_a_place_is_that_of_the_innermost_field():
    query = "{\n  listProducts {\n    items {\n      nope\n    }\n  }\n}"
    (error,) = refused(query)
    assert error["locations"] == [{"line": 4, "column": 7, "sourceName": None}]


CREATE = "mutation ($i: CreateProductInput!) { createProduct(input: $i) { id } }"
PRODUCT = {"organizationId": "o", "sku": "s", "name": "n", "price": 1, "active": True, "ratings": []}
GET = "query ($id: ID!) { getProduct(id: $id) { id } }"
COERCION: list[tuple[str, str, dict[str, Any], str]] = [
    ("missing", GET, {}, "Variable 'id' has coerced Null value for NonNull type 'ID!'"),
    ("null", GET, {"id": None}, "Variable 'id' has coerced Null value for NonNull type 'ID!'"),
    ("missing input", CREATE, {}, "Variable 'i' has coerced Null value for NonNull type 'CreateProductInput!'"),
    (
        "missing field", CREATE, {"i": {name: PRODUCT[name] for name in PRODUCT if name != "name"}},
        "Variable 'name' has coerced Null value for NonNull type 'String!'",
    ),
    (
        "null field", CREATE, {"i": {**PRODUCT, "name": None}},
        "Variable 'name' has coerced Null value for NonNull type 'String!'",
    ),
    (
        "null in a list", CREATE, {"i": {**PRODUCT, "ratings": [1, None]}},
        "Variable 'ratings' has coerced Null value for NonNull type 'Float!'",
    ),
    (
        "unknown field", CREATE, {"i": {**PRODUCT, "nope": 1}},
        "Variable '$i' has invalid value: Expected value of type 'CreateProductInput' not to include unknown field",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "variables", "message"), [each[1:] for each in COERCION], ids=[each[0] for each in COERCION]
)
def test_errors_of_variables(query: str, variables: dict[str, Any], message: str):
    (error,) = refused(query, variables)
    assert error["message"].startswith(message.rstrip("."))
    assert "found" not in error["message"].lower()


def test_a_question_ends_in_its_mark():
    said = "Expected value of type 'CreateProductInput' not to include unknown field 'nam'. Did you mean 'name'?"
    by_variable = refused(CREATE, {"i": {**PRODUCT, "nam": 1}})
    fields = 'organizationId: "o", sku: "s", name: "n", price: 1, active: true, ratings: [], nam: 1'
    in_place = refused(f"mutation {{ createProduct(input: {{ {fields} }}) {{ id }} }}")
    assert [each["message"] for each in by_variable] == [f"Variable '$i' has invalid value: {said}"]
    assert [each["message"] for each in in_place] == [said]


@pytest.mark.parametrize(
    ("variables", "matched"),
    [({"id": None}, True), ({}, True), ({"id": {}}, False)],
)
def test_what_datastore_looks_for(variables: dict[str, Any], matched: bool):  # noqa: FBT001
    (error,) = refused(GET, variables)
    assert bool(re.match(r"^Variable '.+' has coerced Null value for NonNull type", error["message"])) is matched


@pytest.mark.parametrize(
    ("variables", "value"),
    [
        ({**PRODUCT, "price": "secret-number"}, "secret-number"),
        ({**PRODUCT, "name": {"secret": "value"}}, "value"),
        ({**PRODUCT, "nope": "secret-value"}, "secret-value"),
    ],
)
def test_a_long_value_is_not_repeated(variables: dict[str, Any], value: str):
    (error,) = refused(CREATE, {"i": {**variables, "sku": "x" * 10_000}})
    assert len(error["message"]) < 300
    assert "xxxxx" not in error["message"]


def test_every_wrong_variable_is_named():
    query = """query ($a: ID! $b: Int $c: ModelSortDirection) {
      getProduct(id: $a) { id } listProducts(limit: $b) { nextToken }
      productBySku(sku: "x", sortDirection: $c) { nextToken }
    }"""
    messages = [each["message"] for each in refused(query, {"b": "x", "c": "UP"})]
    assert len(messages) == 3
    assert messages[0] == "Variable 'a' has coerced Null value for NonNull type 'ID!'"
    assert messages[1].startswith("Variable '$b' has invalid value")
    assert messages[2].startswith("Variable '$c' has invalid value")
