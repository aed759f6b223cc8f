"""`API.graphql()` of `aws-amplify` v5, in an app that Cognito's sign-in has left a session to."""

import pytest


def operation(document, field):
    """How apps of the time wrote it."""
    return f"return (await API.graphql(graphqlOperation({document}, given))).data.{field};"


CREATE = operation("mutations.createProduct", "createProduct")
UPDATE = operation("mutations.updateProduct", "updateProduct")
DELETE = operation("mutations.deleteProduct", "deleteProduct")
GET = operation("queries.getProduct", "getProduct")
LIST = operation("queries.listProducts", "listProducts")


@pytest.fixture
def given(organization):
    return {"organizationId": organization, "sku": "V5", "name": "Plain", "price": 1.5, "active": True, "ratings": []}


def test_the_app_believes_that_somebody_is_signed_in(v5, tokens):
    code = """
    const user = await Auth.currentAuthenticatedUser();
    return [user.username, (await Auth.currentSession()).getAccessToken().getJwtToken()];
    """
    assert v5.run(code) == ["ada", tokens["admin"]]


def test_create_answers_with_what_was_given_and_what_was_made(v5, given):
    given |= {"unit": "BOX", "tags": ["a"], "metadata": '{"colour":"green"}', "dimensions": {"width": 1.25}}
    made = v5.run(CREATE, input=given)
    assert made["id"]
    assert made.pop("dimensions") == {
        "width": 1.25,
        "height": None,
        "depth": None,
        "unit": None,
        "__typename": "Dimensions",
    }
    del given["dimensions"]
    assert {name: made[name] for name in given} == given


def test_get_gives_the_row_with_its_relations(v5, shelf):
    found = v5.run(GET, id=shelf.products[1])
    assert (found["price"], found["category"]["id"]) == (20, shelf.category)


def test_get_of_nothing_is_null(v5, organization):
    assert v5.run(GET, id="no-such-product") is None


def test_list_filters_before_it_limits(v5, shelf):
    condition = {"and": [{"categoryId": {"eq": shelf.category}}, {"active": {"eq": True}}, {"price": {"ge": 40}}]}
    found = v5.run(LIST, filter=condition, limit=2)
    assert sorted(each["price"] for each in found["items"]) == [40, 50]


def test_pages_lead_to_every_row_once(v5, shelf):
    seen = v5.run(
        """
        const filter = { categoryId: { eq: given.category } };
        const seen = [];
        let nextToken;
        do {
          const { data } = await API.graphql(graphqlOperation(queries.listProducts, { filter, limit: 2, nextToken }));
          seen.push(data.listProducts.items.map(({ id }) => id));
          nextToken = data.listProducts.nextToken;
        } while (nextToken && seen.length < 10);
        return seen;
        """,
        category=shelf.category,
    )
    assert [len(page) for page in seen] == [2, 2, 1]
    assert {each for page in seen for each in page} == set(shelf.products)


def test_an_index_is_queried_by_its_sort_key(v5, shelf):
    by_category = operation("queries.productsByCategory", "productsByCategory")
    found = v5.run(by_category, categoryId=shelf.category, price={"between": [20, 40]}, sortDirection="DESC")
    assert [each["price"] for each in found["items"]] == [40, 30, 20]


def test_a_document_of_its_own_reaches_across_relations(v5, shelf):
    found = v5.run(
        """
        const query = /* GraphQL */ `
          query CategoryWithProducts($id: ID!) {
            getCategory(id: $id) { name products(limit: 2) { items { sku category { name } } nextToken } }
          }`;
        return (await API.graphql({ query, variables: given })).data.getCategory;
        """,
        id=shelf.category,
    )
    assert [each["category"]["name"] for each in found["products"]["items"]] == [found["name"]] * 2
    assert found["products"]["nextToken"]


def test_update_changes_what_is_named_and_null_clears(v5, shelf):
    changed = v5.run(UPDATE, input={"id": shelf.products[0], "name": "Changed", "categoryId": None})
    assert (changed["name"], changed["categoryId"], changed["price"]) == ("Changed", None, 10)


def test_delete_gives_the_row_as_it_was_and_it_is_gone(v5, shelf):
    assert v5.run(DELETE, input={"id": shelf.products[4]})["price"] == 50
    assert v5.run(GET, id=shelf.products[4]) is None


def test_a_refusal_rejects_with_data_and_errors(v5, given):
    outcome = v5.attempt(CREATE, caller="viewer", input=given)
    [error] = outcome.thrown["errors"]
    assert outcome.thrown["data"] == {"createProduct": None}
    assert (error["errorType"], error["path"]) == ("Unauthorized", ["createProduct"])
    assert error["message"] == "Not Authorized to access createProduct on type Mutation"
    assert len(outcome.requests) == 1


def test_a_rejection_keeps_the_data_there_is(v5, person):
    outcome = v5.attempt(operation("queries.getUser", "getUser"), caller="manager", id=person)
    seen = outcome.thrown["data"]["getUser"]
    assert (seen["firstName"], seen["salary"]) == ("Ines", None)
    refused = [error["path"] for error in outcome.thrown["errors"] if error["errorType"] == "Unauthorized"]
    assert ["getUser", "salary"] in refused


def test_a_forged_token_is_401_with_the_body_at_hand(v5):
    outcome = v5.attempt(
        """
        try { await API.graphql(graphqlOperation(queries.listProducts)); } catch ({ data, errors }) {
          const [{ message, originalError }] = errors;
          return { data, message, status: originalError.response.status, body: originalError.response.data };
        }
        """,
        caller="forger",
    )
    seen = outcome.value
    assert (seen["data"], seen["message"], seen["status"]) == ({}, "Request failed with status code 401", 401)
    assert seen["body"]["errors"][0]["errorType"] == "UnauthorizedException"
    assert len(outcome.requests) == 1


def test_the_access_token_is_sent_bare(v5, tokens, organization):
    [request] = v5.attempt(LIST, limit=1).requests
    assert request["headers"]["authorization"] == tokens["admin"]
    assert request["headers"]["content-type"] == "application/json; charset=UTF-8"


def test_a_call_chooses_the_api_key_for_itself(v5, given):
    read = v5.attempt(
        "return API.graphql({ query: queries.listProducts, variables: { limit: 1 }, authMode: 'API_KEY' });"
    )
    assert read.thrown is None
    assert sorted(read.requests[0]["headers"].keys() & {"authorization", "x-api-key"}) == ["x-api-key"]
    write = v5.attempt(
        "return API.graphql({ query: mutations.createProduct, variables: given, authMode: 'API_KEY' });", input=given
    )
    assert [error["errorType"] for error in write.thrown["errors"]] == ["Unauthorized"]


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_call_brings_a_token_of_its_own(v5, tokens, given, prefix):
    outcome = v5.attempt(
        "return API.graphql(graphqlOperation(mutations.createProduct, { input: given.input }, given.token));",
        input=given,
        token=prefix + tokens["viewer"],
    )
    assert outcome.requests[0]["headers"]["authorization"] == prefix + tokens["viewer"]
    assert [error["errorType"] for error in outcome.thrown["errors"]] == ["Unauthorized"]


def test_headers_of_the_app_are_sent_along(v5, organization):
    outcome = v5.attempt(
        """
        API.configure({ graphql_headers: async () => ({ "x-tenant": "t1" }) });
        try { return await API.graphql(graphqlOperation(queries.listProducts, { limit: 1 })); }
        finally { API.configure({ graphql_headers: () => ({}) }); }
        """
    )
    assert outcome.thrown is None
    assert outcome.requests[0]["headers"]["x-tenant"] == "t1"


def test_signed_requests_are_refused_with_what_to_use_instead(v5):
    outcome = v5.attempt(
        """
        const authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240101/eu-west-1/appsync/aws4_request";
        try { await API.graphql(graphqlOperation(queries.listProducts, {}, authorization)); }
        catch ({ errors }) { return errors[0].originalError.response.data.errors[0].message; }
        """
    )
    assert "authMode userPool" in outcome.value
