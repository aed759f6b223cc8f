"""More than sixty tokens that must not be believed, sent to the whole service; and their neighbours, which are."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest

from service.app import compose
from service.auth.authenticator import NO_HEADER, SIGNED
from service.auth.issuer import DevelopmentIssuer
from service.auth.tokens import EXPIRED, OTHER_FOLDER, REFUSED, UNPARSABLE, UNTRUSTED
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.security.roles import SERVE
from service.settings import Settings
from tests.auth.hostile import GOOD, HOSTILE, Forge, Hostile
from tests.conftest import MakeDatabase

MESSAGES = {NO_HEADER, SIGNED, UNPARSABLE, EXPIRED, REFUSED, UNTRUSTED, OTHER_FOLDER}
KEY = "da2-hostilehostilehostilehosti"


@dataclass
class Service:
    """The service on a database to which it has not yet connected."""

    client: httpx2.AsyncClient
    database: Database

    async def ask(self, headers: dict[str, str], query: str = "") -> httpx2.Response:
        sent = {"content-type": "application/json", **headers}
        # As bytes: a client is free to send what no header may hold.
        raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
        return await self.client.post(f"/graphql{query}", content=b'{"query":"{ __typename }"}', headers=raw)

    async def ask_rest(self, headers: dict[str, str], query: str = "") -> httpx2.Response:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        return await self.client.get(f"/v1/products{query}", headers=raw)

    @property
    def connections(self) -> int:
        return self.database.engine.pool.checkedout()  # type: ignore[attr-defined]  the pool that counts


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    """Where the service connects: an organization with one user."""
    url = await make_database(enforced)
    database = Database.connect(url, size=1)
    await database.execute_ddl(
        "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ('acme', 'Acme', now(), now());"
        "INSERT INTO users (id, organization_id, cognito_sub, status, email, created_at, updated_at) "
        "VALUES ('u1', 'acme', 's1', 'ACTIVE', 'u1@acme.example', now(), now())"
    )
    await database.close()
    return url_as(url, SERVE)


@pytest.fixture
async def service(url: str, enforced: Catalog, issuer: DevelopmentIssuer) -> AsyncIterator[Service]:
    settings = Settings(
        database_url=url,
        issuer=issuer.url,
        client_ids=(issuer.client_id,),
        cursor_key="0" * 32,
        jwks=issuer.jwks,
        api_keys=(f"{KEY}@acme",),
    )
    database = Database.connect(url, size=1)
    app = compose(settings, catalog=enforced, database=database)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://offramp.test") as client:
        yield Service(client, database)
    await database.close()


@pytest.fixture(scope="session")
def forge(issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer) -> Forge:
    return Forge(issuer, other_issuer)


def test_there_are_more_than_sixty_and_no_two_are_the_same() -> None:
    assert len({str(each) for each in HOSTILE}) == len(HOSTILE) > 60


@pytest.mark.parametrize("case", HOSTILE, ids=str)
async def test_not_believed(case: Hostile, service: Service, forge: Forge, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = case.make(forge)
    headers = case.headers(forge) | ({} if token is None else {"authorization": token})
    answer = await service.ask(headers, case.query(forge))
    message = answer.json()["message"]
    assert answer.status_code == 401
    assert message in MESSAGES
    assert answer.json() == {
        "errors": [{"errorType": "UnauthorizedException", "message": message}],
        "message": message,
    }
    assert answer.headers["x-amzn-errortype"] == "UnauthorizedException"
    assert answer.headers["www-authenticate"] == "Bearer"
    # An API key may be one in the database's table, so that a key alone is looked up.
    assert service.connections == ("x-api-key" in headers)
    assert not any(secret in caplog.text for secret in (token, *headers.values()) if secret and len(secret) > 20)


@pytest.mark.parametrize("case", HOSTILE, ids=str)
async def test_not_believed_by_rest(case: Hostile, service: Service, forge: Forge) -> None:
    token = case.make(forge)
    headers = case.headers(forge) | ({} if token is None else {"authorization": token})
    answer = await service.ask_rest(headers, case.query(forge))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (answer.json()["code"], answer.json()["detail"] in MESSAGES) == ("unauthenticated", True)
    assert service.connections == ("x-api-key" in headers)


@pytest.mark.parametrize("why", GOOD)
async def test_believed(why: str, service: Service, forge: Forge) -> None:
    answer = await service.ask({"authorization": GOOD[why](forge)})
    assert (answer.status_code, answer.json()) == (200, {"data": {"__typename": "Query"}})
    assert service.connections == 1  # the user's organization has been asked for
    assert (await service.ask_rest({"authorization": GOOD[why](forge)})).status_code == 200


async def test_a_bound_api_key_is_believed_without_a_connection(service: Service) -> None:
    answer = await service.ask({"x-api-key": KEY})
    assert (answer.status_code, service.connections) == (200, 0)


async def test_a_token_does_not_fall_back_to_the_key_beside_it(service: Service, forge: Forge) -> None:
    answer = await service.ask({"authorization": forge.with_claims(client_id="another"), "x-api-key": KEY})
    assert answer.status_code == 401


async def test_e18_a_good_token_of_a_stranger(service: Service, forge: Forge) -> None:
    answer = await service.ask({"authorization": forge.with_claims(sub="s2")})
    message = "You belong to no organization here. Ask its Admin to add you as a user."
    assert answer.status_code == 403
    assert answer.json() == {
        "errors": [{"errorType": "NoOrganizationException", "message": message}],
        "message": message,
    }
    assert answer.headers["x-amzn-errortype"] == "NoOrganizationException"
    assert "www-authenticate" not in answer.headers


async def test_e19_one_that_begins_like_a_good_one_that_is_remembered(service: Service, forge: Forge) -> None:
    good = forge.good
    assert (await service.ask({"authorization": good})).status_code == 200
    forged = good[:-10] + good[-10:][::-1]
    assert forged != good
    assert (await service.ask({"authorization": forged})).status_code == 401


async def test_e15_claims_in_an_event_are_nobodys(service: Service, forge: Forge) -> None:
    """As Mangum hands over the event of an API Gateway, and as anybody could who may invoke the function."""
    event = {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": "s1", "cognito:groups": "[Admin]"}}}}}

    class WithEvent(httpx2.ASGITransport):
        def __init__(self, inner: httpx2.ASGITransport) -> None:
            async def app(scope, receive, send):
                await inner.app(scope | {"aws.event": event}, receive, send)

            super().__init__(app)

    inner = service.client._transport
    assert isinstance(inner, httpx2.ASGITransport)
    async with httpx2.AsyncClient(transport=WithEvent(inner), base_url="http://offramp.test") as client:
        service.client = client
        assert (await service.ask({})).status_code == 401
        assert (await service.ask({"authorization": forge.good})).status_code == 200
