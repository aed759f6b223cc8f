"""What a plan gives back of a row and of a page of rows, as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from service.catalog.model import Field, Model, Relation, Rule
from service.db.plans.conditions import TRUE, Condition
from service.db.plans.sources import PageOrder, SortKey, Source


@dataclass(frozen=True, slots=True)
class Value:
    """A stored value, under the name the caller chose."""

    key: str
    field: Field
    owner: bool = False
    """Whether it names an owner, of which only the part after `::` is shown."""
    parsed: bool = False
    """Whether an AWSJSON is given as the JSON that it is, and not as a text that holds it."""


@dataclass(frozen=True, slots=True)
class Version:
    """How often the row has been written, from 1: what an ETag is made of."""

    key: str


@dataclass(frozen=True, slots=True)
class Typename:
    """`__typename`."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """A field whose value is not given: denied, or without a word null or an empty `connection`."""

    key: str
    name: str
    type_name: str
    denied: bool
    required: bool = False
    connection: Connection | None = None


@dataclass(frozen=True, slots=True)
class Embedded:
    """Part of a value of an embedded type, or of each of a list of them."""

    key: str
    field: Field
    type_name: str
    selection: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class One:
    """The row a relation leads to."""

    key: str
    relation: Relation
    target: Model
    selection: tuple[Selected, ...]
    shown_if: tuple[Rule, ...] = ()
    """Dynamic rules of the target: a row that matches none of them is denied."""


@dataclass(frozen=True, slots=True)
class Items:
    """The rows of a page."""

    key: str
    selection: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class NextToken:
    """Where the next page begins, or null."""

    key: str


class Count(Enum):
    """How the rows of all pages are counted."""

    EXACT = "exact"
    ESTIMATED = "estimated"
    """No further than `MOST_COUNTED`, which costs the same however many rows there are."""


MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class PageInfo:
    """An object about a page: `limit`, `next` (where the next page begins, or null), `hasMore`, `total`."""

    key: str
    token: bool = True
    """Whether there is a `next`."""
    total: Count | None = None


PageMember = Items | NextToken | Typename | PageInfo


@dataclass(frozen=True, slots=True)
class Connection:
    """The members of a connection that were asked for, in order."""

    members: tuple[PageMember, ...]

    @property
    def looks_ahead(self) -> bool:
        """Whether it matters that more rows follow."""
        return any(isinstance(member, NextToken | PageInfo) for member in self.members)

    @property
    def has_token(self) -> bool:
        """Whether it says where the next page begins."""
        return any(
            member.token if isinstance(member, PageInfo) else isinstance(member, NextToken) for member in self.members
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a model, in which order, how many, beginning where."""

    model: Model
    connection: Connection
    where: Condition = TRUE
    sort: tuple[SortKey, ...] = ()
    """What orders the rows before the primary key does."""
    descending: bool = False
    """Whether the primary key orders them from its end."""
    limit: Source | None = None
    token: Source | None = None
    bound: Source | None = None
    """See `PageOrder`."""

    @property
    def order(self) -> PageOrder:
        """What this page's cursors are bound to."""
        return PageOrder(self.model, self.sort, self.descending, self.bound)


@dataclass(frozen=True, slots=True)
class Many:
    """The rows a relation leads to, as a page."""

    key: str
    relation: Relation
    page: Page


@dataclass(frozen=True, slots=True)
class Guarded:
    """A field with dynamic rules of its own: denied where the row matches none of them."""

    key: str
    shown: Value | Embedded | One | Many
    rules: tuple[Rule, ...]


Selected = Value | Version | Typename | Hidden | Embedded | One | Many | Guarded


def read_by(selected: Selected) -> Iterable[str]:
    """The fields of a row that something selected of it is made from."""
    match selected:
        case Value(_, field) | Embedded(_, field):
            return (field.name,)
        case One(_, relation) | Many(_, relation):
            return relation.fields
        case Guarded(_, shown, rules):
            return (
                *read_by(shown),
                *(name for rule in rules for name in (rule.owner_field, rule.groups_field) if name),
            )
    return ()
