"""Numbers of things, in words."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """`1 model`, `2 models`: any thing whose plural ends in s."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
