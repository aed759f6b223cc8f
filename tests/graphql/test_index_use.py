"""Pages are read along an index, in its order: no table is read whole and no page is sorted.

A statement that is kept prepared is examined by its generic plan, made without a look at the values (PostgreSQL,
chapter "PREPARE"); one that is planned for each call, by the plan for its arguments.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from service.db.connections.engine import Database, How
from service.db.connections.lanes import Lane
from tests.conftest import MakeDatabase
from tests.graphql.api import Api, api_of

SDL = """
type Shelf @model @auth(rules: [{ allow: private }]) {
  id: ID!
  books: [Book] @hasMany(indexName: "byShelf", fields: ["id"])
}
type Book @model @auth(rules: [{ allow: private }]) {
  id: ID!
  shelfId: ID @index(name: "byShelf", queryField: "booksByShelf", sortKeyFields: ["title"])
  shelf: Shelf @belongsTo(fields: ["shelfId"])
  title: String
  kind: String @index(name: "byKind", queryField: "booksByKind", sortKeyFields: ["made", "price"])
  made: AWSDate
  price: Float
}
type Slot @model @auth(rules: [{ allow: private }]) {
  place: String! @primaryKey(sortKeyFields: ["part", "lot"])
  part: String!
  lot: String!
}
"""


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database) as made:
        await made.database.execute_ddl(
            "INSERT INTO shelves (id) SELECT 's' || n FROM generate_series(1, 2000) n;"
            "INSERT INTO books (id, shelf_id, title, kind, made, price) "
            "SELECT 'b' || n, 's' || n % 200, 't' || n % 977, 'k' || n % 20, date '2024-01-01' + n % 300, n % 7 "
            "FROM generate_series(1, 20000) n;"
            "INSERT INTO slots (place, part, lot) "
            "SELECT 'p' || n % 50, 'q' || n % 40, 'l' || n FROM generate_series(1, 20000) n;"
            "ANALYZE shelves, books, slots"
        )
        yield made


async def _plan(api: Api, query: str, variables: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """How PostgreSQL runs the one statement of a query."""
    sent: list[tuple[str, Sequence[object], bool]] = []
    original = Database.sent

    async def recorded(
        database: Database, lane: Lane, how: How, sql: str, args: Sequence[object], *, fresh_plan: bool = False
    ) -> object:
        sent.append((sql, args, fresh_plan))
        return await original(database, lane, how, sql, args, fresh_plan=fresh_plan)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "sent", recorded)
        await api.data(query, variables)
    ((sql, args, fresh_plan),) = sent
    async with api.database.transaction() as transaction:
        if fresh_plan:
            rows = await transaction.fetch_rows(f"EXPLAIN (COSTS OFF) {sql}", args)
        else:
            await transaction.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            await transaction.execute(f"PREPARE examined AS {sql}")
            nulls = f"({', '.join(['NULL'] * len(args))})" if args else ""
            rows = await transaction.fetch_rows(f"EXPLAIN (COSTS OFF) EXECUTE examined{nulls}")
            await transaction.execute("DEALLOCATE examined")
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ('{ getBook(id: "b1") { id title } }', "books_pkey"),
        ('{ getSlot(place: "p1", part: "q1", lot: "l1") { lot } }', "slots_pkey"),
        ("{ listBooks(limit: 20) { items { id title } nextToken } }", "books_pkey"),
        ('{ listBooks(limit: 20, filter: { title: { contains: "t" } }) { items { id } nextToken } }', "books_pkey"),
        ('{ listSlots(place: "p1", limit: 20) { items { lot } nextToken } }', "slots_place_part_lot_joined_idx"),
        ('{ booksByShelf(shelfId: "s1", limit: 20) { items { id } nextToken } }', "books_shelf_id_title_idx"),
        (
            '{ booksByShelf(shelfId: "s1", sortDirection: DESC, limit: 20) { items { id } nextToken } }',
            "books_shelf_id_title_idx",
        ),
        ('{ booksByKind(kind: "k1", limit: 20) { items { id } nextToken } }', "books_kind_"),
        ("{ listShelves(limit: 5) { items { books(limit: 3) { items { id } } } } }", "books_shelf_id_title_idx"),
        ("{ listBooks(limit: 20) { items { shelf { id } } } }", "shelves_pkey"),
    ],
)
async def test_a_page_is_read_along_its_index(api: Api, monkeypatch: pytest.MonkeyPatch, query: str, index: str):
    plan = await _plan(api, query, None, monkeypatch)
    assert index in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ('beginsWith: "t1"', ("title >= 't1'", "title < 't2'")),
        ('between: ["t1", "t3"]', ("title >= 't1'", "title <= 't3'")),
        ('gt: "t8"', ("title > 't8'",)),
    ],
)
async def test_a_range_of_the_sort_key_is_looked_up(
    api: Api, monkeypatch: pytest.MonkeyPatch, asked: str, expected: tuple[str, ...]
):
    """The few rows it leaves may be sorted: that is PostgreSQL's choice, and costs less than going in order."""
    query = f'{{ booksByShelf(shelfId: "s1", title: {{ {asked} }}) {{ items {{ id }} nextToken }} }}'
    plan = await _plan(api, query, None, monkeypatch)
    conditions = [line for line in plan.splitlines() if "Index Cond" in line]
    assert any(all(each in line for each in expected) for line in conditions), plan
    assert "Seq Scan" not in plan


async def test_the_page_after_one_is_read_along_the_same_index(api: Api, monkeypatch: pytest.MonkeyPatch):
    for query, name in (
        ("query ($token: String) { listBooks(limit: 20, nextToken: $token) { nextToken } }", "listBooks"),
        (
            'query ($token: String) { booksByShelf(shelfId: "s1", limit: 20, nextToken: $token) { nextToken } }',
            "booksByShelf",
        ),
    ):
        first = await api.data(query)
        plan = await _plan(api, query, {"token": first[name]["nextToken"]}, monkeypatch)
        assert "Index" in plan, query
        assert "Seq Scan" not in plan, query
        assert "Sort" not in plan, query
