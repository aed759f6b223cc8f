"""Names in SQL that is written by hand."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

_PREPARER = PGDialect_asyncpg().identifier_preparer  # type: ignore[no-untyped-call]


def quoted(name: str) -> str:
    """A name as it stands in a statement: in quotation marks where PostgreSQL would read another without them."""
    text: str = _PREPARER.quote(name)
    return text


def literal(value: str) -> str:
    """A text constant."""
    return "'" + value.replace("'", "''") + "'"
