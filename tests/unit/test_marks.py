"""Marks of cursors are replaced, wherever they stand, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.db.plans.cursors import Cursors
from service.db.plans.sources import PageOrder, SortKey
from service.db.sql.marks import DENIED, first_mark, with_cursors
from service.importer import catalog_from_sdl

CATALOG = catalog_from_sdl(
    "type A @model @auth(rules: [{ allow: private }]) { id: ID! x: Int }"
    " type B @model @auth(rules: [{ allow: private }]) { id: ID! }"
)
ORDERS = [
    PageOrder(CATALOG.model_by_name["A"], (SortKey(("x",), descending=True),), descending=True),
    PageOrder(CATALOG.model_by_name["B"], (), descending=False),
]
CURSORS = Cursors(b"k" * 32)


def mark(number: int, *values: Any) -> str:
    return f"\0t{number}:{orjson.dumps(values).hex()}"


def test_cursors_are_signed_and_the_rest_stays_as_it_is():
    given = {
        "nextToken": mark(1, "b"),
        "items": [{"id": "\\u0000t0:00", "rooms": {"nextToken": mark(0, 5, "r1")}}, {"id": "\\", "rooms": None}],
        "also": mark(1, "b"),
        "denied": DENIED,
    }
    done = orjson.loads(with_cursors(orjson.dumps(given).decode(), ORDERS, CURSORS.encode))
    assert CURSORS.decode(ORDERS[1], done["nextToken"]) == ["b"]
    assert CURSORS.decode(ORDERS[0], done["items"][0]["rooms"]["nextToken"]) == [5, "r1"]
    assert done["also"] == done["nextToken"]
    assert done["items"][0]["id"] == "\\u0000t0:00"
    assert done["items"][1] == given["items"][1]
    assert done["denied"] == DENIED


@pytest.mark.parametrize(
    "value", ["", "\\u0000t0:5b5d", '"\\u0000t0:5b5d"', "\\", '\\"\\u0000d', "\x01", "x\\u0000", '"', '\\"']
)
def test_no_text_is_taken_for_a_mark(value: str):
    text = orjson.dumps({value: [value, {"a": value}]}).decode()
    assert first_mark(text) == -1
    assert with_cursors(text, ORDERS, CURSORS.encode) is text


@pytest.mark.parametrize("before", ["", "\\", "\\\\", "\x01", '"', "\\u0000"])
def test_a_mark_is_found_behind_any_text(before: str):
    text = orjson.dumps([before, mark(1, "x"), before]).decode()
    assert text[first_mark(text) :].startswith('"\\u0000t1:')
    assert CURSORS.decode(ORDERS[1], orjson.loads(with_cursors(text, ORDERS, CURSORS.encode))[1]) == ["x"]


def test_a_mark_may_be_all_there_is():
    assert first_mark(orjson.dumps(DENIED).decode()) == 0
    assert CURSORS.decode(
        ORDERS[1], orjson.loads(with_cursors(orjson.dumps(mark(1, "x")).decode(), ORDERS, CURSORS.encode))
    ) == ["x"]
