"""`client.models`, which writes its own documents from the model introspection of the old backend."""

import json
from pathlib import Path

import pytest

OUTPUTS = json.loads((Path(__file__).parent / "inventory" / "amplify_outputs.json").read_text())
INTROSPECTION = OUTPUTS["data"]["model_introspection"]


def test_create_and_get(gen2, organization):
    made = gen2.run(
        """
        const created = await client.models.Supplier.create(given);
        return [created, await client.models.Supplier.get({ id: created.data.id })];
        """,
        organizationId=organization,
        name="Fruit & Co",
        email="fruit@example.com",
        phone="+12025550123",
        website="https://example.com/fruit",
        leadTimeDays=4,
        address={"line1": "1 High Street", "city": "Cork", "country": "IE", "location": {"lat": 51.9, "lon": -8.47}},
    )
    created, found = made
    assert "errors" not in created
    assert found == created
    assert found["data"]["address"]["location"] == {"lat": 51.9, "lon": -8.47}
    assert found["data"]["leadTimeDays"] == 4


def test_get_of_nothing_is_null(gen2, organization):
    assert gen2.run("return client.models.Supplier.get({ id: 'no-such-supplier' });") == {"data": None}


def test_list_with_a_filter(gen2, shelf):
    found = gen2.run(
        """
        const either = [{ price: { lt: 20 } }, { name: { contains: "50" } }];
        const filter = { categoryId: { eq: given.category }, or: either };
        return client.models.Product.list({ filter });
        """,
        category=shelf.category,
    )
    assert sorted(each["price"] for each in found["data"]) == [10, 50]
    assert found["nextToken"] is None


def test_pages_lead_to_every_row_once(gen2, shelf):
    seen = gen2.run(
        """
        const filter = { categoryId: { eq: given.category } };
        const seen = [];
        let nextToken;
        do {
          const page = await client.models.Product.list({ filter, limit: 2, nextToken });
          seen.push(page.data.map(({ id }) => id));
          nextToken = page.nextToken;
        } while (nextToken && seen.length < 10);
        return seen;
        """,
        category=shelf.category,
    )
    assert [len(page) for page in seen] == [2, 2, 1]
    assert {each for page in seen for each in page} == set(shelf.products)


def test_an_index_is_queried_by_its_sort_key(gen2, shelf):
    found = gen2.run(
        """
        const key = { categoryId: given.category, price: { gt: 10 } };
        const { data } = await client.models.Product.productsByCategory(key, { sortDirection: "DESC", limit: 3 });
        return data.map(({ price }) => price);
        """,
        category=shelf.category,
    )
    assert found == [50, 40, 30]


def test_a_selection_set_reaches_across_relations(gen2, shelf):
    found = gen2.run(
        """
        const selectionSet = ["name", "organization.id", "products.sku", "products.category.name"];
        return client.models.Category.get({ id: given.category }, { selectionSet });
        """,
        category=shelf.category,
    )
    data = found["data"]
    assert sorted(data) == ["name", "organization", "products"]
    assert len(data["products"]) == 5
    assert {each["category"]["name"] for each in data["products"]} == {data["name"]}


def test_relations_load_lazily(gen2, shelf):
    found = gen2.run(
        """
        const { data: product } = await client.models.Product.get({ id: given.product });
        const { data: category } = await product.category();
        const { data: siblings } = await category.products({ limit: 100 });
        return { category, siblings };
        """,
        product=shelf.products[0],
    )
    assert found["category"]["id"] == shelf.category
    assert {each["id"] for each in found["siblings"]} == set(shelf.products)


def test_update_changes_what_is_named_and_null_clears(gen2, shelf):
    changed = gen2.run(
        "return client.models.Product.update({ id: given.id, name: 'Changed', categoryId: null, tags: ['new'] });",
        id=shelf.products[2],
    )
    assert "errors" not in changed
    data = changed["data"]
    assert (data["name"], data["categoryId"], data["tags"], data["price"]) == ("Changed", None, ["new"], 30)


def test_delete_gives_the_row_as_it_was_and_it_is_gone(gen2, shelf):
    deleted, gone = gen2.run(
        """
        const deleted = await client.models.Product.delete({ id: given.id });
        return [deleted, await client.models.Product.get({ id: given.id })];
        """,
        id=shelf.products[3],
    )
    assert deleted["data"]["price"] == 40
    assert gone == {"data": None}


def test_a_composite_key(gen2, organization, shelf):
    found = gen2.run(
        """
        const { organizationId, productId } = given;
        const { data: warehouse } = await client.models.Warehouse.create({ organizationId, code: "W1", name: "Main" });
        const key = { warehouseId: warehouse.id, productId, lot: "2024-01" };
        await client.models.StockItem.create({ ...key, organizationId, quantity: 5 });
        await client.models.StockItem.update({ ...key, quantity: 7 });
        const { data: items } = await client.models.StockItem.stockItemsByProduct({ productId, quantity: { ge: 6 } });
        const { data: item } = await client.models.StockItem.get(key);
        const { data: gone } = await client.models.StockItem.delete(key);
        return [items, item, gone].flat().map(({ lot, quantity }) => [lot, quantity]);
        """,
        organizationId=organization,
        productId=shelf.products[0],
    )
    assert found == [["2024-01", 7]] * 3


def test_a_caller_whom_the_rules_do_not_allow_is_refused(gen2, shelf):
    refused = gen2.run("return client.models.Product.delete({ id: given.id });", caller="viewer", id=shelf.products[0])
    assert refused["data"] is None
    assert [error["errorType"] for error in refused["errors"]] == ["Unauthorized"]


def test_a_field_that_is_denied_is_null_beside_the_rest(gen2, person):
    get = "return client.models.User.get({ id: given.id });"
    assert gen2.run(get, caller="admin", id=person)["data"]["salary"] == 50000
    seen = gen2.run(get, caller="manager", id=person)
    assert (seen["data"]["firstName"], seen["data"]["salary"]) == ("Ines", None)
    assert [(error["errorType"], error["path"]) for error in seen["errors"]] == [
        ("Unauthorized", ["getUser", "salary"])
    ]


def test_a_forged_token_is_unauthorized(gen2):
    refused = gen2.run("return client.models.Product.list();", caller="forger")
    assert refused["data"] == []
    assert refused["errors"][0]["message"] == "Unauthorized"


def test_an_api_key_reads(gen2, shelf):
    outcome = gen2.attempt("return client.models.Product.list({ limit: 1, authMode: 'apiKey' });")
    assert "errors" not in outcome.value
    assert sorted(outcome.requests[0]["headers"].keys() & {"authorization", "x-api-key"}) == ["x-api-key"]


def index_queries():
    """(model, operation, {key attribute: a value that it can have}) of each index in the introspection."""
    for model, declared in INTROSPECTION["models"].items():
        for attribute in declared.get("attributes", ()):
            if attribute["type"] == "key" and "queryField" in attribute["properties"]:
                key = attribute["properties"]["fields"][0]
                value = some(declared["fields"][key]["type"])
                yield model, attribute["properties"]["queryField"], {key: value}


def some(field_type):
    if isinstance(field_type, dict):
        return INTROSPECTION["enums"][field_type["enum"]]["values"][0]
    return "nobody@example.com" if field_type == "AWSEmail" else "none"


@pytest.mark.parametrize(("model", "operation", "key"), list(index_queries()))
def test_every_index_that_the_client_knows_is_served(gen2, organization, model, operation, key):
    code = "return client.models[given.model][given.operation](given.key);"
    assert gen2.run(code, model=model, operation=operation, key=key) == {"data": [], "nextToken": None}


@pytest.mark.parametrize("model", list(INTROSPECTION["models"]))
def test_every_model_that_the_client_knows_is_listed(gen2, organization, model):
    answer = gen2.run("return client.models[given.model].list({ limit: 1 });", model=model)
    assert "errors" not in answer
    assert len(answer["data"]) <= 1


def test_an_observed_query_gives_its_list_without_a_realtime_endpoint(gen2, shelf):
    found = gen2.run(
        """
        const filter = { categoryId: { eq: given.category } };
        const observed = client.models.Product.observeQuery({ filter });
        return new Promise((resolve, reject) => {
          const next = ({ items, isSynced }) => isSynced && resolve(items.map(({ id }) => id));
          observed.subscribe({ next, error: reject });
        });
        """,
        category=shelf.category,
    )
    assert sorted(found) == sorted(shelf.products)
