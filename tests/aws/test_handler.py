"""The function under Lambda's own runtime client, on PostgreSQL: what an HTTP API sends, and what nobody should."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.db.connections.engine import Database
from service.demo import demo_callers
from tests.aws.runtime import LocalLambda, running_function

Event = dict[str, Any]
LIST = "{ listProducts(limit: 2) { items { id name } } }"
OURS = f'{{ getOrganization(id: "{demo_callers().manager.organization}") {{ name }} }}'


def said(answer: dict[str, Any]) -> Any:
    """The JSON of an answer."""
    body = answer["body"]
    if answer["isBase64Encoded"]:
        body = base64.b64decode(body)
    if answer["headers"].get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body)


def test_a_graphql_request_is_answered_from_postgresql(function: LocalLambda, graphql: Callable[..., Event]):
    answer = function.invoke(graphql(OURS))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert said(answer) == {"data": {"getOrganization": {"name": "Harbour & Pine Outfitters"}}}
    assert answer["headers"]["content-type"] == "application/json;charset=UTF-8"
    assert answer["headers"]["cache-control"] == "no-store"


def test_the_request_has_lambdas_id(function: LocalLambda, graphql: Callable[..., Event]):
    answer = function.invoke(graphql(LIST))
    request_id = answer["headers"]["x-amzn-requestid"]
    assert [line["status"] for line in function.lines() if line.get("request_id") == request_id] == [200]


def test_a_body_in_base64_is_read(function: LocalLambda, graphql: Callable[..., Event]):
    event = graphql(LIST)
    event |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
    assert len(said(function.invoke(event))["data"]["listProducts"]["items"]) == 2


def test_readiness_through_the_function(function: LocalLambda, recorded: Callable[[str], Event]):
    answer = function.invoke(recorded("readyz"))
    assert (answer["statusCode"], said(answer)) == (200, {"status": "ok"})


def test_rest_through_the_function(function: LocalLambda, recorded: Callable[[str], Event]):
    """The path came decoded, as an HTTP API has it, and what is told of it is an address again."""
    event = recorded("behind_authorizer")
    event["rawPath"] = event["requestContext"]["http"]["path"] = "/v1/none/50% off"
    answer = function.invoke(event)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (404, False)
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert (said(answer)["code"], said(answer)["instance"]) == ("not_found", "/v1/none/50%25%20off")


@pytest.fixture
def unbound(function_environ: dict[str, str], url: str, tmp_path: Path) -> Iterator[LocalLambda]:
    """An instance that is connected as a superuser."""
    with running_function("service.aws.handler", function_environ | {"DATABASE_URL": url}, tmp_path) as running:
        yield running


def test_as_a_role_that_policies_do_not_bind_it_serves_nothing(
    unbound: LocalLambda, graphql: Callable[..., Event], rest: Callable[..., Event], recorded: Callable[[str], Event]
):
    why = "The database role is a superuser, so row-level security would not hold. Serve as app_rw."
    assert unbound.invoke({"warmup": True}) == {"warm": False}
    ready = unbound.invoke(recorded("readyz"))
    assert (ready["statusCode"], said(ready)["reason"]) == (503, why)
    over_rest = unbound.invoke(rest("GET", "/v1/products"))
    assert (over_rest["statusCode"], said(over_rest)["code"], said(over_rest)["detail"]) == (503, "wrong_role", why)
    over_graphql = unbound.invoke(graphql(LIST))
    assert (over_graphql["statusCode"], said(over_graphql)["errors"]) == (503, [{"message": why}])
    assert unbound.log().count(f"the function serves nothing: {why}") == 1


@pytest.mark.parametrize("event", [{"warmup": True}, {"source": "aws.events", "detail-type": "Scheduled Event"}])
def test_a_warm_up_keeps_the_function_loaded(function: LocalLambda, event: Event):
    assert function.invoke(event) == {"warm": True}


async def test_the_trail_has_the_address_that_api_gateway_saw(
    function: LocalLambda, admin_event: Callable[..., Event], rest: Callable[..., Event], admin: Database
):
    forged = {"x-forwarded-for": "192.0.2.66", "x-real-ip": "192.0.2.68", "x-amzn-requestid": "forged"}
    given = {"organizationId": demo_callers().admin.organization, "name": "From somewhere"}
    document = "mutation ($i: CreateSupplierInput!) { createSupplier(input: $i) { id } }"
    events = {
        "graphql": (admin_event(document, {"i": given | {"id": "graphql"}}, **forged), "203.0.113.7"),
        "rest": (rest("POST", "/v1/suppliers", body=json.dumps(given | {"id": "rest"}), **forged), "203.0.113.90"),
    }
    for entity, (event, address) in events.items():
        request_id = function.invoke(event)["headers"]["x-amzn-requestid"]
        rows = await admin.fetch_rows("SELECT address, request_id FROM audit_entry WHERE entity_id = $1", [entity])
        assert [tuple(row) for row in rows] == [(address, request_id)]
        assert request_id != "forged"


async def test_f13_one_instance_answers_one_organization_after_the_other(
    function: LocalLambda,
    graphql: Callable[..., Event],
    rest: Callable[..., Event],
    issuer: DevelopmentIssuer,
    admin: Database,
):
    """With one process, its connections and all it remembers; what a row of another's is asked for is not there."""
    first = await admin.fetch_rows("SELECT organization_id, min(id) FROM products GROUP BY 1 ORDER BY 1")
    tokens = {each: issuer.issue(f"of-{each}", "x", ["Admin"], organization=each) for each, _ in first}
    assert len(tokens) == 3
    document = "query ($id: ID!) { getProduct(id: $id) { organizationId } listProducts { items { organizationId } } }"
    for own, token in [*tokens.items()] * 3:
        for organization, product in first:
            is_own = organization == own
            data = said(function.invoke(graphql(document, {"id": product}, authorization=token)))["data"]
            assert data["getProduct"] == ({"organizationId": own} if is_own else None)
            assert {each["organizationId"] for each in data["listProducts"]["items"]} == {own}
            event = rest("GET", f"/v1/products/{product}", authorization=f"Bearer {token}")
            answer = function.invoke(event)
            assert answer["statusCode"] == (200 if is_own else 404)
            listed = said(function.invoke(rest("GET", "/v1/products", "limit=5", authorization=f"Bearer {token}")))
            assert {each["organizationId"] for each in listed["data"]} == {own}


def test_e15_claims_beside_the_token_prove_nothing(
    function: LocalLambda, graphql: Callable[..., Event], recorded: Callable[[str], Event]
):
    event = graphql(LIST, **{"x-amzn-oidc-identity": "forged-sub", "x-forwarded-user": "forged-sub"})
    event["requestContext"]["authorizer"] = recorded("behind_authorizer")["requestContext"]["authorizer"]
    del event["headers"]["authorization"]
    answer = function.invoke(event)
    assert (answer["statusCode"], said(answer)["errors"][0]["errorType"]) == (401, "UnauthorizedException")


def test_e16_groups_are_those_of_the_token(
    function: LocalLambda, graphql: Callable[..., Event], issuer: DevelopmentIssuer, recorded: Callable[[str], Event]
):
    document = 'mutation { deleteProduct(input: {id: "any"}) { id } }'
    theirs = issuer.issue("s2", "vera", ["[Admin Manager]"], organization=demo_callers().manager.organization)
    event = graphql(document, authorization=theirs)
    event["requestContext"]["authorizer"] = recorded("behind_authorizer")["requestContext"]["authorizer"]
    (error,) = said(function.invoke(event))["errors"]
    assert error["errorType"] == "Unauthorized"


def without(event: Event, *names: str) -> Event:
    return {name: value for name, value in event.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda event: event | {"body": "%%%", "isBase64Encoded": True}, 400),
        (lambda event: event | {"body": "e30", "isBase64Encoded": True}, 400),
        (lambda event: event | {"body": None}, 400),
        (lambda event: without(event, "body"), 400),
        (lambda event: event | {"body": {"query": "{a}"}}, 400),
        (lambda event: event | {"body": "\ud800"}, 400),
        (lambda event: without(event, "requestContext"), 400),
        (lambda event: event | {"requestContext": None}, 400),
        (lambda event: event | {"requestContext": {"http": {"method": "POST"}}}, 400),
        (lambda event: event | {"headers": None}, 401),
        (lambda event: event | {"headers": {"a": None}}, 400),
        (lambda event: event | {"headers": {**event["headers"], "host": "a:b:c"}}, 400),
        (lambda event: event | {"rawQueryString": None}, 400),
        (lambda event: event | {"cookies": [1]}, 400),
        (lambda event: event | {"version": "1.0"}, 400),
        (lambda _: [], 400),
        (lambda _: None, 400),
        (lambda _: {"Records": [{"body": "x"}]}, 400),
    ],
)
def test_a11_what_is_no_request_is_refused(
    function: LocalLambda, graphql: Callable[..., Event], change: Callable[[Event], object], status: int
):
    answer = function.invoke(change(graphql(LIST)))
    assert answer["statusCode"] == status
    assert said(answer)["message"]
    assert function.process.poll() is None


def test_a_large_answer_is_compressed_for_those_who_accept_it(function: LocalLambda, graphql: Callable[..., Event]):
    aliases = " ".join(f"a{n}: listProducts {{ items {{ id name sku price createdAt }} }}" for n in range(60))
    answer = function.invoke(graphql(f"{{ {aliases} }}"))
    assert (answer["isBase64Encoded"], answer["headers"]["content-encoding"]) == (True, "gzip")
    assert "Accept-Encoding" in answer["headers"]["vary"]
    plain = function.invoke(graphql(f"{{ {aliases} }}", **{"accept-encoding": "identity"}))
    assert plain["isBase64Encoded"] is False
    assert said(plain) == said(answer)
