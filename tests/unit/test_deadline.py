"""A request that takes too long is ended, and told so in the way of its door."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from service.app import create_app
from service.auth.authenticator import authenticator_from
from service.deadline import SECONDS_LEFT, Deadline
from service.errors import TimedOut

KEY = {"x-api-key": "da2-unittestunittestunittestun", "content-type": "application/json"}


async def ask(shell: Any, path: str, seconds_left: float = 0.05) -> httpx2.Response:
    """What somebody gets whose request has little time left, from a service that takes for ever."""
    ended: list[str] = []

    async def slow(*_: object) -> Any:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("yes")

    app = create_app(
        shell.settings,
        problem=shell.database.problem,
        close=shell.database.close,
        authenticator=authenticator_from(shell.settings),
        graphql=slow,
        pages=[Route("/slow", slow), Route("/v1/products/{id}", slow)],
    )

    async def hurried(scope: Scope, receive: Receive, send: Send) -> None:
        scope[SECONDS_LEFT] = seconds_left
        await app(scope, receive, send)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(hurried), base_url="http://offramp.test") as client:
        answer = await client.request(
            "POST" if path.startswith("/graphql") else "GET", path, content=b'{"query":"{a}"}', headers=KEY
        )
    assert ended == ["yes"]
    return answer


@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
async def test_over_graphql_it_is_an_error_that_nobody_sends_again(shell: Any, path: str) -> None:
    answer = await ask(shell, path)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, answer.json()["data"], error["errorType"]) == (200, None, "ExecutionTimeout")
    assert error["message"].startswith("Execution timed out. ")


async def test_over_rest_it_is_a_problem(shell: Any) -> None:
    answer = await ask(shell, "/v1/products/50%25%20off", seconds_left=0.0)
    assert (answer.status_code, answer.headers["content-type"]) == (504, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["code"], told["type"]) == (504, "timed_out", "/errors/timed_out")
    assert told["detail"].startswith("Execution timed out. ")
    assert told["instance"] == "/v1/products/50%25%20off"
    assert told["traceId"] == answer.headers["x-amzn-requestid"]


async def test_elsewhere_it_is_a_504(shell: Any) -> None:
    answer = await ask(shell, "/slow", seconds_left=0.0)
    assert (answer.status_code, answer.json()["code"]) == (504, "timed_out")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_answer_that_has_begun_is_cut_off_and_not_mixed_with_another() -> None:
    async def begun(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    def refuse(_scope: Scope, _error: TimedOut) -> Response:
        return PlainTextResponse("never")

    async def receive() -> Any:
        await asyncio.sleep(60)

    layer = Deadline(begun, seconds=0.01, refuse=refuse)
    with pytest.raises(TimeoutError):
        await layer({"type": "http"}, receive, send)
    assert sent == ["http.response.start"]
