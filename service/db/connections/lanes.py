"""The connections that statements run on: SQLAlchemy opens and owns them, the driver runs the text.

A lane is one of SQLAlchemy's connections, checked out once and kept. Statements run on its driver
connection directly, because SQLAlchemy's own execution costs several times what PostgreSQL needs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service.db.connections import failures
from service.errors import Unavailable
from service.telemetry import Span

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.prepared_stmt import PreparedStatement

WAIT_SECONDS = 1.0
"""How long a request waits for a lane before it is told to try again."""
IDLE_SECONDS = 15.0
"""A lane that rested longer is tried before a write goes down it: a write cannot be sent twice."""
LONG_SECONDS = 60.0
"""A lane that rested this long is tried before anything: what is frozen does not notice that the other end is gone."""
END_SECONDS = 2.0
"""How long PostgreSQL may take to end a cancelled statement before its connection is cut."""
STATEMENTS = 500
"""Prepared statements kept on a lane; the least recently used goes first."""


class Lane:
    """One connection and the statements prepared on it."""

    __slots__ = ("_connection", "_keeps_plans", "_names", "_statements", "driver", "rested_since")

    def __init__(self, connection: AsyncConnection, driver: asyncpg.Connection, *, keeps_plans: bool) -> None:
        self.driver = driver
        self._keeps_plans = keeps_plans
        self._names = count()
        self.rested_since = 0.0
        self._connection = connection
        self._statements: dict[str, PreparedStatement] = {}

    @classmethod
    async def open(cls, engine: AsyncEngine, *, keeps_plans: bool) -> Lane:
        """A new connection; `keeps_plans` allows statements with names. Errors: `Unavailable`."""
        try:
            with Span("connect"):
                connection = await engine.connect()
                raw = await connection.get_raw_connection()
        except Exception as error:
            if (known := failures.translated(error, lost=False)) is None:
                raise
            raise known from error
        return cls(connection, cast("asyncpg.Connection", raw.driver_connection), keeps_plans=keeps_plans)

    async def statement(self, sql: str, *, fresh_plan: bool) -> PreparedStatement:
        """The statement, prepared. One without a name is planned for its arguments each time it runs."""
        statement = self._statements.pop(sql, None)
        if statement is None:
            name = f"lane_{next(self._names)}" if self._keeps_plans and not fresh_plan else ""
            statement = await self.driver.prepare(sql, name=name)
            if len(self._statements) >= STATEMENTS:
                del self._statements[next(iter(self._statements))]
        self._statements[sql] = statement
        return statement

    def is_lost(self, error: Exception) -> bool:
        """Whether the connection is gone with an error."""
        meaning = failures.meaning(error)
        disconnects = meaning is not None and meaning.disconnects
        return disconnects or self.driver.is_closed() or failures.was_not_sent(error)

    def forget_statements(self) -> None:
        """Prepare everything anew: a migration has changed what is behind it."""
        self._statements.clear()

    def drop(self) -> None:
        """Cut the connection, whatever state it is in. Nothing is awaited, so nothing can be left half done."""
        self._statements.clear()
        self.driver.terminate()
        if (connection := self._connection.sync_connection) is not None:
            connection.invalidate()
            connection.close()


class Lanes:
    """Up to `size` lanes. The one used last is used next, so that few stay warm.

    `direct`: no pooler stands between us and PostgreSQL.
    """

    def __init__(self, engine: AsyncEngine, size: int, *, direct: bool) -> None:
        self._engine = engine
        self._size = size
        self._direct = direct
        self._ending: set[asyncio.Task[None]] = set()
        self._count = 0
        self._free: list[Lane] = []
        self._waiting: deque[asyncio.Future[Lane | None]] = deque()

    async def take(self, *, tried: bool = False) -> Lane:
        """A lane, which must be given back or discarded. `tried`: one that certainly works.

        Errors: `Unavailable` when all lanes are in use for a second, or the database is away.
        """
        while True:
            lane = self._free.pop() if self._free else await self._new_or_awaited()
            try:
                if await self._works(lane, IDLE_SECONDS if tried else LONG_SECONDS):
                    return lane
            except BaseException:
                self.discard(lane)
                raise
            self.discard(lane)

    def give(self, lane: Lane) -> None:
        """Give a lane back that is fit to be used again."""
        lane.rested_since = time.time()
        if not self._hand_over(lane):
            self._free.append(lane)

    def discard(self, lane: Lane) -> None:
        """Give a lane back that is not."""
        lane.drop()
        self._vacate()

    def set_aside(self, lane: Lane) -> None:
        """Give a lane back whose statement was cancelled: it returns when PostgreSQL has let go of it."""
        if self._direct:
            self.end(lane)
        else:  # RDS Proxy does not hand a request to cancel on
            self.discard(lane)

    def end(self, lane: Lane) -> None:
        """Give a lane back on which a statement may be under way, or prepared and not run: its locks are held."""
        task = asyncio.get_running_loop().create_task(self._end_statement(lane))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Cut every lane that is not in use."""
        await asyncio.gather(*self._ending)
        self.discard_rested()

    def discard_rested(self) -> None:
        """Cut all that are not in use: when one connection has died, the others have, too."""
        while self._free:
            self.discard(self._free.pop())

    async def _end_statement(self, lane: Lane) -> None:
        try:
            # asyncpg waits here for the answer to the request to cancel that it has sent.
            await lane.driver.execute("ROLLBACK", timeout=END_SECONDS)
        except Exception:  # noqa: BLE001  whatever it is, the lane is of no use
            self.discard(lane)
        else:
            self.give(lane)

    async def _new_or_awaited(self) -> Lane:
        if self._count < self._size:
            self._count += 1
        elif (lane := await self._awaited()) is not None:
            return lane
        try:
            return await Lane.open(self._engine, keeps_plans=self._direct)
        except BaseException:
            self._vacate()
            raise

    def _vacate(self) -> None:
        """Leave the room of a lane to whoever waits longest. It counts as taken, so that nobody is quicker."""
        if not self._hand_over(None):
            self._count -= 1

    async def _awaited(self) -> Lane | None:
        """The next lane that is given back; None if one was discarded, whose room is then the caller's."""
        turn: asyncio.Future[Lane | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it came while we were giving up
                lane = turn.result()
                self.give(lane) if lane is not None else self._vacate()
            if isinstance(error, TimeoutError):
                raise Unavailable("All connections to the database are in use. Try again.") from error
            raise

    def _hand_over(self, lane: Lane | None) -> bool:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(lane)
                return True
        return False

    async def _works(self, lane: Lane, rest: float) -> bool:
        if lane.driver.is_closed():
            return False
        if time.time() - lane.rested_since < rest or not lane.rested_since:
            return True
        with suppress(Exception):
            await lane.driver.execute("SELECT", timeout=WAIT_SECONDS)  # asyncpg cannot read the answer to an empty one
            return True
        return False
