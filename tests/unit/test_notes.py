"""The database's JSON → the API's: nulls that may not be, denials and cursors, at every level."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from service.catalog.access import CallerClass
from service.catalog.model import Provider
from service.db.connections.engine import Database
from service.db.plans.cursors import Cursors
from service.db.plans.sources import PageOrder
from service.db.repository import Repository
from service.db.sql.marks import with_cursors
from service.graphql.light import light_schema
from service.graphql.notes import Answer, Note, Path
from service.graphql.planning import Planner
from service.graphql.roots import root_fields
from service.graphql.selections import Reader
from service.importer import catalog_from_sdl

CATALOG = catalog_from_sdl("""
type Deep { a: String! b: Int }
type Spot { x: Float! y: Float tags: [String!] must: [String!]! inner: Deep! maybe: Deep inners: [Deep!] deeps: [Deep] }
type Site @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String!
  note: String
  tags: [String!]
  loose: [String]
  spot: Spot
  needed: Spot!
  rooms: [Room] @hasMany(indexName: "bySite", fields: ["id"])
}
type Room @model @auth(rules: [{ allow: private }]) {
  id: ID!
  number: Int!
  siteId: ID @index(name: "bySite")
  site: Site @belongsTo(fields: ["siteId"])
  mainId: ID
  main: Site! @hasOne(fields: ["mainId"])
}
""")
SCHEMA = light_schema(CATALOG)
ROOTS = root_fields(CATALOG)
REPOSITORY = Repository(CATALOG, cast("Database", None), cursor_key=b"k" * 32)  # nothing here runs a statement
CURSORS = Cursors(b"k" * 32)


def finish(query: str, text: str | None) -> tuple[str, list[Note], tuple[PageOrder, ...]]:
    definitions = parse(query).definitions
    fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
    operation = definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    reader = Reader(fragments, {})
    (chosen,) = reader.fields([operation.selection_set])
    root = next(each for (_, name), each in ROOTS.items() if name == chosen.name)
    plan = Planner(CATALOG, SCHEMA, reader, CallerClass(Provider.USER_POOLS, frozenset())).plan_field(root, chosen)
    orders = REPOSITORY.prepare(plan).statement.orders
    signed = None if text is None else with_cursors(text, orders, CURSORS.encode)  # as the repository does
    done, notes = Answer.of(plan).finish(signed, [chosen.key], ("Query", chosen.name))
    return done, notes, orders


def nulls(notes: list[Note]) -> list[tuple[Path, str, str]]:
    """Where, what should have been there, and of what type that is a field."""
    assert not any(note.denied for note in notes)
    return [(note.path, note.type_name, note.parent) for note in notes]


# ---------------------------------------------------------------- untouched

UNTOUCHED = [
    '{"id":"a","note":null,"loose":[null,"x",null],"spot":null}',
    '{"id":"null","note":"\\"id\\":null","loose":["[null",",null"],"spot":{"y":null}}',
    '{"id":"\\\\u0000d","note":"\\\\\\\\u0000","loose":["\\"\\\\u0000d\\""],"spot":null}',
    '{"id":"a",  "note" : 1e400, "loose": 12345678901234567890123456789012345678901234567890, "spot":{"y":0.10}}',
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_an_answer_without_anything_amiss_is_passed_on_as_it_came(text: str):
    done, notes, _ = finish('{ getSite(id: "a") { id note loose spot { y } } }', text)
    assert done is text
    assert notes == []


def test_a_row_that_is_not_there_is_null():
    assert finish('{ getSite(id: "a") { id } }', None)[:2] == ("null", [])


# ---------------------------------------------------------------- nulls

ONE = """{ root: getSite(id: "a") {
  id x: name tags spot { x tags must inner { a } maybe { a } inners { a b } deeps { a } }
} }"""
FULL: dict[str, Any] = {
    "id": "a", "x": "n", "tags": ["t"],
    "spot": {"x": 1, "tags": ["t"], "must": [], "inner": {"a": "i"}, "maybe": {"a": "m"},
             "inners": [{"a": "1", "b": 1}, {"a": "2", "b": None}], "deeps": [{"a": "1"}, None]},
}  # fmt: skip


def changed(*path: str | int, to: Any = None) -> Any:
    """The full answer with another value at one place."""
    copy = orjson.loads(orjson.dumps(FULL))
    value = copy
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = to
    return copy


NULLS: list[tuple[str, Any, Any, list[tuple[Path, str, str]]]] = [
    ("a value", changed("x"), None, [(["x"], "String", "Site")]),
    ("an element", changed("tags", 0), changed("tags"), [(["tags", 0], "String", "Site")]),
    ("a list that may be null", changed("tags"), changed("tags"), []),
    ("an embedded value that may be null", changed("spot"), changed("spot"), []),
    ("a value in an embedded one", changed("spot", "x"), changed("spot"), [(["spot", "x"], "Float", "Spot")]),
    ("an element in an embedded one", changed("spot", "tags", to=["a", None, None]), changed("spot", "tags"),
     [(["spot", "tags", 1], "String", "Spot")]),
    ("a list in an embedded one", changed("spot", "must"), changed("spot"), [(["spot", "must"], "[String!]", "Spot")]),
    ("an element of a list in an embedded one", changed("spot", "must", to=[None]), changed("spot"),
     [(["spot", "must", 0], "String", "Spot")]),
    ("one embedded in another", changed("spot", "inner"), changed("spot"), [(["spot", "inner"], "Deep", "Spot")]),
    ("a value two levels down", changed("spot", "inner", "a"), changed("spot"), [(["spot", "inner", "a"],
     "String", "Deep")]),
    ("a value two levels down, stopped", changed("spot", "maybe", "a"), changed("spot", "maybe"),
     [(["spot", "maybe", "a"], "String", "Deep")]),
    ("an element that is an object", changed("spot", "inners", 1), changed("spot", "inners"),
     [(["spot", "inners", 1], "Deep", "Spot")]),
    ("a value of an element", changed("spot", "inners", 1, "a"), changed("spot", "inners"),
     [(["spot", "inners", 1, "a"], "String", "Deep")]),
    ("a value of an element, stopped", changed("spot", "deeps", 0, "a"), changed("spot", "deeps", 0),
     [(["spot", "deeps", 0, "a"], "String", "Deep")]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected", "found"), [each[1:] for each in NULLS], ids=[each[0] for each in NULLS])
def test_a_null_rises_to_where_one_may_be(given: Any, expected: Any, found: list[tuple[Path, str, str]]):
    # PostgreSQL's own forms: json without spaces, jsonb and aggregates with them.
    for text in (
        orjson.dumps(given).decode(),
        orjson.dumps(given).decode().replace(",null", ", null").replace("},{", "}, \n {"),
    ):
        done, notes, _ = finish(ONE, text)
        assert orjson.loads(done) == expected
        assert nulls(notes) == [(["root", *path], type_, parent) for path, type_, parent in found]


LIST = """{ listSites {
  items { id name rooms { items { number main { name needed { x } } } nextToken } }
  also: items { note }
} }"""


def _site(name: str | None, *rooms: Any) -> Any:
    return {"id": "a", "name": name, "rooms": {"items": list(rooms), "nextToken": None}}


def _room(number: int | None, main: Any) -> Any:
    return {"number": number, "main": main}


GOOD = _room(1, {"name": "m", "needed": {"x": 1}})


def test_of_a_page_only_the_row_is_lost_that_a_null_is_in():
    rows = [
        _site("0", GOOD, GOOD),
        _site(None, GOOD),
        _site("2", _room(None, None), GOOD, _room(2, None), _room(3, {"name": None, "needed": {"x": 1}})),
        _site("3", _room(4, {"name": "m", "needed": None}), _room(5, {"name": "m", "needed": {"x": None}})),
    ]
    also = [{"note": None}] * 4
    done, notes, _ = finish(LIST, orjson.dumps({"items": rows, "also": also}).decode())
    assert orjson.loads(done) == {
        "items": [rows[0], None, _site("2", None, GOOD, None, None), _site("3", None, None)],
        "also": also,
    }
    items: Path = ["listSites", "items"]
    assert nulls(notes) == [
        ([*items, 1, "name"], "String", "Site"),
        ([*items, 2, "rooms", "items", 0, "number"], "Int", "Room"),
        ([*items, 2, "rooms", "items", 2, "main"], "Site", "Room"),
        ([*items, 2, "rooms", "items", 3, "main", "name"], "String", "Site"),
        ([*items, 3, "rooms", "items", 0, "main", "needed"], "Spot", "Site"),
        ([*items, 3, "rooms", "items", 1, "main", "needed", "x"], "Float", "Spot"),
    ]


# ---------------------------------------------------------------- denials

DENIED = "\0d"


def test_a_denied_root_is_null():
    done, notes, _ = finish('{ a: getSite(id: "a") { id } }', '"\\u0000d"')
    assert done == "null"
    assert notes == [Note(["a"], denied=True, parent="Query", name="getSite")]


def test_denials_at_every_level():
    given = {"items": [{"id": "a", "s": DENIED, "rooms": DENIED}, {"id": "b", "s": {"x": 1}, "rooms": {"items": []}}]}
    query = "{ listSites { items { id s: spot { x } rooms { items { number } } } } }"
    done, notes, _ = finish(query, orjson.dumps(given).decode())
    assert orjson.loads(done) == {
        "items": [{"id": "a", "s": None, "rooms": None}, {"id": "b", "s": {"x": 1}, "rooms": {"items": []}}]
    }
    assert [(note.path, note.parent, note.name) for note in notes] == [
        (["listSites", "items", 0, "s"], "Site", "spot"),
        (["listSites", "items", 0, "rooms"], "Site", "rooms"),
    ]


def test_a_denied_value_that_may_not_be_null_rises_too():
    given = {"items": [{"id": "a", "name": DENIED}, {"id": "b", "name": "x"}]}
    done, notes, _ = finish("{ listSites { items { id name } } }", orjson.dumps(given).decode())
    assert orjson.loads(done) == {"items": [None, {"id": "b", "name": "x"}]}
    assert [(note.path, note.denied) for note in notes] == [(["listSites", "items", 0, "name"], True)]


# ---------------------------------------------------------------- cursors


def _mark(number: int, *values: Any) -> str:
    return f"\0t{number}:{orjson.dumps(values).hex()}"


def test_cursors_are_signed_and_the_rest_stays_as_it_is():
    query = "{ listSites { nextToken items { id rooms { nextToken } } also: nextToken } }"
    given = {
        "nextToken": _mark(1, "b"),
        "items": [
            {"id": "\\u0000t0:00", "rooms": {"nextToken": _mark(0, "r1")}},
            {"id": "b", "rooms": {"nextToken": None}},
        ],
        "also": _mark(1, "b"),
    }
    done, notes, orders = finish(query, orjson.dumps(given).decode())
    assert notes == []
    by_model = {order.model.name: order for order in orders}
    numbers = {order.model.name: number for number, order in enumerate(orders)}
    assert numbers == {"Room": 0, "Site": 1}
    page = orjson.loads(done)
    assert CURSORS.decode(by_model["Site"], page["nextToken"]) == ["b"]
    assert page["also"] == page["nextToken"]
    assert CURSORS.decode(by_model["Room"], page["items"][0]["rooms"]["nextToken"]) == ["r1"]
    assert page["items"][0]["id"] == "\\u0000t0:00"
    assert page["items"][1]["rooms"] == {"nextToken": None}


def test_cursors_denials_and_nulls_in_one_answer():
    query = "{ listSites { nextToken items { name spot { x } rooms { nextToken items { number } } } } }"
    room = {"nextToken": _mark(0, "r"), "items": [{"number": None}, {"number": 1}]}
    given = {"nextToken": _mark(1, "z"), "items": [{"name": "n", "spot": DENIED, "rooms": room}]}
    done, notes, orders = finish(query, orjson.dumps(given).decode())
    page = orjson.loads(done)
    assert [order.model.name for order in orders] == ["Room", "Site"]
    assert CURSORS.decode(orders[1], page["nextToken"]) == ["z"]
    (item,) = page["items"]
    assert CURSORS.decode(orders[0], item["rooms"]["nextToken"]) == ["r"]
    assert item["spot"] is None
    assert item["rooms"]["items"] == [None, {"number": 1}]
    assert [(note.path[-1], note.denied) for note in notes] == [("spot", True), ("number", False)]
