"""One row written: what comes of it, on which conditions, and what is said of a body that is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY
from tests.rest.calls import Rest, rest_of
from tests.rest.library import ANN, BEN, SDL


@pytest.fixture(scope="module")
async def rest(make_database: MakeDatabase) -> AsyncIterator[Rest]:
    async with rest_of(SDL, make_database) as made:
        yield made


@pytest.fixture(autouse=True)
async def emptied(rest: Rest) -> AsyncIterator[None]:
    yield
    names = ", ".join(each.table for each in rest.catalog.models)
    await rest.sql(f"TRUNCATE {names}, idempotency_key")


EVERYTHING = {
    "id": "b1",
    "title": "Title",
    "shelfId": "s1",
    "price": 2.5,
    "rank": -3,
    "count": 1_700_000_000,
    "kind": "BIG",
    "sold": True,
    "tags": ["a", ""],
    "codes": [1, None],
    "spot": {"x": 1, "note": None, "part": {"a": 1, "b": "z"}},
    "spots": [{"x": 2.5}],
    "extra": {"any": ["json", 1.5, None, {"deep": True}]},
    "published": "2026-11-25T10:00:00+01:00",
    "day": "2026-11-25",
    "limit": 5,
    "cost": 1,
    "remark": "mine",
    "keeper": "sub-root::root",
}


async def test_a_row_is_created_and_is_where_it_says(rest: Rest):
    response = await rest.send("POST", "/v1/books", EVERYTHING)
    assert response.status_code == 201
    assert response.headers["location"] == "/v1/books/b1"
    assert response.headers["etag"] == '"1"'
    made = response.json()
    assert made == EVERYTHING | {
        "published": "2026-11-25T09:00:00.000Z",
        "spots": [{"x": 2.5, "note": None, "part": None}],
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    assert await rest.get("/v1/books/b1") == made


async def test_the_server_supplies_what_is_left_out(rest: Rest):
    response = await rest.send("POST", "/v1/notes", {"text": "mine"}, caller=ANN)
    made = response.json()
    assert response.headers["location"] == f"/v1/notes/{made['id']}"
    assert made["owner"] == "ann"
    await rest.refused(403, "GET", response.headers["location"], caller=BEN)
    composite = await rest.send("POST", "/v1/slots", {"place": "a~b", "number": 7, "lot": "x/y z"})
    assert composite.headers["location"] == "/v1/slots/a%7Eb~7~x%2Fy%20z"
    assert (await rest.get(composite.headers["location"]))["lot"] == "x/y z"


async def test_a_key_is_used_once(rest: Rest):
    await rest.send("POST", "/v1/books", {"id": "b1", "title": "First"})
    assert (await rest.refused(409, "POST", "/v1/books", {"id": "b1", "title": "Second"}))["code"] == "already_exists"
    assert (await rest.get("/v1/books/b1"))["title"] == "First"


BODIES: list[tuple[Any, list[tuple[str, str]]]] = [
    ({}, [("/title", "required")]),
    ({"title": None}, [("/title", "required")]),
    ({"title": 5, "price": "x", "rank": 1.5},
     [("/title", "wrong_value"), ("/price", "wrong_value"), ("/rank", "wrong_value")]),
    ({"title": "x", "rank": 2**31}, [("/rank", "wrong_value")]),
    ({"title": "x", "rank": 2**63}, [("/rank", "wrong_value")]),
    ({"title": "x", "count": 0}, [("/count", "wrong_value")]),
    ({"title": "x", "sold": "true"}, [("/sold", "wrong_value")]),
    ({"title": "x", "kind": "big"}, [("/kind", "wrong_value")]),
    ({"title": "x", "kind": ["BIG"]}, [("/kind", "wrong_value")]),
    ({"title": "x", "tags": "red"}, [("/tags", "wrong_type")]),
    ({"title": "x", "tags": ["a", None, 5]}, [("/tags/1", "required"), ("/tags/2", "wrong_value")]),
    ({"title": "x", "spot": {"y": 1}}, [("/spot/x", "required"), ("/spot/y", "unknown_field")]),
    ({"title": "x", "spot": 5}, [("/spot", "wrong_type")]),
    ({"title": "x", "spots": [{"x": 1}, {"x": "1"}]}, [("/spots/1/x", "wrong_value")]),
    ({"title": "x", "published": "yesterday"}, [("/published", "wrong_value")]),
    ({"title": "x", "published": "2026-02-30T10:00:00Z"}, [("/published", "wrong_value")]),
    ({"title": "x", "day": "2023-02-29"}, [("/day", "wrong_value")]),
    ({"title": "a\0b"}, [("/title", "wrong_value")]),
    ({"title": "x", "extra": {"a": ["\0"]}}, [("/extra", "wrong_value")]),
    ({"titel": "x", "createdAt": "2026-11-25T10:00:00Z"},
     [("/createdAt", "read_only"), ("/titel", "unknown_field"), ("/title", "required")]),
    ({"title": "x", "shelf": {"id": "s1"}, "shelf_id": "s1", "row_version": 9, "__typename": "Book"},
     [("/shelf", "unknown_field"), ("/shelf_id", "unknown_field"), ("/row_version", "unknown_field"),
      ("/__typename", "unknown_field")]),
    ([], [("", "wrong_type")]),
    ("x", [("", "wrong_type")]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "flaws"), BODIES)
async def test_everything_that_is_wrong_with_a_body_is_told_and_nothing_written(
    rest: Rest, body: Any, flaws: list[tuple[str, str]]
):
    with rest.watched() as sent:
        assert await rest.flaws("POST", "/v1/books", body) == flaws
    assert not sent


async def test_json_that_is_nested_without_end(rest: Rest):
    nested: Any = 1
    for _ in range(250):
        nested = [nested]
    assert await rest.flaws("POST", "/v1/books", content=b'{"title": "x", "extra": ' + b"[" * 300 + b"]" * 300 + b"}",
                            headers={"content-type": "application/json"}) == [("/extra", "wrong_value")]  # fmt: skip
    assert (await rest.send("POST", "/v1/books", {"id": "b1", "title": "x", "extra": nested})).status_code == 201
    assert (await rest.get("/v1/books/b1"))["extra"] == nested


async def test_lenience_ignores_what_is_not_known(rest: Rest):
    prefer = {"prefer": "handling=lenient"}
    body = {"title": "x", "titel": "y", "updatedAt": "2020-01-01T00:00:00Z"}
    response = await rest.send("POST", "/v1/books", body, headers=prefer)
    assert (response.status_code, response.headers["preference-applied"]) == (201, "handling=lenient")
    assert response.json()["updatedAt"] > "2026"
    assert await rest.flaws("POST", "/v1/books", {"titel": "y"}, headers=prefer) == [("/title", "required")]
    deep = {"title": "x", "spot": {"x": 1, "nots": "?", "part": {"c": 1}}, "spots": [{"x": 2, "y": 3}]}
    made = (await rest.send("POST", "/v1/books", deep, headers=prefer)).json()
    assert made["spot"] == {"x": 1, "note": None, "part": {"a": None, "b": None}}
    wrong = {"title": "x", "spot": {"x": "1", "nots": "?"}}
    assert await rest.flaws("POST", "/v1/books", wrong, headers=prefer) == [("/spot/x", "wrong_value")]


async def test_a_suggestion_for_what_is_misspelled(rest: Rest):
    body = {"titel": "x", "spot": {"x": 1, "nots": "?"}}
    problem = await rest.refused(400, "POST", "/v1/books", body)
    details = {each["pointer"]: each["detail"] for each in problem["errors"]}
    assert details["/titel"] == "Book has no field 'titel' to write. Did you mean 'title'?"
    assert details["/spot/nots"] == "Spot has no field 'nots' to write. Did you mean 'note'?"


async def test_an_answer_without_the_row(rest: Rest):
    minimal = {"prefer": "return=minimal"}
    for method, path, body, status, tag in (
        ("POST", "/v1/books", {"id": "b1", "title": "x"}, 201, '"1"'),
        ("PATCH", "/v1/books/b1", {"rank": 2}, 204, '"2"'),
        ("PUT", "/v1/books/b1", {"title": "y"}, 204, '"3"'),
        ("PUT", "/v1/books/b2", {"title": "z"}, 201, '"1"'),
    ):
        answer = await rest.send(method, path, body, headers=minimal)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (status, b"", tag), answer.text
        assert answer.headers["preference-applied"] == "return=minimal"
        assert ("location" in answer.headers) is (status == 201)
        assert "content-type" not in answer.headers
        assert "last-modified" in answer.headers
    assert (await rest.get("/v1/books/b1"))["title"] == "y"
    gone = await rest.send("DELETE", "/v1/books/b2", headers=minimal)
    assert (gone.status_code, "preference-applied" in gone.headers) == (204, False)
    refused = await rest.refused(400, "POST", "/v1/books", {}, headers=minimal)
    assert refused["errors"]
    read = await rest.send("GET", "/v1/books/b1", headers=minimal)
    assert (read.json()["title"], "preference-applied" in read.headers) == ("y", False)


async def test_an_answer_with_the_row_may_be_asked_for(rest: Rest):
    prefer = {"prefer": "return=representation, handling=lenient"}
    made = await rest.send("POST", "/v1/books", {"id": "b1", "title": "x"}, headers=prefer)
    assert (made.status_code, made.json()["title"]) == (201, "x")
    assert made.headers["preference-applied"] == "return=representation, handling=lenient"
    other = await rest.send("PATCH", "/v1/books/b1", {"rank": 1}, headers={"prefer": "return=nothing"})
    assert (other.status_code, "preference-applied" in other.headers) == (200, False)


async def test_a_patch_clears_what_is_null_and_keeps_what_is_not_there(rest: Rest):
    await rest.send("POST", "/v1/books", EVERYTHING)
    response = await rest.send("PATCH", "/v1/books/b1", {"price": None, "rank": 4, "spot": {"x": 9}})
    assert (response.status_code, response.headers["etag"]) == (200, '"2"')
    changed = await rest.get("/v1/books/b1")
    assert (changed["price"], changed["rank"], changed["tags"]) == (None, 4, ["a", ""])
    assert changed["spot"] == {"x": 9, "note": None, "part": None}
    assert (await rest.send("PATCH", "/v1/books/b1", {})).headers["etag"] == '"3"'


async def test_what_a_patch_refuses(rest: Rest):
    await rest.send("POST", "/v1/books", EVERYTHING)
    assert await rest.flaws("PATCH", "/v1/books/b1", {"title": None, "id": "b2", "x": 1}) == [
        ("/x", "unknown_field"),
        ("/id", "wrong_value"),
        ("/title", "required"),
    ]
    assert (await rest.send("PATCH", "/v1/books/b1", {"id": "b1", "rank": 1})).status_code == 200
    await rest.refused(404, "PATCH", "/v1/books/b2", {"rank": 1})
    text = await rest.refused(415, "PATCH", "/v1/books/b1", {"rank": 1}, headers={"content-type": "text/plain"})
    assert text["code"] == "unsupported_media_type"
    plain = {"content-type": "application/json"}
    assert (await rest.send("PATCH", "/v1/books/b1", {"rank": 2}, headers=plain)).status_code == 200
    assert await rest.flaws("PATCH", "/v1/books/b1?fields=id", {"rank": 1}) == [("fields", "unknown_parameter")]


async def test_put_creates_and_replaces(rest: Rest):
    first = await rest.send("PUT", "/v1/books/b1", {"title": "New", "rank": 1, "tags": ["a"]})
    assert (first.status_code, first.headers["location"], first.headers["etag"]) == (201, "/v1/books/b1", '"1"')
    second = await rest.send("PUT", "/v1/books/b1", {"title": "Newer", "id": "b1"})
    assert (second.status_code, second.headers["etag"]) == (200, '"2"')
    shown = second.json()
    assert (shown["title"], shown["rank"], shown["tags"]) == ("Newer", None, None)
    assert shown["createdAt"] == first.json()["createdAt"]
    assert await rest.flaws("PUT", "/v1/books/b1", {"id": "b2"}) == [("/id", "wrong_value"), ("/title", "required")]


async def test_put_on_conditions(rest: Rest):
    new, old = {"if-none-match": "*"}, {"if-match": '"1"'}
    assert (await rest.refused(412, "PUT", "/v1/books/b1", {"title": "x"}, headers=old))[
        "code"
    ] == "precondition_failed"
    assert (await rest.send("PUT", "/v1/books/b1", {"title": "x"}, headers=new)).status_code == 201
    assert (await rest.refused(412, "PUT", "/v1/books/b1", {"title": "y"}, headers=new))[
        "code"
    ] == "precondition_failed"
    assert (await rest.send("PUT", "/v1/books/b1", {"title": "y"}, headers=old)).status_code == 200
    await rest.refused(412, "PUT", "/v1/books/b1", {"title": "z"}, headers=old)
    assert await rest.flaws("PUT", "/v1/books/b1", {"title": "z"}, headers={"if-none-match": '"1"'}) == [
        ("If-None-Match", "wrong_value")
    ]
    assert (await rest.get("/v1/books/b1"))["title"] == "y"


async def test_a_replacement_keeps_what_the_caller_may_not_write(rest: Rest):
    await rest.send("POST", "/v1/books", {"id": "b1", "title": "x", "cost": 5, "keeper": "sub-ben::ben", "remark": "r"})
    replaced = await rest.send("PUT", "/v1/books/b1", {"title": "y"}, caller=ANN)
    assert replaced.status_code == 200
    kept = await rest.get("/v1/books/b1")
    assert (kept["title"], kept["cost"], kept["keeper"], kept["remark"]) == ("y", 5, "sub-ben::ben", "r")
    await rest.refused(403, "PUT", "/v1/books/b1", {"title": "z", "cost": 1}, caller=ANN)
    whole = await rest.send("PUT", "/v1/books/b1", {"title": "z"}, caller=ADMIN)
    assert (whole.json()["cost"], whole.json()["remark"]) == (None, None)


async def test_a_row_is_deleted(rest: Rest):
    await rest.send("POST", "/v1/books", {"id": "b1", "title": "x"})
    await rest.refused(412, "DELETE", "/v1/books/b1", headers={"if-match": '"2"'})
    response = await rest.send("DELETE", "/v1/books/b1", headers={"if-match": '"1"'})
    assert (response.status_code, response.content) == (204, b"")
    await rest.refused(404, "DELETE", "/v1/books/b1")
    await rest.refused(404, "GET", "/v1/books/b1")


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('"1"', 200),
        ("*", 200),
        ('"1-0a1b2c3d"', 200),
        ('"9", "1"', 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ('"abc"', 412),
        ('"99999999999999"', 412),
        ("1", 400),
        ("", 400),
        (", ".join(['"1"'] * 11), 400),
    ],
)
async def test_a_change_is_made_to_the_version_it_is_meant_for(rest: Rest, header: str, status: int):
    await rest.send("POST", "/v1/books", {"id": "b1", "title": "x"})
    response = await rest.send("PATCH", "/v1/books/b1", {"title": "y"}, headers={"if-match": header})
    assert response.status_code == status
    assert (await rest.get("/v1/books/b1"))["title"] == ("y" if status == 200 else "x")
    missing = await rest.send("PATCH", "/v1/books/b9", {"title": "y"}, headers={"if-match": header})
    assert missing.status_code == (400 if status == 400 else 404)


async def test_of_two_changes_to_one_version_one_is_made(rest: Rest):
    await rest.send("POST", "/v1/books", {"id": "b1", "title": "x"})
    changes = [rest.send("PATCH", "/v1/books/b1", {"title": f"t{n}"}, headers={"if-match": '"1"'}) for n in range(4)]
    assert sorted(each.status_code for each in await asyncio.gather(*changes)) == [200, 412, 412, 412]


async def test_where_a_version_must_be_named(make_database: MakeDatabase):
    async with rest_of(SDL, make_database, requires_match=True) as rest:
        assert (
            await rest.send("PUT", "/v1/books/b1", {"title": "x"}, headers={"if-none-match": "*"})
        ).status_code == 201
        for method, body in (("PATCH", {"title": "y"}), ("PUT", {"title": "y"}), ("DELETE", None)):
            assert (await rest.refused(428, method, "/v1/books/b1", body))["code"] == "precondition_required"
        part = {"key": {"id": "b1"}, "body": {"title": "y"}}
        await rest.refused(428, "POST", "/v1/books:batchUpdate", {"requests": [part]})
        change = {"method": "DELETE", "path": "/v1/books/b1"}
        await rest.refused(428, "POST", "/v1/transactions", {"operations": [change]})
        assert (await rest.send("DELETE", "/v1/books/b1", headers={"if-match": "*"})).status_code == 204


async def test_who_may_write_what(rest: Rest):
    await rest.send("POST", "/v1/notes", {"id": "n1", "text": "of ann"}, caller=ANN)
    for method, body in (("PATCH", {"text": "!"}), ("PUT", {"text": "!"}), ("DELETE", None)):
        await rest.refused(403, method, "/v1/notes/n1", body, caller=BEN)
        await rest.refused(404, method, "/v1/notes/n2", body, caller=BEN) if method != "PUT" else None
    assert (await rest.get("/v1/notes/n1"))["text"] == "of ann"
    await rest.refused(403, "POST", "/v1/notes", {"text": "x"}, caller=KEY)
    assert await rest.flaws("POST", "/v1/notes", {"text": "x", "owner": "sub-ben::ben"}) == [("/owner", "read_only")]
    await rest.refused(403, "POST", "/v1/diaries", {"text": "x", "by": "sub-ben::ben"}, caller=ANN)
    await rest.refused(403, "POST", "/v1/books", {"title": "x", "cost": 1}, caller=ANN)
    assert (await rest.send("DELETE", "/v1/notes/n1", caller=ANN)).status_code == 204


async def test_a_model_without_some_operations_has_no_methods_for_them(rest: Rest):
    made = await rest.refused(405, "PATCH", "/v1/transaction-records/t1", {"sum": 1})
    assert made["code"] == "method_not_allowed"
    response = await rest.send("POST", "/v1/transaction-records", {"id": "t1", "sum": 1})
    assert response.headers["location"] == "/v1/transaction-records/t1"
    await rest.refused(404, "POST", "/v1/transaction-records:batchDelete", {})
