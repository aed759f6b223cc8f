"""GraphiQL as a person meets it: in Chromium, with every request and complaint recorded."""

import asyncio
import json
import re
import struct
from urllib.parse import urlsplit

import pytest

PASTED = "Your own token or key"


async def test_it_loads_without_a_complaint_and_asks_no_other_host(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    await tab.run()
    await tab.page.get_by_role("button", name="Variables").click()
    await tab.page.get_by_role("button", name="Prettify").click()
    for panel in ("Documentation Explorer", "GraphiQL Explorer", "History"):
        await tab.page.get_by_role("button", name=f"Show {panel}").click()
        await tab.page.locator(".graphiql-plugin > *").first.wait_for()
    assert await tab.page.title() == "Offramp"
    assert tab.complaints == []
    hosts = {urlsplit(request.url).netloc for request in tab.requests if not request.url.startswith("data:")}
    assert hosts == {urlsplit(base_url).netloc}


async def test_the_documentation_is_made_from_the_schema(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    await tab.page.get_by_role("button", name="Show Documentation Explorer").click()
    await tab.page.get_by_role("link", name="Query").click()
    await tab.page.locator(".graphiql-doc-explorer-field-name, .graphiql-doc-explorer-item").first.wait_for()


async def test_the_first_example_is_ready_to_run(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    answer = await tab.run()
    settings = await tab.settings()
    [(headers, body)] = tab.sent
    assert body["query"] == settings["operations"][0]["text"]
    assert '"data"' in answer
    assert settings["callers"][0]["headers"].items() <= headers.items()
    assert settings["callers"][0]["label"] in await tab.page.get_by_role("status").inner_text()


async def test_an_example_opens_in_a_tab_of_its_own_once(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    settings = await tab.settings()
    for _ in range(2):
        await tab.page.locator(".examples li button").nth(1).click()
        await tab.page.locator(".examples li button").nth(0).click()
    tabs = tab.page.get_by_role("tablist", name="Select active operation").get_by_role("tab")
    assert await tabs.count() == 2
    await tabs.nth(1).click()
    await tab.run()
    [(_, body)] = tab.sent
    assert body["query"] == settings["operations"][1]["text"]


async def test_another_caller_is_sent_only_when_the_operation_is_run_again(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    first, second, *_ = (await tab.settings())["callers"]
    await tab.run()
    await tab.page.get_by_label("Caller", exact=True).select_option(second["label"])
    again = tab.page.get_by_role("button", name=f"Run as {second['label']}")
    await again.wait_for()
    assert len(tab.sent) == 1
    await again.click()
    await tab.page.get_by_text(f"Answered to {second['label']}").wait_for()
    assert first["headers"].items() <= tab.sent[0][0].items()
    assert second["headers"].items() <= tab.sent[1][0].items()


@pytest.mark.parametrize(
    ("pasted", "header"),
    [("Bearer one.two.three", ("authorization", "one.two.three")), ("da2-abc", ("x-api-key", "da2-abc"))],
)
async def test_a_pasted_token_or_key_is_sent_and_not_kept(tab, base_url, pasted, header):
    await tab.open(f"{base_url}/graphql")
    await tab.page.get_by_label("Caller", exact=True).select_option(PASTED)
    await tab.page.get_by_label("Token or API key").fill(pasted)
    await tab.run()
    [(headers, _)] = tab.sent
    assert header in headers.items()
    assert {"authorization", "x-api-key"} & headers.keys() == {header[0]}
    stored = await tab.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert header[1] not in stored


async def test_the_caller_is_remembered_when_the_page_is_loaded_again(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    second = (await tab.settings())["callers"][1]["label"]
    await tab.page.get_by_label("Caller", exact=True).select_option(second)
    await tab.open(f"{base_url}/graphql")
    assert await tab.page.get_by_label("Caller", exact=True).input_value() == second


async def test_the_keyboard_runs_the_operation(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    await tab.page.locator(".graphiql-query-editor .view-lines").click()
    async with tab.page.expect_request(lambda request: "IntrospectionQuery" not in (request.post_data or "")):
        await tab.page.keyboard.press("Control+Enter")


async def test_dark_follows_the_system(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    colour = "getComputedStyle(document.getElementById('page')).backgroundColor"
    light = await tab.page.evaluate(colour)
    await tab.page.emulate_media(color_scheme="dark")
    assert (light, await tab.page.evaluate(colour)) == ("rgb(255, 255, 255)", "rgb(33, 42, 59)")


async def test_rows_vanish_with_another_caller(tab, base_url):
    """The latest orders of a status: an Admin sees them all, a Viewer those that are theirs or wait for their group."""
    await tab.open(f"{base_url}/graphql")
    settings = await tab.settings()
    labels = [each["label"] for each in settings["callers"]]
    at = next(number for number, each in enumerate(settings["operations"]) if "purchaseOrdersByStatus" in each["text"])
    await tab.page.locator(".examples li button").nth(at).click()
    await tab.page.locator(".graphiql-query-editor .view-lines", has_text="purchaseOrdersByStatus").wait_for()
    seen = []
    for role in ("Admin", "Viewer"):
        label = next(each for each in labels if each.startswith(role))
        await tab.page.get_by_label("Caller", exact=True).select_option(label)
        answer = json.loads(await tab.run_and_read())
        seen.append({item["number"] for item in answer["data"]["purchaseOrdersByStatus"]["items"]})
    admin, viewer = seen
    assert admin - viewer


async def test_without_callers_it_asks_for_a_token_and_then_loads_the_schema(tab, base_url):
    await tab.open(f"{base_url}/graphql")
    token = (await tab.settings())["callers"][0]["headers"]["authorization"]
    await tab.page.route("**/graphql", _without_callers)
    await tab.open(f"{base_url}/graphql")
    await tab.page.get_by_text("sends no credentials").wait_for()
    assert await tab.page.get_by_role("button", name="Show Examples").count() == 0
    await tab.page.get_by_label("Token or API key").fill(token)
    await tab.page.get_by_role("button", name="Show Documentation Explorer").click()
    await tab.page.get_by_role("link", name="Query").wait_for()


async def _without_callers(route):
    """The page as a server without callers and examples gives it."""
    if route.request.method != "GET":
        await route.continue_()
        return
    response = await route.fetch()
    empty = '{"endpoint":"/graphql","callers":[],"operations":[]}'
    body = re.sub(
        r'(<script[^>]*id="settings"[^>]*>).*?(</script>)', rf"\1{empty}\2", await response.text(), flags=re.DOTALL
    )
    await route.fulfill(response=response, body=body)


async def test_a_picture_of_it_for_the_documentation(tab, base_url, picture_folder):
    """With --update-screenshots and --base-url it is docs/images/graphiql.png; look at it before you commit it."""
    await tab.open(f"{base_url}/graphql")
    await tab.run()
    await tab.page.evaluate("document.fonts.ready")
    await asyncio.sleep(0.5)  # Monaco colours the text a little later
    picture = await tab.page.screenshot(path=picture_folder / "graphiql.png")
    assert picture[16:24] == struct.pack(">II", 1440, 900)
