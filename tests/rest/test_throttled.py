"""An organization that asks too often: what REST answers, what GraphQL does, and that the others notice nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from service.app import compose
from service.auth.issuer import DevelopmentIssuer
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.rest.openapi.document import openapi_document
from service.settings import Settings
from service.throttle import Throttle
from tests.conftest import MakeDatabase
from tests.graphql.api import user
from tests.rest.calls import Rest, rest_of
from tests.rest.companies import ADMIN_OF_A, ADMIN_OF_B, VIEWER_OF_A, A, product
from tests.rest.library import SDL

POLICY = '"organization";q=3;w=60'
QUERY = {"query": "{ listProducts { items { id } } }"}


@asynccontextmanager
async def limited(catalog: Catalog, make_database: MakeDatabase, limit: int) -> AsyncIterator[Rest]:
    """The API with a limit, and a clock that stands still."""
    async with rest_of(catalog, make_database, throttle=Throttle(limit, clock=lambda: 0)) as rest:
        yield rest


def told(answer: httpx2.Response) -> tuple[int, str | None, str | None]:
    return answer.status_code, answer.headers.get("ratelimit-policy"), answer.headers.get("ratelimit")


async def test_every_answer_says_what_is_left(enforced: Catalog, make_database: MakeDatabase):
    async with limited(enforced, make_database, 3) as rest:
        made = await rest.send("POST", "/v1/organizations", {"id": A, "name": A}, caller=ADMIN_OF_A)
        assert told(made) == (201, POLICY, '"organization";r=2;t=20')
        refused = await rest.send("GET", "/v1/products?colour=red", caller=VIEWER_OF_A)
        assert told(refused) == (400, POLICY, '"organization";r=1;t=40')
        known = await rest.send(
            "GET", f"/v1/organizations/{A}", caller=ADMIN_OF_A, headers={"if-none-match": made.headers["etag"]}
        )
        assert told(known) == (304, POLICY, '"organization";r=0;t=60')


async def test_one_request_too_many_does_nothing(enforced: Catalog, make_database: MakeDatabase):
    async with limited(enforced, make_database, 3) as rest:
        for _ in range(3):
            await rest.get("/v1/products", caller=ADMIN_OF_A)
        with rest.watched() as statements:
            body = product(A, "tent")
            refused = await rest.send("POST", "/v1/products", body, caller=ADMIN_OF_A)
            problem = await rest.refused(429, "GET", "/v1/products", caller=VIEWER_OF_A)
        assert statements == []
        assert told(refused) == (429, POLICY, '"organization";r=0;t=60')
        assert refused.headers["retry-after"] == "20"
        assert problem["code"] == "rate_limited"
        assert (
            problem["detail"] == "Your organization is over its limit of requests, 3 a minute. Try again in 20 seconds."
        )
        assert (await rest.get("/v1/products", caller=ADMIN_OF_B))["data"] == []


async def test_who_is_not_known_is_not_counted(enforced: Catalog, make_database: MakeDatabase):
    async with limited(enforced, make_database, 1) as rest:
        for _ in range(3):
            assert told(await rest.send("GET", "/v1/products", caller=None)) == (401, None, None)
            assert told(await rest.send("OPTIONS", "/v1/products", caller=ADMIN_OF_A)) == (204, None, None)
        await rest.get("/v1/products", caller=ADMIN_OF_A)


async def test_without_organizations_each_user_has_a_quota(make_database: MakeDatabase):
    async with rest_of(SDL, make_database, throttle=Throttle(1, clock=lambda: 0)) as rest:
        for name in ("ann", "ben"):
            answer = await rest.send("GET", "/v1/shelves", caller=user(name))
            assert told(answer) == (200, '"caller";q=1;w=60', '"caller";r=0;t=60')


# ---------------------------------------------------------------- the whole service


@pytest.fixture
async def ask(make_database: MakeDatabase, inventory: Catalog, tmp_path) -> AsyncIterator[Any]:
    """Asks both doors of a service that answers one request a minute, of one that says nothing of a limit else."""
    issuer = DevelopmentIssuer.open(tmp_path)
    settings = Settings(
        database_url=await make_database(inventory),
        issuer=issuer.url,
        client_ids=(issuer.client_id,),
        cursor_key="0" * 32,
        jwks=issuer.jwks,
        request_log=False,
    )
    database = Database.connect(settings.database_url, size=2)

    async def ask(door: str, *, limit: int = 1, client: dict[int, httpx2.AsyncClient] = {}) -> httpx2.Response:  # noqa: B006
        if limit not in client:
            app = compose(replace(settings, requests_per_minute=limit), catalog=inventory, database=database)
            client[limit] = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app), base_url="http://offramp.test", headers=headers
            )
        if door == "rest":
            return await client[limit].get("/v1/products")
        return await client[limit].post("/graphql", json=QUERY)

    headers = {"authorization": f"Bearer {issuer.issue('s1', 'ada', groups=['Admin'])}"}
    yield ask
    await database.close()


async def test_both_doors_count_together_and_graphql_answers_as_appsync_does(ask: Any):
    assert (await ask("rest")).headers["ratelimit"] == '"caller";r=0;t=60'
    refused = await ask("graphql")
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (429, "TooManyRequestsException")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    message = refused.json()["message"]
    assert message.startswith("You are over your limit of requests, 1 a minute.")
    assert refused.json()["errors"] == [{"errorType": "TooManyRequestsException", "message": message}]


async def test_there_is_no_limit_unless_one_was_asked_for(ask: Any):
    for door in ("rest", "graphql", "rest"):
        answer = await ask(door, limit=0)
        assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)


def test_the_limit_is_described(inventory: Catalog):
    document = openapi_document(inventory)
    refusal = document["components"]["responses"]["Problem429"]
    assert set(refusal["headers"]) == {"Retry-After", "RateLimit", "RateLimit-Policy"}
    answers = [
        (status, each)
        for item in document["paths"].values()
        for operation in item.values()
        for status, each in operation["responses"].items()
    ]
    assert {"429"} <= {status for status, _ in answers}
    for operation in (each for item in document["paths"].values() for each in item.values()):
        assert operation["responses"]["429"] == {"$ref": "#/components/responses/Problem429"}
    for _, each in answers:
        shown = document["components"]["responses"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        assert {"RateLimit", "RateLimit-Policy"} <= set(shown["headers"])
