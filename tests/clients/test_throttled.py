"""What an app meets whose organization asks too often: the Amplify client waits a little, asks again, and says why."""

import pytest

from tests.clients.conftest import App, running_service

LIST = "return client.graphql({ query: queries.listProducts, variables: { limit: 1 } });"
CREATE = "return client.graphql({ query: mutations.createProduct, variables: { input: given } });"
PRODUCT = {"organizationId": "org-of-the-client-tests", "sku": "T-1", "name": "Once", "price": 1, "ratings": []}


@pytest.fixture
def app(packages, database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("OFFRAMP_REQUESTS_PER_MINUTE", "1")
    with (
        running_service(tmp_path, database_url) as service,
        App("amplify_v6.mjs", service, {"admin": service.token("ada", "Admin")}, "gen1") as app,
    ):
        yield app


def test_what_was_refused_was_not_done_and_may_be_sent_again(app):
    assert app.attempt(LIST).thrown is None
    for code in (LIST, CREATE):
        outcome = app.attempt(code, **PRODUCT)
        [error] = outcome.thrown["errors"]
        assert [request["status"] for request in outcome.requests] == [429, 429, 429]
        assert error["message"].startswith("Your organization is over its limit of requests, 1 a minute. Try again in ")
