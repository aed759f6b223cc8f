"""The parts of a schema that its author set apart with a heading, such as `# ------ Accounts`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby

from graphql import ObjectTypeDefinitionNode

from service.catalog.columns import snake_case
from service.catalog.words import KEYWORDS, safe_name

HEADING = re.compile(r"^#\s*[-=#*─━]{3,}\s*([A-Za-z][\w &/-]*?)\s*[-=#*─━]*\s*$", re.MULTILINE)
MANY = 20
"""With more models than this and no headings, each model gets a module of its own."""
TAKEN = KEYWORDS | {"types", "operations"}
"""Modules that hold something else, and what no module can be called."""


def section_names(models: Sequence[ObjectTypeDefinitionNode]) -> dict[str, str]:
    """Model → the module it belongs in: by heading, else all in one, or one each if they are many."""
    headings = _headings_above(models)
    if any(headings):
        return dict(zip((node.name.value for node in models), _distinct(headings), strict=True))
    if len(models) <= MANY:
        return {node.name.value: "models" for node in models}
    return dict(
        zip(
            (node.name.value for node in models),
            _distinct([snake_case(node.name.value) for node in models]),
            strict=True,
        )
    )


def _distinct(headings: Sequence[str | None]) -> list[str]:
    """One module per run of equal headings, so that modules one after the other keep the schema's order."""
    modules: list[str] = []
    taken: set[str] = set()
    for heading, run in groupby(headings):
        name = safe_name(heading or "models", TAKEN)
        module, count = name, 1
        while module in taken:
            count += 1
            module = f"{name}_{count}"
        taken.add(module)
        modules += [module] * len(list(run))
    return modules


class _Headings:
    """The headings of a file, and which one stands above a place in it."""

    def __init__(self, body: str) -> None:
        found = [*HEADING.finditer(body)]
        self._ends = [each.end() for each in found]
        self._names = [re.sub(r"\W+", "_", each.group(1).strip()).lower() for each in found]

    def above(self, place: int) -> str | None:
        """The last before the place; None if there is none."""
        count = bisect_right(self._ends, place)
        return self._names[count - 1] if count else None


def _headings_above(nodes: Sequence[ObjectTypeDefinitionNode]) -> list[str | None]:
    files: dict[int, _Headings] = {}
    found: list[str | None] = []
    for node in nodes:
        source = node.loc.source if node.loc else None
        if source is not None and id(source) not in files:
            files[id(source)] = _Headings(source.body)
        found.append(files[id(source)].above(node.loc.start) if source is not None and node.loc else None)
    return found
