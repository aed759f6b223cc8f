"""Selections as the specification collects them, and the arguments of a field."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, GraphQLObjectType, OperationDefinitionNode, build_schema, parse

from service.db.plans.sources import Variable
from service.db.plans.tracing import Trace, Traced
from service.errors import Invalid
from service.graphql.selections import Chosen, Reader

SCHEMA = build_schema("""
  input In { a: Int b: [String] c: In d: Int }
  enum E { ONE TWO }
  type Query { f(n: Int!, s: String, e: E, i: In, l: [In!]): Query g: Query x: Int y: Int z: Int }
""")


def read(document: str, **variables: Any) -> tuple[Reader, list[Chosen]]:
    definitions = parse(document).definitions
    fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
    (operation,) = (each for each in definitions if isinstance(each, OperationDefinitionNode))
    reader = Reader(fragments, variables)
    return reader, reader.fields([operation.selection_set])


def shape(reader: Reader, chosen: list[Chosen]) -> dict[str, Any]:
    """Response name → field name, or what is selected below it."""
    return {
        each.key: shape(reader, reader.fields(each.selection_sets)) if each.selection_sets else each.name
        for each in chosen
    }


CASES: list[tuple[str, str, dict[str, Any], Any]] = [
    ("in order", "{ z x y }", {}, ["z", "x", "y"]),
    ("aliases", "{ a: x b: x x }", {}, ["a", "b", "x"]),
    ("the first place counts", "{ x y x z }", {}, ["x", "y", "z"]),
    ("fragments in place", "{ x ...f z } fragment f on Query { y }", {}, ["x", "y", "z"]),
    ("a fragment once", "{ ...f x ...f } fragment f on Query { y z }", {}, ["y", "z", "x"]),
    ("inline", "{ x ... { y } ... on Query { z } }", {}, ["x", "y", "z"]),
    ("skipped", "{ x @skip(if: true) y @skip(if: false) z }", {}, ["y", "z"]),
    ("included", "{ x @include(if: true) y @include(if: false) z }", {}, ["x", "z"]),
    ("both", "{ x @skip(if: false) @include(if: false) y @skip(if: true) @include(if: true) z }", {}, ["z"]),
    ("by variable", "{ x @skip(if: $a) y @include(if: $a) z }", {"a": True}, ["y", "z"]),
    ("a skipped spread", "{ ...f @skip(if: $a) x } fragment f on Query { y }", {"a": True}, ["x"]),
    ("skipped first, included later", "{ ...f @skip(if: true) ...f } fragment f on Query { y }", {}, ["y"]),
    ("a skipped inline fragment", "{ ... @include(if: false) { y } x }", {}, ["x"]),
    ("inside a fragment", "{ ...f } fragment f on Query { y @skip(if: $a) z }", {"a": True}, ["z"]),
    ("other directives", "{ x @other y }", {}, ["x", "y"]),
    ("nothing", "{ x @skip(if: true) }", {}, []),
]


@pytest.mark.parametrize(
    ("document", "variables", "keys"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
def test_what_is_selected(document: str, variables: dict[str, Any], keys: list[str]):
    assert [each.key for each in read(document, **variables)[1]] == keys


def test_what_is_below_fields_of_one_name_is_merged():
    document = """{
      g { x g { x } } ...f g { y g { ...h } } other: g { z }
    }
    fragment f on Query { g { z g { y } } }
    fragment h on Query { a: x ...i }
    fragment i on Query { z }
    """
    reader, chosen = read(document)
    assert shape(reader, chosen) == {
        "g": {"x": "x", "g": {"x": "x", "y": "y", "a": "x", "z": "z"}, "z": "z", "y": "y"},
        "other": {"z": "z"},
    }
    assert len(chosen[0].nodes) == 3


def test_fragments_that_multiply_are_collected_once():
    links = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} x }}" for n in range(200))
    _, chosen = read(f"{{ ...f0 }} {links} fragment f200 on Query {{ y }}")
    assert [(each.key, len(each.nodes)) for each in chosen] == [("y", 1), ("x", 200)]


def test_fields_that_multiply_are_merged_once():
    """Each level has the level below twice, in two selections of one field."""
    links = " ".join(f"fragment f{n} on Query {{ g {{ ...f{n + 1} }} g {{ ...f{n + 1} }} }}" for n in range(100))
    reader, chosen = read(f"{{ ...f0 }} {links} fragment f100 on Query {{ y }}")
    for _ in range(100):
        assert [(each.key, len(each.nodes)) for each in chosen] == [("g", 2)]
        chosen = reader.fields(chosen[0].selection_sets)
    assert [each.key for each in chosen] == ["y"]


def test_a_condition_on_null_is_refused():
    with pytest.raises(Invalid, match="Variable 'a' has coerced Null value for NonNull type 'Boolean!'"):
        read("{ x @skip(if: $a) }", a=None)


def test_conditions_are_peeked_at():
    trace = Trace()
    traced = trace.of({"a": True, "b": False})
    definitions = parse("{ x @skip(if: $a) y }").definitions
    assert isinstance(definitions[0], OperationDefinitionNode)
    Reader({}, traced).fields([definitions[0].selection_set])
    assert [path for path, _ in trace.peeks] == [("a",)]


ARGUMENTS: list[tuple[str, dict[str, Any], Any]] = [
    ("f(n: 3)", {}, {"n": 3}),
    ("f(n: $n)", {"n": 4}, {"n": 4}),
    ("f(n: 3, s: $s)", {}, {"n": 3}),
    ("f(n: 3, s: null)", {}, {"n": 3, "s": None}),
    ("f(n: 3, s: $s)", {"s": None}, {"n": 3, "s": None}),
    ("f(n: 3, e: TWO)", {}, {"n": 3, "e": "TWO"}),
    ("f(n: 3, i: {})", {}, {"n": 3, "i": {}}),
    ('f(n: 3, i: {a: 1, b: "x", c: {a: null}})', {}, {"n": 3, "i": {"a": 1, "b": ["x"], "c": {"a": None}}}),
    ("f(n: 3, i: {a: $a, d: $d})", {"d": 1}, {"n": 3, "i": {"d": 1}}),
    ("f(n: 3, i: $i)", {"i": {"a": 1}}, {"n": 3, "i": {"a": 1}}),
    ("f(n: 3, l: {a: 1, d: 2})", {}, {"n": 3, "l": [{"a": 1, "d": 2}]}),
    ("f(n: 3, i: {b: [$s, null, $t]})", {"s": "x"}, {"n": 3, "i": {"b": ["x", None, None]}}),
]


@pytest.mark.parametrize(("field", "variables", "expected"), ARGUMENTS)
def test_arguments(field: str, variables: dict[str, Any], expected: dict[str, Any]):
    reader, (chosen,) = read(f"{{ {field} {{ x }} }}", **variables)
    query = SCHEMA.query_type
    assert isinstance(query, GraphQLObjectType)
    assert reader.arguments(query.fields["f"], chosen) == expected


@pytest.mark.parametrize("variables", [{"n": None}, {}])
def test_a_null_for_an_argument_that_must_not_be_null(variables: dict[str, Any]):
    """Which only a variable with a default can bring about."""
    reader, (chosen,) = read("{ f(n: $n) { x } }", **variables)
    query = SCHEMA.query_type
    assert query is not None
    with pytest.raises(Invalid, match="Argument 'n' of 'f' must not be null"):
        reader.arguments(query.fields["f"], chosen)


def test_variables_in_arguments_stay_where_they_are():
    trace = Trace()
    reader, (chosen,) = read("{ f(n: 1, i: {a: $n, b: [$s]}, s: $s) { x } }")
    traced = Reader(reader.fragments, trace.of({"n": 1, "s": "x"}))
    query = SCHEMA.query_type
    assert query is not None
    given = traced.arguments(query.fields["f"], chosen)
    assert given["s"] == Traced(Variable(("s",)), "x", trace)
    assert given["i"]["a"] == Traced(Variable(("n",)), 1, trace)
    assert given["i"]["b"] == [given["s"]]
    assert trace.peeks == {}
