"""A plan is kept for other values in the same places. What is in a plan must not depend on a value unseen."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.auth.principal import Principal
from service.catalog.access import CallerClass
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.plans.compilations import Compilations
from service.db.plans.cursors import Cursors
from service.db.plans.run import Run
from service.db.plans.sources import Constant, Tree, Variable
from service.db.plans.tracing import Trace, Traced, at, peek, resolve_tree, shape, source_of
from service.db.repository import Prepared, Repository
from service.errors import ServiceError
from service.graphql.documents import Documents, Operation
from service.graphql.light import light_schema
from service.graphql.planning import Planner
from service.graphql.roots import root_fields
from service.graphql.selections import Reader
from service.importer import catalog_from_sdl

# ---------------------------------------------------------------- leaves


def test_leaves_are_traced_and_the_structure_around_them_is_not():
    trace = Trace()
    traced = trace.of({"input": {"id": "a", "tags": ["x", "y"], "note": None, "lines": [{"n": 1}, None]}})
    given = traced["input"]
    assert given["id"] == Traced(Variable(("input", "id")), "a", trace)
    assert given["tags"].variable == Variable(("input", "tags"))
    assert given["note"] is None
    assert given["lines"][0]["n"].variable == Variable(("input", "lines", 0, "n"))
    assert given["lines"][1] is None


def test_a_peek_is_remembered_once_and_seen_again_in_other_variables():
    trace = Trace()
    traced = trace.of({"dir": "DESC", "filter": {"size": 3}})
    assert peek(traced["dir"]) == "DESC"
    assert peek(traced["dir"]) == "DESC"
    assert peek(traced["filter"]["size"], _is_even) is False
    assert trace.seen({"dir": "ASC", "filter": {"size": 4}}) == ("ASC", True)
    assert trace.seen({"dir": None}) == (None, False)


def _is_even(value: Any) -> bool:
    return isinstance(value, int) and value % 2 == 0


def test_a_peek_at_a_value_of_the_document_is_not_remembered():
    assert peek("DESC") == "DESC"


@pytest.mark.parametrize(
    ("path", "expected"),
    [((), {"a": [1, {"b": 2}]}), (("a", 1, "b"), 2), (("a", 5), None), (("x",), None), (("a", 0, "b"), None)],
)
def test_a_path_that_leads_nowhere_finds_nothing(path, expected):
    assert at({"a": [1, {"b": 2}]}, path) == expected


def test_where_a_source_finds_its_value():
    trace = Trace()
    variable = trace.of("x", ("name",))
    assert source_of(variable) == Variable(("name",))
    assert source_of("x") == Constant("x")
    assert source_of(["x", "y"]) == Constant(["x", "y"])
    tree = source_of({"line1": variable, "lines": ["a", variable]})
    assert isinstance(tree, Tree)
    assert resolve_tree(tree.value, {"name": "now"}) == {"line1": "now", "lines": ["a", "now"]}


# ---------------------------------------------------------------- shapes

UNALIKE = [
    ("absent and null", {}, {"a": None}),
    ("null and a value", {"a": None}, {"a": 1}),
    ("null and a list", {"a": None}, {"a": ["x"]}),
    ("null and an empty list", {"a": None}, {"a": []}),
    ("null and an object", {"a": None}, {"a": {}}),
    ("an empty list and one that is not", {"a": []}, {"a": ["x"]}),
    ("an empty list and an empty object", {"a": []}, {"a": {}}),
    ("one object and two", {"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 1}]}),
    ("an object and a null in a list", {"a": [{"b": 1}, None]}, {"a": [{"b": 1}, {"b": 1}]}),
    ("one name and another", {"a": 1}, {"b": 1}),
    ("fields of objects in a list", {"a": [{"b": 1}]}, {"a": [{"c": 1}]}),
]


@pytest.mark.parametrize(("left", "right"), [each[1:] for each in UNALIKE], ids=[each[0] for each in UNALIKE])
def test_shapes_that_differ(left, right):
    assert shape(left) != shape(right)


ALIKE = [
    ("values", {"a": 1, "b": "x"}, {"a": 2, "b": "y"}),
    ("lists of values, however long", {"a": ["x"]}, {"a": ["x", None, "z"]}),
    ("values in objects in lists", {"a": [{"b": 1}]}, {"a": [{"b": 2}]}),
]


@pytest.mark.parametrize(("left", "right"), [each[1:] for each in ALIKE], ids=[each[0] for each in ALIKE])
def test_shapes_that_do_not(left, right):
    assert shape(left) == shape(right)


_scalars = st.one_of(st.none(), st.integers(0, 2), st.sampled_from(["", "x"]))
_values = st.recursive(
    st.one_of(_scalars, st.lists(_scalars, max_size=2)),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        st.lists(st.dictionaries(st.sampled_from("ab"), inner, max_size=2), max_size=2),
    ),
    max_leaves=6,
)


@given(_values, _values)
@settings(derandomize=True, max_examples=300)
def test_values_of_one_shape_differ_only_where_there_is_a_leaf(left, right):
    """If two values have one shape, putting one's leaves into the other's trace gives that one back."""
    if shape({"v": left}) == shape({"v": right}):
        assert resolve_tree(Trace().of({"v": left}), {"v": right}) == {"v": right}


# ---------------------------------------------------------------- whole plans

SDL = """
enum Colour { RED GREEN }
type Spot { x: Float y: [Float!] note: String }
type Thing @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String @index(name: "byName", queryField: "thingsByName", sortKeyFields: ["made", "kind"])
  made: AWSDateTime
  kind: String
  on: AWSDate
  size: Int
  tags: [String]
  colour: Colour
  spot: Spot
  spots: [Spot]
  parentId: ID @index(name: "byParent", queryField: "thingsByParent", sortKeyFields: ["made"])
  parent: Thing @belongsTo(fields: ["parentId"])
  children: [Thing] @hasMany(indexName: "byParent", fields: ["id"])
}
"""
CATALOG = catalog_from_sdl(SDL)
SCHEMA = light_schema(CATALOG)
ROOTS = root_fields(CATALOG)
CALLER = CallerClass(Provider.USER_POOLS, frozenset())
USER = Principal(Provider.USER_POOLS, {"sub": "s", "username": "u"})

LIST = """query (
  $filter: ModelThingFilterInput $dir: ModelSortDirection $limit: Int $token: String $a: Boolean! $b: Boolean = true
  $made: ModelStringKeyConditionInput
) {
  listThings(filter: $filter, limit: $limit, nextToken: $token) {
    items {
      id name @include(if: $a) tags @skip(if: $b)
      children(sortDirection: $dir, made: $made, filter: {and: [$filter, {not: $filter}]}) { items { id } nextToken }
    }
    nextToken @include(if: $b)
  }
}"""
INDEX = """query ($name: String! $key: ModelThingByNameCompositeKeyConditionInput $dir: ModelSortDirection) {
  thingsByName(name: $name, madeKind: $key, sortDirection: $dir) { items { id } nextToken }
}"""
UPDATE = """mutation ($input: UpdateThingInput! $condition: ModelThingConditionInput) {
  updateThing(input: $input, condition: $condition) { id tags spot { x y } }
}"""
PARTS = """mutation ($id: ID! $tags: [String] $x: Float $spot: SpotInput $note: String) {
  updateThing(input: {id: $id, tags: $tags, spot: {x: $x, y: [1, 2], note: $note}, spots: [$spot, {x: $x}]}) { id }
}"""

_texts = st.sampled_from(["", "x", "2024-02-29", "2024-02-29T10:00:00.000Z", "2024-02", "#"])
_maybe_text = st.one_of(st.none(), _texts)
_text_operators = st.fixed_dictionaries(
    {},
    optional={
        "eq": _maybe_text,
        "ne": _maybe_text,
        "between": st.one_of(st.none(), st.lists(_maybe_text, max_size=3)),
        "beginsWith": _maybe_text,
        "attributeExists": st.one_of(st.none(), st.booleans()),
        "attributeType": st.sampled_from([None, "string", "_null", "list"]),
        "size": st.one_of(st.none(), st.fixed_dictionaries({}, optional={"eq": st.integers(0, 2)})),
    },
)
_maybe_operators = st.one_of(st.none(), _text_operators)
_fields = st.fixed_dictionaries(
    {}, optional={"name": _maybe_operators, "made": _maybe_operators, "on": _maybe_operators}
)
_filters = st.one_of(
    st.none(),
    st.recursive(
        _fields,
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "and": st.one_of(st.none(), st.lists(st.one_of(st.none(), inner), max_size=2)),
                "or": st.one_of(st.none(), st.lists(inner, max_size=2)),
                "not": st.one_of(st.none(), inner),
                "tags": st.one_of(st.none(), _text_operators),
            },
        ),
        max_leaves=3,
    ),
)
_directions = st.sampled_from([None, "ASC", "DESC"])
_spots = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "x": st.sampled_from([None, 0.5, 2.0]),
            "y": st.one_of(st.none(), st.lists(st.just(1.5), max_size=2)),
            "note": _maybe_text,
        },
    ),
)
_tags = st.one_of(st.none(), st.lists(_maybe_text, max_size=2))
_composites = st.one_of(
    st.none(),
    st.fixed_dictionaries({}, optional={"made": st.sampled_from(["2024-02-29T10:00:00Z"]), "kind": _maybe_text}),
)

CASES: list[tuple[str, Any]] = [
    (
        LIST,
        st.fixed_dictionaries(
            {"a": st.booleans()},
            optional={
                "b": st.booleans(),
                "filter": _filters,
                "dir": _directions,
                "limit": st.sampled_from([None, 1, 20]),
                "token": _maybe_text,
                "made": st.one_of(
                    st.none(),
                    st.fixed_dictionaries({}, optional={"eq": _maybe_text, "between": st.lists(_texts, max_size=2)}),
                ),
            },
        ),
    ),
    (
        INDEX,
        st.fixed_dictionaries(
            {"name": _texts},
            optional={
                "dir": _directions,
                "key": st.one_of(
                    st.none(),
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "eq": _composites,
                            "beginsWith": _composites,
                            "between": st.lists(_composites, min_size=2, max_size=2),
                        },
                    ),
                ),
            },
        ),
    ),
    (
        UPDATE,
        st.fixed_dictionaries(
            {
                "input": st.fixed_dictionaries(
                    {"id": st.just("t")},
                    optional={
                        "name": _maybe_text,
                        "made": st.sampled_from([None, "2024-02-29T10:00:00Z", "2025-02-28T10:00:00Z"]),
                        "size": st.sampled_from([None, 1, 2]),
                        "tags": _tags,
                        "colour": st.sampled_from([None, "RED", "GREEN"]),
                        "spot": _spots,
                        "spots": st.one_of(st.none(), st.lists(_spots, max_size=2)),
                    },
                )
            },
            optional={"condition": st.one_of(st.none(), st.fixed_dictionaries({}, optional={"name": _text_operators}))},
        ),
    ),
    (
        PARTS,
        st.fixed_dictionaries(
            {"id": st.just("t")},
            optional={"tags": _tags, "x": st.sampled_from([None, 0.5]), "spot": _spots, "note": _maybe_text},
        ),
    ),
]


def _documents() -> Documents:
    return Documents(SCHEMA, max_tokens=15_000, max_depth=25, max_roots=200)


def _repository(catalog: Catalog) -> Repository:
    return Repository(catalog, cast("Database", None), cursor_key=b"k" * 32)  # nothing here runs a statement


REPOSITORY = _repository(CATALOG)


def _made(operation: Operation, variables: dict[str, Any], trace: Trace) -> Prepared | str:
    reader = Reader(operation.fragments, trace.of(variables))
    chosen = reader.fields([operation.node.selection_set])[0]
    root = next(each for (_, name), each in ROOTS.items() if name == chosen.name)
    try:
        return REPOSITORY.prepare(Planner(CATALOG, SCHEMA, reader, CALLER).plan_field(root, chosen))
    except ServiceError as error:
        return error.message


def _sent(made: Prepared | str, variables: dict[str, Any]) -> Any:
    """The statement and its parameters, or why there is none."""
    if isinstance(made, str):
        return made
    run = Run(variables, USER, Cursors(b"k" * 32), 100)
    given = getattr(made.plan, "input", {})
    try:
        if given:
            writer = REPOSITORY._writers["Thing"]
            writer.fill_update(made.plan, run)
            run.written.pop("updatedAt", None)
            run.written["updatedAt"] = None
        return made.statement.sql, made.statement.bind(run)
    except ServiceError as error:
        return error.message


@pytest.mark.parametrize(("query", "variables"), CASES, ids=["list", "index", "update", "parts"])
def test_a_kept_plan_is_the_plan_that_would_have_been_made(query, variables):
    documents, kept = _documents(), Compilations(lambda _: 1)

    @given(st.lists(variables, min_size=2, max_size=4))
    @settings(derandomize=True, max_examples=150, deadline=None)
    def holds(sequence):
        for given_variables in sequence:
            operation = documents.operation(query, None)
            coerced = operation.coerce(given_variables)
            reused = kept.get((operation.serial, CALLER), coerced, partial(_made, operation, coerced))
            fresh = _made(operation, coerced, Trace())
            assert _sent(reused, coerced) == _sent(fresh, coerced)

    holds()


def test_plans_are_reused_for_other_values():
    operation, kept = _documents().operation(LIST, None), Compilations(lambda _: 1)
    made = [
        kept.get((operation.serial, CALLER), operation.coerce(each), lambda _: object())
        for each in ({"a": True, "limit": 1}, {"a": True, "limit": 2}, {"a": True, "limit": None})
    ]
    assert made[0] is made[1]
    assert made[1] is not made[2]


def test_peeks_in_another_order_do_not_take_one_value_for_another():
    """Both branches look at the same variables, but not in the same order."""
    query = """query ($x: Boolean! $y: Boolean! $z: Boolean!) {
      getThing(id: "t") {
        parent @include(if: $x) { id @include(if: $y) name @include(if: $z) }
        other: parent @skip(if: $x) { name @include(if: $z) id @include(if: $y) }
      }
    }"""
    operation, kept = _documents().operation(query, None), Compilations(lambda _: 1)
    for variables in (
        {"x": True, "y": True, "z": False},
        {"x": False, "y": True, "z": False},
        {"x": False, "y": False, "z": True},
    ):
        reused = kept.get((operation.serial, CALLER), variables, partial(_made, operation, variables))
        assert _sent(reused, variables) == _sent(_made(operation, variables, Trace()), variables)


def test_branches_that_look_at_different_values_are_both_kept():
    """One of them must not push the other out each time."""
    query = """query ($x: Boolean! $y: Boolean!) {
      getThing(id: "t") { id parent @include(if: $x) { id @include(if: $y) } }
    }"""
    operation, kept = _documents().operation(query, None), Compilations(lambda _: 1)
    with_it, without = {"x": True, "y": True}, {"x": False, "y": True}
    made: list[dict[str, Any]] = []

    def compile_(now: dict[str, Any], trace: Trace) -> object:
        made.append(now)
        return _made(operation, now, trace)

    for variables in (with_it, without, with_it, without, with_it):
        kept.get((operation.serial, CALLER), variables, partial(compile_, variables))
    assert made == [with_it, without]


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr("service.db.plans.compilations.KEPT_PLANS", 200)
    names = [f"v{number}" for number in range(10)]
    declared = " ".join(f"${name}: Boolean!" for name in names)
    chosen = " ".join(f"k{name}: id @include(if: ${name})" for name in names)
    operation = _documents().operation(f'query ({declared}) {{ getThing(id: "t") {{ id {chosen} }} }}', None)
    kept: Compilations[object] = Compilations(lambda _: 1)
    first = dict.fromkeys(names, False)
    for number in range(1, 2 ** len(names)):
        variables = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
        kept.get((operation.serial, CALLER), variables, partial(_peeked, operation, variables))
        assert len(kept) <= 200
    made = [kept.get((operation.serial, CALLER), first, partial(_peeked, operation, first)) for _ in range(2)]
    assert made[0] is made[1]


def test_large_plans_are_kept_in_smaller_numbers(monkeypatch):
    """Or somebody who asks two thousand questions of a thousand conditions would fill the memory with them."""
    monkeypatch.setattr("service.db.plans.compilations.KEPT_SQL", 100)
    kept: Compilations[str] = Compilations(len)
    for number, length in enumerate((60, 30, 20, 5, 200, 10)):
        kept.get(number, {}, lambda _, length=length: "x" * length)
    made: list[int] = []
    for number in range(6):
        kept.get(number, {}, lambda _, number=number: str(made.append(number)))
    assert made == [0, 1, 2, 3, 4]
    for number in range(300):
        kept.get(("small", number), {}, lambda _: "x")
        assert len(kept) <= 100


def _peeked(operation: Operation, variables: dict[str, Any], trace: Trace) -> object:
    reader = Reader(operation.fragments, trace.of(variables))
    reader.fields(reader.fields([operation.node.selection_set])[0].selection_sets)
    return object()


def test_peeks_are_pairs_of_a_path_and_a_question():
    trace = Trace()
    traced = trace.of({"a": 1})
    for probe, _ in pairwise([_is_even, _is_even, _is_even]):
        peek(traced["a"], probe)
    assert list(trace.peeks) == [(("a",), _is_even)]
