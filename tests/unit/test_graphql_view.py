"""The GraphQL endpoint over HTTP. The numbers are those of the security cases, groups A and E."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest

from service.auth.authenticator import NO_HEADER, SIGNED
from service.bodies import Malformed
from service.errors import Limited, ServiceError, Unavailable
from service.graphql.request import EMPTY, UNPARSABLE, WRONG_TYPE

KEY = {"x-api-key": "da2-unittestunittestunittestun"}
JSON = KEY | {"content-type": "application/json; charset=UTF-8"}
QUERY = b'{"query": "query ListProducts { listProducts { items { id } } }", "variables": {}}'


def assert_refused(answer: httpx2.Response, status: int, error_type: str, message: str) -> None:
    assert answer.status_code == status
    assert answer.json() == {"errors": [{"errorType": error_type, "message": message}], "message": message}
    assert answer.headers["x-amzn-errortype"] == error_type
    assert len(answer.headers["x-amzn-requestid"]) == 36
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def post(client: httpx2.AsyncClient, body: bytes, headers: dict[str, str] = JSON) -> httpx2.Response:
    return await client.post("/graphql", content=body, headers=headers)


@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
async def test_what_the_amplify_client_sends(client: httpx2.AsyncClient, shell: Any, token: str, path: str) -> None:
    headers = {
        "authorization": token,
        "content-type": "application/json; charset=UTF-8",
        "x-amz-user-agent": "aws-amplify/6.22.1 api/1 framework/1",
    }
    answer = await client.post(path, content=QUERY, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"data": {"caller": "s1"}})
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "x-amzn-errortype" not in answer.headers
    assert shell.echo.requests == [("query ListProducts { listProducts { items { id } } }", {}, None)]


async def test_variables_and_the_operation_name_are_handed_on(client: httpx2.AsyncClient, shell: Any) -> None:
    await post(client, b'{"query": "q", "variables": {"a": [1, null]}, "operationName": "A", "extensions": {"x": 1}}')
    await post(client, b'{"query": "q", "variables": null, "operationName": null}')
    await post(client, b'{"query": "q", "operationName": ""}')
    assert shell.echo.requests == [("q", {"a": [1, None]}, "A"), ("q", {}, None), ("q", {}, None)]


@pytest.mark.parametrize("body", [b"", b" \n\t "])
async def test_a9_no_body(client: httpx2.AsyncClient, body: bytes) -> None:
    assert_refused(await post(client, body), 400, "MalformedHttpRequestException", EMPTY)


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ a }"',  # A1
        b'{"query": "\xff"}',  # A2
        b'"x"', b"5", b"true", b"null",  # A3
        b"[]", b"[1]", b"[null]", b'[{"query": "{ a }"}]',  # A4
        b'{"query": "{ a }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",  # A5
        b'{"query": "{ a }", "variables": {"a": ' + b"1" * 5_000 + b"}}",  # A6
        b'{"query": "{ a }", "variables": {"a": NaN}}', b'{"query": "{ a }", "variables": {"a": -Infinity}}',  # A7
        b"{}", b'{"query": ""}', b'{"query": "  "}', b'{"query": null}', b'{"query": ["{ a }"]}', b'{"Query": "{ a }"}',
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)  # fmt: skip
async def test_a_body_that_is_no_request(client: httpx2.AsyncClient, shell: Any, body: bytes) -> None:
    assert_refused(await post(client, body), 400, "MalformedHttpRequestException", UNPARSABLE)
    assert shell.echo.requests == []


@pytest.mark.parametrize("variables", [b"[]", b'"{}"', b"1", b"true"])
async def test_variables_that_are_no_object(client: httpx2.AsyncClient, variables: bytes) -> None:
    answer = await post(client, b'{"query": "{ a }", "variables": ' + variables + b"}")
    assert_refused(answer, 400, "MalformedHttpRequestException", "Variables must be a JSON object or null.")


@pytest.mark.parametrize("name", [b"[]", b"1", b"{}", b"false"])
async def test_an_operation_name_that_is_no_string(client: httpx2.AsyncClient, name: bytes) -> None:
    answer = await post(client, b'{"query": "{ a }", "operationName": ' + name + b"}")
    assert_refused(answer, 400, "MalformedHttpRequestException", "The operation name must be a string or null.")


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"query": "{ a }", "query": "{ b }"}', "query"),
        (b'{"query": "{ a }", "variables": {}, "qu\\u0065ry": "{ b }"}', "query"),
        (
            b'{"query": "{ a }", "variables": {"input": {"organizationId": 1, "name": 2, "organizationId": 3}}}',
            "organizationId",
        ),
        (b'{"query": "{ a }", "variables": {"list": [{"a": 1}, {"a": 1, "a": 1}]}}', "a"),
    ],
)
async def test_a8_a_key_that_is_there_twice(client: httpx2.AsyncClient, shell: Any, body: bytes, key: str) -> None:
    message = f"The request body has the key '{key}' twice in one object."
    assert_refused(await post(client, body), 400, "MalformedHttpRequestException", message)
    assert shell.echo.requests == []


async def test_what_repeats_outside_an_object_is_read(client: httpx2.AsyncClient, shell: Any) -> None:
    body = b'{"query": "{ a }", "variables": {"a": [{"a": 1}, {"a": 2.5}], "json": "{\\"a\\": 1, \\"a\\": 2}"}}'
    assert (await post(client, body)).status_code == 200
    assert shell.echo.requests == [("{ a }", {"a": [{"a": 1}, {"a": 2.5}], "json": '{"a": 1, "a": 2}'}, None)]


async def test_a5_nesting_that_one_reader_takes_and_the_other_does_not(client: httpx2.AsyncClient, shell: Any) -> None:
    body = b'{"query": "{ a }", "variables": {"a": ' + b"[" * 1_000 + b"]" * 1_000 + b"}}"
    assert (await post(client, body)).status_code in {200, 400}  # later Pythons have room for it


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json;charset=utf-8", 'Application/JSON; charset="UTF-8"', "application/graphql"],
)
async def test_content_types_that_are_read(client: httpx2.AsyncClient, content_type: str) -> None:
    assert (await post(client, QUERY, KEY | {"content-type": content_type})).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "text/xml",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/jsonp",
    ],
)
async def test_a12_content_types_that_are_not(client: httpx2.AsyncClient, content_type: str | None) -> None:
    headers = KEY | ({"content-type": content_type} if content_type else {})
    assert_refused(await post(client, QUERY, headers), 415, "MalformedHttpRequestException", WRONG_TYPE)


async def test_a10_a_body_over_the_limit(shell: Any) -> None:
    message = "The request body is larger than 2000 bytes."

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_000

    async with shell.client(max_body_bytes=2_000) as client:
        announced = await post(client, b" " * 10_000_000)
        unannounced = await client.post("/graphql", content=chunks(), headers=JSON)
        just_right = await post(client, QUERY.ljust(2_000))
    assert_refused(announced, 413, "RequestEntityTooLargeException", message)
    assert_refused(unannounced, 413, "RequestEntityTooLargeException", message)
    assert just_right.status_code == 200


async def test_a_body_in_pieces(client: httpx2.AsyncClient, shell: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield QUERY[:20]
        yield b""
        yield QUERY[20:]

    assert (await client.post("/graphql", content=pieces(), headers=JSON)).status_code == 200
    assert len(shell.echo.requests) == 1


async def test_no_caller(client: httpx2.AsyncClient, shell: Any) -> None:
    answer = await client.post("/graphql", content=QUERY, headers={"content-type": "application/json"})
    assert_refused(answer, 401, "UnauthorizedException", NO_HEADER)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert shell.echo.requests == []


async def test_e1_a_token_in_the_address_is_not_looked_at(client: httpx2.AsyncClient, token: str) -> None:
    address = f"/graphql?access_token={token}&authorization={token}&x-api-key={KEY['x-api-key']}"
    answer = await client.post(address, content=QUERY, headers={"content-type": "application/json"})
    assert_refused(answer, 401, "UnauthorizedException", NO_HEADER)


async def test_e15_claims_in_headers_are_not_looked_at(client: httpx2.AsyncClient) -> None:
    headers = {
        "content-type": "application/json",
        "x-amzn-oidc-identity": "s1",
        "x-amzn-request-context": '{"authorizer": {"jwt": {"claims": {"sub": "s1"}}}}',
        "x-forwarded-user": "s1",
    }
    answer = await client.post("/graphql", content=QUERY, headers=headers)
    assert_refused(answer, 401, "UnauthorizedException", NO_HEADER)


async def test_a_signed_request(client: httpx2.AsyncClient) -> None:
    headers = {
        "authorization": "AWS4-HMAC-SHA256 Credential=…".encode().decode("latin-1"),
        "content-type": "application/json",
    }
    answer = await client.post("/graphql", content=QUERY, headers={k: v.encode("latin-1") for k, v in headers.items()})
    assert_refused(answer, 401, "UnauthorizedException", SIGNED)


async def test_who_has_no_token_learns_nothing_of_the_body(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/graphql", content=b"not json", headers={"content-type": "text/plain"})
    assert_refused(answer, 401, "UnauthorizedException", NO_HEADER)


async def test_a_browser_gets_the_page(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.text) == (200, "<title>GraphiQL at offramp.test</title>")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_script_of_another_origin_does_not(shell: Any) -> None:
    """The page may offer tokens, and in development any origin may read answers."""
    async with shell.client(cors_origins=("*",)) as client:
        answer = await client.get("/graphql", headers={"accept": "text/html", "origin": "https://evil.example"})
    assert answer.status_code == 405
    assert "GraphiQL" not in answer.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
async def test_a16_other_methods(client: httpx2.AsyncClient, shell: Any, method: str) -> None:
    headers = JSON | {"x-http-method-override": "POST"}
    answer = await client.request(method, "/graphql?query={listProducts{items{id}}}", headers=headers)
    assert_refused(answer, 405, "MalformedHttpRequestException", "Send GraphQL requests with POST, as a JSON body.")
    assert answer.headers["allow"] == "GET, POST, OPTIONS"
    assert shell.echo.requests == []


async def test_a16_head_has_no_body(client: httpx2.AsyncClient) -> None:
    answer = await client.head("/graphql", headers={"accept": "*/*"})
    assert (answer.status_code, answer.content) == (405, b"")


async def test_a21_without_a_page_a_browser_gets_none(shell: Any) -> None:
    shell.page = None
    async with shell.client() as client:
        answer = await client.get("/graphql", headers={"accept": "text/html"})
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("error", "status", "error_type"),
    [
        (Malformed(UNPARSABLE), 400, "MalformedHttpRequestException"),
        (Limited("The document has more than 15000 tokens."), 413, "limited"),
        (Unavailable("The database is away; try again."), 503, "unavailable"),
    ],
)
async def test_an_error_of_the_whole_request(
    client: httpx2.AsyncClient, shell: Any, error: ServiceError, status: int, error_type: str
) -> None:
    shell.echo.error = error
    answer = await post(client, QUERY)
    assert answer.status_code == status
    assert answer.headers["x-amzn-errortype"] == error_type
    assert answer.json()["message"] == error.message
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)


async def test_what_nobody_expected_is_masked(
    client: httpx2.AsyncClient, shell: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """200, because the Amplify client sends a mutation again after a 5xx."""
    shell.echo.error = ZeroDivisionError("password hunter2")
    answer = await post(client, QUERY)
    assert answer.status_code == 200
    request_id = answer.headers["x-amzn-requestid"]
    message = f"Something went wrong on our side. Please quote {request_id} when you report it."
    assert answer.json() == {
        "data": None,
        "errors": [{"errorType": "InternalFailure", "message": message, "path": None}],
    }
    assert [(record.name, vars(record)["request_id"]) for record in caplog.records] == [
        ("service.graphql.view", request_id)
    ]


async def test_a_request_that_exhausts_the_stack(client: httpx2.AsyncClient, shell: Any) -> None:
    shell.echo.error = RecursionError()
    answer = await post(client, QUERY)
    assert_refused(answer, 400, "MalformedHttpRequestException", "The request is nested too deeply.")


async def test_a_body_that_never_comes(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.bodies.BODY_SECONDS", 0.01)

    async def never() -> AsyncIterator[bytes]:
        yield b'{"query"'
        import asyncio  # noqa: PLC0415  only here

        await asyncio.sleep(5)

    async with shell.client() as client:
        answer = await client.post("/graphql", content=never(), headers=JSON)
    assert_refused(answer, 408, "MalformedHttpRequestException", "The request body did not arrive in time.")


async def test_a_caller_who_goes_away(shell: Any) -> None:
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in JSON.items()]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers, "query_string": b""}
    await shell.app()(scope, receive, send)
    assert sent == []
    assert shell.echo.requests == []


def test_the_body_of_a_refusal_is_json_in_the_order_of_appsync() -> None:
    from service.graphql.view import refusal_body  # noqa: PLC0415  only here

    body = refusal_body(Malformed(EMPTY))
    assert body.startswith(b'{"errors":[{"errorType":"MalformedHttpRequestException","message":')
    assert orjson.loads(body)["message"] == EMPTY


async def test_the_executor_is_told_where_the_request_came_from(shell: Any, client: Any, token: str) -> None:
    headers = {"authorization": token, "x-forwarded-for": "198.51.100.7, 203.0.113.1", "X-Tenant": "t1"}
    await client.post("/graphql", json={"query": "{ a }"}, headers=headers)
    (origin,) = shell.echo.origins
    assert origin.headers["x-tenant"] == "t1"
    assert origin.headers["authorization"] == token
    assert origin.addresses == ["198.51.100.7", "203.0.113.1", "127.0.0.1"]


async def test_the_end_of_graphql_is_announced_if_anybody_has_set_it(shell: Any, token: str) -> None:
    headers = {"authorization": token, "content-type": "application/json"}
    days = {"graphql_deprecated": "2027-01-01", "graphql_sunset": "2027-05-01"}
    async with shell.client(**days) as client:
        answer = await client.post("/graphql", content=QUERY, headers=headers)
        refused = await client.post("/graphql", content=QUERY)
    for each in (answer, refused):
        assert each.headers["deprecation"] == "@1798761600"
        assert each.headers["sunset"] == "Sat, 01 May 2027 00:00:00 GMT"
        assert each.headers["link"] == '</v1>; rel="successor-version"'
    async with shell.client() as client:
        answer = await client.post("/graphql", content=QUERY, headers=headers)
    assert not {"deprecation", "sunset", "link"} & set(answer.headers)
