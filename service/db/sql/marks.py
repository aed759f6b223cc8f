"""Marks: what stands in PostgreSQL's JSON for something that is not a stored value.

A mark is a JSON string that begins with U+0000, which no text in PostgreSQL can hold, so it is never
mistaken for data. The repository replaces the marks of cursors; those of denials are for the door.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from service.db.plans.sources import PageOrder

MARK = '"\\u0000'
"""How every mark begins in JSON text."""
DENIAL = f'{MARK}d"'
"""The mark of a value that the rules keep from the caller, as JSON text."""
DENIED_TEXT = re.escape(DENIAL)
"""The same as part of a regular expression."""
DENIED = "\0d"
"""The same, when the JSON has been read."""

_CURSOR = re.compile(r'"\\u0000t(\d+):([0-9a-f]*)"')


def first_mark(text: str) -> int:
    """Where the first mark begins, or -1."""
    at = text.find("\\")  # every mark has one, and a single character is found fifty times faster
    return -1 if at < 0 else text.find(MARK, at - 1)


def with_cursors(text: str, orders: Sequence[PageOrder], encode: Callable[[PageOrder, list[Any]], str]) -> str:
    """JSON text with cursors in the place of their marks: `t`, the number of the order, `:`, the values in hex."""
    at = first_mark(text) if orders else -1
    if at < 0:
        return text

    def cursor(match: re.Match[str]) -> str:
        values = orjson.loads(bytes.fromhex(match[2]))
        return f'"{encode(orders[int(match[1])], values)}"'

    return _CURSOR.sub(cursor, text) if at == 0 else text[:at] + _CURSOR.sub(cursor, text[at:])
