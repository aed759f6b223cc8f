"""The Strawberry schema hands root fields to one resolver and reads everything else by response key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import strawberry

from service.catalog.model import Root
from service.catalog.packaged import shipped
from service.graphql.roots import RootField
from service.graphql.schema import strawberry_schema

ROW = {
    "id": "p1",
    "title": "Widget",
    "unit": "KG",
    "ratings": [1.5, 2],
    "dimensions": {"w": 1.5, "unit": None},
    "releasedOn": "2024-02-29",
    "discontinuedAt": "2024-02-29T10:00:00.000Z",
    "syncedAt": 1706696130,
    "metadata": '{"a":1}',
    "cheap": {"items": [{"quantity": 1}], "nextToken": None},
    "all": {"items": [{"quantity": 2}, None], "nextToken": "t"},
}


class Recorder:
    """A resolver that answers what it is given and keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[RootField, dict[str, Any]]] = []

    async def __call__(self, root: RootField, info: strawberry.Info, arguments: dict[str, Any]) -> Any:
        assert info.context == "context"
        self.asked.append((root, arguments))
        return self.answer


async def ask(recorder: Recorder, query: str, **variables: Any) -> Any:
    schema = strawberry_schema(shipped(), recorder)
    return await schema.execute(query, variables, context_value="context")


async def test_values_are_read_by_response_key():
    recorder = Recorder(ROW)
    result = await ask(
        recorder,
        """{ getProduct(id: "p1") {
             __typename id title: name unit ratings releasedOn discontinuedAt syncedAt metadata
             dimensions { __typename w: width unit }
             cheap: stockItems(limit: 1) { items { quantity } nextToken }
             all: stockItems { __typename items { quantity } nextToken }
        } }""",
    )
    assert result.errors is None
    product = result.data["getProduct"]
    assert product["__typename"] == "Product"
    assert product["dimensions"].pop("__typename") == "Dimensions"
    assert product["all"].pop("__typename") == "ModelStockItemConnection"
    assert {key: value for key, value in product.items() if key != "__typename"} == ROW


async def test_the_resolver_learns_which_field_is_asked():
    recorder = Recorder(None)
    await ask(recorder, '{ productsByCategory(categoryId: "c") { nextToken } }')
    ((root, _),) = recorder.asked
    assert (root.root, root.name, root.kind) == (Root.QUERY, "productsByCategory", "index")
    assert root.model is not None
    assert root.index is not None
    assert (root.model.name, root.index.hash, root.index.sort) == ("Product", "categoryId", ("price",))


async def test_arguments_are_those_that_were_given():
    recorder = Recorder(None)
    query = """query($limit: Int, $token: String, $filter: ModelProductFilterInput) {
        listProducts(limit: $limit, nextToken: $token, filter: $filter) { nextToken } }"""
    given = {"and": [{"unit": {"eq": "KG"}}], "not": {"name": {"between": ["a", "b"]}}, "sku": None}
    await ask(recorder, query, filter=given, token=None)
    assert recorder.asked[0][1] == {"nextToken": None, "filter": given}


async def test_inputs_hold_values_for_the_database_and_nothing_that_was_left_out():
    recorder = Recorder(None)
    created = {"organizationId": "o", "sku": "s", "name": "n", "price": 1, "active": True, "ratings": 2.5}
    await ask(
        recorder,
        "mutation($input: CreateProductInput!) { createProduct(input: $input) { id } }",
        input={**created, "discontinuedAt": "2024-01-31T10:15:30+05:30", "dimensions": {"width": None}},
    )
    assert recorder.asked[0][1]["input"] == {
        **created,
        "ratings": [2.5],
        "discontinuedAt": datetime(2024, 1, 31, 4, 45, 30, tzinfo=UTC),
        "dimensions": {"width": None},
    }


async def test_an_exception_in_a_value_is_the_error_of_its_field():
    recorder = Recorder({"id": "p1", "name": PermissionError("Not Authorized to access name on type Product")})
    result = await ask(recorder, '{ getProduct(id: "p1") { id name } }')
    assert result.data == {"getProduct": None}  # a name is required, so its error takes the product with it
    assert [(error.path, error.message) for error in result.errors] == [
        (["getProduct", "name"], "Not Authorized to access name on type Product")
    ]


async def test_a_value_that_is_not_there_is_null():
    result = await ask(Recorder({}), '{ getProduct(id: "p1") { description } }')
    assert (result.data, result.errors) == ({"getProduct": {"description": None}}, None)


async def test_custom_operations_and_their_types():
    recorder = Recorder([{"quantity": 3, "product": {"id": "p1"}}])
    result = await ask(recorder, '{ reorderSuggestions(organizationId: "o") { quantity product { id } } }')
    assert result.data == {"reorderSuggestions": [{"quantity": 3, "product": {"id": "p1"}}]}
    assert recorder.asked[0][0].kind == "custom"
    assert recorder.asked[0][1] == {"organizationId": "o"}


async def test_without_a_resolver_the_root_value_answers():
    schema = strawberry_schema(shipped())
    result = await schema.execute('{ getRole(id: "r") { name } }', root_value={"getRole": {"name": "Admin"}})
    assert result.data == {"getRole": {"name": "Admin"}}
