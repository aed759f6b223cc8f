"""Cursors: what is put in comes out, and nothing else is let in."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.catalog.model import Catalog
from service.db.plans.cursors import SIGNATURE, Cursors
from service.db.plans.sources import PageOrder, SortKey
from service.errors import Invalid
from service.importer import catalog_from_sdl

CATALOG: Catalog = catalog_from_sdl(
    "type A @model @auth(rules: [{ allow: private }]) { id: ID! x: Int y: Int }"
    " type B @model @auth(rules: [{ allow: private }]) { id: ID! x: Int y: Int }"
)
CURSORS = Cursors(b"k" * 32)
ORDERS = [
    PageOrder(CATALOG.model_by_name[model], sort, descending)
    for model in "AB"
    for sort in (
        (),
        (SortKey(("x",)),),
        (SortKey(("x",), descending=True),),
        (SortKey(("x", "y")),),
        (SortKey(("x",)), SortKey(("y",))),
        (SortKey(("y", "x")),),
    )
    for descending in (False, True)
]

_values = st.lists(
    st.one_of(st.text(max_size=20), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)),
    min_size=1,
    max_size=4,
)


@given(st.sampled_from(ORDERS), _values)
@settings(derandomize=True)
def test_round_trip(order: PageOrder, values: list[object]):
    token = CURSORS.encode(order, values)
    assert CURSORS.decode(order, token) == values
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_cursor_is_good_for_its_own_order_alone():
    for given_order in ORDERS:
        token = CURSORS.encode(given_order, ["x"])
        for order in ORDERS:
            if order == given_order:
                assert CURSORS.decode(order, token) == ["x"]
            else:
                with pytest.raises(Invalid):
                    CURSORS.decode(order, token)


def test_a_cursor_of_another_key_is_refused():
    with pytest.raises(Invalid):
        CURSORS.decode(ORDERS[0], Cursors(b"j" * 32).encode(ORDERS[0], ["x"]))


def test_instances_with_one_key_take_each_others_cursors():
    assert Cursors(b"k" * 32).decode(ORDERS[0], CURSORS.encode(ORDERS[0], ["x"])) == ["x"]


@given(_values, st.data())
@settings(derandomize=True)
def test_a_changed_cursor_is_refused(values: list[object], data: st.DataObject):
    token = CURSORS.encode(ORDERS[0], values)
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    with pytest.raises(Invalid) as refused:
        CURSORS.decode(ORDERS[0], changed)
    assert refused.value.error_type == "InvalidNextToken"


@given(st.text(max_size=60))
@settings(derandomize=True)
def test_any_other_text_is_refused(text: str):
    with pytest.raises(Invalid):
        CURSORS.decode(ORDERS[0], text)


def test_one_cursor_has_one_spelling():
    token = CURSORS.encode(ORDERS[0], ["xy"])
    spellings = {
        token + "=",
        token + "==",
        f" {token}",
        f"{token}\n",
        f"{token[:4]}.{token[4:]}",
        f"{token[:4]}!{token[4:]}",
    }
    last = token[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings |= {token[:-1] + each for each in alphabet if each != last}
    spellings |= {token.replace("-", "+").replace("_", "/")} - {token}
    for spelling in spellings:
        with pytest.raises(Invalid):
            CURSORS.decode(ORDERS[0], spelling)


def test_the_signature_comes_first_and_is_long_enough():
    raw = base64.urlsafe_b64decode(CURSORS.encode(ORDERS[0], ["ab"]) + "==")
    assert raw[SIGNATURE:] == b'["ab"]'
    assert SIGNATURE * 8 >= 96
