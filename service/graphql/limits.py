"""Limits on a document that hold before it is validated: how deep it is, and how many roots it has.

They are counted with fragments taken apart, and the count stops at the limit, so a small document
whose fragments multiply costs no more than an honest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from service.errors import Limited

MOST_FIELDS = 20_000
"""Fields of one operation with its fragments taken apart."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may ask for."""

    max_depth: int
    max_roots: int

    def check(
        self, operations: Sequence[OperationDefinitionNode], fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        """Raises `Limited`, naming the limit, if an operation is over one."""
        for operation in operations:
            counter = _Counter(self, fragments)
            counter.walk(operation.selection_set, 1, ())


class _Counter:
    def __init__(self, limits: Limits, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._limits = limits
        self._fragments = fragments
        self._fields = 0
        self._roots = 0

    def walk(self, selections: SelectionSetNode, depth: int, inside: tuple[str, ...]) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                self._count(depth)
                if node.selection_set is not None:
                    self.walk(node.selection_set, depth + 1, inside)
            elif isinstance(node, InlineFragmentNode):
                self.walk(node.selection_set, depth, inside)
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                # A cycle, or a fragment that is not there, is for validation to report.
                if name in self._fragments and name not in inside:
                    self.walk(self._fragments[name].selection_set, depth, (*inside, name))

    def _count(self, depth: int) -> None:
        self._fields += 1
        self._roots += depth == 1
        if depth > self._limits.max_depth:
            raise Limited(f"The document is more than {self._limits.max_depth} levels deep (OFFRAMP_MAX_DEPTH).")
        if self._roots > self._limits.max_roots:
            raise Limited(f"The document has more than {self._limits.max_roots} root fields (OFFRAMP_MAX_ALIASES).")
        if self._fields > MOST_FIELDS:
            raise Limited(f"The document asks for more than {MOST_FIELDS} fields.")
