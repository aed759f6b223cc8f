"""What cannot be imported is refused where it stands, with what to do; what can but differs is noticed."""

from __future__ import annotations

import pytest
from graphql import Source

from service.catalog.model import Access, Allow, Provider, Rule
from service.importer import Flags, ImportRefused, catalog_from_sdl
from service.importer.read import read
from service.importer.resolve import resolve

RULES = "@auth(rules: [{ allow: private }])"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("type A @model {", "schema.graphql:1:16: this is not GraphQL: Expected Name, found <EOF>."),
        ("type A @model { a: Nope }", "schema.graphql:1:17: A.a has the type Nope, which the schema does not define."),
        ("type A @model { a: [[Int]] }", "schema.graphql:1:20: a list of lists has no filter and no column."),
        (
            "type A @model { a: U } union U = A",
            "schema.graphql:1:17: A.a has the type U, and Amplify APIs have no union of their own. Use a type,",
        ),
        ("scalar S type A @model { a: S }", "schema.graphql:1:26: A.a has the type S, and Amplify APIs have no scalar"),
        ("type A { a: Int }", "the schema has no @model type."),
        ("type A @modle { a: Int }", "schema.graphql:1:8: @modle is not known, and the schema has no @model type."),
        ("type A @model { b: B @hasOne }", "schema.graphql:1:17: A.b leads to B, which is no @model type."),
        (
            'type A @model { id: ID! bs: [B] @hasMany(indexName: "byA", fields: ["id"]) } type B @model { aId: ID }',
            "schema.graphql:1:33: @hasMany on A.bs follows the index byA, which B does not have.",
        ),
        (
            "type A @model { b: B @hasMany } type B @model { id: ID! }",
            "schema.graphql:1:17: @hasMany on A.b needs a list.",
        ),
        (
            "type A @model { b: [B] @hasOne } type B @model { id: ID! }",
            "schema.graphql:1:17: @hasOne on A.b leads to one row, not to a list.",
        ),
        (
            'type A @model { b: B @belongsTo(fields: ["bId"]) } type B @model { id: ID! }',
            "schema.graphql:1:22: the relation names A.bId, which is no field that holds a value.",
        ),
        (
            "type A @model { b: B @belongsTo } type B @model { id: ID! }",
            "schema.graphql:1:17: @belongsTo on A.b names no fields, and B has no @hasOne or @hasMany that leads back.",
        ),
        (
            'type A @model { a: ID x: ID b: B @hasOne(fields: ["a", "x"]) } type B @model { id: ID! }',
            "schema.graphql:1:29: A.b matches 2 fields with 1.",
        ),
        (
            'type A @model { bs: [B] @manyToMany(relationName: "AB") } type B @model { id: ID! }',
            "schema.graphql:1:17: @manyToMany AB must stand on exactly two fields that lead to each other's model.",
        ),
        (
            'type A @model { a: Int @index(name: "x", sortKeyFields: ["no"]) }',
            "schema.graphql:1:24: @index names A.no, which is no field that holds a value.",
        ),
        (
            'type A @model { a: Int @index(name: "x") b: Int @index(name: "x") }',
            "schema.graphql:1:1: A has two indexes named x.",
        ),
        ("type A @model { a: Int } type A { b: Int }", "schema.graphql:1:26: A is defined twice."),
        ("type A @model { a: Int } extend type B { b: Int }", "schema.graphql:1:26: `extend type B` has no `type B`"),
        ("type A @model @auth(rules: [{ allow: nobody }]) { a: Int }", "schema.graphql:1:15: a rule allows nobody,"),
        (
            "type A @model @auth(rules: [{ allow: public, provider: magic }]) { a: Int }",
            "schema.graphql:1:15: a rule names the provider magic,",
        ),
        (
            "type A @model @auth(rules: [{ allow: public, operations: [fly] }]) { a: Int }",
            "schema.graphql:1:15: a rule allows the operation fly,",
        ),
        ("type A @model { __a: Int }", "schema.graphql:1:17: A.__a begins with two underscores,"),
        (
            'type A @model @key(name: "x", fields: ["a"]) { a: Int }',
            "schema.graphql:1:15: @key belongs to Amplify's GraphQL transformer v1, which is not supported yet.",
        ),
        (
            'type A @model { bs: [B] @connection(name: "x") } type B @model { id: ID! }',
            "schema.graphql:1:25: @connection belongs to Amplify's GraphQL transformer v1,",
        ),
        (
            'type A @model { bs: [B] @hasMany(references: ["aId"]) } type B @model { aId: ID }',
            "schema.graphql:1:25: @hasMany(references: …) is an Amplify Gen 2 relation, which is not supported yet.",
        ),
        (
            "type ModelAConnection { items: [Int]! }",
            "schema.graphql:1:1: this is what Amplify compiled, without the directives that say what it means.",
        ),
    ],
)
def test_refused(schema: str, message: str):
    with pytest.raises(ImportRefused) as caught:
        catalog_from_sdl(schema)
    assert str(caught.value).startswith(message)
    assert caught.value.todo.endswith(".")


def noticed(schema: str) -> list[str]:
    document = read([Source(schema, "s.graphql")])
    resolve(document, Provider.USER_POOLS, Flags())
    return [f"{'! ' if each.needs_person else ''}{each}" for each in document.notices]


@pytest.mark.parametrize(
    ("schema", "notices"),
    [
        (f"type A @model {RULES} {{ id: ID! }}", []),
        (
            f"type A @model {RULES} @ttl(seconds: 5) {{ id: ID! @audited }}",
            [
                "! s.graphql:1:50: @ttl is not known and has no effect.",
                "! s.graphql:1:77: @audited is not known and has no effect.",
            ],
        ),
        (f"type A @model {RULES} @aws_iam {{ id: ID! @aws_api_key }}", []),
        (
            "type A @model { id: ID! }",
            ["! s.graphql:1:1: A has no rule: nobody can use it. Add @auth, or `input AMPLIFY` for all."],
        ),
        (
            f"interface I {{ id: ID! }} union U = A type A @model {RULES} {{ id: ID! }}",
            [
                "! s.graphql:1:1: interface I is left out: Amplify APIs have none.",
                "! s.graphql:1:25: union U is left out: Amplify APIs have none.",
            ],
        ),
        (
            f'type A @model {RULES} {{ id: ID! }} type Query {{ q: A @http(url: "x") w: Int }}',
            [
                "! s.graphql:1:75: Query.q is answered by @http: write it as a Python function.",
                "! s.graphql:1:96: Query.w has its resolver outside the schema: write it as a Python function.",
            ],
        ),
    ],
)
def test_noticed(schema: str, notices: list[str]):
    assert noticed(schema) == notices


def rules(model_rules: str, extra: str = "") -> tuple[Rule, ...]:
    return catalog_from_sdl(f"type A @model {model_rules} {{ id: ID! }} {extra}").model_by_name["A"].rules


def test_rules_have_the_transformers_defaults():
    assert rules("@auth(rules: [{ allow: owner }])") == (Rule(Allow.OWNER, owner_field="owner"),)
    assert rules("@auth(rules: [{ allow: public }])") == (Rule(Allow.PUBLIC, Provider.API_KEY),)
    assert rules("@auth(rules: [{ allow: custom }])") == (Rule(Allow.CUSTOM, Provider.FUNCTION),)
    assert rules("@auth(rules: [{ allow: private, provider: identityPool }])") == (Rule(Allow.PRIVATE, Provider.IAM),)
    read_rule = rules("@auth(rules: [{ allow: private, operations: [read] }])")[0]
    assert read_rule.access == {Access.GET, Access.LIST, Access.SYNC, Access.LISTEN, Access.SEARCH}
    groups = "type A @model @auth(rules: [{ allow: groups }]) { id: ID! groups: [String] }"
    assert catalog_from_sdl(groups).models[0].rules == (Rule(Allow.GROUPS, groups_field="groups"),)


def test_old_projects_compare_owners_with_the_username():
    flags = Flags(identity_claim="username")
    model = catalog_from_sdl("type A @model @auth(rules: [{ allow: owner }]) { id: ID! }", flags=flags).models[0]
    assert model.rules == (Rule(Allow.OWNER, owner_field="owner", identity_claim="username"),)


def test_the_global_rule_is_for_models_without_their_own():
    everybody = "input AMPLIFY { globalAuthRule: AuthRule = { allow: public } }"
    assert rules("", everybody) == (Rule(Allow.PUBLIC, Provider.API_KEY),)
    assert rules(RULES, everybody) == (Rule(Allow.PRIVATE),)


API_KEY = Rule(Allow.PUBLIC, Provider.API_KEY)


@pytest.mark.parametrize(
    ("field", "provider", "expected"),
    [
        ("", Provider.USER_POOLS, (Rule(Allow.PRIVATE),)),
        ("", Provider.API_KEY, (API_KEY,)),
        ("@aws_iam @aws_api_key", Provider.USER_POOLS, (Rule(Allow.PRIVATE, Provider.IAM), API_KEY)),
        (
            '@aws_cognito_user_pools(cognito_groups: ["Admin"])',
            Provider.API_KEY,
            (Rule(Allow.GROUPS, groups=("Admin",)),),
        ),
        ("@auth(rules: [{ allow: public }, { allow: owner }])", Provider.USER_POOLS, (API_KEY,)),
        ("@auth(rules: [{ allow: owner }])", Provider.USER_POOLS, ()),
    ],
)
def test_a_custom_operation_is_open_as_appsync_has_it(field: str, provider: Provider, expected: tuple[Rule, ...]):
    schema = f'type A @model {RULES} {{ id: ID! }} type Query {{ q: Int @function(name: "q") {field} }}'
    (operation,) = catalog_from_sdl(schema, default_provider=provider).operations
    assert operation.rules == expected


def test_flags_change_names():
    schema = f"""
        type Post @model {RULES} {{
          slug: ID! @primaryKey
          comments: [Comment] @hasMany
          tags: [Tag] @manyToMany(relationName: "PostTag")
        }}
        type Comment @model {RULES} {{ id: ID! text: String @index }}
        type Tag @model {RULES} {{ id: ID! posts: [Post] @manyToMany(relationName: "PostTag") }}
    """
    old = catalog_from_sdl(schema, flags=Flags(key_named_suffix=False, automatic_queries=False)).model_by_name
    new = catalog_from_sdl(schema).model_by_name
    assert "postCommentsSlug" in new["Comment"].field_by_name
    assert "postCommentsId" in old["Comment"].field_by_name
    assert [each.query for each in new["Comment"].indexes] == ["commentsByText"]
    assert [each.query for each in old["Comment"].indexes] == [None]
    assert [each.hash for each in new["PostTag"].indexes] == ["postSlug", "tagId"]
    assert [each.hash for each in old["PostTag"].indexes] == ["postID", "tagID"]
