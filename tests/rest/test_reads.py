"""What is read: one row, many rows, what a row leads to, and how much of each."""

from __future__ import annotations

import re

import pytest

from tests.graphql.api import KEY
from tests.rest.calls import Rest
from tests.rest.library import ANN, BEN


async def test_a_row_is_a_bare_object_with_its_version_and_its_time(library: Rest):
    response = await library.send("GET", "/v1/books/b2")
    assert response.status_code == 200
    assert response.headers["etag"] == '"1"'
    assert response.headers["last-modified"] == "Wed, 25 Nov 2026 10:00:00 GMT"
    assert response.json() == {
        "id": "b2",
        "title": "Title 2",
        "shelfId": "s1",
        "price": 1,
        "rank": 2,
        "count": None,
        "kind": "SMALL",
        "sold": None,
        "tags": ["red", "t2"],
        "codes": None,
        "spot": None,
        "spots": None,
        "extra": None,
        "published": None,
        "day": None,
        "limit": None,
        "cost": 9,
        "remark": "psst",
        "keeper": "sub-ben::ben",
        "createdAt": None,
        "updatedAt": "2026-11-25T10:00:00.000Z",
    }


async def test_a_row_that_is_not_there(library: Rest):
    problem = await library.refused(404, "GET", "/v1/books/nope")
    assert problem["code"] == "not_found"
    assert problem["instance"] == "/v1/books/nope"
    for path in ("/v1/nope", "/v1/books/b1/nope", "/v1/books/b1/shelf", "/v1/books/", "/v1/", "/v1/books/b1/x/y"):
        assert (await library.refused(404, "GET", path))["detail"] == "There is nothing at this address."


async def test_a_list_says_whether_there_is_more_and_where(library: Rest):
    response = await library.send("GET", "/v1/books?limit=2&fields=id")
    body = response.json()
    assert body["data"] == [{"id": "b0"}, {"id": "b1"}]
    cursor = body["page"]["next"]
    assert body["page"] == {"limit": 2, "next": cursor, "hasMore": True}
    assert response.headers["link"] == (
        f'</v1/books?limit=2&fields=id>; rel="first", </v1/books?limit=2&fields=id&cursor={cursor}>; rel="next"'
    )
    rest = await library.send("GET", f"/v1/books?limit=9&fields=id&cursor={cursor}")
    assert [each["id"] for each in rest.json()["data"]] == ["b2", "b3", "b4", "b5", "b6"]
    assert rest.json()["page"] == {"limit": 9, "next": None, "hasMore": False}
    assert rest.headers["link"] == '</v1/books?limit=9&fields=id>; rel="first"'


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("fields=id,title", {"id": "b1", "title": "Title 1"}),
        ("fields=title,shelf.name", {"title": "Title 1", "shelf": {"name": "Top"}}),
        ("fields=id&include=shelf.notes", None),
        ("fields=id,shelf.id&include=shelf", {"id": "b1", "shelf": {"id": "s1"}}),
        ("fields=shelf.books.id", None),
    ],
)
async def test_fields_and_include(library: Rest, query: str, shown: object):
    body = await library.get(f"/v1/books/b1?{query}")
    if shown is not None:
        assert body == shown
    elif "notes" in query:
        assert [each["text"] for each in body["shelf"]["notes"]["data"]] == ["of ann", "of ben"]
        assert set(body["shelf"]) == {"notes"}
    else:
        ids = [each["id"] for each in body["shelf"]["books"]["data"]]
        assert ids == ["b2", "b5", "b0", "b3", "b1", "b4"]  # in the order of the index: by price, those without last


async def test_what_is_included_is_a_page_with_an_end(library: Rest):
    await library.sql("INSERT INTO shelves (id, name) VALUES ('full', 'Full')")
    await library.sql(
        "INSERT INTO books (id, title, shelf_id) SELECT 'f' || n, 'F', 'full' FROM generate_series(1, 51) n"
    )
    body = await library.get("/v1/shelves/full?include=books")
    assert len(body["books"]["data"]) == 50
    assert body["books"]["page"] == {"limit": 50, "hasMore": True}
    await library.sql("DELETE FROM books WHERE shelf_id = 'full'")
    await library.sql("DELETE FROM shelves WHERE id = 'full'")


@pytest.mark.parametrize(
    ("query", "flaw"),
    [
        ("fields=titel", ("fields", "unknown_field")),
        ("fields=", ("fields", "empty")),
        ("include=shelv", ("include", "unknown_field")),
        ("include=title", ("include", "unknown_field")),
        ("include=shelf.books.shelf.books", ("include", "unknown_field")),
        ("fields=id&fields=title", ("fields", "repeated")),
        ("limit=5", ("limit", "unknown_parameter")),
        ("title=x", ("title", "unknown_parameter")),
    ],
)
async def test_what_cannot_be_asked_about_a_row(library: Rest, query: str, flaw: tuple[str, str]):
    assert await library.flaws("GET", f"/v1/books/b1?{query}") == [flaw]


async def test_a_suggestion_for_what_is_misspelled(library: Rest):
    problem = await library.refused(400, "GET", "/v1/books?titel=x&limt=3&pirce[ge]=1&kind[eqq]=BIG&fields=pric")
    assert [each["detail"].rpartition(". ")[2] for each in problem["errors"][:3]] == [
        "Did you mean 'title'?",
        "Did you mean 'limit'?",
        "Did you mean 'price'?",
    ]
    assert [each["parameter"] for each in problem["errors"]] == ["titel", "limt", "pirce[ge]", "kind[eqq]", "fields"]
    assert (await library.send("GET", "/v1/books?limt=3", headers={"prefer": "handling=lenient"})).status_code == 200


async def test_keys_of_several_parts(library: Rest):
    body = await library.get("/v1/slots/a%7Eb~1~x%2Fy")
    assert body["size"] == 5
    assert (await library.get("/v1/slots/a~2~"))["size"] == 6
    for path in ("a~b~1~x", "a~2", "a~two~", "a~99999999999999999999~", "a~2~~", "a~2.5~", "a~%EF%BC%92~"):
        await library.refused(404, "GET", f"/v1/slots/{path}")


async def test_what_a_row_leads_to_has_a_path_of_its_own(library: Rest):
    response = await library.send("GET", "/v1/shelves/s1/books?fields=id&limit=2&price[exists]=true&sort=-price")
    body = response.json()
    assert body["data"] == [{"id": "b3"}, {"id": "b0"}]
    assert (
        f"/v1/shelves/s1/books?fields=id&limit=2&price[exists]=true&sort=-price&cursor={body['page']['next']}"
        in (response.headers["link"])
    )
    following = await library.get(
        f"/v1/shelves/s1/books?fields=id&price[exists]=true&sort=-price&cursor={body['page']['next']}"
    )
    assert [each["id"] for each in following["data"]] == ["b5", "b2"]
    await library.refused(404, "GET", "/v1/shelves/nope/books")
    assert (await library.get("/v1/shelves/s2/notes"))["data"] == []


async def test_a_cursor_is_good_for_its_own_walk_alone(library: Rest):
    cursor = (await library.get("/v1/books?limit=2&kind=BIG"))["page"]["next"]
    assert (await library.get(f"/v1/books?limit=7&kind=BIG&cursor={cursor}"))["data"]
    child = (await library.get("/v1/shelves/s1/books?limit=2"))["page"]["next"]
    for path, used in (
        ("/v1/books?kind=SMALL", cursor),
        ("/v1/books", cursor),
        ("/v1/books?kind=BIG&sort=title", cursor),
        ("/v1/books?kind=BIG&sort=-id", cursor),
        ("/v1/slots", cursor),
        ("/v1/shelves/s2/books", child),
        ("/v1/books", child),
        ("/v1/books?kind=BIG", cursor[:-2]),
        ("/v1/books?kind=BIG", "x"),
        ("/v1/books?kind=BIG", ""),
    ):
        joined = f"{path}{'&' if '?' in path else '?'}cursor={used}"
        assert (await library.refused(400, "GET", joined))["code"] == "cursor_mismatch"
    mine = f"/v1/books?kind=BIG&cursor={cursor}"
    assert (await library.refused(400, "GET", mine, caller=KEY))["code"] == "cursor_mismatch"


async def test_counts(library: Rest):
    for how in ("exact", "estimated"):
        response = await library.send("GET", "/v1/books?kind=BIG&limit=1", headers={"prefer": f"count={how}"})
        assert response.json()["page"]["total"] == 3
        assert response.headers["preference-applied"] == f"count={how}"
        child = await library.send("GET", "/v1/shelves/s1/books?limit=1", headers={"prefer": f"count={how}"})
        assert child.json()["page"]["total"] == 6
    second = await library.get("/v1/books?kind=BIG&limit=1", headers={"prefer": "return=whatever, count=none"})
    assert "total" not in second["page"]
    # An estimate is no more than a count that stops.
    await library.sql("INSERT INTO slots SELECT 'many', n, 'l' FROM generate_series(1, 10050) n")
    totals = [
        (await library.get("/v1/slots?limit=1&place=many", headers={"prefer": f"count={how}"}))["page"]["total"]
        for how in ("exact", "estimated")
    ]
    assert totals == [10_050, 10_000]
    await library.sql("DELETE FROM slots WHERE place = 'many'")


async def test_what_the_caller_has_is_not_sent_again(library: Rest):
    whole = await library.send("GET", "/v1/books/b1", headers={"if-none-match": 'W/"9", "1"'})
    assert (whole.status_code, whole.content, whole.headers["etag"]) == (304, b"", '"1"')
    part = await library.send("GET", "/v1/books/b1?fields=id,shelf.name")
    tag = part.headers["etag"]
    assert tag.startswith('"1-')
    again = await library.send("GET", "/v1/books/b1?fields=id,shelf.name", headers={"if-none-match": tag})
    assert again.status_code == 304
    other = await library.send("GET", "/v1/books/b1?fields=id", headers={"if-none-match": tag})
    assert other.status_code == 200
    await library.sql("UPDATE shelves SET name = 'Upper' WHERE id = 's1'")
    changed = await library.send("GET", "/v1/books/b1?fields=id,shelf.name", headers={"if-none-match": tag})
    assert (changed.status_code, changed.json()["shelf"]) == (200, {"name": "Upper"})
    await library.sql("UPDATE shelves SET name = 'Top' WHERE id = 's1'")


async def test_a_row_that_has_not_changed_since_is_not_sent_again(library: Rest):
    got = await library.send("GET", "/v1/books/b1")
    modified = got.headers["last-modified"]
    assert modified == "Wed, 25 Nov 2026 10:00:00 GMT"
    statuses = {
        since: (await library.send("GET", "/v1/books/b1", headers={"if-modified-since": since})).status_code
        for since in (
            modified,
            "Wed, 25 Nov 2026 10:00:01 GMT",
            "Wed, 25 Nov 2026 09:59:59 GMT",
            "Wed, 25 Nov 2026 11:00:00 +0100",
            "Wed, 25 Nov 2026 11:00:00",
            "Wed, 99 Nov 2026 10:00:00 GMT",
            "yesterday",
            "",
        )
    }
    assert statuses == dict.fromkeys(statuses, 200) | {
        modified: 304,
        "Wed, 25 Nov 2026 10:00:01 GMT": 304,
        "Wed, 25 Nov 2026 11:00:00 +0100": 304,
    }
    # A tag is exact and decides, and what is shown of other rows has no date.
    both = {"if-modified-since": modified, "if-none-match": '"9"'}
    assert (await library.send("GET", "/v1/books/b1", headers=both)).status_code == 200
    with_more = await library.send("GET", "/v1/books/b1?include=shelf", headers={"if-modified-since": modified})
    assert with_more.status_code == 200


@pytest.mark.parametrize("path", ["/v1/books?limit=2&include=shelf", "/v1/shelves/s1/books?fields=title,shelf.name"])
async def test_a_page_that_has_not_changed_is_not_sent_again(library: Rest, path: str):
    got = await library.send("GET", path, headers={"prefer": "count=exact"})
    tag = got.headers["etag"]
    assert re.fullmatch(r'W/"[0-9a-f]{16}"', tag)
    for known in (tag, tag.removeprefix("W/"), f'"1", {tag}', "*"):
        again = await library.send("GET", path, headers={"prefer": "count=exact", "if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["link"] == got.headers["link"]
    uncounted = await library.send("GET", path, headers={"if-none-match": tag})
    assert uncounted.status_code == 200
    await library.sql("UPDATE shelves SET name = 'Upper' WHERE id = 's1'")
    changed = await library.send("GET", path, headers={"prefer": "count=exact", "if-none-match": tag})
    await library.sql("UPDATE shelves SET name = 'Top' WHERE id = 's1'")
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_search_has_no_tag(library: Rest):
    answer = await library.send("POST", "/v1/books:search", {"limit": 1}, headers={"if-none-match": "*"})
    assert (answer.status_code, "etag" in answer.headers) == (200, False)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/books/b1",
        "/v1/books/b1?include=shelf.books,shelf.notes",
        "/v1/books?limit=3&include=shelf.notes&kind=BIG&sort=-title",
        "/v1/shelves/s1/books?include=shelf",
        "/v1/shelves?include=books.shelf",
    ],
)
@pytest.mark.parametrize("caller", [ANN, BEN], ids=["ann", "ben"])
async def test_a_read_is_one_statement(library: Rest, path: str, caller: object):
    with library.watched() as sent:
        response = await library.send("GET", path, caller=caller, headers={"prefer": "count=exact"})
    assert response.status_code == 200
    assert len(sent) == 1


async def test_head_and_options(library: Rest):
    for path in ("/v1/books/b1", "/v1/books?limit=2"):
        got, asked = [await library.send(method, path) for method in ("GET", "HEAD")]
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers == got.headers
    with library.watched() as sent:
        options = await library.send("OPTIONS", "/v1/books/b1", caller=None)
        assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"].startswith("GET, ")
    assert options.headers["allow"].endswith("HEAD, OPTIONS")
    assert not sent


async def test_a_model_with_a_name_that_is_taken(library: Rest):
    assert (await library.get("/v1/transaction-records"))["data"] == []
