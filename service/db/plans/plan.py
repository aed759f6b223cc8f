"""A plan: what to read or write and what to give back, as plain data.

Both doors make plans and `statements` turns them into SQL. A plan holds no values that change from
one request to the next: where a value belongs there is a `Source` that says how to find it when
the plan runs. So a plan, its statement and its text are made once and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from service.catalog.model import Field, Model, Relation, Rule

# ---------------------------------------------------------------- values


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


# ---------------------------------------------------------------- conditions


class Operator(Enum):
    """What a filter can ask. The values are the names in the filter inputs."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    BETWEEN = "between"
    CONTAINS = "contains"
    NOT_CONTAINS = "notContains"
    BEGINS_WITH = "beginsWith"
    IN = "in"
    EXISTS = "attributeExists"
    TYPE = "attributeType"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator on one field. `operands` is empty for a comparison with null."""

    field: Field
    operator: Operator
    operands: tuple[Source, ...] = ()
    of_size: bool = False
    """Whether the operand is compared with the length of the value and not with the value."""
    as_text: bool = False
    """Whether a date or time is compared as the text it is shown as: the operand is only part of one."""


@dataclass(frozen=True, slots=True)
class JoinedComparison:
    """A condition on a composite sort key, compared as joined text."""

    fields: tuple[Field, ...]
    operator: Operator
    operands: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds. Without parts: true."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds. Without parts: false."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; a part about a missing value does not hold either."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Matches:
    """The row satisfies at least one of these dynamic rules for the caller."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class VersionIs:
    """The row is as it was when it had this version."""

    version: Source


Condition = Comparison | JoinedComparison | All | Some | Not | Matches | VersionIs
TRUE = All()


# ---------------------------------------------------------------- what to give back


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


# ---------------------------------------------------------------- plans


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
