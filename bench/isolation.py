"""`python -m bench.isolation`: what it costs that the database keeps organizations apart, and how it finds its rows.

The same plans on the same tables with the same triggers: as the service runs them, with policies and with who asks told
in each statement, and as a superuser whom no policy holds, with predicates alone. The two take turns call by call, so
that only the ratio of their medians is worth reading. Then the plan of every list (`lists.py`), among so many rows.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from bench.lists import ADMIN, KEY, Crowd, Reader, fill
from service.catalog.model import Catalog
from service.catalog.packaged import shipped
from service.db.connections.engine import Database
from service.db.ddl import schema_sql
from service.db.development import embedded
from service.db.repository import Prepared, Repository
from service.db.security.roles import make_local_roles
from service.db.sql import statements
from service.operations.plans import Plans

ORGANIZATIONS, VALUES = 100, 50
GOALS = {"get": 1.25, "list of 100": 1.05, "insert": 1.10}


def main() -> None:
    """Run it and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each table that is filled")
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--only-cost", action="store_true", help="leave the plans out: they need all tables filled")
    arguments = parser.parse_args()
    # On one processor, PostgreSQL too: waking a process on another one takes longer than a get does, or not, by chance.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with (
        tempfile.TemporaryDirectory(prefix="offramp-bench-") as folder,
        embedded.start(Path(folder) / "data", throwaway=True) as server,
    ):
        asyncio.run(_report(server.url, arguments))


async def _report(url: str, arguments: argparse.Namespace) -> None:
    catalog = shipped()
    superuser = Database.connect(url, size=1)
    await make_local_roles(superuser)
    await superuser.execute_ddl(schema_sql(catalog))
    models = ["Organization", "Product"] if arguments.only_cost else [each.name for each in catalog.models]
    await fill(superuser, catalog, Crowd(arguments.rows, ORGANIZATIONS, VALUES), models)
    await superuser.close()
    # A connection that has filled tables is quicker than a new one, because it keeps the memory that it has got.
    service, superuser = Database.connect(embedded.url_as(url, "app_rw"), size=1), Database.connect(url, size=1)
    for name, ratio, ours, theirs in await compared(catalog, service, superuser, arguments.calls):
        reached = "reached" if ratio <= GOALS[name] else "MISSED"
        print(f"{name:12} {theirs:7.0f} µs → {ours:7.0f} µs  {ratio:.2f} (goal {GOALS[name]:.2f}, {reached})")
    if not arguments.only_cost:
        async with Reader.of(catalog, service) as reader:
            bad = [line async for line in reader.unfit(models)]
        led = "pages of lists, each read along an index that the organization leads"
        print("\n".join(bad) or f"{reader.examined} {led}")
    await service.close()
    await superuser.close()


# ---------------------------------------------------------------- cost


async def compared(
    catalog: Catalog, service: Database, superuser: Database, calls: int
) -> list[tuple[str, float, float, float]]:
    """(what, ratio, µs with policies, µs with predicates alone) of each plan."""
    guarded = Repository(catalog, service, cursor_key=KEY)
    plain = Repository(catalog, superuser, cursor_key=KEY)
    with patch.object(statements, "told", lambda statement, _arguments: statement):
        bare = _prepared(plain, catalog)
    found = []
    for name, prepared in _prepared(guarded, catalog).items():
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(calls if name != "list of 100" else calls // 3):
            sides = [(guarded, prepared, times[0]), (plain, bare[name], times[1])]
            for side, (repository, its, taken) in enumerate(sides if number % 2 else sides[::-1]):
                variables = _variables(name, number * 2 + side)
                begun = time.perf_counter()
                await repository.run(its, variables, ADMIN)
                taken.append(time.perf_counter() - begun)
        ours, theirs = (median(each) * 1e6 for each in times)
        found.append((name, ours / theirs, ours, theirs))
    return found


def _prepared(repository: Repository, catalog: Catalog) -> dict[str, Prepared]:
    plans, product = Plans(repository), catalog.model_by_name["Product"]
    return {
        "get": plans.get("Product", None),
        "list of 100": plans.list(product, {"categoryId": {"eq": "k1"}}, 100, None),
        "insert": plans.create("Product", tuple(_variables("insert", 0)), None),
    }


def _variables(name: str, number: int) -> dict[str, Any]:
    if name == "get":
        return {"id": f"k{1 + number * ORGANIZATIONS % 10_000}"}
    if name == "insert":
        return {"id": f"new{number}", "sku": "s", "name": "n", "price": 1.0, "active": True, "ratings": []}
    return {}


if __name__ == "__main__":
    main()
