"""The running service, a real Chromium, and a tab that remembers what it asked for and complained about."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response

from tests.running import running_dev


def pytest_addoption(parser):
    parser.addoption("--base-url", metavar="URL", help="a running service to test instead, as `make run` starts it")


@pytest.fixture(scope="session")
def base_url(request, tmp_path_factory) -> Iterator[str]:
    """The service with its demo data, as a person meets it."""
    given = request.config.getoption("--base-url", default=None)
    if given:
        yield given
        return
    with running_dev(tmp_path_factory.mktemp("offramp")) as address:
        yield address


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
        async with self.page.expect_response(_answers_an_operation):
            await self.page.get_by_role("button", name="Execute query").click()
        shown = self.page.locator(".graphiql-response .view-lines", has_text="{")
        return (await shown.inner_text()).replace("\xa0", " ")

    async def run_and_read(self) -> str:
        """Run the operation in the tab and give the body of the answer."""
        async with self.page.expect_response(_answers_an_operation) as expected:
            await self.page.get_by_role("button", name="Execute query").click()
        response = await expected.value
        body = await response.text()
        assert response.ok, (response.status, body, self.sent[-1])
        return body


def _answers_an_operation(response: Response) -> bool:
    sent = response.request.post_data or ""
    return response.request.method == "POST" and "IntrospectionQuery" not in sent


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Tab]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    tab = Tab(await context.new_page())
    tab.watch()
    yield tab
    await context.close()
