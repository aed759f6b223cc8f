"""The scalars of an Amplify API: what each accepts, and the Python value that goes to the database.

One row each in `SCALAR_TYPES`, shared by the light and the Strawberry schema. Output passes through:
rows arrive as the JSON that is sent. Source: AppSync developer guide, "Scalar types in GraphQL".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from ipaddress import ip_address, ip_interface
from typing import Any, NoReturn

from graphql import (
    ConstValueNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    IntValueNode,
    StringValueNode,
    print_ast,
)

Parse = Callable[[Any], Any]

_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-8]):[0-5][0-9](?::[0-5][0-9])?)"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
DATE = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_OFFSET}?")
TIME = re.compile(rf"{_CLOCK}{_OFFSET}?")
DATE_TIME = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}{_OFFSET}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*")
URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00/?#]+|(?!https?:)[A-Za-z][A-Za-z0-9+.-]*:)[^\s\x00]*")
PHONE = re.compile(r"\+?[ ().-]*(?:[0-9][ ().-]*){3,15}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_JSON_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\n\r]+')
_LONGEST = 2**63
"""One above the largest AWSTimestamp, which is stored as a bigint."""


def parse_text(value: object) -> str:
    """A string that PostgreSQL can store: without U+0000 and without half a surrogate pair."""
    if not isinstance(value, str):
        _refuse(value, "is not a string")
    found = _UNSTORABLE.search(value)
    if found:
        _refuse(value, f"contains U+{ord(found[0]):04X}, which cannot be stored")
    return value


def parse_date(value: object) -> date:
    """`2024-02-29`, with or without an offset; the offset says where the date was meant and is dropped."""
    text = parse_text(value)
    found = DATE.fullmatch(text)
    try:
        return date.fromisoformat(found[1]) if found else _refuse(text, "is not a date such as 2024-02-29")
    except ValueError:
        _refuse(text, "is not a day of the calendar")


def parse_time(value: object) -> str:
    """`10:15`, `10:15:30` or `10:15:30.123`, with or without an offset; kept as it was written."""
    text = parse_text(value)
    return text if TIME.fullmatch(text) else _refuse(text, "is not a time such as 10:15:30.000Z")


def parse_date_time(value: object) -> datetime:
    """A date and time with an offset, in UTC. What is finer than a microsecond is cut off."""
    text = parse_text(value)
    if not DATE_TIME.fullmatch(text):
        _refuse(text, "is not a date and time with an offset, such as 2024-02-29T10:15:30.000Z")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(text, "is not a moment between the years 1 and 9999")


def parse_timestamp(value: object) -> int:
    """Whole seconds since 1970. Zero is refused, as Amplify's tools refuse it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        _refuse(value, "is not a whole number of seconds")
    if value == 0 or not -_LONGEST <= value < _LONGEST:
        _refuse(value, "is not a timestamp")
    return int(value)


def parse_json(value: object) -> str:
    """Text that holds JSON, without the spaces between its parts; numbers and keys stay as they are."""
    text = parse_text(value)
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        _refuse(text, "does not hold valid JSON")
    return _JSON_SPACE.sub(lambda found: found[1] or "", text)


def parse_email(value: object) -> str:
    """An address as HTML's email field accepts it."""
    text = parse_text(value)
    return text if EMAIL.fullmatch(text) else _refuse(text, "is not an email address")


def parse_url(value: object) -> str:
    """A URL with its scheme: `https://example.com/a`, `mailto:a@example.com`."""
    text = parse_text(value)
    return text if URL.fullmatch(text) else _refuse(text, "is not a URL with a scheme, such as https://example.com")


def parse_phone(value: object) -> str:
    """3 to 15 digits with spaces, hyphens, dots and parentheses between them, a plus before."""
    text = parse_text(value)
    return text if PHONE.fullmatch(text) else _refuse(text, "is not a phone number")


def parse_ip_address(value: object) -> str:
    """An IPv4 or IPv6 address, or a block of them such as `10.0.0.0/8`."""
    text = parse_text(value)
    address, slash, bits = text.partition("/")
    # A zone (`fe80::1%eth0`) and a netmask (`/255.0.0.0`) are Python's, not AppSync's.
    if "%" in text or (slash and not re.fullmatch("[0-9]{1,3}", bits)):
        _refuse(text, "is not an IP address")
    try:
        _ = ip_interface(text) if slash else ip_address(address)
    except ValueError:
        _refuse(text, "is not an IP address")
    return text


def _refuse(value: object, why: str) -> NoReturn:
    raise GraphQLError(f"{_shown(value)} {why}.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 128:
        return "A very large number"
    text = repr(value) if isinstance(value, str | int | float) else f"A value of type {type(value).__name__}"
    # Half a surrogate pair cannot be sent in a message either.
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 80 else f"{text[:77]}..."


def _literal_of(name: str, parse: Parse, kind: type[StringValueNode | IntValueNode]) -> Parse:
    """The parser of a literal in a document: of this kind alone."""

    def parse_literal(node: ConstValueNode) -> Any:
        if not isinstance(node, kind):
            raise GraphQLError(f"{name} cannot represent {_shown(print_ast(node))}.", node)
        return parse(_number(node.value) if isinstance(node, IntValueNode) else node.value)

    return parse_literal


def _number(digits: str) -> int:
    # Python refuses to read more than 4300 digits; 25 are more than any scalar takes.
    return int(digits[:25])


def _scalar(name: str, parse: Parse, kind: type[StringValueNode | IntValueNode] = StringValueNode) -> GraphQLScalarType:
    literal = _literal_of(name, parse, kind)
    return GraphQLScalarType(
        name, coerce_output_value=lambda value: value, coerce_input_value=parse, coerce_input_literal=literal
    )


SCALAR_TYPES: dict[str, GraphQLScalarType] = {
    each.name: each
    for each in (
        GraphQLID,
        GraphQLString,
        GraphQLInt,
        GraphQLFloat,
        GraphQLBoolean,
        _scalar("AWSDate", parse_date),
        _scalar("AWSTime", parse_time),
        _scalar("AWSDateTime", parse_date_time),
        _scalar("AWSTimestamp", parse_timestamp, IntValueNode),
        _scalar("AWSEmail", parse_email),
        _scalar("AWSJSON", parse_json),
        _scalar("AWSURL", parse_url),
        _scalar("AWSPhone", parse_phone),
        _scalar("AWSIPAddress", parse_ip_address),
    )
}
"""Every scalar by name. The first five are graphql-core's own, see `guard_built_in_scalars`."""


def _finite(value: Any) -> Any:
    return value if math.isfinite(value) else _refuse(value, "is not a finite number")


def _guarded(coerce: Parse, check: Parse) -> Parse:
    def coerce_and_check(value: Any, _variables: Any = None) -> Any:
        try:
            return check(coerce(value))
        except ValueError as error:  # digits without end, which Python refuses to read
            raise GraphQLError("The number has too many digits.") from error

    return coerce_and_check


_GUARDED = tuple(
    (
        type_,
        _guarded(type_.coerce_input_value, check),
        _guarded(type_.coerce_input_literal or type_.parse_literal, check),
    )
    for type_, check in (
        (GraphQLString, parse_text),
        (GraphQLID, parse_text),
        (GraphQLInt, _finite),
        (GraphQLFloat, _finite),
        (GraphQLBoolean, bool),
    )
)


def guard_built_in_scalars() -> None:
    """Make `String`, `ID`, `Int` and `Float` refuse what the database cannot hold.

    graphql-core has one `String` for the whole process and no schema may bring its own, so the checks
    go onto that one. Calling it again changes nothing.
    """
    for type_, from_value, from_literal in _GUARDED:
        type_.coerce_input_value = type_.parse_value = from_value  # type: ignore[method-assign, assignment]
        type_.coerce_input_literal = type_.parse_literal = from_literal  # type: ignore[method-assign, assignment]
