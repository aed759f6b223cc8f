"""Python source, laid out as the formatter would: lines that fit, calls that wrap, imports in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 120


@dataclass(frozen=True, slots=True)
class TupleArgument:
    """A keyword argument that is a tuple, and may need lines of its own."""

    name: str
    elements: Sequence[str]

    def __str__(self) -> str:
        return f"{self.name}=({', '.join(self.elements)}{',' if len(self.elements) == 1 else ''})"


Argument = str | TupleArgument


def statement(before: str, arguments: Sequence[Argument], *, indent: int = 4) -> list[str]:
    """`before(arguments)` on one line if it fits, else wrapped."""
    margin = " " * indent
    joined = ", ".join(str(each) for each in arguments)
    line = f"{margin}{before}({joined})"
    if len(line) <= WIDTH:
        return [line]
    inner = f"{margin}    {joined}"
    if len(inner) <= WIDTH:
        return [f"{margin}{before}(", inner, f"{margin})"]
    lines = [line for each in arguments for line in _argument_lines(each, indent + 4, alone=len(arguments) == 1)]
    return [f"{margin}{before}(", *lines, f"{margin})"]


def _argument_lines(argument: Argument, indent: int, *, alone: bool) -> list[str]:
    margin = " " * indent
    line = f"{margin}{argument},"
    if isinstance(argument, str) or len(line) <= WIDTH:
        return [line]
    end = f"{margin})" if alone else f"{margin}),"
    return [f"{margin}{argument.name}=(", *(f"{margin}    {each}," for each in argument.elements), end]


def sequence(before: str, elements: Sequence[str], *, indent: int = 4, compact: bool = False) -> list[str]:
    """A tuple with a line for each element if it has more than one; a compact one stays on one line if it fits."""
    margin = " " * indent
    line = f"{margin}{before}({', '.join(elements)})"
    if compact and len(elements) != 1 and len(line) <= WIDTH:
        return [line]
    if len(elements) == 1 and len(margin + before + elements[0]) + 3 <= WIDTH:
        return [f"{margin}{before}({elements[0]},)"]
    return [f"{margin}{before}(", *(f"{margin}    {each}," for each in elements), f"{margin})"]


def text(value: str) -> str:
    """A string literal in double quotes."""
    escaped = value.encode("unicode_escape").decode("ascii") if not value.isprintable() else value.replace("\\", "\\\\")
    if '"' in escaped and "'" not in escaped:
        return f"'{escaped}'"
    return '"' + escaped.replace('"', '\\"') + '"'


def names(values: Sequence[str]) -> str:
    """One name as a string, several as a tuple of strings."""
    return text(values[0]) if len(values) == 1 else f"({', '.join(text(each) for each in values)})"


def import_from(module: str, imported: Sequence[str], *, indent: int = 0) -> list[str]:
    """`from module import …` in the order in which the linter wants the names."""
    if not imported:
        return []
    ordered = sorted(set(imported), key=_import_order)
    line = f"{' ' * indent}from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return [line]
    margin = " " * indent
    return [f"{margin}from {module} import (", *(f"{margin}    {each}," for each in ordered), f"{margin})"]


def _import_order(name: str) -> tuple[int, str, str]:
    """Constants, then classes, then functions; within each by name, whatever its case."""
    if len(name) > 1 and name.isupper():
        return 0, name.lower(), name
    return (1 if name[:1].isupper() else 2), name.lower(), name


def docstring(content: str, *, indent: int = 0) -> list[str]:
    """A docstring, and the blank line after it; `inspect.cleandoc` gives the content back."""
    margin = " " * indent
    is_raw = "\\" in content and '"""' not in content and not content.endswith("\\")
    safe = content if is_raw else content.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    first, *rest = safe.split("\n")
    opened = f'{margin}{"r" if is_raw else ""}"""{first}'
    if rest:
        return [opened, *(f"{margin}{line}" if line else "" for line in rest), f'{margin}"""', ""]
    if first.endswith('"'):
        opened = f'{opened[:-1]}\\"' if not is_raw else f"{opened} "
    return [f'{opened}"""', ""]
