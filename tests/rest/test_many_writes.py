"""Batches, transactions and keys of idempotency: all or none, once, and each told what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import MakeDatabase
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


async def _books(rest: Rest) -> dict[str, str]:
    return {each["id"]: each["title"] for each in (await rest.get("/v1/books"))["data"]}


def _made(*titles: str, **more: Any) -> dict[str, Any]:
    return {"requests": [{"body": {"id": each, "title": each}} for each in titles], **more}


# ---------------------------------------------------------------- batches


async def test_a_batch_makes_changes_and_deletes(rest: Rest):
    made = await rest.send("POST", "/v1/books:batchCreate", _made("a", "b"))
    assert made.status_code == 200
    first = made.json()["results"][0]
    assert {name: first[name] for name in ("status", "location", "etag")} == {
        "status": 201,
        "location": "/v1/books/a",
        "etag": '"1"',
    }
    assert first["body"] == await rest.get("/v1/books/a")
    changes = [
        {"key": {"id": "a"}, "body": {"title": "A"}, "ifMatch": '"1"'},
        {"key": {"id": "b"}, "body": {"price": 1}},
    ]
    changed = (await rest.send("POST", "/v1/books:batchUpdate", {"requests": changes})).json()["results"]
    assert [(each["status"], each["etag"], each["body"]["title"]) for each in changed] == [
        (200, '"2"', "A"),
        (200, '"2"', "b"),
    ]
    gone = await rest.send("POST", "/v1/books:batchDelete", {"requests": [{"key": {"id": "a"}}]})
    assert gone.json() == {"results": [{"status": 204}]}
    assert await _books(rest) == {"b": "b"}


async def test_keys_of_several_parts(rest: Rest):
    key = {"place": "a~b", "number": 1, "lot": "x"}
    await rest.send("POST", "/v1/slots:batchCreate", {"requests": [{"body": key}]})
    changed = await rest.send("POST", "/v1/slots:batchUpdate", {"requests": [{"key": key, "body": {"size": 3}}]})
    assert changed.json()["results"][0]["body"]["size"] == 3
    assert await rest.flaws(
        "POST", "/v1/slots:batchDelete", {"requests": [{"key": {"place": "a", "number": "1"}}]}
    ) == [
        ("/requests/0/key/number", "wrong_value"),
        ("/requests/0/key/lot", "required"),
    ]


async def test_all_or_none(rest: Rest):
    await rest.send("POST", "/v1/books", {"id": "b", "title": "there"})
    problem = await rest.refused(409, "POST", "/v1/books:batchCreate", _made("a", "b", "c"))
    assert [each["pointer"] for each in problem["errors"]] == ["/requests/1"]
    assert await _books(rest) == {"b": "there"}
    wrong = {"requests": [{"body": {"rank": "x"}}, {"body": {"title": "ok"}}, {"body": {"titel": "x", "title": "t"}}]}
    assert await rest.flaws("POST", "/v1/books:batchCreate", wrong) == [
        ("/requests/0/body/rank", "wrong_value"),
        ("/requests/0/body/title", "required"),
        ("/requests/2/body/titel", "unknown_field"),
    ]


async def test_each_by_itself(rest: Rest):
    await rest.send("POST", "/v1/books", {"id": "b", "title": "there"})
    body = _made("a", "b", "c", atomic=False)
    body["requests"].append({"body": {"title": 5}})
    results = (await rest.send("POST", "/v1/books:batchCreate", body)).json()["results"]
    assert [each["status"] for each in results] == [201, 409, 201, 400]
    assert results[1]["problem"]["code"] == "already_exists"
    assert results[3]["problem"]["errors"][0]["pointer"] == "/requests/3/body/title"
    assert await _books(rest) == {"a": "a", "b": "there", "c": "c"}


async def test_each_by_itself_under_the_rules(rest: Rest):
    for caller, name in ((ANN, "n1"), (BEN, "n2")):
        await rest.send("POST", "/v1/notes", {"id": name, "text": "x"}, caller=caller)
    parts = [{"key": {"id": each}, "body": {"text": "y"}} for each in ("n1", "n2", "n3")]
    body = {"requests": parts, "atomic": False}
    results = (await rest.send("POST", "/v1/notes:batchUpdate", body, caller=ANN)).json()["results"]
    assert [each["status"] for each in results] == [200, 403, 404]
    await rest.refused(403, "POST", "/v1/notes:batchUpdate", {"requests": parts}, caller=ANN)


@pytest.mark.parametrize(
    ("body", "flaws"),
    [
        ([], [("", "wrong_type")]),
        ({}, [("/requests", "wrong_type")]),
        ({"requests": []}, [("/requests", "wrong_type")]),
        ({"requests": [{"body": {"title": "x"}}] * 501}, [("/requests", "wrong_type")]),
        ({"requests": [5, {"boddy": {}}], "atomic": "no", "x": 1},
         [("/x", "unknown_field"), ("/atomic", "wrong_type"), ("/requests/0", "wrong_type"),
          ("/requests/1/boddy", "unknown_field")]),
        ({"requests": [{}]}, [("/requests/0/body", "wrong_type")]),
    ],
)  # fmt: skip
async def test_batches_that_are_refused(rest: Rest, body: Any, flaws: list[tuple[str, str]]):
    assert await rest.flaws("POST", "/v1/books:batchCreate", body) == flaws


async def test_the_largest_batch(rest: Rest):
    body = _made(*(f"b{number:03}" for number in range(500)))
    results = (await rest.send("POST", "/v1/books:batchCreate", body)).json()["results"]
    assert {each["status"] for each in results} == {201}
    again = (await rest.send("POST", "/v1/books:batchCreate", {**body, "atomic": False})).json()["results"]
    assert {each["status"] for each in again} == {409}


# ---------------------------------------------------------------- transactions


async def test_a_transaction_may_refer_to_what_it_made(rest: Rest):
    body = {
        "operations": [
            {"method": "POST", "path": "/v1/shelves", "body": {"name": "$$Top"}, "as": "shelf"},
            {"method": "PUT", "path": "/v1/books/b1",
             "body": {"title": "$5", "shelfId": "$shelf.id", "extra": ["$shelf.name"]}},
            {"method": "PATCH", "path": "/v1/shelves/$shelf.id", "ifMatch": '"1"', "body": {"name": "Low"}},
            {"method": "POST", "path": "/v1/books", "body": {"id": "b2", "title": "gone"}},
            {"method": "DELETE", "path": "/v1/books/b2"},
        ]
    }  # fmt: skip
    results = (await rest.send("POST", "/v1/transactions", body)).json()["results"]
    assert [each["status"] for each in results] == [201, 201, 200, 201, 204]
    shelf = results[0]["body"]["id"]
    book = await rest.get("/v1/books/b1?include=shelf")
    assert (book["title"], book["shelfId"], book["extra"]) == ("$5", shelf, ["$Top"])
    assert book["shelf"]["name"] == "Low"
    assert await _books(rest) == {"b1": "$5"}


async def test_one_operation_that_fails_undoes_all(rest: Rest):
    ok = {"method": "POST", "path": "/v1/shelves", "body": {"id": "s1", "name": "Top"}, "as": "s"}
    for bad, status, flaw in (
        ({"method": "PATCH", "path": "/v1/books/nope", "body": {}}, 404, ("/operations/1", "not_found")),
        ({"method": "POST", "path": "/v1/books", "body": {"rank": "x"}}, 400,
         ("/operations/1/body/rank", "wrong_value")),
        ({"method": "POST", "path": "/v1/books", "body": {"title": "$t.id"}}, 400,
         ("/operations/1/body/title", "unknown_reference")),
        ({"method": "POST", "path": "/v1/books", "body": {"title": "$s.nope"}}, 400,
         ("/operations/1/body/title", "unknown_reference")),
        ({"method": "PATCH", "path": "/v1/shelves/s1", "body": {}, "ifMatch": '"7"'}, 412,
         ("/operations/1", "precondition_failed")),
        ({"method": "POST", "path": "/v1/shelves", "body": {"id": "s1", "name": "x"}}, 409,
         ("/operations/1", "already_exists")),
        ({"method": "PATCH", "path": "/v1/books", "body": {}}, 400, ("/operations/1/path", "wrong_value")),
        ({"method": "POST", "path": "/v1/books/b1", "body": {}}, 400, ("/operations/1/path", "wrong_value")),
        ({"method": "POST", "path": "/v2/books", "body": {}}, 400, ("/operations/1/path", "wrong_value")),
        ({"method": "DELETE", "path": "/v1/transaction-records/t"}, 400, ("/operations/1/method", "wrong_value")),
    ):  # fmt: skip
        problem = await rest.refused(status, "POST", "/v1/transactions", {"operations": [ok, bad]})
        assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == flaw
        assert (await rest.get("/v1/shelves"))["data"] == []


@pytest.mark.parametrize(
    ("body", "flaws"),
    [
        ([], [("/operations", "wrong_type")]),
        ({"operations": []}, [("/operations", "wrong_type")]),
        ({"operations": [1, {"method": "GET", "path": 5, "as": "1x", "boddy": 1}], "x": 1},
         [("/x", "unknown_field"), ("/operations/0", "wrong_type"), ("/operations/1/boddy", "unknown_field"),
          ("/operations/1/method", "wrong_value"), ("/operations/1/path", "wrong_type"),
          ("/operations/1/as", "wrong_value")]),
    ],
)  # fmt: skip
async def test_transactions_that_are_refused(rest: Rest, body: Any, flaws: list[tuple[str, str]]):
    assert await rest.flaws("POST", "/v1/transactions", body) == flaws


async def test_everything_that_is_wrong_with_all_operations_is_told_before_any_is_done(rest: Rest):
    operations = [
        {"method": "POST", "path": "/v1/shelves", "body": {"name": "Top"}, "as": "shelf"},
        {"method": "POST", "path": "/v1/books", "body": {"titel": "x", "shelfId": "$shelf.id", "price": "$shelf.name"}},
        {"method": "PATCH", "path": "/v1/books/b1", "body": {"rank": "x", "tags": ["$shelf.id", 5]}, "ifMatch": "3"},
        {"method": "PATCH", "path": "/v1/books/b1", "body": {"rank": "x", "tags": ["$shelf.id", 5]}},
        {"method": "PUT", "path": "/v1/shelves/$shelf.id", "body": {"name": "$shelve.name"}},
        {"method": "PATCH", "path": "/v1/shelves/$self.id", "body": {}},
        {"method": "DELETE", "path": "/v1/boks/b1"},
        {"method": "POST", "path": "/v1/books", "body": {"title": "$book.title"}, "as": "book"},
    ]
    with rest.watched() as sent:
        problem = await rest.refused(400, "POST", "/v1/transactions", {"operations": operations})
    assert sent == []
    assert [(each.get("pointer", each.get("parameter")), each["code"]) for each in problem["errors"]] == [
        ("/operations/1/body/titel", "unknown_field"),
        ("/operations/1/body/title", "required"),
        ("/operations/2/ifMatch", "wrong_value"),
        ("/operations/3/body/rank", "wrong_value"),
        ("/operations/3/body/tags/1", "wrong_value"),
        ("/operations/4/body/name", "unknown_reference"),
        ("/operations/5/path", "unknown_reference"),
        ("/operations/6/path", "wrong_value"),
        ("/operations/7/body/title", "unknown_reference"),
    ]
    assert problem["errors"][7]["detail"].endswith("Did you mean 'books'?")


async def test_what_a_reference_stands_for_is_checked_too(rest: Rest):
    shelf = {"method": "POST", "path": "/v1/shelves", "body": {"name": "Top"}, "as": "shelf"}
    book = {"method": "POST", "path": "/v1/books", "body": {"title": "x", "price": "$shelf.name"}}
    assert await rest.flaws("POST", "/v1/transactions", {"operations": [shelf, book]}) == [
        ("/operations/1/body/price", "wrong_value")
    ]
    assert (await rest.get("/v1/shelves"))["data"] == []


async def test_lenience_ignores_what_is_not_known_in_every_part(rest: Rest):
    prefer = {"prefer": "handling=lenient"}
    body = {"title": "x", "titel": "y", "spot": {"x": 1, "nots": 1}}
    batch = {"requests": [{"body": body, "boddy": 1}], "atmic": True}
    operation = {"method": "POST", "path": "/v1/books", "body": body, "boddy": 1}
    transaction = {"operations": [operation], "operation": 1}
    for path, sent in (("/v1/books:batchCreate", batch), ("/v1/transactions", transaction)):
        answer = await rest.send("POST", path, sent, headers=prefer)
        assert (answer.status_code, answer.headers["preference-applied"]) == (200, "handling=lenient"), answer.text
        [result] = answer.json()["results"]
        assert (result["body"]["title"], result["body"]["spot"]["x"]) == ("x", 1)
        await rest.refused(400, "POST", path, sent)


async def test_answers_without_the_rows(rest: Rest):
    prefer = {"prefer": "return=minimal"}
    operations = [
        {"method": "POST", "path": "/v1/shelves", "body": {"id": "s1", "name": "Top"}, "as": "shelf"},
        {"method": "POST", "path": "/v1/books", "body": {"id": "b1", "title": "$shelf.name"}},
        {"method": "DELETE", "path": "/v1/shelves/s1"},
    ]
    answer = await rest.send("POST", "/v1/transactions", {"operations": operations}, headers=prefer)
    assert answer.headers["preference-applied"] == "return=minimal"
    assert answer.json()["results"] == [
        {"status": 201, "location": "/v1/shelves/s1", "etag": '"1"'},
        {"status": 201, "location": "/v1/books/b1", "etag": '"1"'},
        {"status": 204},
    ]
    batch = {"requests": [{"body": {"id": "b1", "title": "x"}}, {"body": {"id": "b2", "title": "y"}}], "atomic": False}
    results = (await rest.send("POST", "/v1/books:batchCreate", batch, headers=prefer)).json()["results"]
    assert results[0]["problem"]["code"] == "already_exists"
    assert results[1] == {"status": 201, "location": "/v1/books/b2", "etag": '"1"'}
    assert await _books(rest) == {"b1": "Top", "b2": "y"}


async def test_a_transaction_follows_the_rules(rest: Rest):
    await rest.send("POST", "/v1/notes", {"id": "n1", "text": "x"}, caller=ANN)
    body = {
        "operations": [
            {"method": "POST", "path": "/v1/notes", "body": {"text": "of ben"}},
            {"method": "PATCH", "path": "/v1/notes/n1", "body": {"text": "!"}},
        ]
    }
    problem = await rest.refused(403, "POST", "/v1/transactions", body, caller=BEN)
    assert problem["errors"][0]["pointer"] == "/operations/1"
    assert [each["text"] for each in (await rest.get("/v1/notes"))["data"]] == ["x"]


# ---------------------------------------------------------------- idempotency


async def test_a_write_that_is_sent_twice_happens_once(rest: Rest):
    key = {"idempotency-key": "k-1"}
    first, second = [await rest.send("POST", "/v1/books", {"title": "x"}, headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    for name in ("location", "etag"):
        assert first.headers[name] == second.headers[name]
    assert first.content == second.content
    assert len(await _books(rest)) == 1
    path = first.headers["location"]
    patches = [await rest.send("PATCH", path, {"rank": 1}, headers=key) for _ in range(2)]
    assert [each.headers["etag"] for each in patches] == ['"2"', '"2"']
    for where, body in (
        ("/v1/books:batchCreate", _made("b1")),
        (
            "/v1/transactions",
            {"operations": [{"method": "POST", "path": "/v1/books", "body": {"id": "b2", "title": "t"}}]},
        ),
    ):
        answers = [await rest.send("POST", where, body, headers=key) for _ in range(2)]
        assert [each.status_code for each in answers] == [200, 200]
        assert answers[0].content == answers[1].content
        assert answers[1].headers["idempotent-replayed"] == "true"


async def test_a_key_stands_for_one_body_of_one_caller_at_one_address(rest: Rest):
    key = {"idempotency-key": "k-1"}
    await rest.send("POST", "/v1/notes", {"text": "x"}, headers=key, caller=ANN)
    other = await rest.refused(422, "POST", "/v1/notes", {"text": "y"}, headers=key, caller=ANN)
    assert other["code"] == "idempotency_key_reused"
    assert (await rest.send("POST", "/v1/notes", {"text": "y"}, headers=key, caller=BEN)).status_code == 201
    assert (await rest.send("POST", "/v1/books", {"title": "y"}, headers=key, caller=ANN)).status_code == 201
    assert len((await rest.get("/v1/notes"))["data"]) == 2


async def test_a_refusal_is_not_kept(rest: Rest):
    key = {"idempotency-key": "k-1"}
    await rest.refused(404, "PATCH", "/v1/books/b1", {"rank": 1}, headers=key)
    await rest.send("POST", "/v1/books", {"id": "b1", "title": "x"})
    assert (await rest.send("PATCH", "/v1/books/b1", {"rank": 1}, headers=key)).status_code == 200


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "caf\u00e9"])
async def test_keys_that_are_none(rest: Rest, key: str):
    headers = {"idempotency-key": key.encode()}
    response = await rest.client.request(
        "POST", "/v1/books", content=b'{"title":"x"}',
        headers={"x-caller": rest._name_of(ANN), "content-type": "application/json", **headers},
    )  # fmt: skip
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_of_requests_at_the_same_time_one_is_done(rest: Rest):
    key = {"idempotency-key": "k-1"}
    answers = await asyncio.gather(*(rest.send("POST", "/v1/books", {"title": "x"}, headers=key) for _ in range(5)))
    codes = [each.status_code for each in answers]
    assert set(codes) <= {201, 409}
    assert codes.count(201) >= 1
    assert len(await _books(rest)) == 1
    busy = [each.json()["code"] for each in answers if each.status_code == 409]
    assert set(busy) <= {"idempotency_key_in_use"}


async def test_a_request_under_way_holds_its_key(rest: Rest):
    key = {"idempotency-key": "k-1"}
    await rest.send("POST", "/v1/books", {"id": "b1", "title": "x"})
    async with rest.database.transaction() as other:
        await other.execute("SELECT 1 FROM books WHERE id = 'b1' FOR UPDATE")
        slow = asyncio.ensure_future(rest.send("PATCH", "/v1/books/b1", {"rank": 1}, headers=key))
        while not await rest.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        busy = await rest.refused(409, "PATCH", "/v1/books/b1", {"rank": 1}, headers=key)
        assert busy["code"] == "idempotency_key_in_use"
    assert (await slow).status_code == 200


async def test_keys_are_forgotten_after_a_day(rest: Rest):
    for number in range(3):
        key = {"idempotency-key": f"k-{number}"}
        await rest.send("POST", "/v1/books", {"title": "x"}, headers=key)
    await rest.sql("UPDATE idempotency_key SET created_at = now() - interval '25 hours'")
    again = await rest.send("POST", "/v1/books", {"title": "other"}, headers={"idempotency-key": "k-1"})
    assert again.status_code == 201
    assert "idempotent-replayed" not in again.headers
    assert [row[0] for row in await rest.sql("SELECT key FROM idempotency_key")] == ["k-1"]
