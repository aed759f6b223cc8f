"""What an old client notices of a difference: every kind of change, in words and in a status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLSchema,
    Node,
    build_ast_schema,
    build_schema,
    get_introspection_query,
    graphql_sync,
    parse,
    print_ast,
)
from graphql.utilities import BreakingChange, find_schema_changes

from service.cli import main
from service.contract.changes import find_changes
from service.contract.deployed import read_contract
from service.contract.reasons import EVERY, Level
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl
from tests.contracts.cases import DATA, NAMES, PRELUDE, compiled, schema

INVENTORY = Path(__file__).parents[1] / "importer" / "cases" / "inventory" / "compiled.graphql"


def deployed(tmp_path: Path, sdl: str) -> GraphQLSchema:
    path = tmp_path / "deployed.graphql"
    path.write_text(sdl)
    return read_contract(path)


def edited(*edits: tuple[str, str]) -> str:
    """The inventory as it is deployed, with edits: each replaces a pattern everywhere."""
    sdl = compiled("inventory")
    for old, new in edits:
        sdl, count = re.subn(old, new, sdl, flags=re.MULTILINE)
        assert count, old
    return sdl


def found(tmp_path: Path, *edits: tuple[str, str]) -> list[tuple[str, str, str, str]]:
    changes = find_changes(deployed(tmp_path, edited(*edits)), schema("inventory"))
    return [(each.reason.code, each.place, each.was, each.now) for each in changes]


@pytest.mark.parametrize("name", NAMES)
def test_what_amplify_deploys_for_a_schema_is_what_we_serve(name: str, tmp_path: Path):
    assert find_changes(deployed(tmp_path, compiled(name)), schema(name)) == []


GENERAL = [
    (r"^type Query \{", "type Query {\n  gone(id: ID!): Product",
     ("operation-missing", "Query.gone", "Product", "")),
    (r"^type Subscription \{", "type Subscription {\n  onGone: Product",
     ("operation-missing", "Subscription.onGone", "Product", "")),
    (r"^(type Product [^}]*)  sku: String!\n", r"\1  gone: String\n  sku: String!\n",
     ("field-missing", "Product.gone", "String", "")),
    (r"^type GeoPoint \{", "type GeoPoint {\n  size: Int!",
     ("field-missing", "GeoPoint.size", "Int!", "")),
    (r"^  cognitoSub: String$", "  cognitoSub: String!",  # of UpdateUserInput alone
     ("input-loosened", "UpdateUserInput.cognitoSub", "String!", "String")),
    (r"^  getRole\(id: ID!\)", "  getRole(id: ID!, at: Int)",
     ("argument-missing", "Query.getRole(at)", "Int", "")),
    (r"^input DeleteRoleInput \{", "input DeleteRoleInput {\n  why: String",
     ("input-missing", "DeleteRoleInput.why", "String", "")),
    (r"^  getRole\(id: ID!\)", "  getRole(id: ID)",
     ("input-tightened", "Query.getRole(id)", "ID", "ID!")),
    (r"^  getRole\(id: ID!\)", "  getRole(id: String!)",
     ("input-changed", "Query.getRole(id)", "String!", "ID!")),
    (r"^  getRole\(id: ID!\)", "  getRole(id: [ID!]!)",
     ("input-changed", "Query.getRole(id)", "[ID!]!", "ID!")),
    (r"^  getRole\(id: ID!\)", '  getRole(id: ID! = "1")',
     ("input-tightened", "Query.getRole(id)", 'ID! = "1"', "ID!")),
    (r"^  getRole\(id: ID!\)", "  getRole",
     ("input-required", "Query.getRole(id)", "", "ID!")),
    (r"(  listRoles\(.*)limit: Int,", r"\1limit: Int = 5,",
     ("default-changed", "Query.listRoles(limit)", "Int = 5", "Int")),
    (r"(  listRoles\(.*)limit: Int,", r"\1limit: Int!,",
     ("input-loosened", "Query.listRoles(limit)", "Int!", "Int")),
    (r"(  listRoles\(.*)limit: Int,", r"\1",
     ("input-added", "Query.listRoles(limit)", "", "Int")),
    (r"^enum UserStatus \{", "enum UserStatus {\n  GONE",
     ("value-missing", "UserStatus.GONE", "", "")),
    (r"^  SUSPENDED\n", "", ("value-added", "UserStatus.SUSPENDED", "", "")),
    (r"^enum ModelSortDirection \{\n  ASC", "enum ModelSortDirection {",
     ("input-value-added", "ModelSortDirection.ASC", "", "")),
    (r"^(type UserRole[^}]*)roleId: ID!", r"\1roleId: ID",
     ("output-tightened", "UserRole.roleId", "ID", "ID!")),
    (r"^(type UserRole[^}]*)expiresOn: AWSDate", r"\1expiresOn: AWSDate!",
     ("output-loosened", "UserRole.expiresOn", "AWSDate!", "AWSDate")),
    (r"^(type Product[^S][^}]*)ratings: \[Float!\]!", r"\1ratings: [Float]!",
     ("output-tightened", "Product.ratings", "[Float]!", "[Float!]!")),
    (r"^(type Product[^S][^}]*)photos: \[AWSURL\]", r"\1photos: [AWSURL!]",
     ("output-loosened", "Product.photos", "[AWSURL!]", "[AWSURL]")),
    (r"^(type UserRole[^}]*)expiresOn: AWSDate", r"\1expiresOn: AWSDateTime",
     ("output-changed", "UserRole.expiresOn", "AWSDateTime", "AWSDate")),
    (r"^(type Product[^S][^}]*)photos: \[AWSURL\]", r"\1photos: AWSURL",
     ("output-changed", "Product.photos", "AWSURL", "[AWSURL]")),
    (r"^(type UserRole[^}]*)  expiresOn: AWSDate\n", r"\1",
     ("field-added", "UserRole.expiresOn", "", "AWSDate")),
    (r"^  getRole\(id: ID!\).*\n", "", ("operation-added", "Query.getRole", "", "Role")),
    (r"^input CreateRoleInput \{[^}]*\}", "scalar CreateRoleInput",
     ("kind-changed", "CreateRoleInput", "scalar", "input")),
    (r"\A", "type Island { id: ID! }\n\n", ("unreached", "Island", "type", "")),
    (r"\A", "input Alone { id: ID! }\n\n", ("unreached", "Alone", "input", "")),
    (r"^type Product @aws_api_key", "type Product @aws_oidc @aws_api_key",
     ("mode-closed", "Product", "@aws_oidc", "")),
    (r"^type Product @aws_api_key @aws_cognito_user_pools", "type Product",
     ("mode-opened", "Product", "", "@aws_api_key")),
    (r"^type Product @aws_api_key", "type Product @aws_iam @aws_api_key",
     ("iam-closed", "Product", "@aws_iam", "")),
    (r'@aws_subscribe\(mutations: \["createRole"\]\)', '@aws_subscribe(mutations: ["createRole", "grant"])',
     ("subscription-changed", "Subscription.onCreateRole", "createRole, grant", "createRole")),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "change"), GENERAL, ids=[f"{each[2][0]}-{each[2][1]}" for each in GENERAL])
def test_each_kind_of_change(old: str, new: str, change: tuple[str, str, str, str], tmp_path: Path):
    assert found(tmp_path, (old, new)) == [change]


def test_a_type_that_is_missing_with_what_leads_to_it(tmp_path: Path):
    sdl = edited((r"^type Query \{", "type Query {\n  gone(by: GoneInput): Gone"))
    sdl += "\ntype Gone { id: ID! }\n\ninput GoneInput { id: ID! }\n"
    changes = find_changes(deployed(tmp_path, sdl), schema("inventory"))
    assert [(each.reason.code, each.place) for each in changes] == [
        ("operation-missing", "Query.gone"),
        ("type-missing", "Gone"),
        ("type-missing", "GoneInput"),
    ]


DRIFT = [
    # 1. items
    ([(r"^  items: \[Role\]!", "  items: [Role]")],
     [("drift-items", "ModelRoleConnection.items", "[Role]", "[Role]!")]),
    # 2. the filter inputs of transformer v1, version 4: of scalars and of enums
    ([(r"\bModel(ID|Boolean|UserStatus)Input\b", r"Model\1FilterInput")],
     [("drift-filter-inputs", "ModelBooleanFilterInput", "ModelBooleanFilterInput", "ModelBooleanInput"),
      ("drift-filter-inputs", "ModelIDFilterInput", "ModelIDFilterInput", "ModelIDInput"),
      ("drift-filter-inputs", "ModelUserStatusFilterInput", "ModelUserStatusFilterInput", "ModelUserStatusInput")]),
    ([(r"\bModelIntInput\b", "ModelIntFilterInput"),
      (r"^input ModelIntFilterInput \{[^}]*\}", "input ModelIntFilterInput {\n  ne: Int\n  contains: Int\n}")],
     [("drift-filter-inputs", "ModelIntFilterInput", "ModelIntFilterInput", "ModelIntInput"),
      ("drift-number-contains", "ModelIntFilterInput.contains", "Int", ""),
      *(("drift-built-in", f"ModelIntFilterInput.{each}", "", type_) for each, type_ in (
          ("eq", "Int"), ("le", "Int"), ("lt", "Int"), ("ge", "Int"), ("gt", "Int"), ("between", "[Int]"),
          ("attributeExists", "Boolean"), ("attributeType", "ModelAttributeTypes")))]),
    # 3. the hash key of an index query
    ([(r"productBySku\(sku: String!", "productBySku(sku: String")],
     [("drift-hash-key", "Query.productBySku(sku)", "String", "String!")]),
    # 4. the filter of subscriptions
    ([(r"onCreateRole\(filter: \w+\)", "onCreateRole")],
     [("drift-subscription-filter", "Subscription.onCreateRole(filter)", "", "ModelSubscriptionRoleFilterInput")]),
    # 5. Boolean filters of subscriptions
    ([(r"(input ModelSubscriptionBooleanInput \{\n  ne: )Boolean(\n  eq: )Boolean", r"\1Float\2Float")],
     [("drift-boolean", "ModelSubscriptionBooleanInput.ne", "Float", "Boolean"),
      ("drift-boolean", "ModelSubscriptionBooleanInput.eq", "Float", "Boolean")]),
    # 6. the key of a delete
    ([(r"^(input DeleteRoleInput \{\n  id: ID)!", r"\1")],
     [("drift-delete-id", "DeleteRoleInput.id", "ID", "ID!")]),
    # 7. what filters and conditions may name, and what is always written
    ([(r"^(input ModelRoleFilterInput \{[^}]*)  createdAt: ModelStringInput\n  updatedAt: ModelStringInput\n", r"\1")],
     [("drift-filter-fields", "ModelRoleFilterInput.createdAt", "", "ModelStringInput"),
      ("drift-filter-fields", "ModelRoleFilterInput.updatedAt", "", "ModelStringInput")]),
    ([(r"^input AmplifyAIConversationTurnErrorInput \{[^}]*\}", "")],
     [("drift-built-in", "AmplifyAIConversationTurnErrorInput", "", "input")]),
    # 8. plurals
    ([(r"listCategories\(", "listCategorys(")],
     [("drift-plural", "Query.listCategories".replace("ies", "ys"), "listCategorys", "listCategories")]),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "changes"), DRIFT, ids=[each[1][0][0] for each in DRIFT])
def test_the_age_of_the_cli_is_recognised(
    edits: list[tuple[str, str]], changes: list[tuple[str, str, str, str]], tmp_path: Path
):
    assert found(tmp_path, *edits) == changes


def test_only_two_marks_of_an_older_cli_break_anything():
    breaking = [each.code for each in EVERY if each.level is Level.BREAKING and each.code.startswith("drift-")]
    assert breaking == ["drift-hash-key", "drift-plural"]


def test_datastore_is_one_difference_that_is_explained():
    """The same schema with conflict resolution on: 143 differences, and nothing else."""
    changes = find_changes(read_contract(DATA / "datastore.graphql"), schema("inventory"))
    assert {each.reason.code for each in changes} == {"datastore"}
    assert len(changes) == 143
    assert {"Query.syncProducts", "Product._version", "ModelProductConnection.startedAt"} <= {
        each.place for each in changes
    }


def test_search_is_explained(tmp_path: Path):
    searched = "type Query {\n  searchRoles(filter: SearchableRoleFilterInput): SearchableRoleConnection"
    sdl = edited((r"^type Query \{", searched))
    sdl += "\ntype SearchableRoleConnection { items: [Role]! }\ninput SearchableRoleFilterInput { id: ID }\n"
    changes = find_changes(deployed(tmp_path, sdl), schema("inventory"))
    assert [(each.reason.code, each.place) for each in changes] == [
        ("search", "Query.searchRoles"),
        ("search", "SearchableRoleConnection"),
        ("search", "SearchableRoleFilterInput"),
    ]


def test_every_reason_is_met_above():
    met = {each[2][0] for each in GENERAL} | {change[0] for _, changes in DRIFT for change in changes}
    assert {each.code for each in EVERY} - met == {"type-missing", "type-added", "datastore", "search"}


def test_a_new_model_is_safe():
    """What the deployed contract has not yet, and what only its types show."""
    before = "type Todo @model @auth(rules: [{allow: public}]) { id: ID! }"
    after = before + " type Note @model @auth(rules: [{allow: public}]) { id: ID! }"
    old, new = (light_schema(catalog_from_sdl(each)) for each in (before, after))
    assert {each.reason.code for each in find_changes(old, new)} == {"operation-added", "type-added", "drift-built-in"}
    assert {each.reason.level for each in find_changes(new, old)} == {Level.BREAKING}


def test_other_names_of_root_types_count_for_nothing(tmp_path: Path):
    sdl = re.sub(r"^type (Query|Mutation|Subscription) ", r"type My\1 ", compiled("inventory"), flags=re.MULTILINE)
    sdl = "schema { query: MyQuery mutation: MyMutation subscription: MySubscription }\n" + sdl
    assert find_changes(deployed(tmp_path, sdl), schema("inventory")) == []


# ---------------------------------------------------------------- introspection


@cache
def introspection() -> dict[str, Any]:
    built = build_schema(PRELUDE + compiled("inventory"))
    data = graphql_sync(built, get_introspection_query()).data
    assert data is not None
    return data


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: {"data": data}], ids=["bare", "in data"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_introspection_is_read_and_has_lost_its_directives(wrap: Any, encoding: str, tmp_path: Path):
    path = tmp_path / "schema.json"
    path.write_bytes(json.dumps(wrap(introspection())).encode(encoding))
    old = read_contract(path)
    assert find_changes(old, schema("inventory")) == []
    assert [each.reason.code for each in find_changes(old, schema("relations"))][:1] == ["operation-missing"]


def test_both_forms_of_a_contract_differ_alike(tmp_path: Path):
    """But for directives, SDL and its introspection lead to the same differences."""
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(introspection()))
    by_sdl = find_changes(read_contract(INVENTORY), schema("erp"))
    by_introspection = find_changes(read_contract(path), schema("erp"))
    assert len(by_introspection) > 500
    # Introspection may give the types in another order.
    assert {each for each in by_sdl if "@" not in each.was + each.now} == set(by_introspection)


# ---------------------------------------------------------------- against graphql-core

EXCUSED = {
    "unreached",
    "drift-items",
    "drift-delete-id",
    "drift-boolean",
    "drift-number-contains",
    "drift-filter-inputs",
}
"""Where we know more than graphql-core."""


def mutations(document: DocumentNode) -> Iterator[tuple[str, DocumentNode]]:
    """The document with one thing changed, for every thing in it."""
    for number, definition in enumerate(document.definitions):

        def put(*made: Node, number: int = number) -> DocumentNode:
            return DocumentNode(
                definitions=(*document.definitions[:number], *made, *document.definitions[number + 1 :])
            )

        for member, text in enumerate(lines := print_ast(definition).split("\n")):
            for label, line in changed(text):
                sdl = "\n".join((*lines[:member], line, *lines[member + 1 :]))
                yield f"{label}: {lines[0]} {text.strip()}", put(*parse(sdl).definitions)


def changed(line: str) -> Iterator[tuple[str, str]]:
    if not line.startswith("  "):
        return
    yield "added", f"{line}\n  brandNew{': Int' if ':' in line else ''}"
    yield "renamed", re.sub(r"^  \w+", "  another", line)
    if ":" in line:
        yield "required", re.sub(r"(: [^@!]*?\w)(?=$| @)", r"\1!", line)
        yield "optional", re.sub(r"!(?=$| @)", "", line)
    if "(" in line:
        yield "argument required", re.sub(r"(\(\w+: \w+)(?=[,)])", r"\1!", line)
        yield "argument optional", re.sub(r"(\(\w+: \w+)!", r"\1", line)
        yield "argument renamed", re.sub(r"\(\w+:", "(another:", line)


def test_what_breaks_is_what_breaks_for_graphql_core():
    """One change at a time, all over a schema: we call breaking what it does, but where we know better."""
    document = parse(PRELUDE + compiled("access"))
    ours = build_ast_schema(document)
    seen = {True: 0, False: 0}
    for number, (label, old_document) in enumerate(mutations(document)):
        if number % 3:
            continue
        old = build_ast_schema(old_document, assume_valid=True, assume_valid_sdl=True)
        theirs = any(isinstance(each, BreakingChange) for each in find_schema_changes(old, ours))
        reasons = {each.reason for each in find_changes(old, ours)}
        breaks = any(reason.level is Level.BREAKING for reason in reasons)
        if not {reason.code for reason in reasons} & EXCUSED:
            assert breaks == theirs, label
            seen[breaks] += 1
    assert min(seen.values()) > 100


# ---------------------------------------------------------------- the command


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["contract", "diff", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_the_shipped_inventory_keeps_its_contract(capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "--against", str(INVENTORY)) == (
        0,
        "0 breaking · 0 dangerous · 0 safe\nThe contracts are the same.\n",
        "",
    )


def test_a_large_schema(capsys: pytest.CaptureFixture[str]):
    cases = INVENTORY.parents[1] / "erp"
    arguments = ("--against", str(cases / "compiled.graphql"), "--schema", str(cases / "in.graphql"))
    assert run(capsys, *arguments)[0] == 0


def test_the_report_says_what_to_do(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    path = tmp_path / "deployed.graphql"
    path.write_text(edited((r"^type GeoPoint \{", "type GeoPoint {\n  size: Int!"), (r"^  SUSPENDED\n", "")))
    assert run(capsys, "--against", str(path)) == (1, REPORT, "")


REPORT = """\
1 breaking · 1 dangerous · 0 safe

BREAKING  Fields that are missing
  Documents that select them are refused. Add them to the schema again.
    GeoPoint.size  was Int!

DANGEROUS  Enum values that are new in answers
  A client that lists the values (a switch, generated Swift or Kotlin) meets one that it does not know.
    UserStatus.SUSPENDED
"""


def test_a_long_list_is_cut_where_nothing_breaks(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    path = tmp_path / "deployed.graphql"
    path.write_text(edited((r"^  items: \[(\w+)\]!", r"  items: [\1]")))
    status, out, _ = run(capsys, "--against", str(path))
    assert status == 0
    assert out.startswith("0 breaking · 0 dangerous · 13 safe\n")
    assert out.endswith("    … and 5 more; --json lists them all\n")
    assert out.count(".items ") == 8
    listed = json.loads(run(capsys, "--against", str(path), "--json")[1])
    assert len(listed["changes"]) == 13


def test_json(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    path = tmp_path / "deployed.graphql"
    path.write_text(edited((r"^type GeoPoint \{", "type GeoPoint {\n  size: Int!")))
    status, out, _ = run(capsys, "--against", str(path), "--json")
    assert status == 1
    read = json.loads(out)
    reason = read.pop("reasons")["field-missing"]
    assert (reason["level"], reason["title"]) == ("breaking", "Fields that are missing")
    assert read == {
        "against": str(path),
        "breaking": 1,
        "dangerous": 0,
        "safe": 0,
        "changes": [
            {"level": "breaking", "code": "field-missing", "place": "GeoPoint.size", "was": "Int!", "now": None}
        ],
    }


INCOMPLETE = {"kind": "OBJECT", "name": "Query", "fields": [{"name": "a"}], "interfaces": []}
UNUSABLE = [
    ("x.graphql", "type Query { a: ", "{path}:1:17: this is not GraphQL: Expected Name, found <EOF>."),
    ("x.graphql", "type Query {\n  a: Nope\n}", "{path}:2:6: the type Nope is not defined."),
    ("x.graphql", "type A { a: Int }", "{path}: there is no Query type."),
    ("x.graphql", "query { a }", "{path}: no type is defined here."),
    ("x.graphql", "", "{path}:1:1: this is not GraphQL: Unexpected <EOF>."),
    ("x.graphql", "type A @model { id: ID! }",
     "{path}:1:8: @model: this is the schema you wrote, not the API that Amplify made of it."),
    ("x.graphql", "type Query { a: " + "[" * 100_000, "{path}:1:218: this is not GraphQL: "),
    ("x.json", "[" * 100_000, "{path}: this is nested too deeply for a schema."),
    ("x.json", '{"a": \n nope}', "{path}:2:2: this is not JSON: Expecting value."),
    ("x.json", '{"errors": [{"message": "Unauthorized"}], "data": null}',
     "{path}: this is an answer with errors, not a schema: was the request allowed?"),
    ("x.json", '{"version": 1, "models": {}}', "{path}: this JSON has no `__schema`."),
    ("x.json", "[1]", "{path}: this JSON has no `__schema`."),
    ("x.json", '{"__schema": {"types": []}}', "{path}: there is no Query type."),
    ("x.json", json.dumps({"__schema": {"queryType": {"name": "Query"}, "types": [INCOMPLETE]}}),
     "{path}: the introspection is not complete: "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "complaint"), UNUSABLE, ids=[each[2][7:45] for each in UNUSABLE])
def test_a_file_that_cannot_be_used(
    name: str, text: str, complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    path = tmp_path / name
    path.write_text(text)
    status, out, err = run(capsys, "--against", str(path))
    assert (status, out) == (2, "")
    assert err.startswith(f"offramp: {complaint.format(path=path)}")
    assert "build/schema.graphql" in err


def test_files_that_are_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    missing = str(tmp_path / "none")
    assert run(capsys, "--against", missing) == (
        2, "", f"offramp: {missing} cannot be read: No such file or directory.\n"
    )  # fmt: skip
    status, _, err = run(capsys, "--against", str(INVENTORY), "--schema", missing)
    assert (status, err.startswith(f"offramp: {missing} does not exist.")) == (2, True)


def test_a_schema_that_cannot_be_imported(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    path = tmp_path / "schema.graphql"
    path.write_text("type A @model {")
    status, _, err = run(capsys, "--against", str(INVENTORY), "--schema", str(path))
    assert status == 2
    assert "1:16: this is not GraphQL" in err
