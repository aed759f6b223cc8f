"""What the client sends again by itself, and that nothing is made twice because of it.

`aws-amplify` v6 sends a request three times if it is answered 5xx or 429 or not at all, mutations as well: so a
mutation whose transaction may have been committed is never answered so.
"""

import secrets

import pytest

from service.db.connections.engine import Database
from tests.clients.conftest import ORGANIZATION, App, make_organization, running_service
from tests.clients.line import Line

LIST = "return client.graphql({ query: queries.listProducts, variables: given });"
CREATE = "return client.graphql({ query: mutations.createProduct, variables: { input: given } });"
CREATE_AND_LOOK = """
const query = /* GraphQL */ `
  mutation Create($input: CreateProductInput!) {
    createProduct(input: $input) { id sku category { products { items { id } } } }
  }`;
return client.graphql({ query, variables: { input: given } });
"""
"""The answer leads back to the table that is written, so a second statement of the transaction reads it."""


@pytest.fixture(scope="module")
async def own_url(make_database):
    return await make_database(None)


@pytest.fixture(scope="module")
def line(own_url):
    with Line(own_url) as line:
        yield line


@pytest.fixture(scope="module")
def app(packages, line, tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("line"), line.url) as service:
        tokens = {"admin": service.token("ada", "Admin")}
        with App("amplify_v6.mjs", service, tokens, "gen2") as app:
            make_organization(app)
        with App("amplify_v6.mjs", service, tokens, "gen1") as app:
            app.run(LIST)
            yield app


@pytest.fixture
async def rows(own_url):
    database = Database.connect(own_url, size=1)

    async def count(sku):
        return int(await database.fetch_value("SELECT count(*)::text FROM products WHERE sku = $1", [sku]))

    yield count
    await database.close()


@pytest.fixture
def product():
    sku = f"O-{secrets.token_hex(4)}"
    return {"organizationId": ORGANIZATION, "sku": sku, "name": "Once", "price": 1, "active": True, "ratings": []}


def statuses(outcome):
    return [request["status"] for request in outcome.requests]


def test_a_query_while_the_database_is_away_is_503_and_sent_again(app, line):
    line.cut(refuse=100)
    outcome = app.attempt(LIST, limit=1)
    line.cut(refuse=0)
    [error] = outcome.thrown["errors"]
    assert statuses(outcome) == [503, 503, 503]
    assert error["message"] == "The database is not available. Try again."
    assert error["originalError"]["_response"]["headers"]["retry-after"] == "1"


def test_a_short_outage_is_not_seen(app, line):
    line.cut(refuse=1)
    outcome = app.attempt(LIST, limit=1)
    assert outcome.thrown is None
    assert statuses(outcome) == [503, 200]


async def test_a_mutation_while_the_database_is_away_is_refused_once(app, line, rows, product):
    line.cut(refuse=100)
    outcome = app.attempt(CREATE, **product)
    line.cut(refuse=0)
    [error] = outcome.thrown["errors"]
    assert statuses(outcome) == [200]
    assert (error["errorType"], error["path"]) == ("unavailable", ["createProduct"])
    assert error["message"] == "The database is not available. Try again."
    assert await rows(product["sku"]) == 0


async def test_a_mutation_whose_answer_is_lost_was_made_once_and_says_that_it_may_have_been(app, line, rows, product):
    line.lose_answer(product["sku"].encode())
    outcome = app.attempt(CREATE, **product)
    [error] = outcome.thrown["errors"]
    assert statuses(outcome) == [200]
    assert outcome.thrown["data"] == {"createProduct": None}
    assert (error["errorType"], error["path"]) == ("outcome_unknown", ["createProduct"])
    assert error["message"].endswith("whether the change was made is not known.")
    assert await rows(product["sku"]) == 1


async def test_a_commit_whose_answer_is_lost_says_that_it_may_have_been_made(app, line, rows, product):
    line.lose_answer(b"COMMIT\0")
    outcome = app.attempt(CREATE_AND_LOOK, **product)
    assert statuses(outcome) == [200]
    assert [error["errorType"] for error in outcome.thrown["errors"]] == ["outcome_unknown"]
    assert await rows(product["sku"]) == 1


async def test_a_transaction_that_was_not_committed_left_nothing(app, line, rows, product):
    line.lose_answer(product["sku"].encode())
    outcome = app.attempt(CREATE_AND_LOOK, **product)
    assert statuses(outcome) == [200]
    assert [error["errorType"] for error in outcome.thrown["errors"]] == ["unavailable"]
    assert await rows(product["sku"]) == 0


def test_a_mutation_that_fails_after_the_write_is_answered_once_with_the_error(legacy_app, product):
    """The answer's `category` cannot be shown: it has no name, which the schema requires."""
    outcome = legacy_app.attempt(
        """
        const { organizationId } = given;
        const create = { query: mutations.createCategory, variables: { input: { organizationId, name: "C" } } };
        const { data } = await client.graphql(create);
        const input = { id: data.createCategory.id, name: null };
        await client.graphql({ query: mutations.updateCategory, variables: { input } }).catch(() => null);
        return client.graphql({
          query: mutations.createProduct,
          variables: { input: { ...given, categoryId: input.id } },
        });
        """,
        **product,
    )
    assert statuses(outcome) == [200, 200, 200]
    assert outcome.thrown["data"]["createProduct"]["category"] is None
    [error] = outcome.thrown["errors"]
    assert error["path"] == ["createProduct", "category", "name"]
    stored = legacy_app.run(LIST, filter={"sku": {"eq": product["sku"]}})["data"]["listProducts"]["items"]
    assert len(stored) == 1


async def test_the_same_id_twice_makes_one_row(app, rows, product):
    """What an app can do about answers that are lost: choose the id itself."""
    given = {**product, "id": product["sku"]}
    assert app.attempt(CREATE, **given).thrown is None
    outcome = app.attempt(CREATE, **given)
    assert statuses(outcome) == [200]
    assert [error["errorType"] for error in outcome.thrown["errors"]] == ["DynamoDB:ConditionalCheckFailedException"]
    assert await rows(product["sku"]) == 1
