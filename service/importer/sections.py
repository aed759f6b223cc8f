"""The parts of a schema that its author set apart with a heading, such as `# ------ Accounts`."""

from __future__ import annotations

import re
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
    headings = [_heading_above(node) for node in models]
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
    for heading, run in groupby(headings):
        name = safe_name(heading or "models", TAKEN)
        module, count = name, 1
        while module in modules:
            count += 1
            module = f"{name}_{count}"
        modules += [module] * len(list(run))
    return modules


def _heading_above(node: ObjectTypeDefinitionNode) -> str | None:
    if node.loc is None:
        return None
    found = [match.group(1) for match in HEADING.finditer(node.loc.source.body, 0, node.loc.start)]
    return re.sub(r"\W+", "_", found[-1].strip()).lower() if found else None
