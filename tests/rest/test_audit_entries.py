"""`/v1/audit-entries`: what Admins read of their own organization, and nobody writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from service.catalog.model import Catalog
from service.rest.openapi.document import openapi_document
from tests.conftest import MakeDatabase
from tests.graphql.api import KEY
from tests.rest.calls import Rest, rest_of
from tests.rest.companies import ADMIN_OF_A, ADMIN_OF_B, MANAGER_OF_A, VIEWER_OF_A, A, B, found, product

ENTRIES = "/v1/audit-entries"


@pytest.fixture(scope="module")
async def rest(enforced: Catalog, make_database: MakeDatabase) -> AsyncIterator[Rest]:
    async with rest_of(enforced, make_database) as rest:
        await found(rest)
        for method, path, body in (
            ("POST", "/v1/products", product(A, "lamp", price=42)),
            ("PATCH", "/v1/products/lamp", {"price": 45}),
            ("DELETE", "/v1/products/lamp", None),
        ):
            done = await rest.send(method, path, body, caller=MANAGER_OF_A if method == "PATCH" else ADMIN_OF_A)
            assert done.status_code < 300, done.text
        yield rest


async def test_an_admin_reads_who_did_what_and_when(rest: Rest):
    page = await rest.get(f"{ENTRIES}?entityType=Product&entityId=lamp&sort=occurredAt", caller=ADMIN_OF_A)
    made, changed, gone = page["data"]
    assert [each["action"] for each in page["data"]] == ["CREATE", "UPDATE", "DELETE"]
    assert (made["actor"], made["actorName"], made["provider"]) == ("sub-ada", "ada", "userPools")
    assert (changed["actor"], changed["actorName"]) == ("sub-max", "max")
    assert made["before"] is None
    assert (made["after"]["sku"], made["after"]["price"]) == ("LAMP", 42)
    assert (changed["before"]["price"], changed["after"]["price"]) == (42, 45)
    assert set(changed["after"]) == {"price", "updatedAt"}
    assert gone["after"] is None
    assert gone["before"]["price"] == 45
    assert {each["organizationId"] for each in page["data"]} == {A}
    assert made["occurredAt"] <= changed["occurredAt"] <= gone["occurredAt"]


async def test_one_entry_is_got_searched_and_had_before(rest: Rest):
    body = {"filter": {"entityId": {"eq": "lamp"}, "action": {"eq": "UPDATE"}}, "sort": ["-occurredAt"]}
    [entry] = (await rest.send("POST", f"{ENTRIES}:search", body, caller=ADMIN_OF_A)).json()["data"]
    one = await rest.send("GET", f"{ENTRIES}/{entry['id']}", caller=ADMIN_OF_A)
    assert one.json() == entry
    known = {"if-none-match": one.headers["etag"]}
    assert (await rest.send("GET", f"{ENTRIES}/{entry['id']}", caller=ADMIN_OF_A, headers=known)).status_code == 304


async def test_pages_go_through_all_of_them_from_the_latest(rest: Rest):
    seen, path = [], f"{ENTRIES}?sort=-occurredAt&limit=2&fields=occurredAt,action"
    cursor = ""
    while cursor is not None:
        page = await rest.get(path + (f"&cursor={cursor}" if cursor else ""), caller=ADMIN_OF_A)
        seen += [each["occurredAt"] for each in page["data"]]
        cursor = page["page"]["next"]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("caller", [MANAGER_OF_A, VIEWER_OF_A, replace(KEY, claims=ADMIN_OF_A.claims)])
async def test_nobody_else_reads_any(rest: Rest, caller):
    [entry] = (await rest.get(f"{ENTRIES}?limit=1", caller=ADMIN_OF_A))["data"]
    for method, path, body in (
        ("GET", ENTRIES, None),
        ("GET", f"{ENTRIES}/{entry['id']}", None),
        ("GET", f"{ENTRIES}/none", None),
        ("POST", f"{ENTRIES}:search", {}),
    ):
        problem = await rest.refused(403, method, path, body, caller=caller)
        assert problem["code"] == "forbidden"


async def test_another_organizations_entries_are_not_there(rest: Rest):
    theirs = (await rest.get(ENTRIES, caller=ADMIN_OF_B))["data"]
    assert {(each["organizationId"], each["entityId"]) for each in theirs} == {(B, B), (B, "tent")}
    [ours] = (await rest.get(f"{ENTRIES}?entityId=lamp&action=DELETE", caller=ADMIN_OF_A))["data"]
    await rest.refused(404, "GET", f"{ENTRIES}/{ours['id']}", caller=ADMIN_OF_B)
    for asked in (
        f"organizationId={A}",
        "entityId=lamp",
        "filter=%7B%22not%22%3A%7B%22entityId%22%3A%7B%22eq%22%3A%22tent%22%7D%7D%7D",
    ):
        page = await rest.get(f"{ENTRIES}?{asked}", caller=ADMIN_OF_B, headers={"prefer": "count=exact"})
        assert {each["organizationId"] for each in page["data"]} <= {B}, asked
        assert page["page"]["total"] == len(page["data"])


async def test_nothing_writes_them(rest: Rest):
    [entry] = (await rest.get(f"{ENTRIES}?limit=1", caller=ADMIN_OF_A))["data"]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        path = ENTRIES if method == "POST" else f"{ENTRIES}/{entry['id']}"
        response = await rest.send(method, path, entry, caller=ADMIN_OF_A)
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    for action in ("batchCreate", "batchUpdate", "batchDelete"):
        await rest.refused(404, "POST", f"{ENTRIES}:{action}", {"requests": []}, caller=ADMIN_OF_A)
    for method, path in (("POST", ENTRIES), ("DELETE", f"{ENTRIES}/{entry['id']}")):
        operations = {"operations": [{"method": method, "path": path, "body": {}}]}
        await rest.refused(400, "POST", "/v1/transactions", operations, caller=ADMIN_OF_A)
    assert (await rest.get(f"{ENTRIES}/{entry['id']}", caller=ADMIN_OF_A)) == entry


def test_they_are_described_where_there_are_any(enforced: Catalog):
    paths = openapi_document(enforced)["paths"]
    found = {(path, method) for path, item in paths.items() for method in item if path.startswith(ENTRIES)}
    assert found == {(ENTRIES, "get"), (f"{ENTRIES}:search", "post"), (f"{ENTRIES}/{{id}}", "get")}
    assert paths[ENTRIES]["get"]["description"] == "Admitted: the group Admin."
    assert not [path for path in openapi_document(enforced.as_legacy())["paths"] if path.startswith(ENTRIES)]


async def test_an_imported_schema_has_none(library: Rest):
    await library.refused(404, "GET", ENTRIES)
