"""The docs page as a person meets it: in Chromium, with every other host out of reach."""

import json
import struct
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from service.rest.openapi.document import openapi_document
from tests.contracts.cases import catalog
from tests.rest.served import Served, serving, stock_up

READY = ".swagger-ui .opblock-tag"


@pytest.fixture(scope="session")
def api(tmp_path_factory) -> Iterator[Served]:
    """The API with some products."""
    with serving(tmp_path_factory.mktemp("docs")) as served:
        stock_up(served)
        yield served


@pytest.fixture
async def page(tab, api):
    """The page, loaded; what it asked of another host was refused."""
    own = urlsplit(api.url).netloc

    async def only_own(route):
        is_own = urlsplit(route.request.url).netloc == own or route.request.url.startswith("data:")
        await (route.continue_() if is_own else route.abort())

    await tab.page.route("**/*", only_own)
    await tab.page.goto(f"{api.url}/docs")
    await tab.page.locator(READY).first.wait_for()
    return tab.page


async def opened(page, tag: str, operation: str):
    """An operation, opened."""
    await page.locator(f"#operations-tag-{tag} button.expand-operation").click()
    block = page.locator(f"#operations-{tag}-{operation}")
    await block.locator(".opblock-summary-control").click()
    await block.locator(".opblock-body").wait_for()
    return block


async def execute(page, tag: str, operation: str, **values: str) -> dict:
    """Fill in and send one operation as a person does, and give what is shown as its answer."""
    block = await opened(page, tag, operation)
    for name, value in values.items():
        await block.locator(f'tr[data-param-name="{name}"]').locator("input, textarea").first.fill(value)
    async with page.expect_response(lambda response: "/v1/" in response.url and "openapi" not in response.url) as sent:
        await block.get_by_role("button", name="Execute").click()
    await block.locator(".live-responses-table .response-col_status").last.wait_for()
    return await (await sent.value).json()


async def test_it_loads_without_a_complaint_and_asks_no_other_host(tab, page, api):
    assert await page.title() == "Offramp REST API"
    assert await page.locator(READY).count() == 17  # 13 models, audit entries, transactions, operations, permissions
    assert tab.complaints == []
    hosts = {urlsplit(each.url).netloc for each in tab.requests if not each.url.startswith("data:")}
    assert hosts == {urlsplit(api.url).netloc}


async def test_a_request_is_sent_with_a_token_that_was_typed_in(tab, page, api):
    await page.get_by_label("Caller").select_option("Your own token or key")
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".auth-container", has_text="bearer")
    await dialog.locator("input").fill(api.token("vic"))
    await dialog.get_by_role("button", name="Apply credentials").click()
    await page.get_by_role("button", name="Close").first.click()
    body = await execute(page, "Product", "listProducts", limit="2", price='{"ge": 10}')
    assert {each["name"] for each in body["data"]} == {"Gas lamp", "Tent for two"}
    [request] = [each for each in tab.requests if "/v1/products" in each.url]
    assert request.headers["authorization"].startswith("Bearer ey")
    assert "price[ge]=10" in request.url.replace("%5B", "[").replace("%5D", "]")
    assert tab.complaints == []


async def test_what_was_not_filled_in_is_not_sent(tab, page):
    body = await execute(page, "Category", "listCategories")
    assert body["data"] == []
    [request] = [each for each in tab.requests if "/v1/categories" in each.url]
    assert urlsplit(request.url).query == "limit=50&filter=%7B%7D"
    assert {"prefer", "if-match", "if-none-match"} & request.headers.keys() == set()


async def test_a_caller_that_is_offered_needs_no_typing(tab, page):
    offered = json.loads(await page.locator("#settings").text_content())["callers"]
    await page.get_by_label("Caller").select_option(offered[-1]["label"])
    body = await execute(page, "Product", "listProducts")
    assert {each["sku"] for each in body["data"]} == {"TENT-2", "MUG-1", "LAMP-3"}
    [request] = [each for each in tab.requests if "/v1/products" in each.url]
    assert request.headers["x-api-key"] == offered[-1]["headers"]["x-api-key"]
    assert "authorization" not in request.headers


async def test_eighty_nine_models_are_a_page_like_any(tab, api):
    """Swagger UI by itself follows every reference of the document for each thing it shows, which takes it minutes."""
    described = json.dumps(openapi_document(catalog("erp")))
    await tab.page.route(
        "**/v1/openapi.json", lambda route: route.fulfill(body=described, content_type="application/json")
    )
    await tab.page.goto(f"{api.url}/docs")
    await tab.page.locator(READY).first.wait_for()
    assert await tab.page.locator(READY).count() == 91  # the models, transactions, permissions
    block = await opened(tab.page, "Account", "listAccounts")
    assert await block.locator('tr[data-param-name="filter"]').count() == 1
    block = await opened(tab.page, "Transactions", "runTransaction")
    await block.get_by_role("button", name="Execute").wait_for()
    assert tab.complaints == []


async def test_what_an_operation_takes_and_gives_is_shown(tab, page):
    block = await opened(page, "Product", "searchProducts")
    body = block.locator(".opblock-section-request-body")
    await body.get_by_text("Schema", exact=True).click()
    members = await body.locator(".json-schema-2020-12__title").all_inner_texts()
    assert {"filter", "sort", "limit", "cursor", "fields", "include"} <= set(members)
    answer = block.locator('tr.response[data-code="200"]')
    await answer.get_by_text("Schema", exact=True).click()
    for name in ("page", "data"):
        await answer.locator(".json-schema-2020-12-property", has_text=name).get_by_text("Expand all").first.click()
    titles = await answer.locator(".json-schema-2020-12__title").all_inner_texts()
    assert {"hasMore", "next", "sku", "price", "category"} <= set(titles)
    shown = await answer.locator(".json-schema-2020-12-property", has_text="A Category.").last.inner_text()
    assert "Only with include=category" in shown.replace("`", "")
    assert tab.complaints == []


async def test_a_picture_of_it_for_the_documentation(page, picture_folder):
    """With --update-screenshots it is docs/images/rest-docs.png; look at it before you commit it."""
    await page.locator("#operations-tag-Product button.expand-operation").click()
    await page.locator("#operations-Product-deleteProduct").wait_for()
    await page.evaluate("document.getElementById('operations-tag-Product').scrollIntoView(); scrollBy(0, -60)")
    picture = await page.screenshot(path=picture_folder / "rest-docs.png")
    assert picture[16:24] == struct.pack(">II", 1440, 900)
