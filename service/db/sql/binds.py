"""The parameters of a statement: where each value comes from when the statement runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, bindparam, cast
from sqlalchemy.types import Date, DateTime, Text, TypeEngine

from service.auth.principal import Principal
from service.catalog.model import Field
from service.db.plans import plan
from service.db.plans.cursors import Cursors
from service.db.plans.tracing import at, resolve_tree
from service.errors import Invalid

DEFAULT_PAGE = 100
"""How many rows a page has if the request does not say: AppSync's own default."""


@dataclass(slots=True)
class Run:
    """One run of a plan: the values of the request, and who asks."""

    variables: Mapping[str, Any]
    principal: Principal
    cursors: Cursors
    max_page: int
    written: dict[str, Any] = field(default_factory=dict)
    """For a write: what each field will hold."""
    asking: Sequence[str | None] = ()
    """What tells PostgreSQL who asks, where organizations are kept apart."""

    def cursor(self, order: plan.PageOrder, values: list[Any]) -> str:
        """The cursor for the row with these key values."""
        return self.cursors.encode(order, values, self._bound(order))

    def after(self, order: plan.PageOrder, token: str) -> list[Any]:
        """The key values in a cursor. Raises `CursorMismatch`."""
        return self.cursors.decode(order, token, self._bound(order))

    def _bound(self, order: plan.PageOrder) -> str:
        bound = "" if order.bound is None else str(resolver(order.bound)(self))
        return bound if order.model.tenant is None else f"{self.principal.organization}\0{bound}"


Resolve = Callable[[Run], Any]
Convert = Callable[[Any], Any]


class Binds:
    """Allots parameters while a statement is built; one for each distinct use of a source."""

    def __init__(self) -> None:
        self.resolvers: dict[str, Resolve] = {}
        self._names: dict[tuple[plan.Source, str, Convert | None], str] = {}

    def add(self, source: plan.Source, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        """The parameter for `source` as a value of `type_`."""
        # asyncpg takes the first and the last date there are for infinities, so dates travel as text.
        if isinstance(type_, DateTime):
            return cast(self._parameter(source, Text(), instant_text), type_)
        if isinstance(type_, Date):
            return cast(self._parameter(source, Text(), day_text), type_)
        if isinstance(type_, ARRAY) and isinstance(type_.item_type, DateTime | Date):
            each = _instant_texts if isinstance(type_.item_type, DateTime) else _day_texts
            return cast(self._parameter(source, ARRAY(Text()), each), type_)
        return self._parameter(source, type_, None)

    def document(self, source: plan.Source) -> ColumnElement[Any]:
        """The parameter for `source` as JSON text, dates in it as the API shows them."""
        return self._parameter(source, Text(), json_text)

    def _parameter(self, source: plan.Source, type_: TypeEngine[Any], convert: Convert | None) -> ColumnElement[Any]:
        try:
            known = (source, str(type_), convert)
            name = self._names.setdefault(known, f"p{len(self._names)}")
        except TypeError:  # a source that holds a list or an object has no hash: it gets a parameter of its own
            name = f"u{len(self.resolvers)}"
        if name not in self.resolvers:
            resolve = resolver(source)
            self.resolvers[name] = resolve if convert is None else _converted(resolve, convert)
        return bindparam(name, type_=type_)


def _converted(resolve: Resolve, convert: Convert) -> Resolve:
    def converted(run: Run) -> Any:
        value = resolve(run)
        return None if value is None else convert(value)

    return converted


def resolver(source: plan.Source) -> Resolve:  # noqa: C901  one case for each source
    """How to find the value of a source in a run."""
    match source:
        case plan.Variable(path):
            return _variable(path)
        case plan.Constant(value):
            return lambda _: value
        case plan.Tree(tree):
            return lambda run: resolve_tree(tree, run.variables)
        case plan.Identities(claim):
            return lambda run: identities(run.principal, claim)
        case plan.Groups(claim):
            return lambda run: list(run.principal.groups(claim))
        case plan.Organization():
            return lambda run: run.principal.organization
        case plan.Asking(position):
            return lambda run: run.asking[position]
        case plan.Joined(parts):
            return _joined(parts)
        case plan.CursorPart(token, order, position):
            resolve = resolver(token)
            return lambda run: run.after(order, resolve(run))[position]
        case plan.Limit(given, extra):
            return _limit(given, extra)
        case plan.Written(name):
            return lambda run: run.written[name]


def _variable(path: tuple[str | int, ...]) -> Resolve:
    if len(path) == 1:
        name = path[0]
        return lambda run: run.variables[name]  # type: ignore[index]
    return lambda run: at(run.variables, path)


def _limit(given: plan.Source | None, extra: int) -> Resolve:
    resolve = resolver(given) if given is not None else None

    def limit(run: Run) -> int:
        size = DEFAULT_PAGE if resolve is None else resolve(run)
        if size < 1:
            raise Invalid("Limit must be greater than or equal to 1", error_type="DynamoDB:ValidationException")
        return int(min(size, run.max_page)) + extra

    return limit


def _joined(parts: tuple[tuple[Field, plan.Source], ...]) -> Resolve:
    resolvers = [(each, resolver(source)) for each, source in parts]
    return lambda run: "#".join(key_text(each, resolve(run)) for each, resolve in resolvers)


def identities(principal: Principal, claim: str) -> list[str]:
    """Every form in which a stored owner may name this caller.

    `sub::username` is what Amplify stores; data written before it, or by hand, holds either half. A half that looks
    like a whole is nobody's name: a user pool lets people choose somebody else's `sub::username` as their user name.
    """
    names = [principal.username if part == "username" else principal.claims.get(part) for part in claim.split("::")]
    known = [name for name in names if name and isinstance(name, str)]
    if len(names) == 1:
        return known
    halves = [name for name in known if "::" not in name]
    return ["::".join(known), *halves] if len(known) == len(names) else halves


# ---------------------------------------------------------------- conversions


def instant(value: str | datetime) -> datetime:
    """An AWSDateTime as an instant. Raises ValueError if it is not a whole one with an offset."""
    parsed = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if parsed.tzinfo is None:
        raise ValueError("no offset")
    return parsed.astimezone(UTC)


def day(value: str | date) -> date:
    """An AWSDate as a date. Raises ValueError if it is not a whole one."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def instant_text(value: str | datetime) -> str:
    """An AWSDateTime as PostgreSQL is sent it, to the millisecond."""
    return instant(value).isoformat(timespec="milliseconds")


def day_text(value: str | date) -> str:
    """An AWSDate as PostgreSQL is sent it."""
    return day(value).isoformat()


def _instant_texts(values: list[Any]) -> list[str]:
    return [instant_text(each) for each in values]


def _day_texts(values: list[Any]) -> list[str]:
    return [day_text(each) for each in values]


def is_instant(value: Any) -> bool:
    """Whether an operand is a whole AWSDateTime, and not just the beginning of one."""
    return _parses(instant, value)


def is_day(value: Any) -> bool:
    """Whether an operand is a whole AWSDate, and not just the beginning of one."""
    return _parses(day, value)


def _parses(parse: Convert, value: Any) -> bool:
    try:
        parse(value)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def datetime_text(value: datetime) -> str:
    """An instant as the API shows it: UTC, milliseconds, `Z`."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def key_text(of: Field, value: Any) -> str:
    """A part of a composite sort key as it stands in the joined text."""
    if of.type.name == "AWSDateTime" and is_instant(value):
        return datetime_text(instant(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def json_text(value: Any) -> str:
    """A value of an embedded type as JSON text, dates in it as the API shows them."""
    return orjson.dumps(value, default=shown, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def shown(value: Any) -> str:
    """A date or an instant as the API shows it."""
    if isinstance(value, datetime):
        return datetime_text(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
