"""Transactions that the database gives up for another's sake, brought about by real ones that meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.db.connections import engine
from service.db.connections.engine import Database, Transaction
from service.errors import Clash, Invalid, Unavailable
from tests.conftest import MakeDatabase

REPEATABLE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
RAISE = "UPDATE accounts SET amount = amount + 1 WHERE id = $1"


@pytest.fixture(scope="module")
async def accounts(make_database: MakeDatabase) -> AsyncIterator[Database]:
    database = Database.connect(await make_database(None), size=4)
    await database.execute_ddl("CREATE TABLE accounts (id text PRIMARY KEY, amount int CHECK (amount < 100))")
    yield database
    await database.close()


@pytest.fixture
async def database(accounts: Database) -> AsyncIterator[Database]:
    await accounts.execute_ddl("TRUNCATE accounts; INSERT INTO accounts VALUES ('a', 0), ('b', 0), ('log', 0)")
    yield accounts
    # Nobody has kept a connection, or a transaction on one.
    assert await accounts.fetch_rows("SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'") == []
    assert accounts._lanes._count == len(accounts._lanes._free)


async def amounts(database: Database) -> dict[str, int]:
    return {row[0]: row[1] for row in await database.fetch_rows("SELECT id, amount FROM accounts")}


class Meeting:
    """Work during which, the first few times, somebody else changes what it has read: SQLSTATE 40001."""

    def __init__(self, database: Database, times: int) -> None:
        self.database = database
        self.times = times
        self.attempts = 0
        self.again = asyncio.Event()

    async def __call__(self, transaction: Transaction) -> str:
        self.attempts += 1
        if self.attempts > 1:
            self.again.set()
        await transaction.execute(REPEATABLE)
        await transaction.fetch_rows(RAISE, ["log"])
        await transaction.fetch_rows("SELECT amount FROM accounts WHERE id = 'a'")
        if self.attempts <= self.times:
            await self.database.fetch_rows(RAISE, ["a"], writes=True)
        await transaction.fetch_rows(RAISE, ["a"])
        return f"attempt {self.attempts}"


@pytest.mark.parametrize("times", range(6))
async def test_h5_work_that_meets_another_is_done_again_and_once(database: Database, times: int) -> None:
    work = Meeting(database, times)
    assert await database.in_transaction(work) == f"attempt {times + 1}"
    assert await amounts(database) == {"a": times + 1, "b": 0, "log": 1}


async def test_h5_after_the_last_attempt_it_is_a_clash_and_nothing_is_done(database: Database) -> None:
    work = Meeting(database, 99)
    with pytest.raises(Clash, match="Another request changed the same rows") as caught:
        await database.in_transaction(work)
    assert (caught.value.code, caught.value.status) == ("clash", 503)
    assert isinstance(caught.value, Unavailable)
    assert work.attempts == 1 + len(engine.PAUSES) == 6
    assert await amounts(database) == {"a": 6, "b": 0, "log": 0}


async def test_h4_of_two_that_lock_crosswise_both_are_done(database: Database) -> None:
    holding = [asyncio.Event(), asyncio.Event()]
    attempts = 0

    async def crosswise(transaction: Transaction, number: int) -> None:
        nonlocal attempts
        attempts += 1
        first, second = ("a", "b") if number else ("b", "a")
        await transaction.fetch_rows(RAISE, [first])
        holding[number].set()
        await holding[1 - number].wait()  # both hold one before either asks for the other's
        await transaction.fetch_rows(RAISE, [second])

    await asyncio.gather(*(database.in_transaction(lambda each, n=n: crosswise(each, n)) for n in (0, 1)))
    assert attempts > 2
    assert await amounts(database) == {"a": 2, "b": 2, "log": 0}


async def test_a_clash_at_the_commit(database: Database) -> None:
    """Two that each read what the other writes: SERIALIZABLE finds out at the end."""
    read = [asyncio.Event(), asyncio.Event()]
    attempts = 0

    async def skewed(transaction: Transaction, number: int) -> None:
        nonlocal attempts
        attempts += 1
        await transaction.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        rows = await transaction.fetch_rows("SELECT sum(amount) FROM accounts")
        read[number].set()
        await read[1 - number].wait()
        await transaction.fetch_rows("UPDATE accounts SET amount = $2 WHERE id = $1", ["ab"[number], rows[0][0] + 1])

    await asyncio.gather(*(database.in_transaction(lambda each, n=n: skewed(each, n)) for n in (0, 1)))
    assert attempts > 2
    assert sorted((await amounts(database)).values()) == [0, 1, 2]


async def test_any_other_error_is_raised_at_once(database: Database) -> None:
    attempts = 0

    async def wrong(transaction: Transaction) -> None:
        nonlocal attempts
        attempts += 1
        await transaction.fetch_rows("UPDATE accounts SET amount = 100 WHERE id = 'a'")

    with pytest.raises(Invalid):
        await database.in_transaction(wrong)
    assert attempts == 1
    assert (await amounts(database))["a"] == 0


async def test_a_caller_who_gives_up_between_attempts_leaves_nothing(database: Database) -> None:
    work = Meeting(database, 99)
    task = asyncio.create_task(database.in_transaction(work))
    await work.again.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.gather(*database._lanes._ending)
    assert (await amounts(database))["log"] == 0
