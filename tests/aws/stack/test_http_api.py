"""The HTTP API: who is let in where, what a browser may do, and what is refused before it costs anything."""

from __future__ import annotations

import json

import pytest

from service.app import EXPOSED_HEADERS
from tests.aws.stack.template import Stack, name_of

OPEN = {
    "POST /graphql",
    "GET /graphql",
    "GET /graphql/assets/{name}",
    "GET /healthz",
    "GET /readyz",
    "GET /errors/{code}",
    "GET /docs",
    "GET /docs/{proxy+}",
    "GET /v1/openapi.json",
}
REST = {f"{method} /v1/{{proxy+}}" for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}


def test_it_is_an_http_api(stack: Stack):
    [api] = stack.of("AWS::ApiGatewayV2::Api").values()
    assert api["ProtocolType"] == "HTTP"
    [integration] = stack.of("AWS::ApiGatewayV2::Integration").values()
    assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")


def test_rest_is_behind_the_authorizer_and_graphql_verifies_itself(stack: Stack):
    routes = stack.of("AWS::ApiGatewayV2::Route").values()
    guarded = {each["RouteKey"] for each in routes if each.get("AuthorizationType") == "JWT"}
    assert guarded == REST
    assert {each["RouteKey"] for each in routes} - guarded == OPEN
    assert {name_of(each["AuthorizerId"]) for each in routes if "AuthorizerId" in each} == {"HttpApiAuthorizerUsers"}


def test_no_route_takes_the_preflight_of_a_browser_from_api_gateway(stack: Stack):
    methods = {each["RouteKey"].split()[0] for each in stack.of("AWS::ApiGatewayV2::Route").values()}
    assert not methods & {"ANY", "OPTIONS", "$default"}


def test_the_authorizer_trusts_the_pool_and_client_that_the_service_trusts(stack: Stack):
    jwt = stack["HttpApiAuthorizerUsers"]["JwtConfiguration"]
    environment = stack["ApiLambdaFunction"]["Environment"]["Variables"]
    assert stack["HttpApiAuthorizerUsers"]["IdentitySource"] == ["$request.header.Authorization"]
    assert jwt["Issuer"] == environment["OFFRAMP_ISSUER"]
    assert jwt["Issuer"] == {"Fn::Sub": "https://cognito-idp.${AWS::Region}.amazonaws.com/${UserPool}"}
    assert {"Fn::Join": [",", jwt["Audience"]]} == environment["OFFRAMP_CLIENT_IDS"]
    assert jwt["Audience"] == [{"Ref": "UserPoolClient"}]


@pytest.mark.parametrize(
    ("stage", "origins"),
    [("dev", ["http://localhost:5173", "http://localhost:3000"]), ("prod", ["https://app.example.com"])],
)
def test_pages_of_the_frontend_alone_may_call(stage: str, origins: list[str], request: pytest.FixtureRequest):
    stack: Stack = request.getfixturevalue(stage)
    cors = stack["HttpApi"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == origins
    assert stack["ApiLambdaFunction"]["Environment"]["Variables"]["OFFRAMP_CORS_ORIGINS"] == {
        "Fn::Join": [",", origins]
    }
    assert "AllowCredentials" not in cors


@pytest.mark.parametrize(("stage", "shown"), [("dev", "true"), ("prod", "false")])
def test_pages_to_try_the_apis_are_shown_in_dev(stage: str, shown: str, request: pytest.FixtureRequest):
    environment = request.getfixturevalue(stage)["ApiLambdaFunction"]["Environment"]["Variables"]
    assert (environment["OFFRAMP_GRAPHIQL"], environment["OFFRAMP_DOCS"]) == (shown, shown)


def test_a_page_may_send_any_header_and_read_those_that_clients_read(stack: Stack):
    cors = stack["HttpApi"]["CorsConfiguration"]
    assert cors["AllowHeaders"] == ["authorization", "*"]
    exposed = set(cors["ExposeHeaders"])
    assert {each.lower() for each in EXPOSED_HEADERS} <= exposed
    assert {"etag", "link", "location", "retry-after"} <= exposed
    assert {route.split()[0] for route in OPEN | REST} <= set(cors["AllowMethods"])


@pytest.mark.parametrize(("stage", "rate", "burst"), [("dev", 100, 200), ("prod", 1000, 2000)])
def test_requests_are_throttled(stage: str, rate: int, burst: int, request: pytest.FixtureRequest):
    stack: Stack = request.getfixturevalue(stage)
    settings = stack["HttpApiStage"]["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (rate, burst)
    assert not settings.get("DetailedMetricsEnabled")  # six metrics for each route that is called, 0.30 USD each


def test_the_access_log_is_json_and_tells_nothing_of_a_caller(stack: Stack):
    written = stack["HttpApiStage"]["AccessLogSettings"]
    assert name_of(written["DestinationArn"]) == "HttpApiLogGroup"
    line = json.loads(written["Format"])
    assert {"request_id", "route", "status", "latency_ms", "authorizer_error"} <= set(line)
    assert not [each for each in line.values() if any(word in each for word in ("identity", "claims", "path", "query"))]
