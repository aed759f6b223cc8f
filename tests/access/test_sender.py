"""From where: the address in the trail is that of who sent a real request, whatever the request says of itself."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.migrations.upgrade import upgrade
from service.db.security.roles import SERVE
from service.demo import demo_callers, load_demo
from tests.conftest import MakeDatabase
from tests.running import running_serve, settings_of

ENTRY = "SELECT address, request_id FROM audit_entry WHERE entity_id = $1"
MAKE = "mutation ($i: CreateSupplierInput!) { createSupplier(input: $i) { id } }"
FORGED = {
    "x-forwarded-for": "192.0.2.66, 198.51.100.9",
    "forwarded": "for=192.0.2.67",
    "x-real-ip": "192.0.2.68",
    "x-amzn-requestid": "forged",
    "x-request-id": "forged",
}


@pytest.fixture(scope="module")
async def superuser(make_database: MakeDatabase, enforced: Catalog) -> AsyncIterator[tuple[Database, str]]:
    """A migrated database with the demo companies in it, and its address."""
    url = await make_database(None)
    await asyncio.to_thread(upgrade, url)
    database = Database.connect(url, size=1)
    await load_demo(database, enforced)
    yield database, url
    await database.close()


def sent(address: str, issuer: DevelopmentIssuer, path: str, body: dict[str, Any]) -> str:
    """Make something as an Admin, with every header that claims to know better; the request's id."""
    admin = demo_callers().admin
    token = issuer.issue(admin.sub, admin.username, admin.groups, organization=admin.organization)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", **FORGED}
    request = urllib.request.Request(f"{address}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert "errors" not in json.load(answer)
        request_id: str = answer.headers["x-amzn-requestid"]
    return request_id


@pytest.mark.parametrize(
    ("trusted", "address"),
    [({}, "127.0.0.1"), ({"FORWARDED_ALLOW_IPS": "127.0.0.1"}, "198.51.100.9")],
    ids=["nobody is trusted", "a proxy is trusted, and what it was told is not"],
)
async def test_the_address_is_the_other_ends(
    superuser: tuple[Database, str], tmp_path: Path, trusted: dict[str, str], address: str
):
    database, url = superuser
    issuer = DevelopmentIssuer.open(tmp_path)
    given = {"organizationId": demo_callers().admin.organization, "name": "From somewhere"}
    graphql, rest = f"graphql-{address}", f"rest-{address}"
    with running_serve(tmp_path, settings_of(embedded.url_as(url, SERVE), issuer) | trusted) as served:
        document = {"query": MAKE, "variables": {"i": given | {"id": graphql}}}
        ids = {
            graphql: await asyncio.to_thread(sent, served, issuer, "/graphql", document),
            rest: await asyncio.to_thread(sent, served, issuer, "/v1/suppliers", given | {"id": rest}),
        }
    for entity, request_id in ids.items():
        assert request_id != "forged"
        assert [tuple(row) for row in await database.fetch_rows(ENTRY, [entity])] == [(address, request_id)]
