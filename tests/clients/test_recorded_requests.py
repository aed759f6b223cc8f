"""Every request that `aws-amplify` was recorded to send over HTTP to the old backend, sent here.

`exchanges.json` has the requests of the client, v6 and both generations, with the tokens left out. The backend that
answered then made its data up, so the answers are not compared.
"""

import json
from pathlib import Path

import httpx2
import pytest

from service.auth.authenticator import NO_HEADER, SIGNED
from service.auth.issuer import DevelopmentIssuer
from service.auth.tokens import OTHER_FOLDER, UNPARSABLE, UNTRUSTED

RECORDS = {each["name"]: each for each in json.loads((Path(__file__).parent / "exchanges.json").read_text())}
OF_THE_OTHER_GENERATION = {
    "gen2/index-query-default-name": "Validation error of type FieldUndefined: Field 'listCategoryBySlug'",
    "gen2/index-query-default-name-sortkey": "Validation error of type FieldUndefined: Field 'listProductByCategoryId",
    "gen2/custom-query": "Validation error of type FieldUndefined: Field 'productId' in type 'ReorderSuggestion'",
    "gen2/custom-mutation": "Unknown type 'PlacePurchaseOrderRequestInput'.",
}
"""Recorded on the second generation's schema, where these have other names than in the first's, which is served."""
UNVERIFIABLE = {
    "gen1/iam/query": SIGNED,
    "gen1/lambda/query": UNPARSABLE,
    "gen1/none/query": NO_HEADER,
    "gen1/userPool/authToken-override": UNPARSABLE,  # `Bearer explicit`, in words; the test below has a token there
    "gen1/customEndpoint-without-region": NO_HEADER,
    "gen2/authMode/iam": SIGNED,
    "gen2/authMode/lambda": UNPARSABLE,
    "gen2/authMode/none": NO_HEADER,
}
"""Who sent these is not to be told here, and why."""
SERVED = sorted(RECORDS.keys() - OF_THE_OTHER_GENERATION.keys() - UNVERIFIABLE.keys())


@pytest.fixture
def send(service, tokens, gen2, organization):
    """Send a recorded request; a `customEndpoint` is an address that the app gives, so it is ours as well."""

    def send(name, **changed):
        request = RECORDS[name]["request"]
        headers = {key: value.replace("<ACCESS_TOKEN>", tokens["admin"]) for key, value in request["headers"].items()}
        if "x-api-key" in headers:
            headers["x-api-key"] = service.api_key
        return httpx2.post(service.url, headers=headers | changed, content=json.dumps(request["body"]))

    return send


@pytest.mark.parametrize("name", SERVED)
def test_it_is_answered(send, name):
    answer = send(name)
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert body["data"] is not None
    for error in body.get("errors", ()):
        assert error["path"], "The request was refused before it was executed."
        assert error["errorType"] != "InternalFailure"


@pytest.mark.parametrize(("name", "message"), UNVERIFIABLE.items())
def test_a_caller_who_cannot_be_verified_is_told_what_to_use(send, name, message):
    answer = send(name)
    assert answer.status_code == 401
    assert answer.headers["x-amzn-errortype"] == "UnauthorizedException"
    error = {"errorType": "UnauthorizedException", "message": message}
    assert answer.json() == {"errors": [error], "message": message}


@pytest.mark.parametrize("message", [SIGNED, UNPARSABLE, UNTRUSTED])
def test_what_to_use_is_named(message):
    assert "authMode userPool" in message
    assert "authMode apiKey" in message


def test_a_token_of_another_issuer_is_refused_with_that_reason(send, tmp_path):
    stranger = DevelopmentIssuer.open(tmp_path).issue("sub-1", "oidc-user")
    answer = send("gen1/userPool/query", authorization=stranger)
    assert (answer.status_code, answer.json()["message"]) == (401, OTHER_FOLDER)


def test_bearer_before_the_token_is_fine(send, tokens):
    answer = send("gen1/userPool/authToken-override", authorization=f"Bearer {tokens['admin']}")
    assert answer.status_code == 200
    assert "errors" not in answer.json()


@pytest.mark.parametrize(("name", "message"), OF_THE_OTHER_GENERATION.items())
def test_a_name_of_the_other_generation_is_said_to_be_unknown(send, name, message):
    body = send(name).json()
    assert body["data"] is None
    assert body["errors"][0]["message"].startswith(message)
