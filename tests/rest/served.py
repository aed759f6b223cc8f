"""The REST API as it is started by hand, asked over HTTP with real tokens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2

from service.rest.openapi.values import FORMS
from tests.running import ROOT, running_dev

ORGANIZATION = str(FORMS["ID"].example)
"""The examples of the OpenAPI document are of this one."""
API_KEY = "da2-resttests000000000000000"


@dataclass(frozen=True)
class Served:
    """A running service and what lets callers in."""

    url: str
    data_dir: Path

    def token(self, username: str, *groups: str) -> str:
        """An access token, made by the command that developers use."""
        options = ["--sub", f"{username}-sub", "--username", username, "--organization", ORGANIZATION]
        options += [option for group in groups for option in ("--group", group)]
        command = [sys.executable, "-m", "service", "token", *options, "--data-dir", str(self.data_dir)]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    @cached_property
    def admin(self) -> httpx2.Client:
        """A client with an Admin's token."""
        headers = {"authorization": f"Bearer {self.token('ada', 'Admin')}"}
        return httpx2.Client(base_url=self.url, headers=headers)

    def create(self, path: str, **values: Any) -> dict[str, Any]:
        """A new row, as it was answered."""
        answer = self.admin.post(path, json=values)
        assert answer.status_code == 201, answer.text
        row: dict[str, Any] = answer.json()
        return row


@contextmanager
def serving(data_dir: Path, schema: Path | None = None) -> Iterator[Served]:
    """The API of a schema, or of the shipped inventory, on empty tables, for as long as the block runs."""
    shipped = ("--no-demo-data", "--api-key", f"{API_KEY}@{ORGANIZATION}")
    imported = ("--schema", str(schema), "--api-key", API_KEY)
    with running_dev(data_dir, *(imported if schema else shipped)) as address:
        served = Served(address, data_dir)
        yield served
        if "admin" in vars(served):
            served.admin.close()


def stock_up(served: Served) -> list[dict[str, Any]]:
    """An organization with a few products; gives the products."""
    served.create("/v1/organizations", id=ORGANIZATION, name="Harbour & Pine Outfitters")
    goods = [("TENT-2", "Tent for two", 189.0), ("MUG-1", "Enamel mug", 9.5), ("LAMP-3", "Gas lamp", 42.0)]
    return [
        served.create("/v1/products", organizationId=ORGANIZATION, sku=sku, name=name, price=price, ratings=[])
        for sku, name, price in goods
    ]
