"""`generateClient().graphql()` with the documents that Amplify's code generator wrote for the old app."""

import pytest


def product(organization, **fields):
    return {
        "organizationId": organization,
        "sku": "S-1",
        "name": "Plain",
        "price": 1.5,
        "active": True,
        "ratings": [],
        **fields,
    }


CREATE = "return (await client.graphql({ query: mutations.createProduct, variables: given })).data.createProduct;"
UPDATE = "return (await client.graphql({ query: mutations.updateProduct, variables: given })).data.updateProduct;"
GET = "return (await client.graphql({ query: queries.getProduct, variables: { id: given.id } })).data.getProduct;"
LIST = "return (await client.graphql({ query: queries.listProducts, variables: given })).data.listProducts;"


def test_create_answers_with_what_was_given_and_what_was_made(gen1, organization):
    given = product(
        organization,
        unit="BOX",
        tags=["a", "b"],
        ratings=[4.5, 3],
        photos=["https://example.com/1.png"],
        metadata='{"colour":"green","sizes":[1,2]}',
        releasedOn="2024-02-29",
        availableFrom="08:30:00.000Z",
        syncedAt=1706696130,
        discontinuedAt="2024-01-31T10:15:30.123Z",
        dimensions={"width": 1.25, "unit": "METRE"},
    )
    made = gen1.run(CREATE, input=given)
    assert made["id"]
    assert made["createdAt"].endswith("Z")
    assert made["updatedAt"].endswith("Z")
    dimensions = made.pop("dimensions")
    assert dimensions == {"width": 1.25, "height": None, "depth": None, "unit": "METRE", "__typename": "Dimensions"}
    del given["dimensions"]
    assert {name: made[name] for name in given} == given


def test_create_with_an_id_that_exists_is_refused(gen1, organization, shelf):
    outcome = gen1.attempt(CREATE, input=product(organization, id=shelf.products[0]))
    [error] = outcome.thrown["errors"]
    assert error["errorType"] == "DynamoDB:ConditionalCheckFailedException"
    assert error["path"] == ["createProduct"]
    assert outcome.thrown["data"] == {"createProduct": None}


def test_get_gives_the_row_with_its_relations(gen1, shelf):
    found = gen1.run(GET, id=shelf.products[1])
    assert (found["id"], found["price"]) == (shelf.products[1], 20)
    assert found["category"]["id"] == shelf.category
    assert found["stockItems"] == {"nextToken": None, "__typename": "ModelStockItemConnection"}


def test_get_of_nothing_is_null(gen1, organization):
    assert gen1.run(GET, id="no-such-product") is None


def test_list_filters_before_it_limits(gen1, shelf):
    condition = {"and": [{"categoryId": {"eq": shelf.category}}, {"active": {"eq": True}}, {"price": {"ge": 40}}]}
    found = gen1.run(LIST, filter=condition, limit=2)
    assert sorted(each["price"] for each in found["items"]) == [40, 50]


def test_pages_lead_to_every_row_once(gen1, shelf):
    seen = gen1.run(
        """
        const filter = { categoryId: { eq: given.category } };
        const seen = [];
        let nextToken = null;
        do {
          const variables = { filter, limit: 2, nextToken };
          const { data } = await client.graphql({ query: queries.listProducts, variables });
          seen.push(data.listProducts.items.map(({ id }) => id));
          nextToken = data.listProducts.nextToken;
        } while (nextToken && seen.length < 10);
        return seen;
        """,
        category=shelf.category,
    )
    assert [len(page) for page in seen] == [2, 2, 1]
    assert {each for page in seen for each in page} == set(shelf.products)


@pytest.mark.parametrize(("direction", "expected"), [("ASC", [20, 30, 40]), ("DESC", [40, 30, 20])])
def test_an_index_is_queried_by_its_sort_key(gen1, shelf, direction, expected):
    found = gen1.run(
        """
        const { data } = await client.graphql({ query: queries.productsByCategory, variables: given });
        return data.productsByCategory.items;
        """,
        categoryId=shelf.category,
        price={"between": [20, 40]},
        sortDirection=direction,
    )
    assert [each["price"] for each in found] == expected


def test_update_changes_what_is_named_and_null_clears(gen1, shelf):
    before = gen1.run(GET, id=shelf.products[0])
    changed = gen1.run(UPDATE, input={"id": shelf.products[0], "name": "Changed", "categoryId": None})
    assert (changed["name"], changed["categoryId"], changed["category"]) == ("Changed", None, None)
    assert (changed["sku"], changed["price"], changed["createdAt"]) == (
        before["sku"],
        before["price"],
        before["createdAt"],
    )
    assert changed["updatedAt"] >= before["updatedAt"]


def test_update_on_a_false_condition_changes_nothing(gen1, shelf):
    given = {"input": {"id": shelf.products[0], "price": 99}, "condition": {"price": {"gt": 10}}}
    outcome = gen1.attempt(UPDATE, **given)
    assert [error["errorType"] for error in outcome.thrown["errors"]] == ["DynamoDB:ConditionalCheckFailedException"]
    assert gen1.run(GET, id=shelf.products[0])["price"] == 10


def test_delete_gives_the_row_as_it_was_and_it_is_gone(gen1, shelf):
    deleted = gen1.run(
        "return (await client.graphql({ query: mutations.deleteProduct, variables: given })).data.deleteProduct;",
        input={"id": shelf.products[4]},
    )
    assert (deleted["id"], deleted["price"]) == (shelf.products[4], 50)
    assert gen1.run(GET, id=shelf.products[4]) is None


def test_a_caller_whom_the_rules_do_not_allow_is_refused(gen1, organization):
    outcome = gen1.attempt(CREATE, caller="viewer", input=product(organization))
    [error] = outcome.thrown["errors"]
    assert error["errorType"] == "Unauthorized"
    assert error["message"] == "Not Authorized to access createProduct on type Mutation"
    assert outcome.thrown["data"] == {"createProduct": None}
    assert len(outcome.requests) == 1, "A refusal is not worth another try."


def test_a_forged_token_is_unauthorized(gen1):
    outcome = gen1.attempt(LIST, caller="forger")
    assert outcome.thrown["errors"][0]["message"] == "Unauthorized"
    assert [request["status"] for request in outcome.requests] == [401]


def test_the_access_token_is_sent_bare(gen1, tokens, organization):
    [request] = gen1.attempt(LIST, limit=1).requests
    assert request["headers"]["authorization"] == tokens["admin"]


def test_an_api_key_reads_and_does_not_write(gen1, shelf, organization):
    read = gen1.attempt(
        "return client.graphql({ query: queries.listProducts, variables: { limit: 1 }, authMode: 'apiKey' });"
    )
    assert read.thrown is None
    assert sorted(read.requests[0]["headers"].keys() & {"authorization", "x-api-key"}) == ["x-api-key"]
    write = gen1.attempt(
        "return client.graphql({ query: mutations.createProduct, variables: given, authMode: 'apiKey' });",
        input=product(organization),
    )
    assert [error["errorType"] for error in write.thrown["errors"]] == ["Unauthorized"]


def test_a_subscription_is_silent_and_the_rest_goes_on(gen1, shelf):
    """There is no realtime endpoint yet."""
    states, received, found = gen1.run(
        """
        const states = [];
        const received = [];
        const disrupted = new Promise((resolve) => {
          Hub.listen("api", ({ payload: { data } }) => {
            states.push(data.connectionState);
            if (data.connectionState === "ConnectionDisrupted") resolve();
          });
        });
        const query = "subscription OnCreate { onCreateProduct { id } }";
        const take = (event) => received.push(event);
        const subscription = client.graphql({ query }).subscribe({ next: take, error: take });
        await disrupted;
        const { data } = await client.graphql({ query: queries.getProduct, variables: given });
        subscription.unsubscribe();
        return [states, received, data.getProduct.id];
        """,
        id=shelf.products[0],
    )
    assert states[-1] == "ConnectionDisrupted"
    assert "Connected" not in states
    assert received == []
    assert found == shelf.products[0]
