"""REST in the whole service: its tokens, its headers, and what it says when the database is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from service.app import compose
from service.auth.issuer import DevelopmentIssuer
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.rest.resources import resources_of
from service.settings import Settings
from tests.conftest import MakeDatabase

KEY = "da2-resttestresttestresttestre"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentIssuer:
    return DevelopmentIssuer.open(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
async def settings(issuer: DevelopmentIssuer, make_database: MakeDatabase, inventory: Catalog) -> Settings:
    return Settings(
        database_url=await make_database(inventory),
        issuer=issuer.url,
        client_ids=(issuer.client_id,),
        cursor_key="0" * 32,
        jwks=issuer.jwks,
        api_keys=(KEY,),
        request_log=False,
        cors_origins=("https://app.example",),
    )


@pytest.fixture(scope="module")
async def client(settings: Settings, inventory: Catalog) -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(settings, inventory) as made:
        yield made


@asynccontextmanager
async def _client(settings: Settings, inventory: Catalog) -> AsyncIterator[httpx2.AsyncClient]:
    database = Database.connect(settings.database_url, size=2)
    app = compose(settings, catalog=inventory, database=database)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://offramp.test") as client:
        yield client
    await database.close()


@pytest.fixture(scope="module")
async def served_with_a_log(settings: Settings, inventory: Catalog) -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(replace(settings, request_log=True), inventory) as made:
        yield made


async def test_tokens_and_keys(client: httpx2.AsyncClient, issuer: DevelopmentIssuer):
    admin = {"authorization": f"Bearer {issuer.issue('s1', 'alice', groups=['Admin'])}"}
    created = await client.post(
        "/v1/categories", json={"id": "c1", "organizationId": "o1", "name": "Tools"}, headers=admin
    )
    assert created.status_code == 201
    shown = await client.get(created.headers["location"], headers={"x-api-key": KEY})
    assert shown.json()["name"] == "Tools"
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    for headers in ({}, {"authorization": "Bearer x.y.z"}, {"x-api-key": "wrong"}, {"authorization": "Basic x"}):
        refused = await client.get("/v1/categories/c1", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.json()["code"] == "unauthenticated"
        assert refused.json()["traceId"] == refused.headers["x-amzn-requestid"]


async def test_a_page_of_another_origin_reads_the_headers(client: httpx2.AsyncClient):
    answer = await client.get("/v1/categories", headers={"x-api-key": KEY, "origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert {"ETag", "Link", "Location"} <= set(answer.headers["access-control-expose-headers"].split(", "))


async def test_the_type_of_a_problem_is_a_page(client: httpx2.AsyncClient):
    problem = (await client.get("/v1/nope", headers={"x-api-key": KEY})).json()
    page = await client.get(problem["type"])
    assert page.status_code == 200
    assert "<code>not_found</code>" in page.text
    assert (await client.get("/errors/%3Cscript%3E")).status_code == 404


async def test_an_answer_shows_no_more_relations_than_a_statement_should_have(
    client: httpx2.AsyncClient, inventory: Catalog, issuer: DevelopmentIssuer
):
    admin = {"authorization": f"Bearer {issuer.issue('s1', 'alice', groups=['Admin'])}"}
    paths = [
        f"{first.name}.{second.name}"
        for first in inventory.model_by_name["Organization"].relations
        for second in inventory.model_by_name[first.target].relations
    ]
    assert (await client.get(f"/v1/organizations?include={','.join(paths[:22])}", headers=admin)).status_code == 200
    refused = await client.get(f"/v1/organizations?include={','.join(paths)}", headers=admin)
    assert [each["code"] for each in refused.json()["errors"]] == ["too_many"]


@pytest.mark.parametrize("path", ["/v1", "/v1/"])
async def test_the_front_door(settings: Settings, inventory: Catalog, client: httpx2.AsyncClient, path: str):
    leads = {"rest": "/v1", "permissions": "/v1/permissions"}
    browser = {"accept": "text/html"}
    assert (await client.get(path, headers=browser)).json() == {**leads, "description": "/v1/openapi.json"}
    async with _client(replace(settings, docs=True, introspection=False), inventory) as with_docs:
        assert (await with_docs.get(path)).json() == {**leads, "docs": "/docs"}
        shown = await with_docs.get(path, headers=browser)
    assert (shown.status_code, shown.headers["location"]) == (303, "/docs")


@pytest.mark.parametrize("path", ["/v1x", "/v1/x"])
async def test_an_address_without_anything(client: httpx2.AsyncClient, path: str):
    refused = await client.get(path, headers={"x-api-key": KEY})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await client.post("/v1", headers={"x-api-key": KEY})).json()["code"] == "not_found"


async def test_the_database_is_away(settings: Settings, inventory: Catalog):
    away = replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none")
    async with _client(away, inventory) as client:
        for path in ("/v1/categories", "/v1/categories/c1"):
            answer = await client.get(path, headers={"x-api-key": KEY})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["code"] == "unavailable"
        assert (await client.get("/v1/categories?x=1", headers={"x-api-key": KEY})).status_code == 400


async def test_every_endpoint_of_every_model_is_there(client: httpx2.AsyncClient, inventory: Catalog):
    for resource in resources_of(inventory):
        key = "~".join("x" for _ in resource.model.key)
        for endpoint in resource.endpoints:
            path = endpoint.path.split("{")[0] + key if "{" in endpoint.path else endpoint.path
            options = await client.request("OPTIONS", path)
            assert (options.status_code, endpoint.method in options.headers["allow"]) == (204, True), path
        for child in resource.children:
            path = f"/v1/{resource.name}/{key}/{child.segment}"
            assert (await client.request("OPTIONS", path)).headers["allow"] == "GET, HEAD, OPTIONS"


async def test_the_docs_page_is_there_if_it_was_asked_for(settings: Settings, inventory: Catalog):
    async with _client(settings, inventory) as client:
        assert (await client.get("/docs")).status_code == 404
    async with _client(replace(settings, docs=True), inventory) as client:
        page = await client.get("/docs")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_the_description_needs_no_caller_and_can_be_kept_back(settings: Settings, inventory: Catalog):
    async with _client(settings, inventory) as client:
        description = await client.get("/v1/openapi.json")
        assert (description.status_code, description.json()["openapi"]) == (200, "3.1.0")
        assert (await client.get("/v1/products")).status_code == 401
    async with _client(replace(settings, introspection=False), inventory) as client:
        refused = await client.get("/v1/openapi.json")
        assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")


async def test_a_key_may_have_any_character(client: httpx2.AsyncClient, issuer: DevelopmentIssuer):
    admin = {"authorization": f"Bearer {issuer.issue('s1', 'alice', groups=['Admin'])}"}
    body = {"organizationId": "o1", "name": "Odd"}
    for key in ("a%0Ab", "c%0A", "%2F~%25"):
        made = await client.put(f"/v1/categories/{key}", json=body, headers=admin)
        assert (made.status_code, made.headers["location"]) == (201, f"/v1/categories/{key.replace('~', '%7E')}")
        assert (await client.get(f"/v1/categories/{key}", headers=admin)).json()["name"] == "Odd"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("GET", "/v1/categories?limit=1"), "GET /v1/categories"),
        (("GET", "/v1/categories/private"), "GET /v1/categories/{id}"),
        (("PATCH", "/v1/stock-items/w~private~l"), "PATCH /v1/stock-items/{warehouseId}~{productId}~{lot}"),
        (("GET", "/v1/purchase-orders/private/items"), "GET /v1/purchase-orders/{id}/items"),
        (("POST", "/v1/categories:search"), "POST /v1/categories:search"),
        (("GET", "/v1/operations/private"), None),
        (("POST", "/v1/operations/placePurchaseOrder"), "POST /v1/operations/placePurchaseOrder"),
        (("DELETE", "/v1/private"), None),
        (("TRACE", "/v1/categories/private"), None),
    ],
)
async def test_the_log_has_the_route_and_not_the_path(
    served_with_a_log: httpx2.AsyncClient,
    issuer: DevelopmentIssuer,
    caplog: pytest.LogCaptureFixture,
    asked: tuple[str, str],
    told: str | None,
):
    caplog.set_level("INFO", "service.requests")
    caplog.clear()
    method, path = asked
    body = None if method == "GET" else {}
    headers = {"authorization": f"Bearer {issuer.issue('s1', 'alice', groups=['Admin'])}"}
    statuses = [
        (await served_with_a_log.request(method, path, headers=each, json=body)).status_code for each in (headers, {})
    ]
    lines = [vars(each) for each in caplog.records if each.name == "service.requests"]
    assert [line["status"] for line in lines] == statuses
    assert [(line["door"], line.get("operation")) for line in lines] == [("rest", told)] * 2
    assert [line.get("caller") for line in lines] == ["userPools" if told else None, None]
    assert not any("path" in line for line in lines)


async def test_the_log_says_how_long_everything_took_of_reads_and_of_writes(
    served_with_a_log: httpx2.AsyncClient, issuer: DevelopmentIssuer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", "service.requests")
    caplog.clear()
    headers = {"authorization": f"Bearer {issuer.issue('s1', 'alice', groups=['Admin'])}"}
    body = {"id": "timed", "organizationId": "o1", "name": "Timed"}
    at = "/v1/categories/timed"
    for method, path, sent in (
        ("POST", "/v1/categories", body),
        ("GET", at, None),
        ("GET", "/v1/categories", None),
        ("POST", "/v1/categories:search", {}),
        ("PATCH", at, {"name": "T"}),
        ("PUT", at, body),
        ("DELETE", at, None),
        ("POST", "/v1/categories:batchCreate", {"requests": [{"body": body}]}),
        ("POST", "/v1/transactions", {"operations": [{"method": "DELETE", "path": at}]}),
    ):
        answer = await served_with_a_log.request(method, path, headers=headers, json=sent)
        assert answer.is_success, answer.text
    lines = [vars(each) for each in caplog.records if each.name == "service.requests"]
    assert len(lines) == 9
    for line in lines:
        assert {"auth", "compile", "sql"} <= set(line["spans_ms"]), line["operation"]
        assert line["statements"] >= 1
