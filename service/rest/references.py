"""How operations of a transaction refer to the rows of earlier ones: `$order.id`; `$$order.id` is that text itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from service.rest.problems import Flaw, Flawed, escaped

MOST_REFERRED = 1_048_576
"""Bytes of JSON that the references of one transaction stand for together.

A row that holds ten times what the one before holds is short to write, and eight of them fill any memory.
"""
_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)\.([A-Za-z_][A-Za-z0-9_]*)")


class Named:
    """The rows of operations with a name, as they were answered."""

    def __init__(self) -> None:
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._left = MOST_REFERRED

    def add(self, name: str, row: Mapping[str, Any]) -> None:
        """Call a row by a name from now on."""
        self._rows[name] = row

    def resolved(self, value: Any, at: str) -> Any:
        """A value with what its references stand for; `at` is where it stands in the request. Errors: Flawed."""
        if isinstance(value, dict):
            return {name: self.resolved(each, f"{at}/{escaped(name)}") for name, each in value.items()}
        if isinstance(value, list):
            return [self.resolved(each, f"{at}/{number}") for number, each in enumerate(value)]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        if value.startswith("$$"):
            return value[1:]
        match = _REFERENCE.fullmatch(value)
        return value if match is None else self._referred(match[1], match[2], at)

    def _referred(self, name: str, field: str, at: str) -> Any:
        if field not in self._rows.get(name, {}):
            raise Flawed([unknown_reference(at, name, field)])
        value = self._rows[name][field]
        self._left -= len(orjson.dumps(value))
        if self._left < 0:
            detail = f"The references of a transaction stand for at most {MOST_REFERRED} bytes together."
            raise Flawed([Flaw(at, "too_large", detail)])
        return value


def references_in(value: Any, at: str) -> Iterator[tuple[str, str, str]]:
    """The references in a value: where each stands, the name of the row and its field."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from references_in(each, f"{at}/{escaped(name)}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from references_in(each, f"{at}/{number}")
    elif isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
        yield at, match[1], match[2]


def unknown_reference(at: str, name: str, field: str) -> Flaw:
    """What is wrong with a reference to no row, or to nothing that it has."""
    detail = f"No earlier operation is called '{name}', or its row has no '{field}'."
    return Flaw(at, "unknown_reference", f"{detail} A text that begins with $ is written $$.")
