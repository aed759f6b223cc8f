"""API names in PostgreSQL: readable, different from each other, and never cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.catalog.columns import LONGEST, camel_case, distinct_names, snake_case

NAMES = st.from_regex(r"[_A-Za-z][_0-9A-Za-z]{0,80}", fullmatch=True)


@pytest.mark.parametrize(
    ("api", "column"),
    [
        ("contactEmail", "contact_email"),
        ("imageURL", "image_url"),
        ("URLOfPage", "url_of_page"),
        ("PDFFiles", "pdf_files"),
        ("line1", "line1"),
        ("snake_case", "snake_case"),
        ("_version", "_version"),
        ("Order", "order"),
        ("aB_c", "a_b_c"),
    ],
)
def test_snake_case(api: str, column: str):
    assert snake_case(api) == column


def test_names_that_clash_are_kept_apart_in_their_order():
    assert distinct_names(["userId", "user_id", "UserID", "xmin"]) == {
        "userId": "user_id",
        "user_id": "user_id_2",
        "UserID": "user_id_3",
        "xmin": "xmin_",
    }


@given(st.lists(NAMES, unique=True, max_size=30))
def test_every_name_is_safe_in_postgresql(names: list[str]):
    columns = distinct_names(names)
    assert list(columns) == names
    assert len(set(columns.values())) == len(names)
    for column in columns.values():
        assert len(column.encode()) <= LONGEST
        assert re.fullmatch(r"[_a-z][_a-z0-9]*", column)


@given(st.from_regex(r"[a-z]+([A-Z][a-z]+){0,4}", fullmatch=True))
def test_plain_names_come_back(name: str):
    assert camel_case(snake_case(name)) == name
