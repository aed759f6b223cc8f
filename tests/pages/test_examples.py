"""The operations that GraphiQL offers to begin with: valid for the schema that is served, and ready to run."""

from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse, validate

from service.catalog.packaged import shipped
from service.graphql.examples import examples_in, examples_of
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl

ROOT = Path(__file__).parents[2]
EXAMPLES = examples_in(ROOT / "graphql" / "operations")
CASES = ROOT / "tests" / "importer" / "cases"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_and_runs_without_variables(name):
    text = EXAMPLES[name]
    document = parse(text)
    assert validate(light_schema(shipped()), document) == []
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    unset = [each.variable.name.value for each in operation.variable_definitions or () if each.default_value is None]
    assert unset in ([], ["nextToken"])
    title, description, *_ = text.splitlines()
    assert title.startswith("# ")
    assert description.startswith("# ")


def test_reads_come_before_writes():
    kinds = [parse(text).definitions[0].operation.value for text in EXAMPLES.values()]
    assert kinds == sorted(kinds, key=["query", "mutation"].index)


@pytest.mark.parametrize("case", ["inventory", "erp", "access"])
def test_any_schema_gets_examples_that_are_valid_for_it(case):
    catalog = catalog_from_sdl((CASES / case / "in.graphql").read_text())
    schema = light_schema(catalog)
    examples = examples_of(catalog)
    assert len(examples) == min(12, sum(not model.is_join for model in catalog.models))
    for text in examples.values():
        assert validate(schema, parse(text)) == []


def test_such_an_example_reads_like_this():
    catalog = catalog_from_sdl(
        """
        type Post @model @auth(rules: [{ allow: private }]) {
          id: ID!
          title: String!
          secret: String @auth(rules: [{ allow: groups, groups: ["Admin"] }])
          comments: [Comment] @hasMany
        }
        type Comment @model @auth(rules: [{ allow: private }]) {
          id: ID!
          post: Post @belongsTo
        }
        """
    )
    assert examples_of(catalog)["Posts"] == (
        "# The first Posts\n"
        "# A filter runs before the limit; give nextToken back for the next page.\n"
        "query ListPosts($limit: Int = 10, $nextToken: String) {\n"
        "  listPosts(limit: $limit, nextToken: $nextToken) {\n"
        "    items {\n"
        "      id\n"
        "      title\n"
        "      createdAt\n"
        "      updatedAt\n"
        "      comments(limit: 3) { items { id } }\n"
        "    }\n"
        "    nextToken\n"
        "  }\n"
        "}\n"
    )


def test_files_come_in_the_order_of_their_numbers_and_without_them(tmp_path):
    for name in ("10-last", "02-second", "01-first-of-all"):
        (tmp_path / f"{name}.graphql").write_text(f"# {name}\n")
    (tmp_path / "notes.md").write_text("")
    assert list(examples_in(tmp_path).items()) == [
        ("first-of-all", "# 01-first-of-all\n"),
        ("second", "# 02-second\n"),
        ("last", "# 10-last\n"),
    ]
    assert examples_in(tmp_path / "no-such-folder") == {}
