"""The served SDL is the one that Amplify compiles: types, fields, arguments, defaults, nullability, directives."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, build_schema, print_schema, validate_schema

from service.graphql.light import light_schema
from service.graphql.schema import strawberry_schema
from service.graphql.sdl import print_sdl
from service.importer import catalog_from_sdl
from tests.contracts.cases import NAMES, PRELUDE, catalog, compiled, schema
from tests.contracts.sdl_diff import differences, facts

SUBSCRIBED = (
    '~ Subscription.onCreateRole: Role @aws_subscribe(mutations: ["updateRole"]), '
    'expected Role @aws_subscribe(mutations: ["createRole"])'
)


@pytest.mark.parametrize("name", NAMES)
def test_the_light_schema_prints_what_amplify_compiles(name: str):
    assert differences(print_sdl(schema(name)), compiled(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_strawberry_prints_what_amplify_compiles(name: str):
    scalars = {place for place, kind in facts(PRELUDE).items() if kind == "scalar"}
    ours = strawberry_schema(catalog(name)).as_str()
    # Strawberry defines the scalars that are used; AppSync's text defines none.
    assert [line for line in differences(ours, compiled(name)) if line.split()[1].rstrip(":") not in scalars] == []


def test_the_sizes_are_those_of_the_large_schema():
    assert len(facts(compiled("erp"))) > 9000


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("  sku: String!\n", "", "- Product.sku: String!"),
        ("  sku: String!\n", "  sku: String\n", "~ Product.sku: String, expected String!"),
        ("  sku: String!\n", "  sku: String!\n  extra: Int\n", "+ Product.extra: Int"),
        ("getProduct(id: ID!)", "getProduct(id: ID)", "~ Query.getProduct(id): ID, expected ID!"),
        ("getProduct(id: ID!)", 'getProduct(id: ID! = "1")', '~ Query.getProduct(id): ID! = "1", expected ID!'),
        ("  EACH\n", "", "- UnitOfMeasure.EACH: value"),
        ("input DimensionsInput", "type DimensionsInput", "~ DimensionsInput: type, expected input"),
        (
            "type Product @aws_api_key @aws_cognito_user_pools",
            "type Product @aws_cognito_user_pools",
            "~ Product: type @aws_cognito_user_pools, expected type @aws_api_key @aws_cognito_user_pools",
        ),
        (
            '@aws_subscribe(mutations: ["createRole"])',
            '@aws_subscribe(mutations: ["updateRole"])',
            SUBSCRIBED,
        ),
    ],
)
def test_the_comparison_finds_a_change(old: str, new: str, line: str):
    wanted = compiled("inventory")
    assert old in wanted
    assert differences(wanted.replace(old, new, 1), wanted) == [line]


def test_the_comparison_ignores_order():
    first, *rest = compiled("inventory").split("\n\n")
    assert differences("\n\n".join([*rest, first]), compiled("inventory")) == []


def test_defaults_of_custom_operations_are_kept():
    assert facts(print_sdl(schema("access")))["Query.echo(msg)"] == 'String = "hi"'
    assert facts(strawberry_schema(catalog("access")).as_str())["Query.echo(kinds)"] == "[Kind!] = [lower]"


def test_graphql_core_reads_the_schema_as_it_was_printed():
    """Without the shortcuts that `light_schema` takes, the types are valid and the same."""
    built = build_schema(PRELUDE + print_sdl(schema("inventory")))
    assert validate_schema(built) == []
    assert differences(print_schema(built), print_schema(schema("inventory"))) == []


def test_a_plain_id_that_the_author_names_as_key_is_an_argument_of_the_list():
    printed = facts(print_sdl(_light("type Todo @model { id: String! @primaryKey name: String }")))
    assert printed["Query.getTodo(id)"] == "String!"
    assert printed["Query.listTodos(id)"] == "String"
    assert "Query.listTodos(sortDirection)" in printed


def test_a_plain_id_is_an_id_argument_whatever_its_type():
    printed = facts(print_sdl(_light("type Todo @model { id: String! name: String }")))
    assert printed["Query.getTodo(id)"] == "ID!"
    assert printed["DeleteTodoInput.id"] == "ID!"
    assert printed["UpdateTodoInput.id"] == "String!"
    assert "Query.listTodos(id)" not in printed


def test_a_hand_written_input_takes_the_place_of_a_generated_one():
    printed = facts(
        print_sdl(_light('type Todo @model { id: ID! } input CreateTodoInput { id: ID name: String = "x" }'))
    )
    assert printed["CreateTodoInput.name"] == 'String = "x"'


def test_a_list_of_an_enum_has_operators_of_its_own():
    printed = facts(print_sdl(_light("enum E { A } type Todo @model { id: ID! all: [E] }")))
    assert printed["ModelTodoFilterInput.all"] == "ModelEListInput"
    assert printed["ModelEListInput.contains"] == "E"
    assert printed["ModelSubscriptionTodoFilterInput.all"] == "ModelSubscriptionStringInput"


def _light(text: str) -> GraphQLSchema:
    return light_schema(catalog_from_sdl(text))
