"""An Amplify app in Chromium: its page and the API have different origins, as the old backend and its frontends had.

So the browser asks the API first whether it may send each request, and what of the answer the page may read.

Its `amplify_outputs.json` is the old backend's with another URL in it. Nobody signs in; a development token is pasted.
"""

import functools
import http.server
import json
import os
import secrets
import shutil
import struct
import subprocess
import threading
from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from service.db.connections.engine import Database
from tests.clients.conftest import HERE
from tests.packages import NODE

ESBUILD = HERE / "node_modules" / "esbuild" / "bin" / "esbuild"
STORED = "SELECT sku, name, price FROM products WHERE organization_id = $1 ORDER BY sku"
MADE = "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, 'The page''s', now(), now())"
SHELVED = """
INSERT INTO products (id, organization_id, sku, name, price, active, ratings, created_at, updated_at)
SELECT 'p' || number, $1, 'S-' || number, name, 9.5 * number, true, '{}', now(), now()
FROM unnest($2::text[]) WITH ORDINALITY AS given (name, number)
"""


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="session")
def app_url(packages, service, tmp_path_factory):
    """Where the bundled app is served, which is not where the API is."""
    folder = shutil.copytree(HERE / "page", tmp_path_factory.mktemp("page"), dirs_exist_ok=True)
    shutil.copy(HERE / "development_sign_in.js", folder)
    outputs = json.loads((HERE / "inventory" / "amplify_outputs.json").read_text())
    outputs["data"]["url"] = service.url
    (folder / "amplify_outputs.json").write_text(json.dumps(outputs))
    options = ["--bundle", "--minify", "--jsx=automatic", "--outdir=site", "--log-level=warning"]
    environment = os.environ | {"NODE_PATH": str(HERE / "node_modules"), "NODE_ENV": "production"}
    subprocess.run([NODE, ESBUILD, "main.jsx", *options], cwd=folder, env=environment, check=True)
    shutil.copy(folder / "index.html", folder / "site")
    handler = functools.partial(Files, directory=folder / "site")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@dataclass
class Stockroom:
    """The page of one organization, as its reader meets it, and what is stored of that organization."""

    page: object
    organization: str
    database: Database
    tokens: dict[str, str]

    async def open(self, url, caller):
        await self.page.goto(f"{url}?organization={self.organization}")
        await self.page.get_by_label("Development token").fill(self.tokens[caller])
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("button", name="Add")).to_be_visible()

    async def add(self, sku, name, price):
        for label, text in (("SKU", sku), ("Name", name), ("Price", price)):
            await self.page.get_by_label(label, exact=True).fill(text)
        await self.page.get_by_role("button", name="Add").click()

    def row(self, text):
        return self.page.get_by_role("row").filter(has_text=text)

    async def shows(self, *rows):
        """The table comes to have these rows, without their buttons."""
        texts = self.page.locator("tbody tr")
        await expect(texts).to_have_text([f"{sku}{name}{price}EditDelete" for sku, name, price in rows])

    async def stored(self):
        return [tuple(row) for row in await self.database.fetch_rows(STORED, [self.organization])]


@pytest.fixture
async def stockroom(browser, service, tokens):
    context = await browser.new_context(viewport={"width": 1000, "height": 640}, color_scheme="light")
    database = Database.connect(service.database_url, size=1)
    organization = f"org-{secrets.token_hex(4)}"
    await database.fetch_row(MADE, [organization], writes=True)
    own = {
        "manager": service.token("mia", "Manager", organization=organization),
        "viewer": service.token("vic", organization=organization),
    }
    yield Stockroom(await context.new_page(), organization, database, tokens | own)
    await database.close()
    await context.close()


@pytest.fixture
async def shelved(stockroom):
    """Seven products of the page's organization, two more than it lists at once."""
    names = ["Anvil", "Bellows", "Crucible", "Drill", "Engine", "File", "Gauge"]
    await stockroom.database.fetch_rows(SHELVED, [stockroom.organization, names], writes=True)
    return [(f"S-{number}", name, f"{9.5 * number:.2f}") for number, name in enumerate(names, 1)]


async def test_it_lists_by_pages(stockroom, shelved, app_url):
    await stockroom.open(app_url, "viewer")
    await stockroom.shows(*shelved[:5])
    await stockroom.page.get_by_role("button", name="More").click()
    await stockroom.shows(*shelved)
    await expect(stockroom.page.get_by_role("button", name="More")).to_have_count(0)


async def test_it_creates_edits_and_deletes(stockroom, app_url):
    await stockroom.open(app_url, "manager")
    await stockroom.shows()
    await stockroom.add("S-1", "Anvil", "40")
    await stockroom.shows(("S-1", "Anvil", "40.00"))
    await stockroom.add("S-2", "Bellows", "12.5")
    await stockroom.shows(("S-1", "Anvil", "40.00"), ("S-2", "Bellows", "12.50"))
    assert await stockroom.stored() == [("S-1", "Anvil", 40.0), ("S-2", "Bellows", 12.5)]

    await stockroom.row("Anvil").get_by_role("button", name="Edit").click()
    await stockroom.page.get_by_label("New name").fill("Great anvil")
    await stockroom.page.get_by_label("New price").fill("44.75")
    await stockroom.page.get_by_role("button", name="Save").click()
    await stockroom.shows(("S-1", "Great anvil", "44.75"), ("S-2", "Bellows", "12.50"))
    assert await stockroom.stored() == [("S-1", "Great anvil", 44.75), ("S-2", "Bellows", 12.5)]

    await stockroom.row("Bellows").get_by_role("button", name="Delete").click()
    await stockroom.shows(("S-1", "Great anvil", "44.75"))
    assert await stockroom.stored() == [("S-1", "Great anvil", 44.75)]

    await stockroom.page.reload()
    await stockroom.open(app_url, "viewer")
    await stockroom.shows(("S-1", "Great anvil", "44.75"))


@pytest.mark.parametrize("doing", ["create", "delete"])
async def test_a_refused_write_says_why_and_changes_nothing(stockroom, shelved, app_url, doing):
    await stockroom.open(app_url, "viewer")
    before = await stockroom.stored()
    if doing == "create":
        await stockroom.add("S-9", "Forbidden", "1")
    else:
        await stockroom.row("Anvil").get_by_role("button", name="Delete").click()
    message = f"Not Authorized to access {doing}Product on type Mutation"
    await expect(stockroom.page.get_by_role("alert")).to_have_text(message)
    await stockroom.shows(*shelved[:5])
    assert len(before) == 7
    assert await stockroom.stored() == before


async def test_an_error_type_reaches_a_page_of_another_origin(stockroom, app_url):
    """The client says Unauthorized only if the browser lets it read `x-amzn-ErrorType`; else, Unknown error."""
    await stockroom.open(app_url, "forger")
    await expect(stockroom.page.get_by_role("alert")).to_have_text("Unauthorized")


async def test_a_picture_of_it_for_the_documentation(stockroom, shelved, app_url, picture_folder):
    """With --update-screenshots it is docs/images/amplify-app.png; look at it before you commit it."""
    await stockroom.open(app_url, "manager")
    await stockroom.shows(*shelved[:5])
    picture = await stockroom.page.screenshot(path=picture_folder / "amplify-app.png")
    assert picture[16:24] == struct.pack(">II", 1000, 640)
