"""Where a plan finds its values when it runs: a plan itself holds none that changes from one request to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.catalog.model import Field, Model


@dataclass(frozen=True, slots=True)
class Variable:
    """The value at a path in the request's variables."""

    path: tuple[str | int, ...]

    def at(self, step: str | int) -> Variable:
        """The value one step further down."""
        return Variable((*self.path, step))


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the request itself."""

    value: Any


@dataclass(frozen=True, slots=True)
class Tree:
    """A list or object of which some parts are sources."""

    value: Any


@dataclass(frozen=True, slots=True)
class Identities:
    """The forms in which a stored owner may name the caller, for an identity claim: a list of text."""

    claim: str


@dataclass(frozen=True, slots=True)
class Groups:
    """The caller's groups by a claim: a list of text."""

    claim: str


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization of the caller."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One of the parameters that tell PostgreSQL who asks."""

    position: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts of a composite sort key as the one text they are stored and compared as: `a#b`."""

    parts: tuple[tuple[Field, Source], ...]


@dataclass(frozen=True, slots=True)
class SortKey:
    """What orders rows: a field, or the text of several, joined."""

    fields: tuple[str, ...]
    descending: bool = False
    nullable: bool = False
    """Whether a row may be without it. It then counts as greater than any: last, and first if descending."""


@dataclass(frozen=True, slots=True)
class PageOrder:
    """What a cursor must have been made for: a model's rows in one order."""

    model: Model
    sort: tuple[SortKey, ...]
    descending: bool
    bound: Source | None = None
    """What else must be the same as when it was made: a text that stands for it."""


@dataclass(frozen=True, slots=True)
class CursorPart:
    """One key value of the row after which a page begins."""

    token: Source
    order: PageOrder
    position: int


@dataclass(frozen=True, slots=True)
class Limit:
    """The size of a page, clamped to the largest allowed; `extra` rows more are read to know what follows."""

    given: Source | None
    extra: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """The value a write stores in a field, as `writes` prepared it."""

    field: str


Source = (
    Variable | Constant | Tree | Identities | Groups | Organization | Asking | Joined | CursorPart | Limit | Written
)
