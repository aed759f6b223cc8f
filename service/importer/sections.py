"""The parts of a schema that its author set apart with a heading, such as `# ------ Accounts`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphql import ObjectTypeDefinitionNode

from service.catalog.columns import snake_case

HEADING = re.compile(r"^#\s*[-=#*─━]{3,}\s*([A-Za-z][\w &/-]*?)\s*[-=#*─━]*\s*$", re.MULTILINE)
MANY = 20
"""With more models than this and no headings, each model gets a module of its own."""


def section_names(models: Sequence[ObjectTypeDefinitionNode]) -> dict[str, str]:
    """Model → the module it belongs in: by heading, else by file, else all in one, or one each if they are many."""
    headed = {node.name.value: _heading_above(node) for node in models}
    if any(headed.values()):
        return {name: section or "models" for name, section in headed.items()}
    if len(models) <= MANY:
        return dict.fromkeys(headed, "models")
    return {name: snake_case(name) for name in headed}


def _heading_above(node: ObjectTypeDefinitionNode) -> str | None:
    if node.loc is None:
        return None
    found = [match.group(1) for match in HEADING.finditer(node.loc.source.body, 0, node.loc.start)]
    return re.sub(r"\W+", "_", found[-1].strip()).lower() if found else None
