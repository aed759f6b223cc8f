"""Documents that are made to be expensive are refused before they are, and honest ones are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import DocumentNode, OperationDefinitionNode, parse, print_ast

from service.errors import Limited
from service.graphql.documents import Documents, Malformed, RequestRefused
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parents[1] / "contracts" / "data"
SCHEMAS = {
    "inventory": ROOT / "graphql" / "amplify.graphql",
    "erp": ROOT / "tests" / "importer" / "cases" / "erp" / "in.graphql",
}


def _documents(sdl: Path, **limits: Any) -> Documents:
    schema = light_schema(catalog_from_sdl(sdl.read_text()))
    return Documents(schema, **{"max_tokens": 15_000, "max_depth": 25, "max_roots": 200, **limits})


@pytest.fixture(scope="module")
def documents() -> Documents:
    made = _documents(ROOT / "graphql" / "amplify.graphql")
    made.operation("{ listProducts { items { id category { id } } } }", None)  # types are made when they are used
    return made


def _chain(length: int, step: str, end: str) -> str:
    """A query through fragments f0, f1, …, each of which spreads the next one as `step` says."""
    links = (f"fragment f{n} on Query {{ {step.format(next=n + 1)} }}" for n in range(length))
    return f"{{ ...f0 }} {' '.join(links)} fragment f{length} on Query {{ {end} }}"


def _products(selection: str) -> str:
    return f"{{ listProducts {{ items {{ id {selection} }} }} }}"


def _nested(depth: int) -> str:
    return "{ getCategory(id: 1) " + "{ parent " * (depth - 2) + "{ id }" + " }" * (depth - 2) + " }"


LIMITED = [
    ("depth", _nested(26), "more than 25 levels deep (OFFRAMP_MAX_DEPTH)"),
    ("roots", "{" + " ".join(f"a{n}: __typename" for n in range(201)) + "}", "200 root fields (OFFRAMP_MAX_ALIASES)"),
    ("tokens", "{ " + "a " * 15_000 + "}", "more than 15000 tokens (OFFRAMP_MAX_TOKENS)"),
    ("exponential", _chain(40, "...f{next} ...f{next}", "__typename"), "200 root fields"),
    ("exponential, nothing at the end", _chain(40, "...f{next} ...f{next}", "...nowhere"), "more than 20000 fields"),
    ("exponential, a cycle at the end", _chain(40, "...f{next} ...f{next}", "...f0"), "more than 20000 fields"),
    ("exponential, inline", _chain(40, "... {{ ...f{next} }} ...f{next}", "...f0"), "more than 20000 fields"),
    ("exponential, nested", _products("...a " * 20) + " fragment a on Product { category { ...b ...b ...b ...b } }"
     " fragment b on Category { parent { ...c ...c ...c } } fragment c on Category { children { items { id } } }",
     "more than 500 fields with a selection"),
    ("a long chain", _chain(1_000, "...f{next}", "__typename"), "more than 200 levels"),
    ("one field, many times", _products("name " * 3_000), "selects 'name' more than 30 times"),
    ("one relation, many times", _products("category { id } " * 400), "selects 'category' more than 30 times"),
    ("relations", _products(" ".join(f"a{n}: category {{ id }}" for n in range(500))), "500 fields with a selection"),
    ("directives", _products("name " + "@nope " * 5_000), "more than 500 directives"),
    ("skips", _products(" ".join(f"a{n}: id @skip(if: false)" for n in range(501))), "more than 500 directives"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "message"), [each[1:] for each in LIMITED], ids=[each[0] for each in LIMITED])
def test_a_document_over_a_limit_is_refused_at_once(documents, query, message):
    with pytest.raises(Limited) as refused:
        documents.operation(query, None)
    assert message in refused.value.message


def test_fragments_that_repeat_each_other_are_refused_before_validation_takes_long(documents):
    fragments = " ".join(f"fragment f{n} on Product {{ category {{ id }} }}" for n in range(400))
    with pytest.raises(Limited, match="the same fields too many times"):
        documents.operation(_products(" ".join(f"...f{n}" for n in range(400))) + fragments, None)


def test_fragments_of_components_may_overlap(documents):
    fields = "id name sku price quantity active unit tags category { id name } createdAt"
    fragments = " ".join(f"fragment f{n} on Product {{ {fields} }}" for n in range(60))
    documents.operation(_products(" ".join(f"...f{n}" for n in range(60))) + fragments, None)


AT_THE_LIMIT = [
    ("depth", _nested(25)),
    ("roots", "{" + " ".join(f"a{n}: __typename" for n in range(200)) + "}"),
    ("fields", _products(" ".join(f"a{n}: name" for n in range(4_000)))),
    ("relations", _products(" ".join(f"a{n}: category {{ id }}" for n in range(498)))),
    ("a chain of fragments", _chain(180, "...f{next}", "__typename")),
    ("inline fragments", "{ " + "... { " * 150 + "__typename" + " }" * 150 + " }"),
    ("comment", "{ __typename } #" + "x" * 900_000),
    ("string", '{ getProduct(id: "' + "x" * 900_000 + '") { id } }'),
    ("block string", '{ getProduct(id: """' + '\\"""' * 200_000 + '""") { id } }'),
]


@pytest.mark.parametrize("query", [each[1] for each in AT_THE_LIMIT], ids=[each[0] for each in AT_THE_LIMIT])
def test_a_document_within_the_limits_is_taken(documents, query):
    assert documents.operation(query, None).type.value == "query"


@pytest.mark.parametrize("opening", ["... { ", "a { ", "[", "{ not: "])
def test_nesting_without_end_is_refused_by_the_parser(documents, opening):
    beginning = "{ " if "{ not" not in opening and opening != "[" else "{ listProducts(filter: "
    with pytest.raises(Malformed, match="nested too deeply"):
        documents.operation(beginning + opening * 5_000, None)


CYCLES = [
    ("itself", "{ ...a } fragment a on Query { ...a }", "a"),
    ("two", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", "a"),
    ("below a field", _products("...a") + "fragment a on Product { category { products { items { ...a } } } }", "a"),
]


@pytest.mark.parametrize(("query", "name"), [each[1:] for each in CYCLES], ids=[each[0] for each in CYCLES])
def test_a_cycle_is_an_error_of_validation(documents, query, name):
    with pytest.raises(RequestRefused) as refused:
        documents.operation(query, None)
    assert any(f"Cannot spread fragment '{name}' within itself" in each.message for each in refused.value.errors)


def test_a_cycle_that_nothing_uses_is_one_too(documents):
    with pytest.raises(RequestRefused) as refused:
        documents.operation("{ __typename } fragment a on Query { ...b } fragment b on Query { ...a }", None)
    assert "Cannot spread fragment 'a' within itself via 'b'." in [each.message for each in refused.value.errors]


def test_the_list_of_errors_has_an_end(documents):
    with pytest.raises(RequestRefused) as refused:
        documents.operation("{ " + " ".join(f"nope{n}" for n in range(150)) + " }", None)
    assert len(refused.value.errors) == 11  # ten, and that there are more


def test_introspection_does_not_go_round_in_circles(documents):
    circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    with pytest.raises(RequestRefused, match="Maximum introspection depth exceeded"):
        documents.operation(circle, None)


def test_suggestions_can_be_kept_back():
    told = _documents(ROOT / "graphql" / "amplify.graphql")
    untold = _documents(ROOT / "graphql" / "amplify.graphql", suggestions=False)
    for made, expected in ((told, True), (untold, False)):
        with pytest.raises(RequestRefused) as refused:
            made.operation("{ listProduct { items { id } } }", None)
        assert ("Did you mean" in refused.value.errors[0].message) is expected
        operation = made.operation(
            "query ($f: ModelProductFilterInput) { listProducts(filter: $f) { nextToken } }", None
        )
        with pytest.raises(RequestRefused) as refused:
            operation.coerce({"f": {"nam": {"eq": "x"}}})
        assert ("Did you mean" in refused.value.errors[0].message) is expected


def _generated(name: str) -> Iterator[str]:
    for path in sorted((DATA / name / "operations").glob("*.graphql")):
        for definition in parse(path.read_text()).definitions:
            assert isinstance(definition, OperationDefinitionNode)
            yield print_ast(DocumentNode(definitions=(definition,)))


@pytest.mark.parametrize("name", ["inventory", "erp"])
def test_every_document_that_amplify_generates_is_taken(name):
    documents = _documents(SCHEMAS[name])
    taken = [documents.operation(query, None) for query in _generated(name)]
    assert len(taken) == {"inventory": 137, "erp": 902}[name]


def _operation(documents: Documents) -> Any:
    return documents.operation("query ($f: ModelProductFilterInput) { listProducts(filter: $f) { nextToken } }", None)


@pytest.mark.parametrize(
    "value",
    [
        {"name": {"between": ["x"] * 20_001}},
        {"or": [{"name": {"eq": "x"}}] * 10_001},
        {"and": [{"or": [{}] * 200}] * 101},
    ],
)
def test_variables_hold_only_so_many_values(documents, value):
    with pytest.raises(Limited, match="The variables hold more than 20000 values"):
        _operation(documents).coerce({"f": value})


def test_variables_nest_only_so_deep(documents):
    value: dict[str, Any] = {}
    for _ in range(900):
        value = {"not": value}
    with pytest.raises(RequestRefused, match="nested too deeply"):
        _operation(documents).coerce({"f": value})
