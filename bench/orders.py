"""`python -m bench.orders`: sixteen clients order and receive the same twenty products for a minute.

Then the books are checked against the tables: see `trade.py`. Everything but HTTP is as in `offramp serve`: tokens,
documents, rules, sixteen connections. Those who disturb change stock in any order, so that there are deadlocks to
recover from.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx2

from bench.trade import LOT, PROVOKED, Books, Client, Market, Send, differences, disturb
from service.app import compose
from service.auth.issuer import DevelopmentIssuer, cursor_key
from service.catalog.packaged import shipped
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.migrations.upgrade import upgrade
from service.db.organizations import NewOrganization, create_organization
from service.db.security.roles import SERVE
from service.settings import Settings

CLIENTS = 16
PRODUCTS = 20


def main() -> None:
    """Run it and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--disturbers", type=int, default=2)
    parser.add_argument("--database-url", help="an empty PostgreSQL instead of an embedded one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="offramp-bench-") as folder:
        if arguments.database_url:
            given = arguments.database_url
            _run(Path(folder), given, f"{given}{'&' if '?' in given else '?'}role={SERVE}", arguments)
            return
        with embedded.start(Path(folder) / "data", throwaway=True) as server:
            _run(Path(folder), server.url, embedded.url_as(server.url, SERVE), arguments)


def _run(folder: Path, url: str, served_url: str, arguments: argparse.Namespace) -> None:
    upgrade(url)
    asyncio.run(_trade(folder, url, served_url, arguments.seconds, arguments.disturbers))


async def _trade(folder: Path, url: str, served_url: str, seconds: float, disturbers: int) -> None:
    database = Database.connect(served_url, size=CLIENTS)
    aside = Database.connect(url, size=disturbers + 1)
    made = await create_organization(aside, NewOrganization("Acme", "acme", "s1", "a@acme.example"), with_api_key=False)
    books = Books()
    async with _client(folder, served_url, database, made.id) as client:
        send = _sender(client)
        market = await _furnished(send, made.id)
        before = await _deadlocks(aside)
        turns = _until(time.monotonic() + seconds)
        clients = [Client(market, books, send, number).work(turns) for number in range(CLIENTS)]
        await asyncio.gather(*clients, *(disturb(market, books, aside, turns) for _ in range(disturbers)))
        _report(books, await differences(market, books, aside), await _deadlocks(aside) - before, seconds)
    await aside.close()
    await database.close()


def _client(folder: Path, url: str, database: Database, organization: str) -> httpx2.AsyncClient:
    issuer = DevelopmentIssuer.open(folder)
    settings = Settings(
        database_url=url,
        issuer=issuer.url,
        client_ids=(issuer.client_id,),
        jwks=issuer.jwks,
        cursor_key=cursor_key(folder),
        request_log=False,
    )
    token = issuer.issue("s1", "alice", ["Admin"], organization=organization)
    transport = httpx2.ASGITransport(compose(settings, catalog=shipped(), database=database))
    headers = {"authorization": token, "content-type": "application/json"}
    return httpx2.AsyncClient(transport=transport, base_url="http://offramp.bench", headers=headers)


def _sender(client: httpx2.AsyncClient) -> Send:
    async def send(query: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = await client.post("/graphql", content=json.dumps({"query": query, "variables": variables}))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return send


async def _furnished(send: Send, organization: str) -> Market:
    market = Market(organization, "s1", "w1", [f"p{number}" for number in range(PRODUCTS)])
    own = {"organizationId": organization}
    await _create(send, "Supplier", own | {"id": "s1", "name": "Bolt & Co"})
    await _create(send, "Warehouse", own | {"id": "w1", "code": "W1", "name": "North"})
    for product in market.products:
        await _create(
            send,
            "Product",
            own | {"id": product, "sku": product, "name": product, "price": 1, "active": True, "ratings": []},
        )
        stock = {"warehouseId": "w1", "productId": product, "lot": LOT, "quantity": market.initial}
        await _create(send, "StockItem", own | stock)
    return market


async def _create(send: Send, model: str, given: dict[str, Any]) -> None:
    answer = await send(
        f"mutation($i: Create{model}Input!) {{ create{model}(input: $i) {{ __typename }} }}", {"i": given}
    )
    assert "errors" not in answer, answer


def _until(deadline: float) -> Iterator[int]:
    return takewhile(lambda _: time.monotonic() < deadline, count())


async def _deadlocks(database: Database) -> int:
    found = await database.fetch_value(
        "SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()", fresh_plan=True
    )
    return int(found or 0)


def _report(books: Books, wrong: list[str], deadlocks: int, seconds: float) -> None:
    cuts = quantiles(books.seconds, n=100)
    unexpected = {code: n for code, n in books.refused.items() if code not in PROVOKED}
    print(f"orders {len(books.orders)}, deliveries {books.deliveries}, {len(books.seconds) / seconds:.0f} requests/s")
    print(f"p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms")
    provoked = {code: n for code, n in books.refused.items() if code in PROVOKED}
    print(f"refused as provoked {provoked}, otherwise {unexpected}, sent again {books.sent_again}")
    print(f"deadlocks that PostgreSQL resolved {deadlocks}, changes of those who disturb {books.reserved.total() // 2}")
    print("\n".join(wrong) if wrong else "the books are right")


if __name__ == "__main__":
    main()
