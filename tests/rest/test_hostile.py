"""Requests that nobody means well by: each is refused with a problem, and none is an error of ours."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.conftest import MakeDatabase
from tests.graphql.test_hostile import HOSTILE
from tests.rest.calls import Rest, rest_of
from tests.rest.library import SDL

SEARCH = "/v1/books:search"


@pytest.mark.parametrize(
    "content",
    [
        b'{"limit": 1',
        b'{"filter": {"title": {"eq": "\xff"}}}',
        b"nonsense",
        b'{"limit": NaN}',
        b'{"limit": Infinity}',
        b'{"limit": 1, "limit": 2}',
        b'{"filter": {"title": {"eq": "a", "eq": "b"}}}',
        b'{"limit": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"filter": ' + b'{"not": ' * 1_000 + b"{}" + b"}" * 1_001,
        b'{"filter": {"title": {"eq": "\\ud800"}}}',
        b"",
        b"   ",
    ],
)
async def test_bodies_that_are_no_json(library: Rest, content: bytes):
    problem = await library.refused(400, "POST", SEARCH, content=content, headers={"content-type": "application/json"})
    assert problem["code"] in {"malformed_request", "validation_failed"}


@pytest.mark.parametrize("content", [b'"x"', b"5", b"true", b"null", b"[]", b"[1]", b"[null]"])
async def test_bodies_that_are_no_object(library: Rest, content: bytes):
    assert await library.flaws("POST", SEARCH, content=content, headers={"content-type": "application/json"}) == [
        ("", "wrong_type")
    ]


@pytest.mark.parametrize(
    "content_type", ["", "text/xml", "text/plain", "application/json; charset=utf-16", "multipart/form-data"]
)
async def test_bodies_of_another_kind(library: Rest, content_type: str):
    headers = {"content-type": content_type}
    problem = await library.refused(415, "POST", SEARCH, content=b"{}", headers=headers)
    assert problem["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml, text/*", "application/json;q=0", "application/*;q=0.0"]
)
async def test_answers_of_another_kind(library: Rest, accept: str):
    assert (await library.refused(406, "GET", "/v1/books", headers={"accept": accept}))["code"] == "not_acceptable"


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html, application/*;q=0.5", "APPLICATION/JSON; x=1"]
)
async def test_answers_of_this_kind(library: Rest, accept: str):
    assert (await library.send("GET", "/v1/books?limit=1", headers={"accept": accept})).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/books", "GET, "),
        ("TRACE", "/v1/books/b1", "GET, "),
        ("BREW", "/v1/books/b1", "GET, "),
        ("GET", SEARCH, "POST, OPTIONS"),
        ("POST", "/v1/books/b1", "GET, "),
        ("POST", "/v1/shelves/s1/books", "GET, HEAD, OPTIONS"),
    ],
)
async def test_methods_that_an_address_does_not_take(library: Rest, method: str, path: str, allowed: str):
    override = {"x-http-method-override": "GET"}
    response = await library.send(method, path, headers=override)
    assert response.status_code == 405
    assert response.headers["allow"].startswith(allowed)
    assert response.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    ["//v1/books", "/v1//books", "/v1/books/", "/v1/BOOKS", "/v1/books;x=y", "/v1/%62ooks/b1/x", "/v1/books%00", "/v1"],
)
async def test_paths_that_lead_nowhere(library: Rest, path: str):
    await library.refused(404, "GET", f"http://offramp.test{path}")


@pytest.mark.parametrize(
    "key",
    ["%00", "%ff", "%ED%A0%80", "' OR 1=1 --", "%2e%2e", "a%2Fb", "b1%20", "B1", "x" * 7_000, "x" * 9_000, "😀"],
)
async def test_keys_that_no_row_has(library: Rest, key: str):
    await library.refused(404, "GET", f"/v1/books/{key}")
    await library.refused(404, "GET", f"/v1/shelves/{key}/books")


@pytest.mark.parametrize("text", HOSTILE)
async def test_d1_text_is_text_wherever_it_stands(library: Rest, text: str):
    written = quote(text, safe="")
    try:
        made = await library.send(
            "POST", "/v1/books", {"id": text, "title": text}, headers={"idempotency-key": "d1-" + written}
        )
        assert (made.status_code, made.json()["id"], made.json()["title"]) == (201, text, text)
        assert (await library.get(f"/v1/books/{written}"))["title"] == text
        for asked in (
            f"title={written}",
            f"title[contains]={written}",
            f"title[beginsWith]={written}",
            f"id={written}",
        ):
            assert [each["id"] for each in (await library.get(f"/v1/books?{asked}"))["data"]] == [text], asked
        for operator in ("eq", "contains", "beginsWith"):
            found = await library.send("POST", "/v1/books:search", {"filter": {"title": {operator: text}}})
            assert [each["id"] for each in found.json()["data"]] == [text]
        await library.refused(400, "GET", f"/v1/books?cursor={written}")
        await library.refused(400, "GET", f"/v1/books?sort={written}")
        await library.refused(400, "PATCH", f"/v1/books/{written}", {"title": "x"}, headers={"if-match": written})
        assert (await library.get(f"/v1/books/{written}"))["title"] == text
    finally:
        await library.sql("DELETE FROM books WHERE id = $1", text)
        await library.sql("DELETE FROM idempotency_key")


async def test_a_body_over_the_limit(make_database: MakeDatabase):
    async with rest_of(SDL, make_database, max_body_bytes=1_024) as rest:
        body = {"filter": {"title": {"eq": "x" * 2_000}}}
        assert (await rest.refused(413, "POST", SEARCH, body))["code"] == "body_too_large"
        assert (await rest.send("POST", SEARCH, {})).status_code == 200


async def test_an_operand_that_an_index_could_not_hold(library: Rest):
    await library.get(f"/v1/books?title={'x' * 20_000}")
    await library.get("/v1/books?updatedAt=0000-00-00T00:00:00Z")
    await library.get("/v1/books?updatedAt[lt]=9999-99-99T99")
    await library.get("/v1/books?day[gt]=0001")
