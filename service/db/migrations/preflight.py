"""What rows would break constraints that a revision adds: counted and told before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from service.errors import CommandError

INTEGRITY = "23"
"""SQLSTATE class: a row breaks a constraint."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names a row of another table, of the same organization."""

    column: str
    target: str
    on_delete: str = "RESTRICT"


@dataclass(frozen=True, slots=True)
class Enforced:
    """What a table is to enforce."""

    table: str
    required: tuple[str, ...]
    checks: Mapping[str, str] = field(default_factory=dict)
    """Column → what its values keep to; a missing value does."""
    unique: tuple[str, ...] = ()
    """Columns whose values are unique in an organization."""
    references: tuple[Reference, ...] = ()
    organization: str = "t.organization_id"
    """The organization of a row `t`, in SQL."""
    key: tuple[str, ...] = ("id",)


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows that break a rule."""

    table: str
    rows: int
    what: str
    query: str
    """Shows them."""

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"{self.table}: {rows} {self.what}\n    {self.query}"


def refuse_wrong_rows(
    connection: Connection, tables: Sequence[Enforced], *, changed: str = "It has changed nothing"
) -> None:
    """Errors: CommandError, with every rule that rows break, how many do, and how to see them."""
    found = [each for table in tables for each in _findings(connection, table) if each.rows]
    if found:
        raise CommandError(
            f"Rows break what the new revision enforces. {changed}:\n" + "\n".join(map(str, found)),
            hint="Correct or delete them, and run it again: docs/database.md, Migrations.",
        )


@contextmanager
def telling_wrong_rows(connection: Connection, tables: Sequence[Enforced]) -> Iterator[None]:
    """For steps that fail at rows which clients have written since: tell those as well. Errors: CommandError."""
    try:
        yield
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", "")).startswith(INTEGRITY):
            refuse_wrong_rows(connection, tables, changed="They were written while it ran, and it goes on from here")
        raise


def _findings(connection: Connection, about: Enforced) -> Iterator[Finding]:
    conditions = dict(_conditions(about))
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions.values())
    row = connection.exec_driver_sql(f"SELECT {counts} FROM {about.table} AS t").one()  # noqa: S608  a revision's words
    for rows, (what, condition) in zip(row, conditions.items(), strict=True):
        yield Finding(about.table, rows, what, _shown(about, f"WHERE {condition}"))
    for column in about.unique:
        yield _shared(connection, about, column)
    for reference in about.references:
        yield from _strays(connection, about, reference)


def _conditions(about: Enforced) -> Iterator[tuple[str, str]]:
    """What is wrong with a row by itself → the condition that it is."""
    for column in about.required:
        yield f"without {column}", f"t.{column} IS NULL"
    for column, check in about.checks.items():
        yield f"whose {column} is not allowed, it must be: {check}", f"NOT ({check})"


def _shared(connection: Connection, about: Enforced, column: str) -> Finding:
    others = (
        f"{about.table} AS o WHERE o.{column} = t.{column} AND o.organization_id = t.organization_id "
        f"AND (o.{about.key[0]}) <> (t.{about.key[0]})"
    )
    groups = (
        f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {about.table} AS t WHERE t.{column} IS NOT NULL "  # noqa: S608
        f"AND t.organization_id IS NOT NULL GROUP BY t.organization_id, t.{column} HAVING count(*) > 1) AS shared"
    )
    rows = connection.exec_driver_sql(groups).scalar_one()
    return Finding(
        about.table,
        int(rows),
        f"that share their {column} with another of the same organization",
        _shown(about, f"WHERE EXISTS (SELECT FROM {others}) ORDER BY t.organization_id, t.{column}"),
    )


def _strays(connection: Connection, about: Enforced, reference: Reference) -> Iterator[Finding]:
    """References to nothing, and to what belongs to another organization."""
    column, target = reference.column, reference.target
    joined = f"LEFT JOIN {target} AS r ON r.id = t.{column} WHERE t.{column} IS NOT NULL"
    missing = "r.id IS NULL"
    foreign = "false" if target == "organizations" else f"r.organization_id <> {about.organization}"
    counts = f"SELECT count(*) FILTER (WHERE {missing}), count(*) FILTER (WHERE {foreign})"
    lost, crossing = connection.exec_driver_sql(f"{counts} FROM {about.table} AS t {joined}").one()
    yield Finding(about.table, lost, f"whose {column} is no row of {target}", _shown(about, f"{joined} AND {missing}"))
    what = f"whose {column} is a row of {target} of another organization"
    yield Finding(about.table, crossing, what, _shown(about, f"{joined} AND {foreign}"))


def _shown(about: Enforced, rest: str) -> str:
    return f"SELECT {', '.join(f't.{each}' for each in about.key)} FROM {about.table} AS t {rest};"  # noqa: S608  as above
