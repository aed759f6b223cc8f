"""What goes in comes out: every kind of value, stored, filtered by, listed, and in both kinds of answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.catalog.model import Integrity
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, Api, api_of
from tests.integrity import seated

SDL = """
enum Colour { RED GREEN BLUE }
type Part { name: String! size: Float tags: [String!] when: AWSDateTime data: AWSJSON colour: Colour }
type Place { name: String at: Point parts: [Part!] notes: [String] }
type Point { x: Float! y: Float }
type Thing @model @auth(rules: [{ allow: private }]) {
  id: ID!
  text: String
  texts: [String]
  json: AWSJSON
  jsons: [AWSJSON]
  int: Int
  ints: [Int!]
  float: Float
  floats: [Float]
  boolean: Boolean
  booleans: [Boolean]
  date: AWSDate
  dates: [AWSDate]
  time: AWSTime
  moment: AWSDateTime
  moments: [AWSDateTime]
  stamp: AWSTimestamp
  stamps: [AWSTimestamp]
  email: AWSEmail
  url: AWSURL
  phone: AWSPhone
  ip: AWSIPAddress
  colour: Colour
  colours: [Colour]
  place: Place
  places: [Place]
  group: String @index(name: "byGroup", queryField: "thingsByGroup", sortKeyFields: ["text"])
}
"""

CREATE = "mutation ($input: CreateThingInput!) { createThing(input: $input) { id %s } }"
GET = "query ($id: ID!) { getThing(id: $id) { id %s } }"
LIST = "query ($filter: ModelThingFilterInput) { listThings(filter: $filter) { items { id %s } nextToken } }"
PAGE = "query ($filter: ModelThingFilterInput) { listThings(filter: $filter) { items { id %s } } }"
UPDATE = "mutation ($input: UpdateThingInput!) { updateThing(input: $input) { id %s } }"


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database, integrity) as made:
        yield made


@pytest.fixture
async def things(api: Api) -> AsyncIterator[Api]:
    yield api
    await api.sql("TRUNCATE things")


STRINGS = [
    "", " ", "plain", "o'clock", "''", '"', '\\"', "\\", "\\\\", "a\\", "%", "%%", "_", "a_b", "$1", "$$", "{}", ":x",
    "null", '"note":null', ",null", "[null", '"text":null', "\\u0000", "\\u0000d", '"\\u0000d"', "\\u0000t0:00",
    '"\\u0000t0:5b5d"', "\\\\u0000d", "x\\", "line\nbreak\r\n\ttab", "\x01\x1f\x7f", "é", "e\u0301", "日本", "😀",
    "\ufeff", "\u2028", "\uffff", "' OR 1=1 --", "'; DROP TABLE things; --", "x', true); select 1; --", "#", "a#b",
    "::", "sub::name", "A" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
async def test_every_text_comes_back_as_it_was(things: Api, text: str):
    fields = "text texts json jsons place { name at { x } parts { name data } notes } group"
    stored = {
        "text": text,
        "texts": [text, None, text],
        "json": json.dumps(text, ensure_ascii=False),
        "jsons": [json.dumps({"k": text}, ensure_ascii=False, separators=(",", ":"))],
        "place": {
            "name": text,
            "at": None,
            "parts": [{"name": text, "data": json.dumps([text], separators=(",", ":"))}],
            "notes": [text, None],
        },
        "group": text,
    }
    expected = {"id": "t", **stored}
    assert (await things.data(CREATE % fields, {"input": {"id": "t", **stored}}))["createThing"] == expected
    assert (await things.data(GET % fields, {"id": "t"}))["getThing"] == expected
    for query in (LIST, PAGE):
        for given in ({"text": {"eq": text}}, {"texts": {"contains": text}}, {"group": {"between": [text, text]}}):
            found = await things.data(query % fields, {"filter": given})
            assert found["listThings"]["items"] == [expected]
    await _is_matched_literally(things, text)


async def _is_matched_literally(things: Api, text: str) -> None:
    """As an operand and as a part of a key a text is only ever itself."""
    for operator in ("beginsWith", "contains"):
        found = await things.data(PAGE % "", {"filter": {"text": {operator: text}}})
        # DynamoDB finds the empty string nowhere but at the beginning.
        expected = [] if text == "" and operator == "contains" else [{"id": "t"}]
        assert found["listThings"]["items"] == expected
        other = await things.data(PAGE % "", {"filter": {"text": {operator: text + "?"}}})
        assert other["listThings"]["items"] == []
    query = (
        "query ($g: String!, $k: ModelStringKeyConditionInput) { thingsByGroup(group: $g, text: $k) { items { id } } }"
    )
    assert (await things.data(query, {"g": text, "k": {"eq": text}}))["thingsByGroup"]["items"] == [{"id": "t"}]


async def test_wildcards_are_letters(things: Api):
    await things.create("Thing", {"id": "a", "text": "abc"}, {"id": "b", "text": "a%c"}, {"id": "c", "text": "a_c"})
    for operator, operand, expected in (
        ("contains", "%", ["b"]),
        ("contains", "_", ["c"]),
        ("beginsWith", "a%", ["b"]),
        ("beginsWith", "a_", ["c"]),
        ("contains", "b|c", []),
        ("contains", ".", []),
        ("contains", "((((a*)*)*)*)*b", []),
        ("contains", "\\", []),
    ):
        found = await things.data(PAGE % "", {"filter": {"text": {operator: operand}}})
        assert sorted(each["id"] for each in found["listThings"]["items"]) == expected, operand


NUL = "a\0b"


@pytest.mark.parametrize("bad", [NUL, "\0", "\ud800", "x\udfff"])
@pytest.mark.parametrize(
    "place",
    [
        lambda bad: (CREATE % "", {"input": {"text": bad}}),
        lambda bad: (CREATE % "", {"input": {"texts": [bad]}}),
        lambda bad: (CREATE % "", {"input": {"id": bad}}),
        lambda bad: (CREATE % "", {"input": {"json": f'"{bad}"'}}),
        lambda bad: (CREATE % "", {"input": {"place": {"name": bad}}}),
        lambda bad: (CREATE % "", {"input": {"place": {"parts": [{"name": "x", "tags": [bad]}]}}}),
        lambda bad: (GET % "", {"id": bad}),
        lambda bad: (LIST % "", {"filter": {"text": {"eq": bad}}}),
        lambda bad: (LIST % "", {"filter": {"or": [{"not": {"texts": {"contains": bad}}}]}}),
        lambda bad: ("query ($t: String) { listThings(nextToken: $t) { nextToken } }", {"t": bad}),
    ],
)
async def test_what_cannot_be_stored_is_refused(things: Api, bad: str, place: Any):
    query, variables = place(bad)
    body = await things.graphql(ADMIN, query, variables, None)
    answer = json.loads(body)
    assert answer["data"] is None
    assert len(answer["errors"]) == 1
    assert "cannot be stored" in answer["errors"][0]["message"]


async def test_what_cannot_be_stored_is_refused_in_the_document_too(things: Api):
    body = await things.ask('mutation { createThing(input: {text: "a\\u0000b"}) { id } }')
    assert body["data"] is None
    assert "cannot be stored" in body["errors"][0]["message"]


VALUES: list[tuple[str, str, Any, Any]] = [
    ("json object", "json", '{"b": 1, "a": [1.50, {"c": null}]}', '{"b":1,"a":[1.50,{"c":null}]}'),
    ("json twice the same key", "json", '{"a":1,"a":2}', '{"a":1,"a":2}'),
    ("json number beyond all measure", "json", "1e100000", "1e100000"),
    ("json null", "json", "null", "null"),
    ("jsons", "jsons", ["[1, 2]", None, '"\\u0000d"'], ["[1,2]", None, '"\\u0000d"']),
    ("int", "int", 2**31 - 1, 2**31 - 1),
    ("int below", "int", -(2**31), -(2**31)),
    ("ints", "ints", [1, -2], [1, -2]),
    ("float", "float", 0.1, 0.1),
    ("float large", "float", 1.7976931348623157e308, 1.7976931348623157e308),
    ("float small", "float", 5e-324, 5e-324),
    ("float whole", "float", 3, 3),
    ("float from a great number", "float", 1e22, 1e22),
    ("floats", "floats", [0.5, None, -1e-7], [0.5, None, -1e-7]),
    ("boolean", "boolean", False, False),
    ("booleans", "booleans", [True, None, False], [True, None, False]),
    ("date", "date", "2024-02-29", "2024-02-29"),
    ("date with an offset", "date", "2024-02-29+05:30", "2024-02-29"),
    ("first date", "date", "0001-01-01", "0001-01-01"),
    ("last date", "date", "9999-12-31", "9999-12-31"),
    ("dates", "dates", ["2024-02-29", None], ["2024-02-29", None]),
    ("time", "time", "10:15:30.123+05:30", "10:15:30.123+05:30"),
    ("moment", "moment", "2024-02-29T10:15:30+05:30", "2024-02-29T04:45:30.000Z"),
    ("moment with nanoseconds", "moment", "2024-02-29T10:15:30.123456789Z", "2024-02-29T10:15:30.123Z"),
    ("first moment", "moment", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ("last moment", "moment", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ("the last nanosecond", "moment", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999Z"),
    ("moments", "moments", ["2024-02-29T10:15:30Z", None], ["2024-02-29T10:15:30.000Z", None]),
    ("stamp", "stamp", 1_700_000_000, 1_700_000_000),
    ("stamp before", "stamp", -1, -1),
    ("stamp far away", "stamp", 2**62, 2**62),
    ("stamps", "stamps", [1, 2**40], [1, 2**40]),
    ("email", "email", "a.b+c@example.com", "a.b+c@example.com"),
    ("url", "url", "https://example.com/?q=%20#x", "https://example.com/?q=%20#x"),
    ("phone", "phone", "+44 20 7946 0000", "+44 20 7946 0000"),
    ("ip", "ip", "::1", "::1"),
    ("colour", "colour", "RED", "RED"),
    ("colours", "colours", ["BLUE", None, "RED", "RED"], ["BLUE", None, "RED", "RED"]),
    ("empty lists", "texts", [], []),
    ("a list of nothing", "floats", [None], [None]),
]


@pytest.mark.parametrize(
    ("field", "given", "expected"), [each[1:] for each in VALUES], ids=[each[0] for each in VALUES]
)
async def test_every_kind_of_value_comes_back(things: Api, field: str, given: Any, expected: Any):
    row = {"id": "t", field: expected}
    assert (await things.data(CREATE % field, {"input": {"id": "t", field: given}}))["createThing"] == row
    assert (await things.data(GET % field, {"id": "t"}))["getThing"] == row
    assert (await things.data(LIST % field))["listThings"] == {"items": [row], "nextToken": None}
    assert (await things.data(PAGE % field))["listThings"] == {"items": [row]}
    for value, after in ((None, None), (given, expected), (None, None)):
        change = await things.data(UPDATE % field, {"input": {"id": "t", field: value}})
        assert change["updateThing"] == {"id": "t", field: after}
    change = await things.data(UPDATE % field, {"input": {"id": "t", field: given}})
    assert (await things.data(UPDATE % field, {"input": {"id": "t"}}))["updateThing"] == row


async def test_an_escaped_nul_in_json_is_kept_where_no_audit_trail_must_show_it(things: Api):
    given = {"input": {"id": "t", "json": '{"a":"\\u0000d"}'}}
    if things.catalog.is_enforced:
        refused = "A text holds a character that cannot be stored (\\u0000)."
        assert await things.errors(CREATE % "json", given) == [(["createThing"], "invalid", refused)]
        assert await things.sql("SELECT id FROM things") == []
        return
    for query, asked, root in ((CREATE, given, "createThing"), (GET, {"id": "t"}, "getThing")):
        assert (await things.data(query % "json", asked))[root] == given["input"]


PLACE = """
  place { __typename name at { x y } parts { name size tags when data colour __typename } notes }
  places { name at { y x } }
"""


async def test_embedded_values_come_back_in_the_order_of_the_selection(things: Api):
    part = {"name": "n", "size": 1e22, "tags": ["b", "a"], "when": "2024-02-29T10:15:30+05:30", "data": '{"a": 1}'}
    given = {
        "id": "t",
        "place": {"name": "x", "at": {"x": -0.5}, "parts": [part, {"name": "m"}], "notes": [None, "y"]},
        "places": [{"name": "a"}, None, {"at": {"x": 1, "y": 2.5}}],
    }
    row = {
        "id": "t",
        "place": {
            "__typename": "Place",
            "name": "x",
            "at": {"x": -0.5, "y": None},
            "parts": [
                {**part, "when": "2024-02-29T04:45:30.000Z", "data": '{"a":1}', "colour": None, "__typename": "Part"},
                {
                    "name": "m",
                    "size": None,
                    "tags": None,
                    "when": None,
                    "data": None,
                    "colour": None,
                    "__typename": "Part",
                },
            ],
            "notes": [None, "y"],
        },
        "places": [{"name": "a", "at": None}, None, {"name": None, "at": {"y": 2.5, "x": 1.0}}],
    }
    assert (await things.data(CREATE % PLACE, {"input": given}))["createThing"] == row
    assert (await things.data(GET % PLACE, {"id": "t"}))["getThing"] == row
    found = await things.graphql(seated(ADMIN, things.catalog), PAGE % PLACE, {}, None)
    assert json.dumps(json.loads(found)["data"]["listThings"]["items"]) == json.dumps([row])


async def test_two_names_for_one_embedded_value(things: Api):
    await things.create("Thing", {"id": "t", "place": {"name": "x", "parts": [{"name": "p", "size": 2}]}})
    query = """{ getThing(id: "t") {
      a: place { name } b: place { n: name parts { s: size } again: parts { name name } } place { name } place { notes }
    } }"""
    assert (await things.data(query))["getThing"] == {
        "a": {"name": "x"},
        "b": {"n": "x", "parts": [{"s": 2}], "again": [{"name": "p"}]},
        "place": {"name": "x", "notes": None},
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("int", 2**31), ("int", -(2**31) - 1), ("int", 1.5), ("int", "1"), ("int", True), ("int", 10**400),
        ("float", "1"), ("float", True), ("float", 10**400), ("text", 1), ("text", True), ("text", ["a"]), ("text", {}),
        ("boolean", 1), ("boolean", "true"), ("id", 1.5), ("id", True), ("id", {}), ("id", []),
        ("date", "2023-02-29"), ("date", ""), ("date", "10000-01-01"), ("date", "0000-01-01"), ("time", "25:00"),
        ("time", "24:00"), ("moment", "2024-02-29T10:15:30"), ("moment", "2024-02-29T24:00:00Z"),
        ("moment", "2024-02-29T23:59:60Z"), ("moment", "10000-01-01T00:00:00Z"), ("moment", "0000-01-01T00:00:00Z"),
        ("moment", "0001-01-01T00:00:00+14:00"), ("moment", "9999-12-31T23:59:59-12:00"), ("stamp", 10**20),
        ("stamp", 1.5), ("stamp", "1"), ("email", "nobody"), ("url", "example"), ("phone", "x"), ("ip", "1.2.3"),
        ("json", "{"), ("json", {}), ("json", "NaN"), ("json", "[" * 100_000), ("json", 1), ("colour", "red"),
        ("colour", "PINK"), ("colour", 1), ("colours", ["RED", "red"]), ("ints", [1, None]), ("place", "x"),
        ("place", {"at": {}}), ("place", {"nope": 1}), ("place", {"parts": [None]}),
        ("place", {"parts": [{"size": 1}]}),
    ],
)  # fmt: skip
async def test_values_that_are_none_of_their_kind_are_refused(things: Api, field: str, value: Any):
    body = await things.ask(CREATE % "", {"input": {field: value}})
    assert body["data"] is None
    assert all(set(each) == {"path", "locations", "message"} for each in body["errors"])
    assert all(len(each["message"]) < 500 for each in body["errors"])
    assert await things.sql("SELECT id FROM things") == []


@pytest.mark.parametrize("literal", ["2147483648", "-2147483649", "1.0", "1e3", '"1"', "true"])
async def test_literals_that_are_no_int_are_refused(things: Api, literal: str):
    body = await things.ask(f"mutation {{ createThing(input: {{int: {literal}}}) {{ id }} }}")
    assert body["data"] is None
    body = await things.ask(f"{{ listThings(limit: {literal}) {{ nextToken }} }}")
    assert body["data"] is None


@pytest.mark.parametrize("literal", ["1e400", "-1e400", "1" * 5_000, '"1"'])
async def test_literals_that_are_no_float_are_refused(things: Api, literal: str):
    assert (await things.ask(f"mutation {{ createThing(input: {{float: {literal}}}) {{ id }} }}"))["data"] is None


@pytest.mark.parametrize("id_", ["", "0", " ", "{550e8400-e29b-41d4-a716-446655440000}", "😀", "x" * 2_000])
async def test_an_id_is_any_text(things: Api, id_: str):
    assert (await things.data(GET % "", {"id": id_}))["getThing"] is None
    await things.create("Thing", {"id": id_})
    assert (await things.data(GET % "", {"id": id_}))["getThing"] == {"id": id_}


async def test_an_id_may_be_given_as_a_number(things: Api):
    assert (await things.data(CREATE % "", {"input": {"id": 7}}))["createThing"] == {"id": "7"}
    assert (await things.data("{ getThing(id: 7) { id } }"))["getThing"] == {"id": "7"}


async def test_a_text_too_long_for_an_index_is_refused_in_words(things: Api):
    long = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(300_000))
    errors = await things.errors(CREATE % "", {"input": {"group": long}})
    assert errors == [
        (["createThing"], "invalid", "A value is too long for an indexed field, or the request is too complex.")
    ]


async def test_composed_and_decomposed_letters_are_two_texts(things: Api):
    await things.create("Thing", {"id": "nfc", "text": "é"}, {"id": "nfd", "text": "e\u0301"})
    found = await things.data(PAGE % "", {"filter": {"text": {"eq": "é"}}})
    assert found["listThings"]["items"] == [{"id": "nfc"}]


async def test_empty_null_and_missing_are_three_things(things: Api):
    await things.create("Thing", {"id": "empty", "text": ""}, {"id": "null", "text": None}, {"id": "missing"})
    for given, expected in (
        ({"eq": ""}, ["empty"]),
        ({"eq": None}, ["missing", "null"]),
        ({"ne": None}, ["empty"]),
        ({"ne": ""}, ["missing", "null"]),
        ({"attributeExists": True}, ["empty"]),
        ({"attributeExists": False}, ["missing", "null"]),
        ({"size": {"eq": 0}}, ["empty"]),
        ({}, ["empty", "missing", "null"]),
        (None, ["empty", "missing", "null"]),
    ):
        found = await things.data(PAGE % "", {"filter": {"text": given}})
        assert sorted(each["id"] for each in found["listThings"]["items"]) == expected, given
    change = await things.data(UPDATE % "text", {"input": {"id": "empty", "int": 1}})
    assert change["updateThing"]["text"] == ""


async def test_one_plan_serves_null_list_and_nothing_without_mixing_them_up(things: Api):
    await things.create("Thing", {"id": "t"})
    for texts in (None, ["a"], [], ["b", "c"], None, [None], []):
        change = await things.data(UPDATE % "texts", {"input": {"id": "t", "texts": texts}})
        assert change["updateThing"]["texts"] == texts


async def test_a_list_of_an_enum_is_compared_as_a_list(things: Api):
    await things.create("Thing", {"id": "a", "colours": ["RED", "BLUE"]}, {"id": "b", "colours": ["RED"]}, {"id": "c"})
    for given, expected in (
        ({"eq": ["RED"]}, ["b"]),
        ({"ne": ["RED"]}, ["a", "c"]),
        ({"contains": "RED"}, ["a", "b"]),
        ({"notContains": "BLUE"}, ["b", "c"]),
        ({"eq": ["BLUE", "RED"]}, []),
    ):
        found = await things.data(PAGE % "", {"filter": {"colours": given}})
        assert sorted(each["id"] for each in found["listThings"]["items"]) == expected, given
