"""A server with the page, a real Chromium, and a tab that remembers what it asked for and complained about."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from graphql import build_schema, graphql_sync
from playwright.async_api import Browser, ConsoleMessage, Page, Request
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service.graphql.graphiql import Caller, graphiql_page, graphiql_routes

CALLERS = (
    Caller("Admin · Acme", {"authorization": "admin.of.acme"}),
    Caller("Viewer · Acme", {"authorization": "viewer.of.acme"}),
    Caller("API key", {"x-api-key": "da2-example"}),
)
OPERATIONS = {
    "who-am-i": "# Who am I?\n# The server says what it was told.\nquery WhoAmI {\n  whoAmI\n}\n",
    "rename": '# Rename something\nmutation Rename($to: String! = "</script><b>") {\n  rename(to: $to)\n}\n',
}
SCHEMA = build_schema("type Query { whoAmI: String! } type Mutation { rename(to: String!): String! }")


def pytest_addoption(parser):
    parser.addoption("--base-url", metavar="URL", help="a running service to test instead, as `make run` starts it")


@pytest.fixture(scope="session")
def base_url(request, own_server) -> str:
    return request.config.getoption("--base-url", default=None) or own_server


@pytest.fixture(scope="session")
def own_server() -> Iterator[str]:
    """A server whose /graphql shows the page to a browser and answers operations with the caller's header."""
    routes = [
        Route("/graphql", _show, methods=["GET"]),
        Route("/graphql", _answer, methods=["POST"]),
        *graphiql_routes(),
    ]
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


async def _show(request: HttpRequest) -> Response:
    empty = "empty" in request.query_params
    return graphiql_page(() if empty else CALLERS, {} if empty else OPERATIONS, "/graphql")


async def _answer(request: HttpRequest) -> Response:
    body = await request.json()
    caller = request.headers.get("authorization") or request.headers.get("x-api-key")
    if caller is None:
        return JSONResponse({"errors": [{"message": "Who are you?"}]}, status_code=401)
    root = {"whoAmI": caller, "rename": lambda _info, to: to}
    result = graphql_sync(SCHEMA, body["query"], root, operation_name=body.get("operationName"))
    return JSONResponse(result.formatted)


@dataclass
class Tab:
    """A browser tab with what it did."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108  playwright sets attributes on it

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    @property
    def sent(self) -> list[tuple[dict, dict]]:
        """(headers, body) of each operation that was sent; introspection left out."""
        posts = [request for request in self.requests if request.method == "POST"]
        pairs = [(request.headers, request.post_data_json) for request in posts]
        return [(headers, body) for headers, body in pairs if body.get("operationName") != "IntrospectionQuery"]

    async def open(self, url: str) -> None:
        await self.page.goto(url)
        await self.page.get_by_role("button", name="Execute query").wait_for()

    async def settings(self) -> dict:
        """What the server put in the page: endpoint, callers, operations."""
        return await self.page.evaluate("JSON.parse(document.getElementById('settings').textContent)")

    async def run(self) -> str:
        """Run the operation in the tab and give what the response editor shows."""
        async with self.page.expect_response(lambda response: response.request.method == "POST"):
            await self.page.get_by_role("button", name="Execute query").click()
        shown = self.page.locator(".graphiql-response .view-lines", has_text="{")
        return (await shown.inner_text()).replace("\xa0", " ")


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Tab]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    tab = Tab(await context.new_page())
    tab.watch()
    yield tab
    await context.close()
