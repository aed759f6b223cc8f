"""Types as SDL spells them: how two spellings of one type differ, and for which side that matters."""

from __future__ import annotations

import re

from graphql import GraphQLArgument, GraphQLInputField, print_ast
from graphql.utilities.get_default_value_ast import get_default_value_ast
from graphql.utilities.sort_value_node import sort_value_node

_TAIL = re.compile(r"[\]!]*$")


def loses_a_promise(was: str, now: str) -> bool:
    """Whether something in `was` is never null and in `now` may be: `[X!]` to `[X]`."""
    return any(before and not after for before, after in zip(_marks(was), _marks(now), strict=True))


def is_same_but_for_null(was: str, now: str) -> bool:
    """Whether both are the same lists of the same type."""
    return was.replace("!", "") == now.replace("!", "")


def _marks(spelled: str) -> list[bool]:
    """Where a spelling has its `!`, from the inside: `[X!]` is `[True, False]`."""
    tail = _TAIL.search(spelled)
    return [part == "!" for part in tail[0].split("]")] if tail else []


def spelled_default(value: GraphQLArgument | GraphQLInputField) -> str | None:
    """The default of an argument or input field, the same text for the same value."""
    default = get_default_value_ast(value)
    return None if default is None else print_ast(sort_value_node(default))
