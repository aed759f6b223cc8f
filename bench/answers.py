"""Whether all contenders gave the same answer."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_OWN = ("nextToken", "pageInfo")
"""What is each contender's own: cursors."""
_NEW = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-")


def assert_equal(query: str, answers: dict[str, Any]) -> None:
    """Stop if an answer differs from the first in more than spelling. Errors: SystemExit."""
    first, *others = answers
    for name in others:
        if (one := _plain(answers[first])) != (other := _plain(answers[name])):
            raise SystemExit(f"{query}: {first} and {name} differ:\n{str(one)[:500]}\n{str(other)[:500]}")


def _plain(value: Any) -> Any:
    """An answer without what each spells in its own way: instants, whole numbers, cursors, new rows' own values."""
    if isinstance(value, dict):
        inner = value["product"] if value.keys() == {"product"} else value  # PostGraphile's payload
        return {name: _plain(each) for name, each in inner.items() if name not in _OWN and not _is_new(name, inner)}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


def _is_new(name: str, row: dict[str, Any]) -> bool:
    return name in {"id", "createdAt"} and bool(_NEW.match(str(row.get("id", ""))))
