"""`python -m bench.isolation`: what it costs that the database keeps organizations apart, and how it finds its rows.

The same plans on the same tables with the same triggers: as the service runs them, with policies and with who asks told
in each statement, and as a superuser whom no policy holds, with predicates alone. The two take turns call by call, so
that only the ratio of their medians is worth reading. Then the plan of every list and index query, among so many rows.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import orjson

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog, Model, Provider
from service.catalog.packaged import shipped
from service.db import embedded, statements
from service.db.engine import Database, How
from service.db.lanes import Lane
from service.db.repository import Prepared, Repository
from service.db.roles import make_local_roles
from service.db.schema import schema_sql
from service.db.tables import version_column
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.operations.plans import Plans

KEY = b"a key for the cursors of a bench"
ORGANIZATIONS = 100
GOALS = {"get": 1.25, "list of 100": 1.05, "insert": 1.10}
ADMIN = Principal(
    Provider.USER_POOLS,
    {"sub": "ann", "username": "ann", "cognito:groups": ["Admin"], ORGANIZATION_CLAIM: "o1"},
)
VALUES = {"Int": 7, "Float": 1.5, "Boolean": True, "AWSDate": "2024-02-29", "AWSDateTime": "2024-02-29T10:11:12Z"}


def main() -> None:
    """Run it and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each table that is filled")
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--models", nargs="*", default=["Product", "PurchaseOrder", "StockItem"])
    arguments = parser.parse_args()
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
    await fill(superuser, catalog, arguments.rows, arguments.models)
    service = Database.connect(embedded.url_as(url, "app_rw"), size=1)
    for name, ratio, ours, theirs in await compared(catalog, service, superuser, arguments.calls):
        reached = "reached" if ratio <= GOALS[name] else "MISSED"
        print(f"{name:12} {theirs:7.0f} µs → {ours:7.0f} µs  {ratio:.2f} (goal {GOALS[name]:.2f}, {reached})")
    bad = [line async for line in unfit(catalog, service, arguments.models)]
    print("\n".join(bad) or "every list and index query is read along an index that the organization leads")
    await service.close()
    await superuser.close()


async def fill(superuser: Database, catalog: Catalog, rows: int, models: Sequence[str]) -> None:
    """Put rows of a hundred organizations into the tables of some models, without what they refer to."""
    async with superuser.transaction() as transaction:
        await transaction.execute("SET LOCAL statement_timeout = 0; SET LOCAL session_replication_role = replica")
        await transaction.execute(
            "INSERT INTO organizations (id, name, created_at, updated_at) "
            f"SELECT 'o' || n, 'n', now(), now() FROM generate_series(0, {ORGANIZATIONS - 1}) AS n"
        )
        for name in models:
            model = catalog.model_by_name[name]
            columns, values = zip(*_columns(model, catalog), strict=True)
            await transaction.execute(
                f"INSERT INTO {model.table} ({', '.join(columns)}) "
                f"SELECT {', '.join(values)} FROM generate_series(1, {rows}) AS n"
            )
    await superuser.execute_ddl("ANALYZE")


def _columns(model: Model, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Column and expression in `n`: fifty different values in what rows are found by, one in the rest."""
    unique = {model.key[-1], *(index.hash for index in model.indexes if index.unique)}
    for field in model.stored:
        kind = field.type.name
        if field == model.tenant:
            yield field.column, f"'o' || n % {ORGANIZATIONS}"
        elif kind in catalog.enum_by_name:
            yield field.column, f"'{catalog.enum_by_name[kind].values[0]}'"
        elif field.type.is_list:
            yield field.column, "'{}'"
        elif field.name in unique:
            yield field.column, "'k' || n"
        elif kind in {"Int", "Float"}:
            yield field.column, "n % 1000"
        elif kind == "AWSDateTime":
            yield field.column, "timestamptz '2024-01-01' + n * interval '1 minute'"
        elif kind in {"ID", "String"}:
            yield field.column, f"'v' || n / {ORGANIZATIONS} % 50"
        elif field.type.required:
            yield field.column, f"'{VALUES[kind]}'"
    yield version_column(model), "1"


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
        "list of 100": plans.list(product, {"categoryId": {"eq": "v1"}}, 100, None),
        "insert": plans.create("Product", tuple(_variables("insert", 0)), None),
    }


def _variables(name: str, number: int) -> dict[str, Any]:
    if name == "get":
        return {"id": f"k{1 + number * ORGANIZATIONS % 10_000}"}
    if name == "insert":
        return {"id": f"new{number}", "sku": "s", "name": "n", "price": 1.0, "active": True, "ratings": []}
    return {}


# ---------------------------------------------------------------- plans


async def unfit(catalog: Catalog, service: Database, models: Sequence[str]) -> AsyncIterator[str]:
    """The list and index queries that read a table whole, sort a page, or follow an index not led by organization."""
    repository = Repository(catalog, service, cursor_key=KEY)
    light = light_schema(catalog)
    graphql = GraphQL(repository, light, Fallback(repository, light), max_tokens=15_000, max_depth=25, max_roots=200)
    for name in models:
        for query in _queries(catalog.model_by_name[name], catalog):
            plan = await _plan(graphql, service, query)
            conditions = [line for line in plan.splitlines() if "Index Cond" in line]
            is_led = conditions and all("organization_id = " in each for each in conditions)
            if "Seq Scan" in plan or "Sort" in plan or not is_led:
                yield f"{query}\n{plan}"


def _queries(model: Model, catalog: Catalog) -> Iterator[str]:
    page = f"{{ items {{ {model.key[-1]} }} nextToken }}"
    yield f"{{ {model.operations.list}(limit: 50) {page} }}"
    for index in model.indexes:
        kind = model.field_by_name[index.hash].type.name
        if kind in catalog.enum_by_name:
            value = catalog.enum_by_name[kind].values[0]
        else:
            value = orjson.dumps("o1" if model.tenant and index.hash == model.tenant.name else "v1").decode()
        for direction in ("ASC", "DESC"):
            yield f"{{ {index.query}({index.hash}: {value}, sortDirection: {direction}, limit: 50) {page} }}"


async def _plan(graphql: GraphQL, service: Database, query: str) -> str:
    """How PostgreSQL runs the one statement of a query, with its arguments."""
    sent: list[tuple[str, Sequence[object]]] = []
    original = Database.sent

    async def recorded(
        database: Database, lane: Lane, how: How, sql: str, args: Sequence[object], *, fresh_plan: bool = False
    ) -> object:
        sent.append((sql, args))
        return await original(database, lane, how, sql, args, fresh_plan=fresh_plan)

    with patch.object(Database, "sent", recorded):
        answer = orjson.loads(await graphql(ADMIN, query, {}, None))
    assert "errors" not in answer, answer
    ((sql, args),) = sent
    return "\n".join(row[0] for row in await service.fetch_rows(f"EXPLAIN (COSTS OFF) {sql}", args, fresh_plan=True))


if __name__ == "__main__":
    main()
