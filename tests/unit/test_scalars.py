"""Each scalar accepts what AppSync documents, refuses the rest in words, and never fails otherwise."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType, parse_const_value, print_ast
from hypothesis import given, settings
from hypothesis import strategies as st

from service.graphql.scalars import SCALAR_TYPES, guard_built_in_scalars, parse_json

guard_built_in_scalars()

ACCEPTED = [
    ("AWSDate", "2024-02-29", date(2024, 2, 29)),
    ("AWSDate", "2024-02-29Z", date(2024, 2, 29)),
    ("AWSDate", "2024-02-29+05:30", date(2024, 2, 29)),
    ("AWSDate", "0001-01-01", date(1, 1, 1)),
    ("AWSTime", "10:15", "10:15"),
    ("AWSTime", "10:15:30.123456789-08:00", "10:15:30.123456789-08:00"),
    ("AWSDateTime", "2024-01-31T10:15:30.123Z", datetime(2024, 1, 31, 10, 15, 30, 123000, UTC)),
    ("AWSDateTime", "2024-01-31T10:15:30+05:30", datetime(2024, 1, 31, 4, 45, 30, tzinfo=UTC)),
    ("AWSDateTime", "2024-01-31T10:15Z", datetime(2024, 1, 31, 10, 15, tzinfo=UTC)),
    ("AWSDateTime", "2024-01-31T10:15:30.123456789Z", datetime(2024, 1, 31, 10, 15, 30, 123456, UTC)),
    ("AWSTimestamp", -1, -1),
    ("AWSTimestamp", 1706696130.0, 1706696130),
    ("AWSTimestamp", 2**63 - 1, 2**63 - 1),
    ("AWSEmail", "a.b+c@example.co.uk", "a.b+c@example.co.uk"),
    ("AWSEmail", "a@localhost", "a@localhost"),
    ("AWSJSON", ' { "a b" : [ 1.0 , 1e400 ] , "a b" : "\\" " } ', '{"a b":[1.0,1e400],"a b":"\\" "}'),
    ("AWSJSON", '"text"', '"text"'),
    ("AWSJSON", "null", "null"),
    ("AWSJSON", "9" * 5000, "9" * 5000),
    ("AWSURL", "https://example.com", "https://example.com"),
    ("AWSURL", "mailto:a@example.com", "mailto:a@example.com"),
    ("AWSURL", "s3://bucket/key", "s3://bucket/key"),
    ("AWSPhone", "+49 (30) 123-456", "+49 (30) 123-456"),
    ("AWSPhone", "110", "110"),
    ("AWSIPAddress", "192.0.2.1", "192.0.2.1"),
    ("AWSIPAddress", "192.0.2.1/8", "192.0.2.1/8"),
    ("AWSIPAddress", "2001:db8::1/32", "2001:db8::1/32"),
    ("String", "", ""),
    ("ID", 5, "5"),
    ("Float", 9, 9.0),
    ("Int", 5.0, 5),
]
REFUSED = [
    ("AWSDate", "2024-02-30"),
    ("AWSDate", "29/02/2024"),
    ("AWSDate", "10000-01-01"),
    ("AWSDate", "0000-01-01"),
    ("AWSDate", "2024-02-29\n"),
    ("AWSDate", "２０２４-02-29"),  # noqa: RUF001  digits, but not these
    ("AWSDate", 20240229),
    ("AWSTime", "24:00"),
    ("AWSTime", "10:15+19:00"),
    ("AWSTime", "noon"),
    ("AWSDateTime", "2024-01-31T10:15:30"),
    ("AWSDateTime", "2024-01-31"),
    ("AWSDateTime", "2024-01-31 10:15:30Z"),
    ("AWSDateTime", "2024-02-30T10:15:30Z"),
    ("AWSDateTime", "0001-01-01T00:00:00+14:00"),
    ("AWSDateTime", "9999-12-31T23:59:59-14:00"),
    ("AWSTimestamp", 0),
    ("AWSTimestamp", True),
    ("AWSTimestamp", "1706696130"),
    ("AWSTimestamp", 1.5),
    ("AWSTimestamp", float("nan")),
    ("AWSTimestamp", float("inf")),
    ("AWSTimestamp", 2**63),
    ("AWSEmail", "a@b@c"),
    ("AWSEmail", "a b@example.com"),
    ("AWSJSON", "not json"),
    ("AWSJSON", "NaN"),
    ("AWSJSON", "[Infinity]"),
    ("AWSJSON", {"a": 1}),
    ("AWSJSON", "[" * 100_000),
    ("AWSURL", "example.com"),
    ("AWSURL", "https:example.com"),
    ("AWSURL", "https://"),
    ("AWSURL", "https://exa mple.com"),
    ("AWSPhone", "12"),
    ("AWSPhone", "12345678901234567"),
    ("AWSPhone", "phone"),
    ("AWSIPAddress", "256.0.0.1"),
    ("AWSIPAddress", "fe80::1%eth0"),
    ("AWSIPAddress", "192.0.2.1/255.255.255.0"),
    ("AWSIPAddress", "192.0.2.1/33"),
    ("AWSIPAddress", "192.0.2.1/"),
    ("String", "a\0b"),
    ("String", "\ud800"),
    ("String", 5),
    ("ID", "a\0b"),
    ("ID", 10**5000),
    ("Float", float("nan")),
    ("Float", "9.5"),
    ("Float", 10**400),
    ("Int", 2**31),
    ("Int", "5"),
    ("Int", 10**5000),
]
LITERALS_REFUSED = [
    ("AWSDate", "20240229"),
    ("AWSTimestamp", '"1706696130"'),
    ("AWSTimestamp", "9" * 5000),
    ("AWSTimestamp", "-" + "9" * 5000),
    ("AWSJSON", "{a: 1}"),
    ("AWSJSON", "null_"),
    ("Float", "1e999"),
    ("Float", "1" * 5000),
    ("Int", "1" * 5000),
    ("String", r'"\u0000"'),
    ("ID", r'"\u0000"'),
]


@pytest.mark.parametrize(("name", "value", "parsed"), ACCEPTED)
def test_accepted(name: str, value: object, parsed: object):
    got = SCALAR_TYPES[name].coerce_input_value(value)
    assert got == parsed
    assert type(got) is type(parsed)


@pytest.mark.parametrize(("name", "value"), REFUSED, ids=lambda value: repr(value)[:30] if value != 10**5000 else "big")
def test_refused(name: str, value: object):
    with pytest.raises(GraphQLError) as refusal:
        SCALAR_TYPES[name].coerce_input_value(value)
    assert refusal.value.message.encode()  # it can be sent
    assert len(refusal.value.message) < 1000


@pytest.mark.parametrize(("name", "literal"), LITERALS_REFUSED, ids=lambda text: text[:30])
def test_literals_refused(name: str, literal: str):
    with pytest.raises(GraphQLError):
        _parse_literal(SCALAR_TYPES[name], literal)


def test_the_refusal_of_half_a_character_names_it():
    with pytest.raises(GraphQLError, match=r"contains U\+D800, which cannot be stored"):
        SCALAR_TYPES["AWSEmail"].coerce_input_value("\ud800@example.com")


def test_guarding_twice_changes_nothing():
    before = SCALAR_TYPES["String"].coerce_input_value
    guard_built_in_scalars()
    assert SCALAR_TYPES["String"].coerce_input_value is before


VALUES = st.one_of(
    st.text(st.characters()),
    st.text('0123456789-:TZ+.eE/@%[]{}" ,\0\ud800'),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(),
    st.lists(st.integers()),
    st.datetimes().map(lambda value: value.isoformat() + "Z"),
    st.dates().map(str),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?[+-][0-9]{2}:[0-9]{2}\Z"),
    st.ip_addresses().map(str),
)


@settings(deadline=None)
@given(st.sampled_from(sorted(SCALAR_TYPES)), VALUES)
def test_any_value_is_accepted_or_refused(name: str, value: Any):
    parsed = _result(SCALAR_TYPES[name].coerce_input_value, value)
    if isinstance(parsed, GraphQLError):
        parsed.message.encode()  # half a character in it could not be sent
    if isinstance(parsed, str):
        assert "\0" not in parsed
        parsed.encode()
    if isinstance(parsed, datetime):
        assert parsed.tzinfo is UTC


@settings(deadline=None)
@given(st.sampled_from(sorted(SCALAR_TYPES)), st.one_of(st.integers(), st.floats(allow_nan=False), st.text()))
def test_any_literal_is_accepted_or_refused(name: str, value: Any):
    literal = json.dumps(value) if not isinstance(value, float) or abs(value) < 1e308 else "1e999"
    parsed = _result(lambda text: _parse_literal(SCALAR_TYPES[name], text), literal)
    if isinstance(parsed, float):
        assert math.isfinite(parsed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, st.sampled_from([None, 0, 1, 4]))
def test_json_is_kept_but_for_its_spaces(value: Any, indent: int | None):
    compact = json.dumps(value, separators=(",", ":"))
    assert parse_json(json.dumps(value, indent=indent)) == compact


def _result(parse: Callable[[Any], Any], value: Any) -> Any:
    """What it gives, or the refusal; anything else that it raises fails the test."""
    try:
        return parse(value)
    except GraphQLError as refusal:
        return refusal


def _parse_literal(type_: GraphQLScalarType, literal: str) -> Any:
    node = parse_const_value(literal)
    assert print_ast(node)
    assert type_.coerce_input_literal is not None
    return type_.coerce_input_literal(node)
