"""What must hold of a row, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from service.catalog.model import Field, Rule
from service.db.plans.sources import Source


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
