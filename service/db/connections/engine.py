"""The database: statements in, text out, errors that mean something.

SQLAlchemy owns the engine and its connections (`lanes.py`); what runs here is SQL text that was
compiled once. Arguments are the driver's native types: str (text, json, jsonb), int, float, bool,
date, datetime with a time zone, and lists of them. json and jsonb come back as text.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.db.connections import failures
from service.db.connections.address import Address, address_of
from service.db.connections.lanes import Lane, Lanes
from service.errors import Clash
from service.telemetry import Span, count_statement

if TYPE_CHECKING:
    import asyncpg

DIRECT_SETTINGS = {
    "application_name": "offramp",
    "jit": "off",
    "lock_timeout": "2s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
}
"""Sent when connecting directly. Behind a proxy they would pin the connection: there the role has them."""

PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)
"""The most seconds before each new attempt of a transaction that clashed (40001, 40P01)."""

Result = TypeVar("Result")
How = Literal["fetchval", "fetchrow", "fetch"]
Admit = Callable[["asyncpg.Connection"], Awaitable[None]]


class Looks(Protocol):
    """Looks at a statement before it is sent, and says whether who asks is known after it; `told`: it is before."""

    def __call__(self, sql: str, *, told: bool = False) -> bool:
        """Look. What it raises is raised, and nothing is sent."""


class Database:
    """A pool of connections to one database. Make it with `connect`, end it with `close`."""

    def __init__(self, engine: AsyncEngine, lanes: Lanes) -> None:
        self.engine = engine
        self.observer: Callable[[str], None] | None = None
        """Called with every statement that is sent, BEGIN and COMMIT aside; for tests and logs."""
        self.watch: Looks | None = None
        """Looks at every statement before it is sent, in development and in tests."""
        self._lanes = lanes

    @classmethod
    def connect(
        cls, address: Address | str, *, size: int = 10, behind_proxy: bool = False, admit: Admit | None = None
    ) -> Database:
        """A database that connects when it is first asked something; an address may be a URL.

        `behind_proxy`: a pooler (RDS Proxy, pgbouncer) stands between: no statement has a name, and
        nothing is set on the session. `admit` looks at each new connection; one that it raises an error
        about is not used. Errors: `CommandError` for a URL that cannot be one.
        """
        where = address_of(address)
        settings = None if behind_proxy else DIRECT_SETTINGS

        async def open_driver(**_: object) -> asyncpg.Connection:
            """A connection that `admit` has nothing against."""
            # Without a cache asyncpg leaves it to `Lane` which statements have names.
            driver = await where.open(statement_cache_size=0, server_settings=settings)
            if behind_proxy:
                _keep_from_pinning(driver)
            if admit is not None:
                await _admitted(driver, admit)
            return driver

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=open_driver,
            isolation_level="AUTOCOMMIT",
            pool_size=size,
            max_overflow=0,
            json_deserializer=str,  # json stays the text it is
        )
        return cls(engine, Lanes(engine, size, direct=not behind_proxy))

    async def fetch_value(
        self, sql: str, args: Sequence[object] = (), *, writes: bool = False, fresh_plan: bool = False
    ) -> str | None:
        """The first column of the first row, which must be text or json; None if there is no row.

        A read is sent again, once, if its connection turns out to be dead; `writes` forbids that.
        `fresh_plan`: plan for these arguments. Right for a filter or a range with an order and a limit,
        where PostgreSQL's kept plan may be 20 times slower (`docs/database.md`); wrong for lookups by
        key, where planning doubles the time. Errors: by `failures.py`.
        """
        return cast("str | None", await self._fetch("fetchval", sql, args, writes=writes, fresh_plan=fresh_plan))

    async def fetch_row(
        self, sql: str, args: Sequence[object] = (), *, writes: bool = False, fresh_plan: bool = False
    ) -> asyncpg.Record | None:
        """The first row, or None."""
        row = await self._fetch("fetchrow", sql, args, writes=writes, fresh_plan=fresh_plan)
        return cast("asyncpg.Record | None", row)

    async def fetch_rows(
        self, sql: str, args: Sequence[object] = (), *, writes: bool = False, fresh_plan: bool = False
    ) -> list[asyncpg.Record]:
        """All rows."""
        rows = await self._fetch("fetch", sql, args, writes=writes, fresh_plan=fresh_plan)
        return cast("list[asyncpg.Record]", rows)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction (READ COMMITTED): committed at the end of the block, undone if the block raises."""
        lane, _ = await self._attempt(lambda lane: lane.driver.execute("BEGIN"), tried=True, repeatable=True)
        try:
            yield Transaction(self, lane)
            await _answered(lane, lane.driver.execute("COMMIT"), changing=True)
        except BaseException as error:
            await self._undo(lane, error)
            raise
        self._lanes.give(lane)

    async def in_transaction(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """What `work` gives in a transaction. If that clashes with another's, all of it again, in a new one.

        So `work` must change nothing but rows. After the last of the pauses: Clash.
        """
        for pause in PAUSES:
            with suppress(Clash):
                async with self.transaction() as transaction:
                    return await work(transaction)
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311  so that the two do not meet again
        async with self.transaction() as transaction:
            return await work(transaction)

    async def execute_ddl(self, script: str) -> None:
        """Run a script of statements, all or none, free of the limits on time that requests have."""
        async with self.transaction() as transaction:
            await transaction.execute(f"SET LOCAL statement_timeout = 0;\n{script}")

    async def ping(self) -> None:
        """Ask the database for an answer. Errors: `Unavailable`."""
        await self.fetch_row("SELECT 1")

    async def close(self) -> None:
        """End the connections. Those in use are left to whoever uses them."""
        await self._lanes.close()
        await self.engine.dispose()

    async def _fetch(self, how: How, sql: str, args: Sequence[object], *, writes: bool, fresh_plan: bool) -> object:
        if self.watch is not None:
            self.watch(sql)
        lane, result = await self._attempt(
            lambda lane: self.sent(lane, how, sql, args, fresh_plan=fresh_plan), tried=writes, repeatable=not writes
        )
        self._lanes.give(lane)
        return result

    async def _attempt(
        self, action: Callable[[Lane], Awaitable[object]], *, tried: bool, repeatable: bool
    ) -> tuple[Lane, object]:
        """Do something on a lane, and once more on another if that can do no harm; the lane that it went well on."""
        for is_last in (False, True):
            lane = await self._lanes.take(tried=tried)
            try:
                return lane, await action(lane)
            except Exception as error:
                lost = self._settle(lane, error)
                did_not_run = failures.is_stale(error) or failures.was_not_sent(error)
                if is_last or not (did_not_run or (lost and repeatable)):
                    changing = not (repeatable or did_not_run)
                    if (known := failures.translated(error, lost=lost, changing=changing)) is None:
                        raise
                    raise known from error
            except BaseException:
                self._lanes.set_aside(lane)
                raise
        raise AssertionError("the second attempt returns or raises")

    async def sent(self, lane: Lane, how: How, sql: str, args: Sequence[object], *, fresh_plan: bool = False) -> object:
        """The answer to one statement on one lane, errors as the driver has them."""
        if self.observer is not None:
            self.observer(sql)
        count_statement()
        with Span("sql"):
            statement = await lane.statement(sql, fresh_plan=fresh_plan)
            return await getattr(statement, how)(*args)

    def _settle(self, lane: Lane, error: Exception) -> bool:
        """Give back a lane on which a statement failed; True if its connection is gone."""
        lost = lane.is_lost(error)
        if lost:
            self._lanes.discard(lane)
            self._lanes.discard_rested()
            return True
        if failures.is_stale(error):
            lane.forget_statements()
        if failures.is_answered(error):
            self._lanes.give(lane)
        else:
            self._lanes.end(lane)
        return False

    async def _undo(self, lane: Lane, error: BaseException) -> None:
        if not isinstance(error, Exception):
            self._lanes.set_aside(lane)
            return
        if not lane.driver.is_closed():
            with suppress(Exception):
                await lane.driver.execute("ROLLBACK")
                self._lanes.give(lane)
                return
        self._lanes.discard(lane)


class Transaction:
    """The statements of one transaction. None is ever sent twice."""

    def __init__(self, database: Database, lane: Lane) -> None:
        self._database = database
        self._lane = lane
        self._told = False

    async def fetch_value(self, sql: str, args: Sequence[object] = ()) -> str | None:
        """The first column of the first row, which must be text or json; None if there is no row."""
        return cast("str | None", await self._fetch("fetchval", sql, args))

    async def fetch_row(self, sql: str, args: Sequence[object] = ()) -> asyncpg.Record | None:
        """The first row, or None."""
        return cast("asyncpg.Record | None", await self._fetch("fetchrow", sql, args))

    async def fetch_rows(self, sql: str, args: Sequence[object] = ()) -> list[asyncpg.Record]:
        """All rows."""
        return cast("list[asyncpg.Record]", await self._fetch("fetch", sql, args))

    async def execute(self, script: str) -> None:
        """Run a script of statements that take no arguments."""
        await _answered(self._lane, self._lane.driver.execute(script))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part of the transaction that is undone by itself if the block raises; the rest goes on."""
        await self.execute("SAVEPOINT part")
        try:
            yield
        except Exception:
            await self.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            raise
        await self.execute("RELEASE SAVEPOINT part")

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Load rows by COPY, the fastest way in."""
        await _answered(self._lane, self._lane.driver.copy_records_to_table(table, columns=columns, records=rows))

    async def _fetch(self, how: How, sql: str, args: Sequence[object]) -> object:
        if self._database.watch is not None:
            self._told = self._database.watch(sql, told=self._told)
        return await _answered(self._lane, self._database.sent(self._lane, how, sql, args))


def _keep_from_pinning(driver: Any) -> None:
    """Keep asyncpg from switching JIT off for the session when it meets a type that it has to look up: `float8[]`."""
    driver._server_caps = driver._server_caps._replace(jit=False)  # noqa: SLF001  it has no other way to be told


async def _admitted(driver: asyncpg.Connection, admit: Admit) -> None:
    try:
        await admit(driver)
    except BaseException:
        driver.terminate()
        raise


Connection = Database | Transaction
"""What a statement can run on."""


async def _answered(lane: Lane, answer: Awaitable[Any], *, changing: bool = False) -> Any:
    try:
        return await answer
    except Exception as error:
        if (known := failures.translated(error, lost=lane.is_lost(error), changing=changing)) is None:
            raise
        raise known from error
