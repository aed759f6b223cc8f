"""What `sort` allows is read along an index: no table is read whole, and no more than ties are sorted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from service.db.connections.engine import Database, How
from service.db.connections.lanes import Lane
from tests.conftest import MakeDatabase
from tests.rest.calls import Rest, rest_of

SDL = """
type Shelf @model @auth(rules: [{ allow: private }]) {
  id: ID!
  books: [Book] @hasMany(indexName: "byShelf", fields: ["id"])
}
type Book @model @auth(rules: [{ allow: private }]) {
  id: ID!
  shelfId: ID @index(name: "byShelf", sortKeyFields: ["price"])
  price: Float
  title: String @index(name: "byTitle")
}
"""


@pytest.fixture(scope="module")
async def rest(make_database: MakeDatabase) -> AsyncIterator[Rest]:
    async with rest_of(SDL, make_database) as made:
        await made.database.execute_ddl(
            "INSERT INTO shelves (id) SELECT 's' || n FROM generate_series(1, 2000) n;"
            "INSERT INTO books (id, shelf_id, price, title) SELECT 'b' || n, 's' || n % 20,"
            " CASE WHEN n % 11 > 0 THEN n % 977 END, 't' || n % 4999 FROM generate_series(1, 20000) n;"
            "ANALYZE shelves, books"
        )
        yield made


async def _plan(rest: Rest, path: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """How PostgreSQL runs the one statement of a read."""
    sent: list[tuple[str, Sequence[object]]] = []
    original = Database.sent

    async def recorded(
        database: Database, lane: Lane, how: How, sql: str, args: Sequence[object], *, fresh_plan: bool = False
    ) -> object:
        sent.append((sql, args))
        return await original(database, lane, how, sql, args, fresh_plan=fresh_plan)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "sent", recorded)
        await rest.get(path)
    ((sql, args),) = sent
    async with rest.database.transaction() as transaction:
        return "\n".join(row[0] for row in await transaction.fetch_rows(f"EXPLAIN (COSTS OFF) {sql}", args))


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("/v1/books?limit=20", "books_pkey"),
        ("/v1/books?limit=20&sort=-id", "books_pkey"),
        ("/v1/books?limit=20&sort=title", "books_title_idx"),
        ("/v1/books?limit=20&sort=-title,price", "books_title_idx"),
        ("/v1/books?limit=20&shelfId=s1&sort=price", "books_shelf_id_price_idx"),
        ("/v1/books?limit=20&shelfId=s1&sort=-price,title", "books_shelf_id_price_idx"),
        ("/v1/shelves/s1/books?limit=20&sort=-price", "books_shelf_id_price_idx"),
        ("/v1/shelves/s1/books?limit=20", "books_shelf_id_price_idx"),
        ("/v1/shelves?limit=5&include=books", "books_shelf_id_price_idx"),
    ],
)
async def test_a_page_is_read_along_its_index(rest: Rest, monkeypatch: pytest.MonkeyPatch, path: str, index: str):
    following = (await rest.get(path))["page"]["next"]
    for each in (path, f"{path}&cursor={following}"):
        plan = await _plan(rest, each, monkeypatch)
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan
        assert "Sort" not in plan.replace("Incremental Sort", "").replace("Sort Key", ""), plan


@pytest.mark.parametrize("order", ["title", "-title"])
async def test_a_page_far_down_is_found_and_not_counted_to(rest: Rest, monkeypatch: pytest.MonkeyPatch, order: str):
    cursor = (await rest.get(f"/v1/books?limit=1000&sort={order}&fields=id"))["page"]["next"]
    plan = await _plan(rest, f"/v1/books?limit=20&sort={order}&cursor={cursor}", monkeypatch)
    if order == "-title":  # whose nulls come first: behind a title there are titles alone
        assert "Index Cond: (title <=" in plan, plan
    assert "books_title_idx" in plan


@pytest.mark.parametrize("sort", ["price", "-price", "price,-title", "-price,title", "-title,-price"])
async def test_every_row_comes_once_in_either_direction(rest: Rest, sort: str):
    path = f"/v1/books?shelfId=s1&sort={sort}&limit=97&fields=id,price,title"
    rows = []
    cursor: str | None = ""
    while cursor is not None:
        page = await rest.get(path + (f"&cursor={cursor}" if cursor else ""))
        rows += page["data"]
        cursor = page["page"]["next"]
    seen = [each["id"] for each in rows]
    assert len(seen) == len(set(seen)) == 1000
    # Rows without a price count as dearer than any.
    keys = [(each["price"] is None, each["price"] or 0.0) for each in rows]
    if sort.startswith("-price"):
        assert keys == sorted(keys, reverse=True)
    elif sort.startswith("price"):
        assert keys == sorted(keys)
