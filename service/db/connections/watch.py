"""In development and in tests, a statement about rows for which nobody said who asks is a mistake that raises.

PostgreSQL answers it with no rows and without an error, so nobody would see that something is forgotten. Here each
statement is looked at before it is sent: one that names a table of an `enforced` catalog must call `app_context`, or
come after one that did, in the same transaction. In production nothing is looked at: policies keep organizations apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from service.catalog.audit_entry import TABLE
from service.catalog.model import Catalog

if TYPE_CHECKING:
    from service.db.connections.engine import Database

TELLS = "app_context("


class NobodyAsksError(RuntimeError):
    """A statement about rows of organizations does not say who asks: a bug of ours, never a caller's mistake."""


class Watch:
    """Looks at the statements that are sent to a database with the tables of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        tables = "|".join(re.escape(each) for each in (*(model.table for model in catalog.models), TABLE))
        self._names = re.compile(
            rf'\b(?:FROM|JOIN|INTO|UPDATE|ONLY|USING)\s+(?:public\.)?"?({tables})\b', re.IGNORECASE
        )

    def __call__(self, sql: str, *, told: bool = False) -> bool:
        """Look at a statement; True if who asks is known after it, for the rest of its transaction.

        Raises `NobodyAsksError` if it is about rows, and it is not `told` and does not tell.
        """
        told = told or TELLS in sql
        if not told and (found := self._names.search(sql)) is not None:
            raise NobodyAsksError(
                f"A statement about {found[1]} does not say who asks, so that PostgreSQL would show it no rows. "
                "Run it in Repository.transaction (for an operation: rows.transaction), or make a plan of it."
            )
        return told


def watch_statements(database: Database, catalog: Catalog) -> None:
    """Have the statements of a database looked at, if the tables of its catalog keep organizations apart."""
    if catalog.is_enforced:
        database.watch = Watch(catalog)
