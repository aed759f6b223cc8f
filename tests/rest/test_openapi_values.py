"""What the document says of values is what the parsers of scalars accept, no more and no less."""

from __future__ import annotations

import re

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from service.graphql.scalars import SCALAR_TYPES, guard_built_in_scalars
from service.rest.openapi.values import FORMS

PATTERNS = {name: re.compile(form.request["pattern"]) for name, form in FORMS.items() if "pattern" in form.request}
BY_CALENDAR = {"AWSDate", "AWSDateTime"}
"""A pattern lets in the 30th of February; `format` says the rest."""


@pytest.fixture(autouse=True)
def guarded() -> None:
    guard_built_in_scalars()


def accepts(name: str, value: object) -> bool:
    try:
        SCALAR_TYPES[name].coerce_input_value(value)
    except (GraphQLError, ValueError):
        return False
    return True


def test_every_scalar_has_a_form_and_an_example_of_it():
    assert FORMS.keys() == SCALAR_TYPES.keys()
    for name, form in FORMS.items():
        assert accepts(name, form.example), name
        assert name not in PATTERNS or PATTERNS[name].search(form.example), name


@pytest.mark.parametrize("name", sorted(PATTERNS.keys() - BY_CALENDAR))
def test_what_matches_the_pattern_is_accepted(name: str):
    @given(st.from_regex(PATTERNS[name], fullmatch=True))
    def check(text: str):
        assert accepts(name, text)

    check()


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_what_is_accepted_matches_the_pattern(name: str):
    near = st.from_regex(PATTERNS[name], fullmatch=True).flatmap(
        lambda text: st.tuples(st.just(text), st.integers(0, len(text)), st.sampled_from("x0:-TZ+@. \n\0é"))
    )

    @given(near)
    def check(edit: tuple[str, int, str]):
        text, at, inserted = edit
        changed = text[:at] + inserted + text[at + 1 :]
        if accepts(name, changed):
            assert PATTERNS[name].search(changed)

    check()


@pytest.mark.parametrize(
    ("name", "least", "most"), [("Int", -(2**31), 2**31 - 1), ("AWSTimestamp", -(2**63), 2**63 - 1)]
)
def test_whole_numbers_end_where_it_says(name: str, least: int, most: int):
    assert (FORMS[name].request["minimum"], FORMS[name].request["maximum"]) == (least, most)
    assert [accepts(name, value) for value in (least - 1, least, most, most + 1)] == [False, True, True, False]
    assert accepts(name, 7.0)
    assert not accepts(name, 7.5)


def test_zero_is_no_timestamp():
    assert FORMS["AWSTimestamp"].request["not"] == {"const": 0}
    assert not accepts("AWSTimestamp", 0)
