"""A plan: what to read or write and what to give back, as plain data.

Both doors make plans and `sql` turns them into statements. A plan holds no values that change from
one request to the next: where a value belongs there is a `Source` that says how to find it when
the plan runs. So a plan, its statement and its text are made once and kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.catalog.model import Field, Model, Rule
from service.db.plans.conditions import TRUE, Condition
from service.db.plans.selections import Page, Selected
from service.db.plans.sources import Source


@dataclass(frozen=True, slots=True)
class Get:
    """One row by its key. Denied, if it exists and matches none of `shown_if`."""

    model: Model
    key: tuple[tuple[Field, Source], ...]
    selection: tuple[Selected, ...]
    shown_if: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class List:
    """A page of rows: a list, or an index query."""

    page: Page


@dataclass(frozen=True, slots=True)
class Create:
    """A new row. `allowed_if` are the dynamic rules it must satisfy, where no static one allows it."""

    model: Model
    input: dict[str, Source]
    selection: tuple[Selected, ...]
    condition: Condition = TRUE
    allowed_if: tuple[Rule, ...] = ()
    guarded: tuple[tuple[str, tuple[Rule, ...]], ...] = ()
    """Fields of the input with dynamic rules of their own, which the new row must satisfy too."""


@dataclass(frozen=True, slots=True)
class Update:
    """Some values of one row."""

    model: Model
    input: dict[str, Source]
    selection: tuple[Selected, ...]
    condition: Condition = TRUE
    allowed_if: tuple[tuple[Rule, ...], ...] = ()
    """Sets of dynamic rules, of each of which the row must satisfy one."""


@dataclass(frozen=True, slots=True)
class Delete:
    """One row gone, and given back as it was."""

    model: Model
    input: dict[str, Source]
    selection: tuple[Selected, ...]
    condition: Condition = TRUE
    allowed_if: tuple[tuple[Rule, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """Rows by their keys: one for each key, in the order of the keys, null where there is none."""

    model: Model
    keys: Source
    """A list of objects: column of the key → value."""
    selection: tuple[Selected, ...]
    shown_if: tuple[Rule, ...] = ()
    """As in `Get`."""


@dataclass(frozen=True, slots=True)
class Around:
    """What rows that need not be stored lead to: one object for each of them, in their order."""

    model: Model
    rows: Source
    """A list of objects: column → value. What is not there counts as null."""
    selection: tuple[Selected, ...]


Plan = Get | List | Create | Update | Delete | Lookup | Around
