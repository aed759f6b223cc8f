"""What an error of the database means: one table from SQLSTATE to the service's errors.

PostgreSQL's own words never leave the process: its DETAIL quotes rows, and its message names values.
"""

from __future__ import annotations

from dataclasses import dataclass

from asyncpg import (
    CheckViolationError,
    InterfaceError,
    InternalClientError,
    InvalidCachedStatementError,
    InvalidSQLStatementNameError,
    NotNullViolationError,
    PostgresError,
    UniqueViolationError,
)
from sqlalchemy.exc import DBAPIError

from service.errors import (
    BrokenReference,
    Clash,
    ConditionFailed,
    Forbidden,
    Invalid,
    LastAdmin,
    OutcomeUnknown,
    ServiceError,
    TimedOut,
    Unavailable,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What to tell the caller, and whether the connection can be used again."""

    error: type[ServiceError]
    message: str
    disconnects: bool = False


LAST_ADMIN = "OF001"
"""The SQLSTATE of our own for a change that would leave an organization without an Admin (`security/admins.py`)."""

_AWAY = Meaning(Unavailable, "The database is not available. Try again.", disconnects=True)
_BUSY = Meaning(Unavailable, "The database is busy. Try again.")
_CLASH = Meaning(Clash, "Another request changed the same rows at the same time. Try again.")
_REFUSES = Meaning(Unavailable, "The database refuses the user name or the password.", disconnects=True)
_REFERENCE = Meaning(BrokenReference, "A row that is referred to does not exist, or a row is still referred to.")
_TAKEN = Meaning(ConditionFailed, "Another row has a value that no two rows may share.")
_VALUE = Meaning(Invalid, "A value cannot be stored.")

MEANINGS = {
    "08": _AWAY,
    "22": _VALUE,
    "22003": Meaning(Invalid, "A number is too large."),
    "22021": Meaning(Invalid, "A text holds a character that cannot be stored (NUL)."),
    "22P05": Meaning(Invalid, "A text holds a character that cannot be stored (\\u0000)."),
    "23001": _REFERENCE,  # what PostgreSQL says of ON DELETE RESTRICT from 18 on
    "23502": Meaning(Invalid, "A required value is missing."),
    "23503": _REFERENCE,
    "23505": Meaning(ConditionFailed, ConditionFailed.NOT_MET),
    "23514": Meaning(Invalid, "A value is not one of those that are allowed."),
    "25006": _AWAY,  # read only: we still talk to the server that was the writer before a failover
    "25P03": _AWAY,  # ended while idle in a transaction
    "28": _REFUSES,
    "3D000": Meaning(Unavailable, "The database server has no database of that name.", disconnects=True),
    "40": _BUSY,
    "40001": _CLASH,
    "40P01": _CLASH,
    "42501": Meaning(Forbidden, "Not Authorized"),
    "53": _BUSY,
    "53300": Meaning(Unavailable, "The database has no connection to spare. Try again.", disconnects=True),
    "54": Meaning(Invalid, "A value is too long for an indexed field, or the request is too complex."),
    "55P03": _BUSY,
    "57014": Meaning(TimedOut, "The database took too long to answer."),
    "57": _AWAY,
    "58": _AWAY,
    LAST_ADMIN: Meaning(
        LastAdmin, "This would leave the organization without an Admin. Make somebody else Admin first."
    ),
}
"""SQLSTATE, or its class (the first two characters), → meaning. Source: PostgreSQL manual, Appendix A."""


def meaning(error: BaseException) -> Meaning | None:
    """What an error of the driver or of SQLAlchemy means; None if it is a mistake of ours."""
    cause = _cause(error)
    if isinstance(cause, PostgresError):
        state = cause.sqlstate or ""
        if isinstance(cause, UniqueViolationError) and not str(cause.constraint_name).endswith("_pkey"):
            return _TAKEN
        return MEANINGS.get(state) or MEANINGS.get(state[:2])
    if isinstance(cause, OSError | TimeoutError):
        return _AWAY
    # What the driver cannot encode (a year after 9999). An InterfaceError is a wrong use of the driver.
    if isinstance(cause, ValueError | OverflowError) and not isinstance(cause, InterfaceError):
        return _VALUE
    return None


def translated(error: Exception, *, lost: bool, changing: bool = False) -> ServiceError | None:
    """What to raise for an error of the driver; None for one that is a bug of ours, to be raised as it is.

    `changing`: what was sent makes a change as soon as it arrives, so that without an answer nobody knows.
    """
    if lost and changing:
        return OutcomeUnknown()
    found = _AWAY if lost else meaning(error)
    if found is None:
        return None
    refusal = found.error(found.message)
    if isinstance(refusal, Invalid):
        refusal.column = _refused_column(_cause(error))
    if isinstance(refusal, BrokenReference):
        refusal.constraint = getattr(_cause(error), "constraint_name", None)
    return refusal


def _refused_column(cause: BaseException) -> str | None:
    """The column that must not be null, or that the constraint `products_price_check` of a table `products` is of."""
    if isinstance(cause, CheckViolationError):
        name = str(cause.constraint_name)
        before, after = f"{cause.table_name}_", "_check"
        return name[len(before) : -len(after)] if name.startswith(before) and name.endswith(after) else None
    return cause.column_name if isinstance(cause, NotNullViolationError) else None


def was_not_sent(error: BaseException) -> bool:
    """Whether the connection had ended before a statement could be sent down it, so that nothing has happened."""
    return isinstance(error, InternalClientError) and str(error).startswith("cannot switch to state")


def is_answered(error: BaseException) -> bool:
    """Whether the server said it, and not the driver about a value that it cannot encode: then the server waits."""
    return isinstance(error, PostgresError) and error.severity is not None  # the driver uses the server's classes, too


def is_stale(error: BaseException) -> bool:
    """Whether a prepared statement is out of date (a migration, a pooler): it did not run."""
    return isinstance(error, InvalidCachedStatementError | InvalidSQLStatementNameError)


def _cause(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error
