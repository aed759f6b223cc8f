"""Finding the strings of a program without being its parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.documents import cooked
from service.contract.javascript import literals

Q = "query { a }"
"""What stands in the literal that is looked for."""

LAST = [
    # comments
    ("// it's a `comment`\nconst q = `{}`", "q"),
    ("/* don't ` */ const q = `{}`", "q"),
    ("const url = 'https://x'; const q = `{}`", "q"),
    ("const glob = 'src/*.js'; const q = `{}`", "q"),
    # strings
    ("const s = 'it\\'s `'; const q = `{}`", "q"),
    ('const s = "\\\\"; const q = `{}`', "q"),
    ("const s = 'a \\\n`b'; const q = `{}`", "q"),
    # regular expressions, and what is none
    ("const re = /[`/]`/g; const q = `{}`", "q"),
    ("x.replace(/'/g, ''); const q = `{}`", "q"),
    ("return /`/.test(s); const q = `{}`", "q"),
    ("const half = a / 2; const third = b / `3`; const q = `{}`", "q"),
    ("const r = (a + b) / c[0] / `2`; const q = `{}`", "q"),
    ("const r = /* ` */ /\\/`/; const q = `{}`", "q"),
    # JSX
    ("const p = <p>Don't do it</p>;\nconst q = `{}`", "q"),
    ("const p = <b>x</b>; const q = `{}`; const r = <i/>", "q"),
    ("const p = <br />; const q = `{}`", "q"),
    ("const p = <p>and/or `odd</p>;\nconst q = gql`{}`", "q"),
    ("const p = <p>`</p>, r = `x`, q = /* GraphQL */ `{}`", "q"),
    # names
    ("export const q = /* GraphQL */ `{}` as GeneratedQuery<A, B>;", "q"),
    ("const q: string = `{}`", "q"),
    ("const q: DocumentNode = gql`{}`", "q"),
    ("const q: Typed<A, B> = gql`{}`", "q"),
    ("let q: types.Doc = gql(`{}`)", "q"),
    ("const q = Apollo.gql`{}`", "q"),
    ("const q = gql(/* GraphQL */ `{}`)", "q"),
    ("const all = { p: 1, q: gql`{}` }", "q"),
    ("const all = { 'q': gql`{}` }", None),
    ("class A { static q = gql`{}` }", "q"),
    ("class A { q: string = `{}` }", "q"),
    ("const a = 1, q = `{}`", "q"),
    ("API.graphql(graphqlOperation(`{}`, { id }))", None),
    ("send(`{}`)", None),
    ("`{}`", None),
    ("a == `{}`", None),
]


@pytest.mark.parametrize(("source", "name"), LAST, ids=[each[0][:40] for each in LAST])
def test_a_literal_is_found_with_its_name(source: str, name: str | None):
    found = [each for each in literals(source.replace("{}", Q)) if [part.text for part in each.parts] == [Q]]
    assert [each.name for each in found] == [name]


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("gql`{}`", True),
        ("graphql`{}`", True),
        ("/* GraphQL */ `{}`", True),
        ("/*graphql*/\n`{}`", True),
        ("gql('{}')", True),
        ("graphqlOperation('{}')", True),
        ("gql(/* GraphQL */ `{}`)", True),
        ("/* GraphQL */ x; `{}`", False),
        ("/* other */ `{}`", False),
        ("sql`{}`", False),
        ("'{}'", False),
    ],
)
def test_what_marks_a_document(source: str, marked: bool):  # noqa: FBT001
    assert [each.marked for each in literals(source)] == [marked]


def test_templates_in_templates():
    source = "const a = `x ${ f({ b: `in ${ {c: '}'}.c }` }) } y ${z}`"
    inner, outer = literals(source)[1:]
    assert [(part.text, part.is_expression) for part in inner.parts] == [
        ("in ", False),
        (" {c: '}'}.c ", True),
        ("", False),
    ]
    assert [(part.text, part.is_expression) for part in outer.parts] == [
        ("x ", False),
        (" f({ b: `in ${ {c: '}'}.c }` }) ", True),
        (" y ", False),
        ("z", True),
        ("", False),
    ]
    assert (inner.name, outer.name) == ("b", "a")
    assert all(source[part.start :].startswith(part.text) for part in (*inner.parts, *outer.parts))


def test_a_template_that_never_ends_hides_nothing_behind_it():
    assert [each.name for each in literals("const a = `x\nconst b = 'y'")] == ["b"]


@given(st.text(alphabet="`'\"${}\\/*[]()\n ab=:<>.") | st.text())
def test_any_text_is_read(source: str):
    for each in literals(source):
        for part in each.parts:
            assert source[part.start :].startswith(part.text)
            assert len(cooked(part.text)) == len(part.text)


@pytest.mark.parametrize(
    "pattern",
    ["\\'", "'", '"', "/*", "`${", "${`}", "/[", "`", "a='", "\\`", '"\\\n', "gql`", "/a", "{", "`${{", "<a>'</a>`"],
)
def test_time_grows_with_the_length(pattern: str):
    """An odd quote on each of these would cost hours if what follows were read again for each."""
    literals(pattern * 20_000)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("a \\` b", "a  ` b"),
        ("a \\n b", "a    b"),
        ('name: "a\\\\"b"', 'name: "a \\"b"'),
        ("\\${x}", " ${x}"),
        ("caf\\u00e9 \\x41 \\u{1F600}", "caf     ?    ?         ?"),
        ("end\\", "end\\"),
    ],
)
def test_escapes_are_read_at_the_same_length(raw: str, read: str):
    assert cooked(raw) == read
