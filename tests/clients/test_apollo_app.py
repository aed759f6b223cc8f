"""Apollo Client on the same API: its cache, its pages, its error policies."""

import secrets

import pytest

PRODUCTS = """
const PRODUCTS = gql`
  query Products($filter: ModelProductFilterInput, $limit: Int, $nextToken: String) {
    listProducts(filter: $filter, limit: $limit, nextToken: $nextToken) {
      items { id name price }
      nextToken
    }
  }`;
const filter = { categoryId: { eq: given.category } };
const watched = client.watchQuery({ query: PRODUCTS, variables: { filter, limit: given.limit ?? 100 } });
watched.subscribe({});
const shown = async () => {
  do await new Promise((resolve) => setTimeout(resolve, 5)); // the cache tells those who watch it a little later
  while (watched.getCurrentResult().loading);
  return watched.getCurrentResult().data.listProducts;
};
let list = await shown();
"""
"""The list that a component of the app shows, and goes on showing: `shown()` is what it shows now."""


@pytest.fixture
def given(organization, shelf):
    sku = f"A-{secrets.token_hex(4)}"
    fields = {"sku": sku, "name": "New", "price": 60, "active": True, "ratings": []}
    return {"organizationId": organization, "categoryId": shelf.category, **fields}


def test_a_query_gives_the_rows(apollo, shelf):
    outcome = apollo.attempt(
        """
        const query = gql`query Get($id: ID!) { getProduct(id: $id) { id price category { id } } }`;
        return (await client.query({ query, variables: given })).data.getProduct;
        """,
        id=shelf.products[1],
    )
    category = {"__typename": "Category", "id": shelf.category}
    assert outcome.value == {"__typename": "Product", "id": shelf.products[1], "price": 20, "category": category}
    [request] = outcome.requests
    assert (request["body"]["operationName"], request["status"]) == ("Get", 200)


def test_the_token_is_sent_bare(apollo, tokens, shelf):
    [request] = apollo.attempt(PRODUCTS + "return list;", category=shelf.category).requests
    assert request["headers"]["authorization"] == tokens["admin"]
    assert "x-api-key" not in request["headers"]


def test_an_api_key_reads_and_does_not_write(apollo, given):
    outcome = apollo.attempt(
        """
        const query = gql`query Some { listProducts(limit: 1) { items { id } } }`;
        const { data } = await guest.query({ query });
        const mutation = gql`mutation Create($input: CreateProductInput!) { createProduct(input: $input) { id } }`;
        try { await guest.mutate({ mutation, variables: { input: given } }); }
        catch (error) { return [data.listProducts.items.length, graphQLErrors(error)]; }
        """,
        **given,
    )
    count, [error] = outcome.value
    assert (count, error["errorType"]) == (1, "Unauthorized")
    assert ["authorization" in each["headers"] for each in outcome.requests] == [False, False]


def test_more_is_fetched_by_the_next_token_until_there_is_none(apollo, shelf):
    outcome = apollo.attempt(
        PRODUCTS
        + """
        const sizes = [list.items.length];
        while (list.nextToken && sizes.length < 10) {
          await watched.fetchMore({ variables: { nextToken: list.nextToken } });
          list = await shown();
          sizes.push(list.items.length);
        }
        return [sizes, list.items.map(({ id }) => id)];
        """,
        category=shelf.category,
        limit=2,
    )
    sizes, seen = outcome.value
    assert sizes == [2, 4, 5]
    assert sorted(seen) == sorted(shelf.products)
    assert len(outcome.requests) == 3


def test_a_list_on_screen_takes_up_what_was_created(apollo, shelf, given):
    outcome = apollo.attempt(
        PRODUCTS
        + """
        const mutation = gql`
          mutation Create($input: CreateProductInput!) { createProduct(input: $input) { id name price } }`;
        await client.mutate({
          mutation,
          variables: { input: given.input },
          update: (cache, { data: { createProduct } }) =>
            cache.updateQuery({ query: PRODUCTS, variables: { filter, limit: 100 } }, ({ listProducts }) => {
              return { listProducts: { ...listProducts, items: [createProduct] } };
            }),
        });
        return (await shown()).items.map(({ price }) => price);
        """,
        category=shelf.category,
        input=given,
    )
    assert sorted(outcome.value) == [10, 20, 30, 40, 50, 60]
    assert len(outcome.requests) == 2, "The list is not asked for again."


def test_a_list_on_screen_takes_up_what_was_changed_and_deleted(apollo, shelf):
    outcome = apollo.attempt(
        PRODUCTS
        + """
        const update = gql`mutation Rename($input: UpdateProductInput!) { updateProduct(input: $input) { id name } }`;
        await client.mutate({ mutation: update, variables: { input: { id: given.changed, name: "Renamed" } } });
        await client.mutate({
          mutation: gql`mutation Delete($input: DeleteProductInput!) { deleteProduct(input: $input) { id } }`,
          variables: { input: { id: given.deleted } },
          update: (cache, { data: { deleteProduct } }) => cache.evict({ id: cache.identify(deleteProduct) }),
        });
        return (await shown()).items.map(({ id, name }) => [id, name]);
        """,
        category=shelf.category,
        changed=shelf.products[0],
        deleted=shelf.products[4],
    )
    assert dict(outcome.value)[shelf.products[0]] == "Renamed"
    assert sorted(shown for shown, _ in outcome.value) == sorted(shelf.products[:4])
    assert len(outcome.requests) == 3, "The list is not asked for again."


PERSON = "const query = gql`query Person($id: ID!) { getUser(id: $id) { id firstName salary } }`;"


def test_by_default_an_error_rejects_and_says_its_type(apollo, person):
    code = (
        PERSON
        + """
        try { await client.query({ query, variables: given }); } catch (error) { return graphQLErrors(error); }
        """
    )
    [error] = apollo.run(code, caller="manager", id=person)
    assert (error["errorType"], error["path"]) == ("Unauthorized", ["getUser", "salary"])
    assert error["message"] == "Not Authorized to access salary on type User"


def test_error_policy_all_gives_the_rest_of_the_data(apollo, person):
    code = (
        PERSON
        + """
        const { data, error, errors } = await client.query({ query, variables: given, errorPolicy: "all" });
        return [data.getUser, errors ?? graphQLErrors(error)];
        """
    )
    data, [error] = apollo.run(code, caller="manager", id=person)
    assert data == {"__typename": "User", "id": person, "firstName": "Ines", "salary": None}
    assert error["errorType"] == "Unauthorized"


def test_error_policy_ignore_gives_the_data_alone(apollo, person):
    code = PERSON + "return client.query({ query, variables: given, errorPolicy: 'ignore' });"
    answer = apollo.run(code, caller="manager", id=person)
    assert answer["data"]["getUser"]["firstName"] == "Ines"
    assert not answer.get("errors")
    assert not answer.get("error")


def test_a_forged_token_is_a_network_error_with_the_status_and_the_body(apollo):
    code = """
    try { await client.query({ query: gql`query Some { listProducts { items { id } } }` }); }
    catch (error) {
      const { statusCode, bodyText, result } = error.networkError ?? error;
      return [statusCode, result ?? JSON.parse(bodyText)];
    }
    """
    status, body = apollo.run(code, caller="forger")
    assert (status, body["errors"][0]["errorType"]) == (401, "UnauthorizedException")
