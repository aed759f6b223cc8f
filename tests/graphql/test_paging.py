"""Every row once, in order, whatever the page size, and whatever happens between two pages."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.catalog.model import Integrity
from tests.conftest import MakeDatabase
from tests.graphql.api import VIEWER, Api, api_of

SDL = """
type Shelf @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String
  books: [Book] @hasMany(indexName: "byShelf", fields: ["id"])
}
type Book @model @auth(rules: [{ allow: private }]) {
  id: ID!
  shelfId: ID @index(name: "byShelf", queryField: "booksByShelf", sortKeyFields: ["rank"])
  rank: Int
  kind: String @index(name: "byKind", queryField: "booksByKind", sortKeyFields: ["title", "made"])
    @index(name: "byMade", queryField: "booksByMade", sortKeyFields: ["made"])
    @index(name: "byPrice", queryField: "booksByPrice", sortKeyFields: ["price"])
    @index(name: "byDay", queryField: "booksByDay", sortKeyFields: ["day"])
    @index(name: "byStamp", queryField: "booksByStamp", sortKeyFields: ["stamp"])
  title: String
  made: AWSDateTime
  price: Float
  day: AWSDate
  stamp: AWSTimestamp
  pages: [Page] @hasMany(indexName: "byBook", fields: ["id"])
}
type Page @model @auth(rules: [{ allow: private }]) {
  id: ID!
  bookId: ID @index(name: "byBook")
}
type Slot @model @auth(rules: [{ allow: private }]) {
  place: String! @primaryKey(sortKeyFields: ["part", "lot"])
  part: String!
  lot: String!
  size: Int
}
type Word @model @auth(rules: [{ allow: private }]) {
  text: String! @primaryKey
  length: Int
}
"""

TITLES = ["10", "9", "Apple", "app", "élan", "zoo", "a#b", "a", "😀", "\uffff"]


def _books(count: int) -> list[dict[str, Any]]:
    """Books with many ties in everything but their id."""
    return [
        {
            "id": f"b{number * 37 % count:04}",
            "shelfId": f"s{number % 3}",
            "rank": None if number % 11 == 0 else number % 5 - 2,
            "kind": "k",
            "title": None if number % 13 == 0 else TITLES[number % len(TITLES)],
            "made": None if number % 7 == 0 else f"2024-01-0{number % 3 + 1}T00:00:00.00{number % 2}Z",
            "price": None if number % 9 == 0 else (number % 4 - 1) / 3,
            "day": None if number % 8 == 0 else f"2024-02-{number % 4 + 1:02}",
            "stamp": None if number % 10 == 0 else number % 3 - 10**9,
        }
        for number in range(count)
    ]


BOOKS = _books(120)


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database, integrity, max_page=50) as made:
        await made.create("Shelf", *({"id": f"s{number}"} for number in range(3)))
        await made.create("Book", *BOOKS)
        await made.create("Page", *({"id": f"p{number:03}", "bookId": f"b{number % 7:04}"} for number in range(60)))
        parts = [("a", "b#c"), ("a#b", "c"), ("a", "b"), ("a#", "b"), ("", "a"), ("b", "a"), ("B", "a")]
        await made.create("Slot", *({"place": p, "part": a, "lot": b, "size": 1} for p in "xy" for a, b in parts))
        await made.create("Word", *({"text": text, "length": len(text)} for text in TITLES))
        yield made


async def _walk(api: Api, query: str, size: int, variables: dict[str, Any] | None = None) -> list[Any]:
    """All items of a list with one root field, page by page; no page but the last is short, none is empty."""
    items: list[Any] = []
    token = None
    while True:
        data = await api.data(query, {**(variables or {}), "limit": size, "token": token})
        (page,) = data.values()
        items += page["items"]
        token = page["nextToken"]
        if token is None:
            return items
        assert len(page["items"]) == size


SIZES = [1, 2, 7, 49, 50]


@pytest.mark.parametrize("size", SIZES)
async def test_a_list_holds_every_row_once_in_the_order_of_the_key(api: Api, size: int):
    query = (
        "query ($limit: Int $token: String) { listBooks(limit: $limit, nextToken: $token) { items { id } nextToken } }"
    )
    assert [each["id"] for each in await _walk(api, query, size)] == sorted(each["id"] for each in BOOKS)


INDEXES = [
    ("booksByMade", ("made",)), ("booksByPrice", ("price",)), ("booksByDay", ("day",)), ("booksByStamp", ("stamp",)),
    ("booksByKind", ("title", "made")),
]  # fmt: skip


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("size", [1, 7, 50])
@pytest.mark.parametrize(("name", "sort"), INDEXES, ids=[each[0] for each in INDEXES])
async def test_an_index_orders_ties_too_and_leaves_out_rows_without_its_key(
    api: Api, name: str, sort: tuple[str, ...], size: int, direction: str
):
    query = f"""query ($limit: Int $token: String) {{
      {name}(kind: "k", sortDirection: {direction}, limit: $limit, nextToken: $token) {{ items {{ id }} nextToken }}
    }}"""
    found = [each["id"] for each in await _walk(api, query, size)]
    rows = [each for each in BOOKS if all(each[field] is not None for field in sort)]

    def key(row: dict[str, Any]) -> tuple[Any, str]:
        values = [row[field] for field in sort]
        return ("#".join(values).encode() if len(sort) > 1 else values[0], row["id"])

    assert found == [each["id"] for each in sorted(rows, key=key, reverse=direction == "DESC")]


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_rows_whose_joined_keys_are_one_text_are_all_there(api: Api, size: int, direction: str):
    query = f"""query ($limit: Int $token: String) {{
      listSlots(place: "x", sortDirection: {direction}, limit: $limit, nextToken: $token) {{
        items {{ part lot }} nextToken
      }}
    }}"""
    found = [(each["part"], each["lot"]) for each in await _walk(api, query, size)]
    assert len(set(found)) == len(found) == 7
    joined = ["#".join(each) for each in found]
    assert joined == sorted(joined, key=str.encode, reverse=direction == "DESC")
    everywhere = """query ($limit: Int $token: String) {
      listSlots(limit: $limit, nextToken: $token) { items { place part lot } nextToken }
    }"""
    assert len(await _walk(api, everywhere, size)) == 14


async def test_a_list_of_a_named_key_is_what_has_that_key(api: Api):
    assert await api.data('{ listWords(text: "app") { items { text } nextToken } }') == {
        "listWords": {"items": [{"text": "app"}], "nextToken": None}
    }
    assert (await api.data('{ listWords(text: "nope") { items { text } } }'))["listWords"]["items"] == []
    errors = await api.errors("{ listWords(sortDirection: DESC) { items { text } } }")
    assert errors == [
        (
            ["listWords"],
            "InvalidArgumentsError",
            "When providing argument 'sortDirection' you must also provide argument 'text'.",
        )
    ]


async def test_a_filter_comes_before_the_limit(api: Api):
    query = """query ($limit: Int $token: String) {
      listBooks(filter: {rank: {eq: 1}}, limit: $limit, nextToken: $token) { items { id rank } nextToken }
    }"""
    found = await _walk(api, query, 4)
    assert [each["id"] for each in found] == sorted(each["id"] for each in BOOKS if each["rank"] == 1)


async def test_the_filter_may_change_between_pages(api: Api):
    query = """query ($filter: ModelBookFilterInput $token: String) {
      listBooks(filter: $filter, limit: 50, nextToken: $token) { items { id } nextToken }
    }"""
    first = (await api.data(query))["listBooks"]
    rest = (await api.data(query, {"filter": {"id": {"ge": "b0100"}}, "token": first["nextToken"]}))["listBooks"]
    assert [each["id"] for each in rest["items"]] == [f"b{number:04}" for number in range(100, 120)]
    assert rest["nextToken"] is None


async def test_rows_that_come_and_go_between_pages(api: Api):
    query = """query ($limit: Int $token: String) {
      booksByShelf(shelfId: "moving", limit: $limit, nextToken: $token) { items { id } nextToken }
    }"""
    await api.create("Book", *({"id": f"m{number}", "shelfId": "moving", "rank": number} for number in range(0, 20, 2)))
    seen, token = [], None
    for round_ in range(5):
        page = (await api.data(query, {"limit": 2, "token": token}))["booksByShelf"]
        seen += [each["id"] for each in page["items"]]
        token = page["nextToken"]
        await api.create("Book", {"id": f"early{round_}", "shelfId": "moving", "rank": -1})
        await api.create("Book", {"id": f"late{round_}", "shelfId": "moving", "rank": 100 + round_})
        await api.data(f'mutation {{ deleteBook(input: {{id: "{seen[-1]}"}}) {{ id }} }}')
    while token:
        page = (await api.data(query, {"limit": 2, "token": token}))["booksByShelf"]
        seen += [each["id"] for each in page["items"]]
        token = page["nextToken"]
    assert seen == [f"m{number}" for number in range(0, 20, 2)] + [f"late{number}" for number in range(5)]
    await api.sql("DELETE FROM books WHERE shelf_id = 'moving'")


SHELVES = """query ($token: String) { listShelves { items {
  id
  books(limit: 4, nextToken: $token, sortDirection: DESC, filter: {rank: {ne: 0}}) { items { id rank } nextToken }
} } }"""


async def test_a_nested_page_continues_with_its_own_token(api: Api):
    shelves = (await api.data(SHELVES))["listShelves"]["items"]
    assert [each["id"] for each in shelves] == ["s0", "s1", "s2"]
    for position, shelf in enumerate(shelves):
        items, token = shelf["books"]["items"], shelf["books"]["nextToken"]
        while token:
            page = (await api.data(SHELVES, {"token": token}))["listShelves"]["items"][position]["books"]
            items += page["items"]
            token = page["nextToken"]
        rows = [each for each in BOOKS if each["shelfId"] == shelf["id"] and each["rank"] not in {None, 0}]
        rows.sort(key=lambda row: (row["rank"], row["id"]), reverse=True)
        assert items == [{"id": each["id"], "rank": each["rank"]} for each in rows]


async def test_pages_within_pages_have_tokens_at_every_level(api: Api):
    query = """query ($books: String $pages: String) { getShelf(id: "s0") {
      books(limit: 1, nextToken: $books) {
        nextToken items { id pages(limit: 3, nextToken: $pages) { items { id } nextToken } }
      }
    } }"""
    found: dict[str, list[str]] = {}
    books = None
    while True:
        page = (await api.data(query, {"books": books}))["getShelf"]["books"]
        (book,) = page["items"]
        found[book["id"]] = [each["id"] for each in book["pages"]["items"]]
        pages = book["pages"]["nextToken"]
        while pages:
            again = (await api.data(query, {"books": books, "pages": pages}))["getShelf"]["books"]
            found[book["id"]] += [each["id"] for each in again["items"][0]["pages"]["items"]]
            pages = again["items"][0]["pages"]["nextToken"]
        books = page["nextToken"]
        if books is None:
            break
    expected = {row["id"]: [] for row in BOOKS if row["shelfId"] == "s0" and row["rank"] is not None}
    for number in range(60):
        if f"b{number % 7:04}" in expected:
            expected[f"b{number % 7:04}"].append(f"p{number:03}")
    assert found == expected


async def test_one_page_under_several_names(api: Api):
    query = """{ listBooks(limit: 2) {
      a: items { id } nextToken b: items { name: id rank } __typename also: nextToken t: __typename items { __typename }
    } }"""
    page = (await api.data(query))["listBooks"]
    assert list(page) == ["a", "nextToken", "b", "__typename", "also", "t", "items"]
    assert page["a"] == [{"id": "b0000"}, {"id": "b0001"}]
    assert [each["name"] for each in page["b"]] == ["b0000", "b0001"]
    assert page["__typename"] == page["t"] == "ModelBookConnection"
    assert page["items"] == [{"__typename": "Book"}] * 2
    assert page["nextToken"] == page["also"] is not None


async def test_one_relation_under_several_names_with_other_arguments(api: Api):
    query = """{ getShelf(id: "s1") {
      up: books(limit: 2) { items { rank } }
      down: books(limit: 2, sortDirection: DESC) { items { rank } nextToken }
      some: books(rank: {between: [0, 1]}, limit: 50) { items { rank } }
      none: books(filter: {id: {eq: "nope"}}) { items { rank } nextToken }
      books { nextToken }
    } }"""
    shelf = (await api.data(query))["getShelf"]
    ranks = sorted(each["rank"] for each in BOOKS if each["shelfId"] == "s1" and each["rank"] is not None)
    assert [each["rank"] for each in shelf["up"]["items"]] == ranks[:2]
    assert [each["rank"] for each in shelf["down"]["items"]] == ranks[::-1][:2]
    assert [each["rank"] for each in shelf["some"]["items"]] == [each for each in ranks if each in {0, 1}]
    assert shelf["none"] == {"items": [], "nextToken": None}
    assert shelf["books"] == {"nextToken": None}


@pytest.mark.parametrize(
    ("limit", "expected"), [(None, 50), (49, 49), (50, 50), (51, 50), (100_000, 50), (2**31 - 1, 50)]
)
async def test_a_limit_beyond_the_largest_page_is_lowered(api: Api, limit: int | None, expected: int):
    query = "query ($limit: Int) { listBooks(limit: $limit) { items { id } nextToken } }"
    page = (await api.data(query, {"limit": limit}))["listBooks"]
    assert len(page["items"]) == expected
    assert page["nextToken"] is not None
    absent = (await api.data("{ listBooks { items { id } } }"))["listBooks"]
    assert len(absent["items"]) == 50


@pytest.mark.parametrize("limit", [0, -1, -(2**31)])
async def test_a_limit_below_one_is_refused(api: Api, limit: int):
    query = "query ($limit: Int) { listBooks(limit: $limit) { items { id } nextToken } }"
    body = await api.ask(query, {"limit": limit})
    assert body["data"] == {"listBooks": None}
    assert [(each["errorType"], each["message"]) for each in body["errors"]] == [
        ("DynamoDB:ValidationException", "Limit must be greater than or equal to 1")
    ]


async def _token(api: Api, query: str) -> str:
    (page,) = (await api.data(query)).values()
    token: str = page["nextToken"]
    return token


REFUSED = "The nextToken is not one that this list has given. Leave it out to start from the beginning."


async def test_no_token_is_taken_but_those_that_were_given(api: Api):
    token = await _token(api, "{ listBooks(limit: 3) { nextToken } }")
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    changed = {token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))}
    cut = {token[:at] for at in range(len(token))} | {token[at:] for at in range(1, len(token))}
    padded = {token + "A", token + "=", token + "====", " " + token, token + "\n", token[:5] + "!" + token[5:]}
    forged = {
        base64.urlsafe_b64encode(raw[:12] + b'["b0000"]').decode().rstrip("="),
        base64.urlsafe_b64encode(b'["b0000"]').decode(),
        base64.urlsafe_b64encode(b"\0" * 12 + b'["b0000"]').decode(),
        "e30=", "null", "0", "é", "😀", "' OR 1=1 --", "A" * 100_000,
    }  # fmt: skip
    query = "query ($t: String) { listBooks(nextToken: $t) { items { id } nextToken } }"
    for each in sorted(changed | cut | padded | forged - {token}):
        body = await api.ask(query, {"t": each})
        assert body["data"] == {"listBooks": None}, each
        assert [(e["path"], e["errorType"], e["message"]) for e in body["errors"]] == [
            (["listBooks"], "InvalidNextToken", REFUSED)
        ], each
    assert len((await api.data(query, {"t": token}))["listBooks"]["items"]) == 50


async def test_a_token_of_another_list_or_another_order_is_refused(api: Api):
    tokens = {
        "books": await _token(api, "{ listBooks(limit: 3) { nextToken } }"),
        "shelves": await _token(api, "{ listShelves(limit: 1) { nextToken } }"),
        "up": await _token(api, '{ booksByMade(kind: "k", limit: 3) { nextToken } }'),
        "down": await _token(api, '{ booksByMade(kind: "k", limit: 3, sortDirection: DESC) { nextToken } }'),
        "day": await _token(api, '{ booksByDay(kind: "k", limit: 3) { nextToken } }'),
        "joined": await _token(api, '{ booksByKind(kind: "k", limit: 3) { nextToken } }'),
    }
    takers = {
        "books": "listBooks(nextToken: $t)",
        "shelves": "listShelves(nextToken: $t)",
        "up": 'booksByMade(kind: "k", nextToken: $t)',
        "down": 'booksByMade(kind: "k", sortDirection: DESC, nextToken: $t)',
        "day": 'booksByDay(kind: "k", nextToken: $t)',
        "joined": 'booksByKind(kind: "k", nextToken: $t)',
    }
    for given, token in tokens.items():
        for taken, field in takers.items():
            body = await api.ask(f"query ($t: String!) {{ {field} {{ items {{ id }} }} }}", {"t": token})
            assert ("errors" in body) is (given != taken), (given, taken)


async def test_a_page_is_one_statement_however_deep_it_lies(api: Api):
    query = (
        "query ($limit: Int $token: String) { listBooks(limit: $limit, nextToken: $token) { items { id } nextToken } }"
    )
    with api.watched() as sent:
        await _walk(api, query, 10)
    assert len(sent) == 12
    assert len(set(sent)) == 2  # one text without a token, one with


async def test_no_token_is_computed_where_nobody_asks_for_one(api: Api):
    with api.watched() as sent:
        await api.data("{ listBooks(limit: 3) { items { id } } }")
    assert "encode" not in sent[0]


async def test_a_token_holds_a_place_and_nothing_else(api: Api):
    """So it is good for every caller, and tells nobody more than the row it ended with did."""
    token = await _token(api, "{ listBooks(limit: 3) { nextToken } }")
    assert base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[12:] == b'["b0002"]'
    query = "query ($t: String) { listBooks(nextToken: $t, limit: 1) { items { id } } }"
    assert (await api.data(query, {"t": token}, VIEWER))["listBooks"]["items"] == [{"id": "b0003"}]
