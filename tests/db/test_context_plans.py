"""Who asks is said before any row is looked at, whatever plan PostgreSQL chooses: own rows, all of them, no others.

If a plan looked at a table first, the policy would compare its rows with nobody's organization: too few would come,
and never too many. Both would be seen here. No statement names the organization itself: only the policies keep apart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import orjson
import pytest

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.repository import Repository
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from tests.conftest import MakeDatabase
from tests.graphql.api import CURSOR_KEY

SWITCHES = ("nestloop", "hashjoin", "mergejoin", "indexscan", "bitmapscan", "seqscan", "material", "memoize")
FORCED = [
    *(f"ALTER ROLE app_rw SET enable_{each} = off" for each in SWITCHES),
    "; ".join(f"ALTER ROLE app_rw SET enable_{each} = off" for each in ("nestloop", "indexscan", "bitmapscan")),
]
PLANNED = ("force_generic_plan", "force_custom_plan")
ROWS = """
INSERT INTO organizations (id, name, created_at, updated_at)
    SELECT o, o, now(), now() FROM unnest(ARRAY['a', 'b']) AS o;
INSERT INTO categories (organization_id, id, name, created_at, updated_at)
    SELECT o, 'c' || n, 'of ' || o, now(), now() FROM unnest(ARRAY['a', 'b']) AS o, generate_series(0, 4) AS n;
INSERT INTO products (organization_id, id, sku, name, price, active, ratings, category_id, created_at, updated_at)
    SELECT o, 'p' || n, 's', 'of ' || o, n, true, '{}', 'c' || n % 5, now(), now()
    FROM unnest(ARRAY['a', 'b']) AS o, generate_series(0, 299) AS n;
ANALYZE;
"""
READS = """{
  getProduct(id: "p7") { name category { name products(limit: 500) { items { name } } } }
  listProducts(limit: 500) { items { name } }
  productsByCategory(categoryId: "c1", price: { ge: 0 }, limit: 500) { items { name category { name } } }
  listCategories { items { name products(limit: 500) { items { name } } } }
}"""
WRITES = """mutation {
  createProduct(input: { id: "new", organizationId: "a", sku: "n", name: "of a", price: 1, active: true, ratings: [] })
    { name }
  updateProduct(input: { id: "p7", name: "of a" }) { name category { name products(limit: 500) { items { name } } } }
  deleteProduct(input: { id: "new" }) { name }
}"""
ANN = Principal(
    Provider.USER_POOLS, {"sub": "ann", "username": "ann", "cognito:groups": ["Admin"], ORGANIZATION_CLAIM: "a"}
)


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> AsyncIterator[str]:
    url = await make_database(enforced)
    superuser = Database.connect(url, size=1)
    await superuser.execute_ddl(ROWS)
    yield url
    await superuser.close()


async def answers(url: str, catalog: Catalog) -> list[dict[str, Any]]:
    """What Ann reads, writes, and reads then, one statement for each root field."""
    database = Database.connect(embedded.url_as(url, "app_rw"), size=1)
    repository = Repository(catalog, database, cursor_key=CURSOR_KEY, keeps_apart=False)
    light = light_schema(catalog)
    graphql = GraphQL(repository, light, Fallback(repository, light), max_tokens=15_000, max_depth=25, max_roots=200)
    try:
        return [orjson.loads(await graphql(ANN, each, {}, None)) for each in (READS, WRITES, READS)]
    finally:
        await database.close()


@pytest.mark.parametrize(("forced", "planned"), [*product(FORCED, PLANNED)])
async def test_whatever_the_plan_only_own_rows_come_and_all_of_them(
    url: str, enforced: Catalog, forced: str, planned: str
):
    superuser = Database.connect(url, size=1)
    await superuser.execute_ddl(f"{forced}; ALTER ROLE app_rw SET plan_cache_mode = {planned}")
    try:
        read, written, again = await answers(url, enforced)
    finally:
        await superuser.execute_ddl("ALTER ROLE app_rw RESET ALL")
        await superuser.close()
    for answer in (read, again):
        data = answer["data"]
        assert "errors" not in answer
        assert data["getProduct"]["category"]["name"] == "of a"
        assert len(data["getProduct"]["category"]["products"]["items"]) == 60
        assert len(data["listProducts"]["items"]) == 300
        assert len(data["productsByCategory"]["items"]) == 60
        assert [len(each["products"]["items"]) for each in data["listCategories"]["items"]] == [60] * 5
        assert "of b" not in str(answer)
    assert "errors" not in written
    assert written["data"]["createProduct"] == written["data"]["deleteProduct"] == {"name": "of a"}
    assert len(written["data"]["updateProduct"]["category"]["products"]["items"]) == 60
    assert "of b" not in str(written)


async def test_what_says_who_asks_and_what_policies_ask_is_in_the_plan_itself(url: str, enforced: Catalog):
    """A call of a function in SQL takes longer than looking a row up; its expression, put in its place, does not."""
    service = Database.connect(embedded.url_as(url, "app_rw"), size=1)
    rows = await service.fetch_rows(
        "EXPLAIN (VERBOSE) SELECT u.id FROM app_context('a', 'userPools', '{}') AS told, "
        "LATERAL (SELECT id FROM users WHERE told OFFSET 0) AS u"
    )
    await service.close()
    plan = "\n".join(row[0] for row in rows)
    assert "set_config('app.caller'" in plan
    assert "-> 'names'" in plan
    assert "app_context(" not in plan
    assert "app_names(" not in plan
