"""What the client makes of our refusals, beside what it was recorded to make of AppSync's.

Of the recorded errors these are not here, because the service does not answer so: a 401 without `x-amzn-ErrorType`
(`errors/401-without-errortype-header`: ours always have it), a 500 (`errors/500-InternalFailure` and
`errors/500-on-mutation-is-retried`: a bug is masked with 200, so that nothing is sent again), a page of a gateway
(`errors/502-html`) and a dropped connection (`errors/connection-dropped`: what the client does then is its own affair).
The database being away is in `test_outages.py`.
"""

import json
from pathlib import Path

from tests.clients.conftest import ORGANIZATION

RECORDS = {each["name"]: each for each in json.loads((Path(__file__).parent / "exchanges.json").read_text())}
GET_AUDIT_LOG = "return client.graphql({ query: queries.getAuditLog, variables: given });"
LIST = "return client.graphql({ query: queries.listProducts, variables: given });"


def recorded(name):
    client = RECORDS[name]["client"]
    return client.get("rejected") or client["resolved"]


def renamed(seen, **names):
    """The same with other names in it: the recorded backend had one model to answer for."""
    text = json.dumps(seen)
    for ours, theirs in names.items():
        text = text.replace(ours, theirs)
    return json.loads(text)


def without_transport(outcome):
    """What the app reads of a refusal: not the headers and the body, kept by the client for whoever digs for them."""
    [error] = outcome["errors"]
    original = error["originalError"]
    kept = {key: error[key] for key in error.keys() - {"message", "originalError"}}
    return {
        "data": outcome["data"],
        **kept,
        "name": original["name"],
        "status": original["$metadata"]["httpStatusCode"],
    }


def test_denied_by_a_rule(gen1):
    seen = gen1.attempt(GET_AUDIT_LOG, caller="viewer", id="any")
    assert renamed(seen.thrown, getAuditLog="getProduct") == recorded("errors/200-data-null-with-errors")
    assert len(seen.requests) == RECORDS["errors/200-data-null-with-errors"]["attempts"]


def test_denied_by_a_rule_in_the_second_generation(gen2):
    seen = gen2.run("return client.models.AuditLog.get({ id: 'any' });", caller="viewer")
    assert renamed(seen, getAuditLog="getProduct") == recorded("gen2/errors/get-unauthorized")


def test_a_false_condition(gen1, shelf):
    code = "return client.graphql({ query: mutations.deleteProduct, variables: given });"
    condition = {"price": {"gt": 1000}}
    seen = gen1.attempt(code, input={"id": shelf.products[0]}, condition=condition).thrown
    theirs = recorded("errors/200-conditional-check")
    assert theirs["errors"][0]["message"].startswith(seen["errors"][0]["message"])
    seen["errors"][0]["message"] = theirs["errors"][0]["message"]
    assert renamed(seen, deleteProduct="getProduct") == theirs


def test_an_unknown_field(gen1):
    seen = gen1.attempt("return client.graphql({ query: 'query Foo {\\n  foo\\n}' });")
    assert seen.thrown == recorded("errors/200-validation-error")


def test_no_valid_token(gen1):
    seen = gen1.attempt(LIST, caller="forger")
    theirs = recorded("errors/401-UnauthorizedException")
    assert without_transport(seen.thrown) == without_transport(theirs)
    assert seen.thrown["errors"][0]["message"] == theirs["errors"][0]["message"] == "Unauthorized"
    assert len(seen.requests) == RECORDS["errors/401-UnauthorizedException"]["attempts"]


def test_no_valid_token_in_the_second_generation(gen2):
    seen = gen2.run("return client.models.Product.list();", caller="forger")
    theirs = recorded("gen2/errors/http-401")
    assert without_transport(seen) == without_transport(theirs)
    assert seen["errors"][0]["message"] == theirs["errors"][0]["message"] == "Unauthorized"


def test_a_request_that_is_none(gen1):
    seen = gen1.attempt("return client.graphql({ query: queries.listProducts, variables: [1] });")
    theirs = recorded("errors/400-MalformedHttpRequestException")
    assert without_transport(seen.thrown) == without_transport(theirs)
    assert theirs["errors"][0]["message"] == "Unknown error"
    assert seen.thrown["errors"][0]["message"] == "Variables must be a JSON object or null."
    assert len(seen.requests) == RECORDS["errors/400-MalformedHttpRequestException"]["attempts"]


def test_a_request_that_is_too_large_is_told_in_words_and_once(gen1):
    seen = gen1.attempt(LIST, filter={"name": {"eq": "x" * 1_100_000}})
    [error] = seen.thrown["errors"]
    assert error["message"] == "The request body is larger than 1048576 bytes."
    assert error["originalError"]["name"] == "RequestEntityTooLargeException"
    assert [request["status"] for request in seen.requests] == [413]


def test_a_row_that_cannot_be_shown_is_null_in_its_place(legacy_app):
    """A required value that is missing, as it may be in data of the old backend."""
    create = """
    const product = { name: "N", price: 1, active: true, ratings: [] };
    const created = await client.models.Product.create({ ...given, ...product });
    return created.data.id;
    """
    first, *_ = [legacy_app.run(create, organizationId=ORGANIZATION, sku=f"null-{number}") for number in range(5)]
    clear = "return client.graphql({ query: mutations.updateProduct, variables: { input: given } });"
    assert legacy_app.attempt(clear, id=first, name=None).thrown["errors"]
    filter_ = {"sku": {"beginsWith": "null-"}}
    seen = legacy_app.run("return client.models.Product.list({ filter: given });", **filter_)
    theirs = recorded("gen2/errors/list-with-null-items")
    assert seen.keys() == theirs.keys()
    place = seen["data"].index(None)
    assert len([row for row in seen["data"] if row]) == 4
    [error] = seen["errors"]
    assert error["path"] == ["listProducts", "items", place, "name"]
    assert error.keys() == theirs["errors"][0].keys()
    assert error["message"].startswith("Cannot return null for non-nullable type: 'String' within parent 'Product'")
