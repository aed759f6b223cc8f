"""What row-level security does not bind serves nothing, also where that turns out only after the start."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.db.development import embedded
from service.db.migrations.upgrade import upgrade
from service.demo import demo_callers
from tests.running import running_serve, settings_of

ADMIN = demo_callers().admin


@pytest.mark.parametrize(
    ("role", "status", "reason"),
    [
        ("app_rw", 200, None),
        (
            embedded.SUPERUSER,
            503,
            "The database role is a superuser, so row-level security would not hold. Serve as app_rw.",
        ),
    ],
)
async def test_a_database_that_comes_later_is_looked_at_before_it_is_used(
    tmp_path: Path, role: str, status: int, reason: str | None
):
    issuer = DevelopmentIssuer.open(tmp_path)
    token = issuer.issue(ADMIN.sub, ADMIN.username, ADMIN.groups, organization=ADMIN.organization)
    server = embedded.EmbeddedServer(tmp_path / "pg", embedded.packaged_programs(), throwaway=True)
    settings = settings_of(embedded.url_as(server.url, role), issuer)
    with running_serve(tmp_path, settings, ready="/healthz") as address:
        assert await asyncio.to_thread(answered, f"{address}/readyz") == (
            503,
            {"status": "unavailable", "reason": "The database is not available. Try again."},
        )
        with server:
            server.start()
            await asyncio.to_thread(upgrade, server.url)
            assert (await asyncio.to_thread(answered, f"{address}/readyz"))[1].get("reason") == reason
            products = await asyncio.to_thread(answered, f"{address}/v1/products", token)
            assert products[0] == status
            assert products[1].get("detail") == reason
        assert "Serving begins without the database" in (tmp_path / "serve.log").read_text()


def answered(address: str, token: str = "") -> tuple[int, Any]:
    """Status and body of what is at an address."""
    request = urllib.request.Request(address, headers={"authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
