"""How an API name is spelled in PostgreSQL and in Python, and how names that clash are kept apart."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LONGEST = 63
"""PostgreSQL cuts an identifier after this many bytes, without an error."""

SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
"""Every table has these already. Source: PostgreSQL manual, "System Columns"."""

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+|_+")


def snake_case(name: str) -> str:
    """`contactEmail` → `contact_email`, `imageURL` → `image_url`; underscores stay where they are."""
    words: list[str] = []
    for word in _WORDS.findall(name):
        if words and "_" not in (words[-1][-1], word[0]):
            words.append("_")
        words.append(word.lower())
    return "".join(words)


def camel_case(name: str) -> str:
    """`contact_email` → `contactEmail`: what a column is called in the API unless it says otherwise."""
    return re.sub(r"(?<=[A-Za-z0-9])_+([A-Za-z0-9])", lambda match: match.group(1).upper(), name)


def shortened(name: str) -> str:
    """The name itself or, if it is too long for PostgreSQL, its beginning and eight digits of its hash."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def distinct_names(names: Iterable[str]) -> dict[str, str]:
    """API name → its name in PostgreSQL, in the given order.

    A name that an earlier one has taken gets `_2`, `_3`, …; a system column's gets `_` at its end.
    """
    spelled: dict[str, str] = {}
    for name in names:
        first = shortened(snake_case(name))
        first = f"{first}_" if first in SYSTEM_COLUMNS else first
        candidate, count = first, 1
        while candidate in spelled.values():
            count += 1
            candidate = shortened(f"{first[: LONGEST - 4]}_{count}")
        spelled[name] = candidate
    return spelled
