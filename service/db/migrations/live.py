"""Changing tables that are in use: what a revision does to rows is done in steps, and no step keeps a client waiting.

Whoever waits for a lock on a table holds up all who come after, so a step waits for less than a second, gives up and
tries again later. What reads a whole table (an index that is built, a constraint that is checked) takes only locks
that readers and writers do not notice; what takes strong ones looks at no row. Each step is a transaction of its own
and looks first whether it is done already, so a migration that was cut off goes on where it was.
Source: PostgreSQL manual, "Explicit Locking", CREATE INDEX ("Building Indexes Concurrently"), ALTER TABLE ("Notes").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from alembic import op
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.db.security.roles import OWNER
from service.errors import CommandError

LOCK_WAIT = "800ms"
"""How long to wait for a lock. Less than clients wait (2 s), and less than the second after which PostgreSQL looks for
deadlocks: if there is one, it is the migration that gives up, and never a client that is ended."""
SHORT, LONG = "30s", "1h"
"""How long a statement may take that holds strong locks, and one that nobody waits for."""
PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, *(3.0,) * 12)
"""The seconds before each new attempt: some 40 in all, beside the time spent waiting for locks."""
BATCH = 2_000
"""How many rows are filled in one transaction."""

LIMITS = "SELECT set_config('lock_timeout', '{lock}', {local}), set_config('statement_timeout', '{statement}', {local})"
LOCK_FAILURES = {"55P03", "40P01"}
"""SQLSTATE: waited long enough for a lock; a deadlock."""
TOOK_TOO_LONG = "57014"

Result = TypeVar("Result")


class TablesInUse(Exception):
    """Several tables could not be locked at once; another time they may be."""


class Live:
    """Steps on the tables of one database. Where nobody has rows yet, they are plain statements of one transaction."""

    def __init__(self, connection: Connection, *, in_use: bool) -> None:
        self.connection = connection
        self.in_use = in_use

    def run(self, *statements: str, role: str | None = OWNER) -> None:
        """Run statements in one transaction. They must look at no rows, and wait for one lock each at most.

        Errors: CommandError if a lock could not be had for a minute.
        """
        if role:
            statements = (f"SET LOCAL ROLE {role}", *statements)
        if not self.in_use:
            run_at_once(*statements, *(["RESET ROLE"] if role else []))
            return
        limits = LIMITS.format(lock=LOCK_WAIT, statement=SHORT, local="true")
        patiently(lambda: self._transaction(limits, *statements), about=statements[-1])

    def index(self, statement: str) -> None:
        """Run a CREATE [UNIQUE] INDEX of which clients notice nothing, unless the index is there."""
        before, _, definition = statement.partition("INDEX ")
        name = definition.split()[0]
        found = self.ask(f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{name}')")  # noqa: S608  ours
        if found is True:
            return
        if not self.in_use:
            self.run(statement)
            return
        if found is False:  # what is left of one that was cut off
            self.alone(f"DROP INDEX CONCURRENTLY {name}")
        self.alone(f"{before}INDEX CONCURRENTLY {definition}")

    def constrain(self, table: str, definitions: Mapping[str, str]) -> None:
        """Add the constraints that a table lacks, by name; existing rows are checked afterwards, under a weak lock."""
        known = self._constraints(table)
        for name, definition in definitions.items():
            if name not in known:
                unchecked = " NOT VALID" if self.in_use else ""
                self.run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}{unchecked}")
        if self.in_use and (unchecked_ones := [name for name in definitions if not known.get(name)]):
            self.alone(f"ALTER TABLE {table} {', '.join(f'VALIDATE CONSTRAINT {name}' for name in unchecked_ones)}")

    def unique(self, table: str, name: str, columns: str) -> None:
        """Add a UNIQUE constraint by way of an index of the same name."""
        self.index(f"CREATE UNIQUE INDEX {name} ON {table} ({columns})")
        if name not in self._constraints(table):
            self.run(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")

    def require(self, table: str, columns: Sequence[str]) -> None:
        """Make columns NOT NULL. A valid CHECK that says so spares PostgreSQL the look at every row."""
        nullable = [each for each in columns if not self._is_required(table, each)]
        name = f"{table}_required"
        if nullable and self.in_use:
            self.constrain(table, {name: f"CHECK ({' AND '.join(f'{each} IS NOT NULL' for each in columns)})"})
        if nullable:
            self.run(f"ALTER TABLE {table} {', '.join(f'ALTER COLUMN {each} SET NOT NULL' for each in nullable)}")
        # Not in the same statement, which would drop it before it is asked.
        if name in self._constraints(table):
            self.run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def fill(self, statement: str) -> None:
        """Run a data-modifying statement with the placeholder `{batch}` until it finds no more rows to change."""
        while self.in_use and self._filled(statement):
            pass

    def alone(self, statement: str) -> None:
        """Run a statement that can be in no transaction, or that nobody waits for."""
        patiently(lambda: self._send(statement), about=statement)

    def ask(self, query: str) -> object:
        """The one value that a query gives; None without a row."""
        row = self.connection.exec_driver_sql(query).first()
        return row[0] if row else None

    def _filled(self, statement: str) -> int:
        changed = 0

        def change() -> None:
            nonlocal changed
            changed = self._transaction(f"SET LOCAL ROLE {OWNER}", statement.format(batch=BATCH))

        patiently(change, about=statement)
        return changed

    def _constraints(self, table: str) -> dict[str, bool]:
        """The names of a table's constraints, and whether all rows keep to them."""
        query = f"SELECT conname, convalidated FROM pg_constraint WHERE conrelid = '{table}'::regclass"  # noqa: S608  ours
        return {row[0]: row[1] for row in self.connection.exec_driver_sql(query)}

    def _is_required(self, table: str, column: str) -> bool:
        query = "SELECT attnotnull FROM pg_attribute WHERE attrelid = '{}'::regclass AND attname = '{}'"
        return self.ask(query.format(table, column)) is True

    def _transaction(self, *statements: str) -> int:
        self._send("BEGIN")
        try:
            changed = self._send(*statements)
        except BaseException:
            with suppress(SQLAlchemyError):  # the connection may be what has failed
                self._send("ROLLBACK")
            raise
        self._send("COMMIT")
        return changed

    def _send(self, *statements: str) -> int:
        """Send statements one after the other; the rows that the last has changed."""
        changed = 0
        for each in statements:
            changed = self.connection.exec_driver_sql(each).rowcount
        return changed


@contextmanager
def live(*tables: str) -> Iterator[Live]:
    """Steps on these tables, outside of Alembic's transaction if one of them has rows."""
    filled = " OR ".join(f"EXISTS (SELECT FROM {each})" for each in tables)
    if not op.get_bind().exec_driver_sql(f"SELECT {filled}").scalar():
        yield Live(op.get_bind(), in_use=False)
        return
    failure: Exception | None = None
    try:
        with op.get_context().autocommit_block():
            try:
                op.get_bind().exec_driver_sql(LIMITS.format(lock=0, statement=LONG, local="false"))
                yield Live(op.get_bind(), in_use=True)
            except Exception as error:
                failure = error
                raise
    except SQLAlchemyError:  # perhaps only how Alembic found that the connection is lost
        if failure is None:
            raise
        raise failure from None


def lock_tables(*tables: str, mode: str = "ACCESS EXCLUSIVE") -> None:
    """Lock several tables for the rest of a revision's transaction; all at once, or none while others wait.

    Errors: CommandError if that has not been possible for a minute.
    """
    connection = op.get_bind()
    statement = f"LOCK TABLE {', '.join(tables)} IN {mode} MODE"

    def lock() -> None:
        """All of them, or none."""
        try:
            with connection.begin_nested():  # what is locked is free again when the rest is not to be had
                connection.exec_driver_sql(LIMITS.format(lock=LOCK_WAIT, statement=LOCK_WAIT, local="true"))
                connection.exec_driver_sql(statement)
        except DBAPIError as error:
            if _state(error) == TOOK_TOO_LONG:
                raise TablesInUse from error
            raise

    patiently(lock, about=statement)
    limit_transaction(connection)


def run_at_once(*statements: str) -> None:
    """Run statements in a revision's transaction, in one message: what they lock is locked for no round trip more."""
    script = ";\n".join(statements)
    driver: Any = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))


def limit_transaction(connection: Connection) -> None:
    """Have a transaction that may hold strong locks wait for little, and end if it takes long."""
    connection.exec_driver_sql(LIMITS.format(lock=LOCK_WAIT, statement=SHORT, local="true"))


def patiently(action: Callable[[], Result], *, about: str) -> Result:
    """What an action gives that may fail for want of a lock, tried again for a while.

    Errors: CommandError, which shows the statement `about`, if the lock could not be had.
    """
    for pause in PAUSES:
        try:
            return action()
        except (DBAPIError, TablesInUse) as error:
            if not is_for_want_of_a_lock(error):
                raise
            time.sleep(pause)
    try:
        return action()
    except (DBAPIError, TablesInUse) as error:
        if not is_for_want_of_a_lock(error):
            raise
        raise CommandError(
            f"The migration has stopped: somebody has been holding a lock that it needs.\n{about}", hint=IN_USE
        ) from error


IN_USE = """\
What is done stays done; run it again and it goes on from here. A transaction that stays open is in the way:
  SELECT pid, now() - xact_start AS since, state, query FROM pg_stat_activity ORDER BY xact_start LIMIT 5;"""


def is_for_want_of_a_lock(error: Exception) -> bool:
    """Whether an action has only failed because others were using the tables."""
    return isinstance(error, TablesInUse) or _state(error) in LOCK_FAILURES


def _state(error: Exception) -> str | None:
    """The SQLSTATE of an error of the driver."""
    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state
