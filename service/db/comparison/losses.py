"""What undoing revisions takes away, found out by doing it to an empty database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.db.comparison.differences import differences
from service.db.comparison.reference import throwaway_server
from service.db.comparison.structure import Key, Kind, structure_of
from service.db.connections.address import Address
from service.db.connections.engine import Database
from service.db.migrations.upgrade import downgrade, upgrade


@dataclass(frozen=True, slots=True)
class Losses:
    """What goes: tables and columns with their data, and how much of each other kind."""

    data: tuple[Key, ...]
    others: Mapping[Kind, int]


def losses(current: str, to: str) -> Losses:
    """What is lost on the way from one revision down to another, which Alembic spells. It blocks for some seconds.

    Errors: `CommandError` if the way cannot be gone; `EmbeddedError` without the embedded server's programs.
    """
    with throwaway_server() as url:
        upgrade(url, current)
        before = asyncio.run(structure_of(url))
        downgrade(url, to)
        after = asyncio.run(structure_of(url))
    gone = [each.key for each in differences(after, before) if each.found is None]
    data = tuple(key for key in gone if key.kind in (Kind.TABLE, Kind.COLUMN))
    return Losses(data, Counter(key.kind for key in gone if key not in data))


async def counted(address: Address | str, data: tuple[Key, ...]) -> list[tuple[Key, int]]:
    """How many rows a table has, and how many values a column; what the database does not have is left out."""
    there = await structure_of(address)
    database = Database.connect(address, size=1)
    try:
        return [(key, await _count(database, key)) for key in data if key in there]
    finally:
        await database.close()


async def _count(database: Database, key: Key) -> int:
    async with database.transaction() as transaction:
        await transaction.execute("SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = 0")
        counted = await transaction.fetch_value(f"SELECT count({key.name or '*'})::text FROM {key.of}")  # noqa: S608  quoted
    return int(counted or 0)


def told(lost: list[tuple[Key, int]], others: Mapping[Kind, int]) -> Iterator[str]:
    """It in lines."""
    for key, count in lost:
        what = ("row" if key.kind is Kind.TABLE else "value") + ("" if count == 1 else "s")
        yield f"{key.kind} {key.of}{'.' + key.name if key.name else ''}, with {count} {what}"
    if others:
        listed = ", ".join(f"{count} × {kind}" for kind, count in sorted(others.items()))  # noqa: RUF001  times
        yield f"of what finds and guards rows: {listed}"
