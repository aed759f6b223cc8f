"""The forms of a value: as the request gave it, as PostgreSQL is sent it, as the API shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import orjson

from service.catalog.model import Field

Convert = Callable[[Any], Any]


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


def instant_texts(values: list[Any]) -> list[str]:
    """The same of each in a list."""
    return [instant_text(each) for each in values]


def day_texts(values: list[Any]) -> list[str]:
    """The same of each in a list."""
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
