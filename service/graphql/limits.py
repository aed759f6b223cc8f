"""Limits on a document that hold before it is validated: how deep and how wide it is.

They are counted with fragments taken apart. Everything that is walked through counts, so a small
document whose fragments multiply costs no more than an honest one, whatever stands at their end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from service.errors import Limited

MOST_SELECTIONS = 20_000
"""Fields and fragments of a document."""
MOST_OBJECTS = 500
"""Fields with a selection of their own. Each may be a sub-select; documents that Amplify generates have up to 25."""
MOST_REPEATS = 30
"""Times that one name may stand in a selection. Validation compares each with each."""
MOST_DIRECTIVES = 500
MOST_NESTED = 200
"""Levels of selections, those of fragments included, as Python's stack has an end."""
MOST_VALUES = 20_000
"""Values in the variables of a request, elements of lists counted one by one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may ask for."""

    max_depth: int
    max_roots: int

    def check(
        self, operations: Sequence[OperationDefinitionNode], fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        """Raises `Limited`, naming the limit, if the document is over one."""
        counts = _Counts(self, fragments)
        for operation in operations:
            counts.roots = 0
            counts.walk(operation.selection_set, 1, ())


def check_values(variables: Mapping[str, Any]) -> None:
    """Raises `Limited` if there are more values in the variables than any frontend sends."""
    count = 0
    left: list[list[Any] | Mapping[str, Any]] = [variables]
    while left:
        values = left.pop()
        count += len(values)
        if count > MOST_VALUES:
            raise Limited(f"The variables hold more than {MOST_VALUES} values.")
        inner = values if isinstance(values, list) else values.values()
        left += (each for each in inner if isinstance(each, list | dict))


class _Counts:
    """What has been walked through so far."""

    def __init__(self, limits: Limits, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.roots = 0
        self._limits = limits
        self._fragments = fragments
        self._selections = 0
        self._objects = 0
        self._directives = 0

    def walk(self, selections: SelectionSetNode, depth: int, inside: tuple[str, ...]) -> None:
        """Count what is selected; `depth` is that of its fields, `inside` names what it stands in."""
        if len(inside) > MOST_NESTED:
            raise Limited(f"The document nests fragments and selections more than {MOST_NESTED} levels deep.")
        _check_repeats(selections)
        for node in selections.selections:
            self._count(node.directives or ())
            if isinstance(node, FieldNode):
                self._field(node, depth, inside)
            elif isinstance(node, InlineFragmentNode):
                self.walk(node.selection_set, depth, (*inside, ""))
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                # A cycle, or a fragment that is not there, is for validation to report.
                if name in self._fragments and name not in inside:
                    self.walk(self._fragments[name].selection_set, depth, (*inside, name))

    def _count(self, directives: Sequence[object]) -> None:
        self._selections += 1
        self._directives += len(directives)
        if self._selections > MOST_SELECTIONS:
            raise Limited(f"The document selects more than {MOST_SELECTIONS} fields, with its fragments taken apart.")
        if self._directives > MOST_DIRECTIVES:
            raise Limited(f"The document has more than {MOST_DIRECTIVES} directives.")

    def _field(self, node: FieldNode, depth: int, inside: tuple[str, ...]) -> None:
        if depth > self._limits.max_depth:
            raise Limited(f"The document is more than {self._limits.max_depth} levels deep (OFFRAMP_MAX_DEPTH).")
        if depth == 1:
            self.roots += 1
            if self.roots > self._limits.max_roots:
                raise Limited(f"The document has more than {self._limits.max_roots} root fields (OFFRAMP_MAX_ALIASES).")
        if node.selection_set is not None:
            self._objects += 1
            if self._objects > MOST_OBJECTS:
                raise Limited(f"The document has more than {MOST_OBJECTS} fields with a selection of their own.")
            self.walk(node.selection_set, depth + 1, (*inside, ""))


def _check_repeats(selections: SelectionSetNode) -> None:
    if len(selections.selections) <= MOST_REPEATS:
        return
    keys = Counter((node.alias or node.name).value for node in selections.selections if isinstance(node, FieldNode))
    key, count = keys.most_common(1)[0] if keys else ("", 0)
    if count > MOST_REPEATS:
        raise Limited(
            f"The document selects '{key[:80]}' more than {MOST_REPEATS} times in one place. Use fragments or aliases."
        )
