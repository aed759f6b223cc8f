"""The shell around the doors: health, headers, CORS, failures."""

from __future__ import annotations

import asyncio
import socket
import uuid
from typing import Any

import httpx2
import orjson
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.allowance import ALLOWANCE
from service.app import create_app
from service.auth.authenticator import authenticator_from
from service.logs import JsonFormatter

KEY = {"x-api-key": "da2-unittestunittestunittestun", "content-type": "application/json"}
AMPLIFY_HEADERS = "authorization,content-type,x-amz-date,x-amz-security-token,x-amz-user-agent,x-api-key"


async def test_healthy_means_that_the_process_is_up(client: httpx2.AsyncClient, shell: Any) -> None:
    shell.database.trouble = "The database does not answer."
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_means_that_the_database_is(client: httpx2.AsyncClient, shell: Any) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    shell.database.trouble = "The schema is at 0003, this program needs 0004."
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "reason": "The schema is at 0003, this program needs 0004."}
    assert answer.headers["retry-after"] == "1"


async def test_the_front_door(client: httpx2.AsyncClient, shell: Any) -> None:
    browser = await client.get("/", headers={"accept": "text/html"})
    assert (browser.status_code, browser.headers["location"]) == (303, "/graphql")
    tool = await client.get("/")
    addresses = {"graphql": "/graphql", "rest": "/v1", "health": "/healthz", "readiness": "/readyz"}
    assert tool.json() == {"service": "offramp", **addresses}
    shell.page = None
    async with shell.client() as without_page:
        assert (await without_page.get("/", headers={"accept": "text/html"})).status_code == 200


@pytest.mark.parametrize("path", ["/none", "/graphql/x", "/GraphQL", "/%00", "/%ff", "/graphql;x=y", "/" + "x" * 8_000])
async def test_a15_addresses_with_nothing_at_them(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=b'{"query":"{a}"}', headers=KEY)
    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "message": "There is nothing at this address."}
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("prefix", "path"), [("", "/graphql"), ("", "/graphql/"), ("/prod", "/prod/graphql")])
async def test_the_endpoint_may_stand_behind_a_prefix(shell: Any, prefix: str, path: str) -> None:
    transport = httpx2.ASGITransport(shell.app(), root_path=prefix)
    async with httpx2.AsyncClient(transport=transport, base_url="http://offramp.test") as client:
        answer = await client.post(path, content=b'{"query":"{a}"}', headers=KEY)
    assert (answer.status_code, answer.json()) == (200, {"data": {"caller": "apiKey"}})


async def test_a_method_that_an_address_does_not_know(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("origins", [("*",), ("https://app.example",)])
async def test_a_page_of_another_origin_may_call(shell: Any, origins: tuple[str, ...]) -> None:
    headers = {
        "origin": "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": AMPLIFY_HEADERS,
    }
    async with shell.client(cors_origins=origins) as client:
        preflight = await client.options("/graphql", headers=headers)
        refused = await client.post("/graphql", headers={"origin": "https://app.example"})
        plain = await client.post("/graphql")
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] in {"*", "https://app.example"}
    assert preflight.headers["access-control-allow-headers"] == AMPLIFY_HEADERS
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["x-content-type-options"] == "nosniff"
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] in {"*", "https://app.example"}
    assert refused.headers["access-control-expose-headers"] == (
        "x-amzn-ErrorType, x-amzn-RequestId, Deprecation, ETag, Idempotent-Replayed, Last-Modified, Link, Location, "
        "Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Sunset"
    )
    assert "access-control-allow-credentials" not in refused.headers
    assert "access-control-allow-origin" not in plain.headers


@pytest.mark.parametrize(
    "origin", ["null", "https://app.example.evil.com", "https://evil.com?app.example", "http://app.example"]
)
async def test_a19_a_page_of_a_stranger_may_not(shell: Any, origin: str) -> None:
    preflight = {"origin": origin, "access-control-request-method": "POST"}
    async with shell.client(cors_origins=("https://app.example",)) as client:
        answers = [
            await client.options("/graphql", headers=preflight),
            await client.post("/graphql", headers={"origin": origin}),
        ]
    assert [answer.headers.get("access-control-allow-origin") for answer in answers] == [None, None]


async def test_without_origins_there_is_no_cors(client: httpx2.AsyncClient) -> None:
    answer = await client.options(
        "/graphql", headers={"origin": "https://app.example", "access-control-request-method": "POST"}
    )
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, OPTIONS")
    assert "access-control-allow-origin" not in answer.headers


async def test_a_route_that_fails_is_masked(shell: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_request: Request) -> Response:
        raise ZeroDivisionError("password hunter2")

    app = create_app(
        shell.settings,
        problem=shell.database.problem,
        close=shell.database.close,
        authenticator=authenticator_from(shell.settings),
        graphql=shell.echo,
        pages=[Route("/broken", broken)],
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://offramp.test") as client:
        answer = await client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["x-amzn-errortype"] == "InternalFailure"
    request_id = answer.headers["x-amzn-requestid"]
    assert answer.json() == {
        "code": "internal",
        "message": f"Something went wrong on our side. Please quote {request_id} when you report it.",
    }
    (record,) = caplog.records
    line = orjson.loads(JsonFormatter().format(record))
    assert line["request_id"] == request_id
    assert line["error"]["type"] == "ZeroDivisionError"
    assert line["error"]["at"][-1].endswith(" broken")
    assert "hunter2" not in str(line)
    assert "hunter2" in JsonFormatter(show_messages=True).format(record)


async def test_each_request_is_answered_so_much_and_no_more(shell: Any) -> None:
    async def counted(_request: Request) -> Response:
        given = ALLOWANCE.get()
        assert given is not None
        given.given += 7
        return Response(str(given.given))

    app = create_app(
        shell.settings,
        problem=shell.database.problem,
        close=shell.database.close,
        authenticator=authenticator_from(shell.settings),
        graphql=shell.echo,
        pages=[Route("/counted", counted)],
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://offramp.test") as client:
        assert [(await client.get("/counted")).text for _ in range(2)] == ["7", "7"]


async def test_a_request_is_one_line_without_what_was_sent(
    shell: Any, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "service")
    async with shell.client(request_log=True) as client:
        answer = await client.post(
            "/graphql?secret=1",
            content=b'{"query":"{ a }"}',
            headers={
                "authorization": token,
                "content-type": "application/json",
                "x-amz-user-agent": "aws-amplify/6.22.1 api/1 framework/1 secret@example.com",
            },
        )
    (record,) = caplog.records
    line = orjson.loads(JsonFormatter().format(record))
    assert set(line.pop("spans_ms")) == {"auth"}
    assert {name: line[name] for name in line if name not in {"time", "duration_ms"}} == {
        "level": "INFO",
        "logger": "service.requests",
        "message": "request",
        "request_id": answer.headers["x-amzn-requestid"],
        "method": "POST",
        "path": "/graphql",
        "door": "graphql",
        "caller": "userPools",
        "client": "aws-amplify/6.22.1",
        "status": 200,
        "errors": 0,
        "statements": 0,
    }


@pytest.mark.parametrize(
    "text", ["a\nb", '\r\n{"level":"ERROR"}', "\x1b[31mred", "${jndi:ldap://x}", '"},{"a":"', "\u2028"]
)
async def test_d7_what_is_sent_writes_no_line_of_its_own(
    shell: Any, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    caplog.set_level("INFO", "service")
    names = (b"x-amz-user-agent", b"user-agent", b"x-amzn-requestid")
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "client": None,
        "method": "GET", "path": f"/{text}", "raw_path": b"/", "query_string": text.encode(),
        "headers": [(b"host", b"offramp.test"), *((each, text.encode()) for each in names)],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await shell.app(request_log=True)(scope, receive, send)
    (record,) = caplog.records
    line = JsonFormatter().format(record)
    assert not [each for each in line if ord(each) < 32]
    told = orjson.loads(line)
    assert told["level"] == "INFO"
    assert not {"client", "path"} & told.keys()
    given = dict(sent[0]["headers"])[b"x-amzn-requestid"].decode()
    assert told["request_id"] == given == str(uuid.UUID(given))


@pytest.mark.parametrize("named", ["somebody@example.com", "eyJhbGciOi/eyJz.c2lnbmF0dXJl", "aws-amplify", "a/1;x", ""])
async def test_a_header_that_names_no_client_is_not_logged(
    shell: Any, caplog: pytest.LogCaptureFixture, named: str
) -> None:
    caplog.set_level("INFO", "service")
    async with shell.client(request_log=True) as client:
        await client.post("/graphql", content=b"{}", headers=KEY | {"x-amz-user-agent": named})
    (record,) = caplog.records
    assert "client" not in orjson.loads(JsonFormatter().format(record))


async def test_over_a_real_socket(shell: Any, token: str) -> None:
    """uvicorn as it is started by the commands: a large body, the next request on the same connection, the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(shell.app(), log_config=None, server_header=False, lifespan="on")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        headers = {"authorization": token, "content-type": "application/json"}
        async with httpx2.AsyncClient(base_url=base) as client:
            large = await client.post("/graphql", content=b" " * 10_000_000, headers=headers)
            good = await client.post("/graphql", content=b'{"query":"{ a }"}', headers=headers)
        server.should_exit = True
        await serving
    assert (large.status_code, good.status_code) == (413, 200)
    assert good.json() == {"data": {"caller": "s1"}}
    assert "server" not in good.headers
    assert shell.database.closed
