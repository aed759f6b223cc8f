"""Every operation of a frontend is found and tried: in documents, in generated modules, inline in source."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, print_ast

from service.cli import main
from service.contract.checking import Checked, Checker
from service.contract.documents import Document, find_documents
from service.contract.operations import Read, read_operations
from service.contract.samples import sample_variables
from service.contract.sources import find_sources
from service.contract.text import Text
from service.importer import catalog_from_sdl
from tests.contracts.cases import CASES, DATA, catalog, schema

TODO = DATA / "todo-app" / "schema.graphql"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["contract", "check", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def read(folder: Path) -> Read:
    """What is in the files of a folder."""
    found = find_documents(find_sources([folder]))
    result = read_operations(found.documents)
    result.unfollowed += found.unfollowed
    return result


def checked(folder: Path, schema: str = "") -> dict[str, list[str]]:
    """Operation → what is wrong with it, in a program of the todo app."""
    checker = Checker(catalog_from_sdl(schema or TODO.read_text()))
    return {each.name: _problems(checker.check(each)) for each in read(folder).operations}


def _problems(result: Checked) -> list[str]:
    return [f"{each.place.line}:{each.place.column} {each.message}" for each in result.problems]


def test_a_file_without_a_document_is_no_operation(tmp_path: Path):
    (tmp_path / "fragments.graphql").write_text("\ufeff# none yet\n\n  # this is an auto generated file\n")
    (tmp_path / "subscriptions.graphql").touch()
    (tmp_path / "queries.graphql").write_text("# one\nquery {")
    assert [each.place.file for each in read(tmp_path).unreadable] == [str(tmp_path / "queries.graphql")]


# ---------------------------------------------------------------- what Amplify generates

GENERATED = sorted(DATA.glob("*/operations/*.graphql"))


def javascript(document: str) -> str:
    """A module as Amplify's code generator writes it for JavaScript."""
    lines = ["/* eslint-disable */", "// this is an auto generated file. This will be overwritten", ""]
    for node in parse(document).definitions:
        name = node.name.value
        body = "\n".join(f"  {line}" for line in print_ast(node).split("\n"))
        lines.append(f"export const {name[0].lower()}{name[1:]} = /* GraphQL */ `\n{body}\n`;")
    return "\n".join(lines) + "\n"


def typescript(document: str) -> str:
    """The same for TypeScript."""
    lines = [
        "/* tslint:disable */", "/* eslint-disable */", "", 'import * as APITypes from "../API";',
        "type GeneratedQuery<InputType, OutputType> = string & {",
        "  __generatedQueryInput: InputType;", "  __generatedQueryOutput: OutputType;", "};", "",
    ]  # fmt: skip
    for node in parse(document).definitions:
        name = node.name.value
        types = f"GeneratedQuery<\n  APITypes.{name}QueryVariables,\n  APITypes.{name}Query\n>"
        lines.append(f"export const {name[0].lower()}{name[1:]} = /* GraphQL */ `{print_ast(node)}\n` as {types};")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
@pytest.mark.parametrize("form", ["graphql", "js", "ts"])
def test_generated_operations_are_answered(path: Path, form: str, tmp_path: Path):
    make = {"graphql": str, "js": javascript, "ts": typescript}[form]
    (tmp_path / f"{path.stem}.{form}").write_text(make(path.read_text()))
    found = read(tmp_path)
    assert (found.unreadable, found.unfollowed) == ([], [])
    wanted = [each.name.value for each in parse(path.read_text()).definitions]
    assert [each.name for each in found.operations] == wanted
    if form == "graphql" or path.parts[-3] == "inventory":
        checker = Checker(catalog(path.parts[-3]))
        results = [checker.check(each) for each in found.operations]
        assert [each for each in results if each.problems] == []
        closed = {name for each in results for name in each.closed}
        assert closed == ({"updateAuditLog", "deleteAuditLog"} if path.stem == "mutations" else set())


def test_the_inventory_in_numbers(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, str(DATA / "inventory" / "operations"), "--json")
    assert status == 0
    listed = json.loads(out)
    assert (len(listed["operations"]), listed["failing"], listed["subscriptions"]) == (137, 0, 39)
    assert [each["name"] for each in listed["operations"] if each["unanswered"]] == []


def test_operations_that_nothing_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.graphql").write_text("query A { remind(id: 1) }")
    arguments = (str(tmp_path), "--schema", str(TODO))
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert out.startswith("1 operation in 1 file · 0 failing · 1 waiting for code\n")
    assert out.endswith(f"\n  remind  in {tmp_path}/a.graphql:1:1\n")
    monkeypatch.setenv("OFFRAMP_FUNCTIONS", '{"remind-${env}": "remind-dev"}')
    assert run(capsys, *arguments)[1].startswith("1 operation in 1 file · 0 failing\n")
    monkeypatch.setenv("OFFRAMP_FUNCTIONS", "remind")
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("offramp: OFFRAMP_FUNCTIONS ")


def test_who_may_run_an_operation(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run(capsys, str(DATA / "inventory" / "operations"), "--json")
    callers = {each["name"]: each["callers"] for each in json.loads(out)["operations"]}
    everybody = ["userPools", "apiKey", "Admin", "Manager", "every group"]
    assert callers["ListProducts"] == everybody
    assert callers["DeleteProduct"] == ["Admin", "Manager", "every group"]
    assert callers["CreateAuditLog"] == ["userPools", "Admin", "Manager", "every group"]
    assert callers["DeleteAuditLog"] == []


def test_every_required_variable_has_a_value_that_fits():
    """No operation fails for want of a value: of what Amplify generates for all models, and of all scalars."""
    for name in ("inventory", "erp"):
        for path in (DATA / name / "operations").glob("*.graphql"):
            for node in parse(path.read_text()).definitions:
                values = sample_variables(schema(name), node)
                required = [each for each in node.variable_definitions if print_ast(each.type).endswith("!")]
                assert len(values) == len(required)
    scalars = "AWSDate AWSTime AWSDateTime AWSTimestamp AWSEmail AWSJSON AWSURL AWSPhone AWSIPAddress Int Float Boolean"
    fields = "\n".join(f"f{each}: {each}! l{each}: [{each}!]!" for each in [*scalars.split(), "ID", "String", "E"])
    sdl = f"enum E {{ A }} type T @model @auth(rules: [{{allow: public}}]) {{ id: ID! {fields} }}"
    checker = Checker(catalog_from_sdl(sdl))
    document = "mutation M($input: CreateTInput!) { createT(input: $input) { id } }"
    assert [_problems(checker.check(each)) for each in read_operations(_documents(document)).operations] == [[]]


def _documents(text: str) -> Any:
    return [Document(Text.of_file(text, "x.graphql"), is_file=True)]


# ---------------------------------------------------------------- inline in source

SELECT = "{ listTodos { items { id } } }"
FRAGMENT = "const F = gql`fragment F on Todo { id name }`;\n"
USES_G = "const a = gql`query A { listTodos { items { ...G ...F } } } ${G} ${F}`"
USES_F = "query A { listTodos { items { ...F } } }"


def undefined(place: str, path: str) -> list[str]:
    """What is said of a field `nope` that Todo does not have."""
    return [
        f"{place} Validation error of type FieldUndefined: Field 'nope' in type 'Todo' is undefined @ '{path}/nope'"
    ]


INLINE = [
    ("a.js", f"const a = gql`query A {SELECT}`", {"A": []}),
    ("a.jsx", f"const a = gql`{SELECT}`", {"a": []}),
    ("a.mjs", f"send({{ query: `{SELECT}` }})", {"query": []}),
    ("a.ts", f"API.graphql(graphqlOperation('query A {SELECT}'))", {"A": []}),
    ("a.tsx", f"client.graphql({{ query: `query A {SELECT}` }})", {"A": []}),
    ("a.cts", f"client.graphql({{ query: /* GraphQL */ `{SELECT}` }})", {"query": []}),
    ("a.vue", f"<template><p>it's `odd</p></template>\n<script setup>\nconst a = gql`query A {SELECT}`\n</script>",
     {"A": []}),
    ("a.svelte", f"<script lang='ts'>const a = gql`query A {SELECT}`</script>\n<p>a ` b</p>", {"A": []}),
    ("a.gql", f"query A {SELECT}\nquery B {SELECT}\n{SELECT}", {"A": [], "B": [], "(no name)": []}),
    ("a.js", f"gql`query A {SELECT} query B {SELECT}`", {"A": [], "B": []}),
    # fragments
    ("a.js", f"{FRAGMENT}const a = gql`{USES_F} ${{F}}`", {"A": []}),
    ("a.js", f"{FRAGMENT}const a = gql`${{F}} {USES_F} ${{F}}`", {"A": []}),
    ("a.js", f"const x = {{ F: gql`fragment F on Todo {{ id }}` }};\nconst a = gql`{USES_F} ${{x.F}}`", {"A": []}),
    ("a.js", "const fields = `id name`;\nconst a = `query A { listTodos { items { ${fields} } } }`", {"A": []}),
    ("a.js", f"{FRAGMENT}const G = gql`fragment G on Todo {{ ...F }} ${{F}}`;\n{USES_G}", {"A": []}),
    ("a.js", f"const a = gql`{USES_F}`",
     {"A": ["1:48 Validation error of type UndefinedFragment: Undefined fragment F @ 'listTodos/items'"]}),
    ("a.js", "const F = gql`fragment F on Todo {\n  id nope }`;\nconst a = gql`" + USES_F + " ${F}`",
     {"A": undefined("2:6", "F")}),
    ("a.js", f"{FRAGMENT}const a = gql`query A {SELECT} ${{F}}`",
     {"A": ["1:15 Fragment 'F' is never used."]}),
    # values that only the running program knows
    ("a.js", 'f(`query A { listTodos(filter: {name: {eq: "${name}"}}) { items { id } } }`)', {"A": []}),
    ("a.js", 'f(`query A {\n  a: getTodo(id: "a-${id}") { id }\n  b: getTodo(id: "${ids[1]}") { nope } }`)',
     {"A": undefined("3:33", "getTodo")}),
    # where the fault is
    ("a.js", "// one\nconst a = gql`\n  query A {\n    listTodos { items { nope } }\n  }`",
     {"A": undefined("4:25", "listTodos/items")}),
    ("a.js", "const fields = `id\n  nope`;\nconst a = `query A { listTodos { items { ${fields} } } }`",
     {"A": undefined("2:3", "listTodos/items")}),
    ("a.js", "f(`query A { todosByList { nextToken } }`)",
     {"A": ["1:14 Validation error of type MissingFieldArgument: Missing field argument listId @ 'todosByList'"]}),
    ("a.js", "f(`query A { listTodos(sortBy: NAME) { nextToken } }`)",
     {"A": ["1:24 Validation error of type UnknownArgument: Unknown field argument sortBy @ 'listTodos'"]}),
    # what is no operation
    ("a.js", "const a = css`a { b { c: d } }`; const t = `query me if you {can}`; 'query'; // query { a }", {}),
    ("a.js", "const typeDefs = gql`type Query { a: Int }`", {}),
    ("a.js", "f(`{ ${a} { ${b} { c } } }`)", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "source", "wanted"), INLINE, ids=[f"{each[0]} {each[1][:50]}" for each in INLINE])
def test_documents_in_source(name: str, source: str, wanted: dict[str, list[str]], tmp_path: Path):
    (tmp_path / name).write_text(source)
    assert checked(tmp_path) == wanted
    assert read(tmp_path).unreadable == []


def test_a_made_up_string_is_not_blamed_for_what_it_says(tmp_path: Path):
    model = "type Task @model @auth(rules: [{allow: public}]) { id: ID! at: AWSDateTime! }"
    (tmp_path / "a.js").write_text("""
        f(`mutation A { createTask(input: {at: "${now}"}) { id } }`)
        f(`query B { listTasks(filter: {at: {gt: "${now}T"}}) { items { id } } }`)
        f(`mutation C { createTask(input: {at: "now"}) { id } }`)
    """)
    wrong = checked(tmp_path, model)
    assert (wrong["A"], wrong["B"]) == ([], [])
    assert wrong["C"] == ["4:12 'now' is not a date and time with an offset, such as 2024-02-29T10:15:30.000Z."]


def test_fragments_of_other_files(tmp_path: Path):
    (tmp_path / "a.js").write_text(f"import {{ F }} from './b';\nconst a = gql`{USES_F} ${{F}}`")
    (tmp_path / "b.js").write_text("export " + FRAGMENT)
    (tmp_path / "c.graphql").write_text("query C { listTodos { items { ...D } } }")
    (tmp_path / "d.graphql").write_text("fragment D on Todo { id nope }")
    (tmp_path / "e.js").write_text("const e = `query E { listTodos { items { ${fields} } } }`")
    (tmp_path / "f.js").write_text("export const fields = `id name`;")
    found = read(tmp_path)
    checker = Checker(catalog_from_sdl(TODO.read_text()))
    problems = [str(each.place) for operation in found.operations for each in checker.check(operation).problems]
    assert [each.name for each in found.operations] == ["C", "A", "E"]
    assert (found.unfollowed, problems) == ([], [f"{tmp_path}/d.graphql:1:25"])


BEGINS = "it begins like an operation, but Syntax Error:"
UNFOLLOWED = [
    ("const a = gql`query A { listTodos { ${items()} } }`", "1:39", "${items()} is no template in these files"),
    ("const a = gql`query A { x } ${B}`;\nconst B = gql`query B { ${a} }`;", None, "${B} leads back to itself"),
    ("const a = 'query A { ' + fields + ' }'", "1:22", f"{BEGINS} Expected Name, found <EOF>."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "place", "why"), UNFOLLOWED)
def test_what_cannot_be_followed_is_said(source: str, place: str | None, why: str, tmp_path: Path):
    (tmp_path / "a.js").write_text(source)
    found = read(tmp_path)
    assert found.operations == []
    assert why in [each.why for each in found.unfollowed] or place is None
    if place:
        assert [str(each.place) for each in found.unfollowed] == [f"{tmp_path}/a.js:{place}"]


def test_two_templates_of_one_name(tmp_path: Path):
    (tmp_path / "a.js").write_text(f"const a = gql`{USES_F} ${{F}}`")
    for name in ("b", "c"):
        (tmp_path / f"{name}.js").write_text(f"const F = gql`fragment F on Todo {{ {name} }}`")
    assert [each.why for each in read(tmp_path).unfollowed] == ["${F} could be any of 2 templates"]


def test_a_document_that_says_it_is_one_must_be_readable(tmp_path: Path):
    (tmp_path / "a.js").write_text("x\nconst a = gql`query A { listTodos { items { id } }`")
    (tmp_path / "b.graphql").write_text("query B {\n  listTodos(")
    (tmp_path / "c.graphql").write_text("type A { b: Int }")
    found = read(tmp_path)
    assert [(each.name, str(each.place).removeprefix(str(tmp_path))) for each in found.unreadable] == [
        ("(a document)", "/b.graphql:2:13"),
        ("a", "/a.js:2:51"),
    ]
    assert found.unreadable[1].message == "Unable to parse GraphQL query. Syntax Error: Expected Name, found <EOF>."
    assert found.schemas == [f"{tmp_path}/c.graphql"]


# ---------------------------------------------------------------- what is tried

RULES = """
type Open @model @auth(rules: [{allow: public}]) { id: ID! a: Int }
type Secret @model @auth(rules: [{allow: private, provider: iam}]) { id: ID! }
type Stock @model @auth(rules: [{allow: owner}, {allow: groups, groups: ["Admin"], operations: [read]}]) {
  place: ID! @primaryKey(sortKeyFields: ["at"])
  at: Int!
  price: Float @auth(rules: [{allow: groups, groups: ["Admin"]}])
}
type Bare @model { id: ID! }
type Query { quote(id: ID!): Int @function(name: "quote") @auth(rules: [{allow: groups, groups: ["Admin"]}]) }
"""
BARE = "Not Authorized to access getBare on type Query"
LEAF = "Sub selection not allowed on leaf type Int of field a"
TRIED = [
    ("{ getOpen(id: 1) { id } }", [], ["apiKey"], []),
    ("{ getSecret(id: 1) { id } }",
     ["Not Authorized to access getSecret on type Query (its rules let in callers by iam alone, who are not served)"],
     [], []),
    ("{ getBare(id: 1) { id } }",
     [f"{BARE} (no @auth rule lets anybody in; write one, such as {{ allow: public }})"], [], []),
    ("{ listStocks(sortDirection: DESC) { nextToken } }",
     ["When providing argument 'sortDirection' you must also provide argument 'place'."], [], []),
    ("query ($p: ID!) { listStocks(place: $p, sortDirection: DESC) { nextToken } }", [],
     ["userPools", "Admin", "every group"], []),
    ("query ($at: ModelIntKeyConditionInput) { listStocks(at: $at) { nextToken } }", [],
     ["userPools", "Admin", "every group"], []),
    ("mutation { createStock(input: {place: 1, at: 2, price: 3}) { at } }", [], ["Admin", "every group"], []),
    ("{ quote(id: 1) }", [], ["Admin", "every group"], ["quote"]),
    ("{ getOpen(id: 1) { id } quote(id: 1) }", [], [], ["quote"]),
    ("{ __schema { types { name } } __typename }", [], ["userPools", "apiKey", "Admin", "every group"], []),
    ("subscription { onCreateOpen { id } }", [], [], []),
    ("subscription { onCreateOpen { nope } }",
     ["Validation error of type FieldUndefined: Field 'nope' in type 'Open' is undefined @ 'onCreateOpen/nope'"],
     [], []),
    ("{ getOpen(id: 1) { a { b } } }",
     [f"Validation error of type SubSelectionNotAllowed: {LEAF} @ 'getOpen/a'"], [], []),
    ("query ($x: Int) { getOpen(id: 1) { id } }", ["Validation error of type UnusedVariable: Unused variable x @ ''"],
     [], []),
    ("{ " + " ".join(f"a{number}: getOpen(id: 1) {{ id }}" for number in range(201)) + " }",
     ["The document has more than 200 root fields (OFFRAMP_MAX_ALIASES)."], [], []),
]  # fmt: skip


@pytest.mark.parametrize(("query", "problems", "callers", "custom"), TRIED, ids=[each[0][:60] for each in TRIED])
def test_what_becomes_of_an_operation(query: str, problems: list[str], callers: list[str], custom: list[str]):
    (operation,) = read_operations(_documents(query)).operations
    result = Checker(catalog_from_sdl(RULES)).check(operation)
    assert [each.message for each in result.problems] == problems
    if not problems:
        assert (list(result.callers), list(result.unanswered)) == (callers, custom)


# ---------------------------------------------------------------- which files


def test_what_others_wrote_or_tools_made_is_left_out(tmp_path: Path):
    text = f"gql`query A {SELECT}`"
    kept = ["src/a.js", "src/deep/er/b.tsx", "c.graphql"]
    left = ["node_modules/x/a.js", ".git/a.js", "build/a.js", "dist/a.js", ".next/a.js", "a.min.js", "a.py", "a.json",
            "amplify/#current-cloud-backend/a.graphql", "amplify/backend/api/x/build/schema.graphql"]  # fmt: skip
    for name in (*kept, *left):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "big.js").write_text(" " * 5_000_001)
    (tmp_path / "gone.js").symlink_to(tmp_path / "nowhere")
    found = [str(path.relative_to(tmp_path)) for path in find_sources([tmp_path])]
    assert found == ["c.graphql", "src/a.js", "src/deep/er/b.tsx"]
    named = tmp_path / "dist" / "a.js"
    assert find_sources([named, named, tmp_path / "dist"]) == [named]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("none", None, "There is no file or folder {path}."),
        ("a.py", b"", "{path}: files of this kind are not read.\n  It reads .cjs, .cts, .gql, "),
        ("a.js", b"const a = 1", "There is no GraphQL operation in {path}: 1 files were searched."),
        ("a.graphql", b"type Query { a: Int }", "There is no GraphQL operation in {path}: 1 files were searched."),
    ],
)
def test_nothing_to_check(
    name: str, content: bytes | None, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    status, out, err = run(capsys, str(path))
    assert (status, out) == (2, "")
    assert err.startswith(f"offramp: {complaint.format(path=path)}")


def test_bytes_that_are_no_text_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a.js").write_bytes(b"\xff\x00 gql`query A { listProducts { nextToken } }` // caf\xe9\r\n")
    status, out, _ = run(capsys, str(tmp_path))
    assert (status, out.splitlines()[0]) == (0, "1 operation in 1 file · 0 failing")


# ---------------------------------------------------------------- the command


def test_progress_is_shown_to_who_watches(tmp_path: Path):
    (tmp_path / "a.js").write_text("gql`query A { listProducts { nextToken } }`")
    command = [sys.executable, "-m", "service", "contract", "check", str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
    watched, end = pty.openpty()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=end, check=True)
    os.close(end)
    assert b"checking 1/1" in os.read(watched, 10_000)
    os.close(watched)


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "a.js"
    path.write_text(
        "const a = gql`query A { getTodo(id: 1) { nope } }`;\nconst b = gql`query`;\nconst c = gql`{ ${x} }`"
    )
    status, out, _ = run(capsys, str(path), "--schema", str(TODO), "--json")
    assert status == 1
    undefined = "Validation error of type FieldUndefined: Field 'nope' in type 'Todo' is undefined @ 'getTodo/nope'"
    assert json.loads(out) == {
        "operations": [
            {
                "name": "A",
                "type": "query",
                "place": f"{path}:1:15",
                "problems": [{"place": f"{path}:1:42", "message": undefined}],
                "callers": [],
                "unanswered": [],
                "closed": [],
            }
        ],
        "failing": 1,
        "subscriptions": 0,
        "unfollowed": [{"place": f"{path}:3:19", "why": "${x} is no template in these files"}],
        "schemas": [],
    }


def test_the_schema_must_be_usable(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    status, out, err = run(capsys, str(CASES), "--schema", str(tmp_path / "none"))
    assert (status, out) == (2, "")
    assert err.startswith(f"offramp: {tmp_path}/none does not exist.\n")
