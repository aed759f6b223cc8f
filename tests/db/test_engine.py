from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from service.db.connections import lanes
from service.db.connections.address import postgresql_url
from service.db.connections.engine import Database, Transaction
from service.errors import (
    CommandError,
    ConditionFailed,
    Forbidden,
    Invalid,
    OutcomeUnknown,
    ServiceError,
    TimedOut,
    Unavailable,
)
from tests.conftest import MakeDatabase

SECRET = "hunter2-in-a-row"


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase) -> str:
    url = await make_database()
    database = Database.connect(url, size=1)
    await database.execute_ddl(
        "CREATE TABLE things (id text PRIMARY KEY, size integer NOT NULL CHECK (size < 100), note text, doc json);"
        "CREATE TABLE parts (id text PRIMARY KEY, thing text REFERENCES things);"
        "CREATE INDEX ON things (note);"
        f"INSERT INTO things VALUES ('{SECRET}', 1, 'x', '{{\"b\":1, \"a\":2}}')"
    )
    await database.close()
    return url


@pytest.fixture
async def fresh(url: str) -> AsyncIterator[Database]:
    """A database with two lanes of its own."""
    database = Database.connect(url, size=2)
    yield database
    await database.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator[Database]:
    """Somebody else's connection to it."""
    database = Database.connect(url, size=1)
    yield database
    await database.close()


async def kill_all_but(other: Database) -> int:
    rows = await other.fetch_rows(
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return len(rows)


async def kill_sleeper(other: Database) -> None:
    """End the connection on which pg_sleep is running, as soon as it is."""
    sql = (
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
        "WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'"
    )
    async with asyncio.timeout(10):
        while not await other.fetch_rows(sql):  # noqa: ASYNC110  PostgreSQL has no event for us
            await asyncio.sleep(0.01)


async def test_json_comes_as_the_text_it_is(fresh: Database):
    assert await fresh.fetch_value("SELECT doc FROM things") == '{"b":1, "a":2}'
    assert await fresh.fetch_value('SELECT \'{"b":1, "a":2}\'::jsonb') == '{"a": 2, "b": 1}'
    assert await fresh.fetch_value("SELECT doc FROM things WHERE id = $1", ["none"]) is None
    assert await fresh.fetch_row("SELECT id FROM things WHERE id = 'none'") is None


@pytest.mark.parametrize("behind_proxy", [False, True])
async def test_a_value_that_cannot_be_encoded_leaves_nothing_open(url: str, other: Database, *, behind_proxy: bool):
    """The statement has been prepared by then. Until a Sync PostgreSQL holds its locks, and a pooler its connection."""
    database = Database.connect(url, size=1, behind_proxy=behind_proxy)
    locks = "SELECT FROM pg_locks WHERE relation = 'things'::regclass"
    with pytest.raises(Invalid):
        await database.fetch_value("SELECT note FROM things WHERE size = $1", ["many"])
    async with asyncio.timeout(5):
        while await other.fetch_rows(locks):  # noqa: ASYNC110  PostgreSQL has no event for us
            await asyncio.sleep(0.01)
    assert await database.fetch_value("SELECT note FROM things WHERE size = $1", [1]) == "x"  # on the same connection
    await database.close()


async def test_arguments_are_the_drivers_native_types(fresh: Database):
    at = datetime(2026, 11, 22, 18, 14, 18, 710000, tzinfo=UTC)
    args = ["é", 7, 0.1, True, date(2024, 2, 29), at, ["a", None], [1.5], '{"x": 1}', '{"x":1}', 2**40, None]
    types = [
        "text",
        "int",
        "float8",
        "bool",
        "date",
        "timestamptz",
        "text[]",
        "float8[]",
        "jsonb",
        "json",
        "bigint",
        "text",
    ]
    sql = "SELECT " + ", ".join(f"${number}::{name} AS v{number}" for number, name in enumerate(types, 1))
    row = await fresh.fetch_row(sql, args)
    assert row is not None
    assert list(row) == args


@pytest.mark.parametrize(
    ("sql", "args", "error", "message"),
    [
        ("INSERT INTO things VALUES ($1, 1)", [SECRET], ConditionFailed, "The conditional request failed"),
        ("INSERT INTO things VALUES ($1, NULL)", [SECRET], Invalid, "A required value is missing."),
        ("INSERT INTO things VALUES ($1, 100)", [SECRET], Invalid, "A value is not one of those that are allowed."),
        ("INSERT INTO parts VALUES ('p', $1)", [SECRET + "?"], ConditionFailed, "A row that is referred to does not"),
        ("INSERT INTO things VALUES ($1, 1)", ["\0"], Invalid, "A text holds a character that cannot be stored (NUL)"),
        ("SELECT $1::jsonb::text", ['"\\u0000"'], Invalid, "A text holds a character that cannot be stored (\\u0000)"),
        ("INSERT INTO things VALUES ('y', $1)", [2**40], Invalid, "A value cannot be stored."),
        ("INSERT INTO things VALUES ('y', $1)", ["1"], Invalid, "A value cannot be stored."),
        ("SELECT ($1::int * 1000000)::text", [2**30], Invalid, "A number is too large."),
        (
            "INSERT INTO things SELECT $1, 1, string_agg(md5(n::text), '') FROM generate_series(1, 999) n",
            ["z"],
            Invalid,
            "A value is too long for an indexed field",
        ),
        ("SELECT pg_sleep(2)::text", [], TimedOut, "The database took too long to answer."),
    ],
)
async def test_errors_say_what_happened_and_quote_nothing(
    fresh: Database, sql: str, args: list[object], error: type[ServiceError], message: str
):
    async with fresh.transaction() as transaction:
        await transaction.execute("SET LOCAL statement_timeout = '100ms'")
        with pytest.raises(error) as raised:
            await transaction.fetch_value(sql, args)
        assert raised.value.message.startswith(message)
        assert SECRET not in raised.value.message
        await transaction.execute("ROLLBACK")
    assert await fresh.fetch_value("SELECT 'still here'") == "still here"


async def test_a_missing_right_is_forbidden(fresh: Database):
    async with fresh.transaction() as transaction:
        await transaction.execute("CREATE ROLE nobody_much; SET LOCAL ROLE nobody_much")
        with pytest.raises(Forbidden, match=r"^Not Authorized$"):
            await transaction.fetch_value("SELECT id FROM things")
        await transaction.execute("ROLLBACK")


async def test_our_own_mistakes_are_not_dressed_up(fresh: Database):
    with pytest.raises(Exception, match='syntax error at or near "SELEKT"') as raised:
        await fresh.fetch_value("SELEKT 1")
    assert not isinstance(raised.value, ServiceError)


async def test_a_transaction_is_all_or_nothing(fresh: Database):
    async def insert(transaction: Transaction, key: str) -> None:
        await transaction.fetch_value("INSERT INTO things VALUES ($1, 1) RETURNING id", [key])

    async def twice(key: str) -> None:
        async with fresh.transaction() as transaction:
            await insert(transaction, key)
            await insert(transaction, key)

    async def then_raise(key: str) -> None:
        async with fresh.transaction() as transaction:
            await insert(transaction, key)
            raise RuntimeError("ours")

    with pytest.raises(ConditionFailed):
        await twice("t1")
    with pytest.raises(RuntimeError, match="ours"):
        await then_raise("t2")
    async with fresh.transaction() as transaction:
        await insert(transaction, "t3")
    rows = await fresh.fetch_rows("DELETE FROM things WHERE id LIKE 't_' RETURNING id", writes=True)
    assert [row["id"] for row in rows] == ["t3"]


async def test_a_cancelled_transaction_is_undone_and_its_lane_comes_back(url: str, other: Database):
    await check_cancelling(Database.connect(url, size=2))
    rows = await other.fetch_rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
    assert rows == []


async def test_behind_a_proxy_the_lane_of_a_cancelled_transaction_is_cut(url: str, other: Database):
    await check_cancelling(Database.connect(url, size=2, behind_proxy=True))
    await kill_all_but(other)


async def check_cancelling(fresh: Database) -> None:
    async def slow() -> None:
        async with fresh.transaction() as transaction:
            await transaction.fetch_value("INSERT INTO things VALUES ('c', 1) RETURNING id")
            await transaction.fetch_value("SELECT pg_sleep(5)::text")

    for _ in range(3):  # more often than there are lanes
        task = asyncio.create_task(slow())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await fresh.fetch_value("SELECT id FROM things WHERE id = 'c'") is None
    await fresh.close()


async def test_a_dead_connection_is_replaced_without_anybody_noticing(fresh: Database, other: Database):
    await asyncio.gather(fresh.ping(), fresh.ping())
    assert await kill_all_but(other) == 2
    assert await fresh.fetch_value("SELECT 'a'") == "a"
    await kill_all_but(other)
    assert await fresh.fetch_value("INSERT INTO things VALUES ('d', 1) RETURNING id", writes=True) == "d"
    await kill_all_but(other)
    async with fresh.transaction() as transaction:
        assert await transaction.fetch_value("DELETE FROM things WHERE id = 'd' RETURNING id") == "d"


async def test_a_read_that_loses_its_connection_is_sent_again_once(fresh: Database, other: Database):
    sent: list[str] = []
    fresh.observer = sent.append
    sql = "SELECT 'read', pg_sleep(2)"
    reading = asyncio.create_task(fresh.fetch_value(sql))
    await kill_sleeper(other)
    assert await reading == "read"
    assert sent == [sql, sql]

    reading = asyncio.create_task(fresh.fetch_value(sql))
    await kill_sleeper(other)
    await kill_sleeper(other)
    with pytest.raises(Unavailable, match=r"^The database is not available\. Try again\.$"):
        await reading


async def test_a_write_that_loses_its_connection_is_not_sent_again(fresh: Database, other: Database):
    sent: list[str] = []
    fresh.observer = sent.append
    sql = "INSERT INTO things SELECT 'w', 1 FROM pg_sleep(2) RETURNING id"
    writing = asyncio.create_task(fresh.fetch_value(sql, writes=True))
    await kill_sleeper(other)
    with pytest.raises(OutcomeUnknown, match="whether the change was made is not known"):
        await writing
    assert sent == [sql]
    assert await fresh.fetch_value("SELECT id FROM things WHERE id = 'w'") is None


async def test_the_room_of_a_lane_that_is_cut_is_the_waiters(url: str):
    """And nobody else's who comes before the waiter wakes: there would be one lane more than SQLAlchemy's pool has."""
    database = Database.connect(url, size=1)
    pool = database._lanes
    lane = await pool.take()
    waiting = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    pool.discard(lane)
    waiting.add_done_callback(lambda waited: pool.give(waited.result()))
    async with asyncio.timeout(5):
        assert await pool.take() is await waiting
    pool.discard(waiting.result())
    await database.close()


async def test_a_lane_that_is_tried_for_somebody_who_gives_up_is_not_lost(url: str, monkeypatch: pytest.MonkeyPatch):
    database = Database.connect(url, size=1)
    await database.ping()
    monkeypatch.setattr(lanes, "LONG_SECONDS", -1)
    asking = asyncio.create_task(database.ping())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await database.ping()
    await database.close()


@pytest.mark.parametrize(("rest", "writes"), [("IDLE_SECONDS", True), ("LONG_SECONDS", False)])
async def test_a_rested_lane_is_tried_first(
    fresh: Database,
    monkeypatch: pytest.MonkeyPatch,
    rest: str,
    writes: bool,  # noqa: FBT001  a case
):
    await fresh.ping()
    (lane,) = fresh._lanes._free
    monkeypatch.setattr(lanes, rest, 0.0)
    # A frozen function wakes with a socket that looks open and leads nowhere.
    monkeypatch.setattr(lane.driver._transport, "write", lambda _: None)
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 0.2)
    assert await fresh.fetch_value("SELECT 'written'", writes=writes) == "written"
    assert lane not in fresh._lanes._free


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0])
async def test_i12_a_clock_that_jumps_costs_no_connection(
    fresh: Database, monkeypatch: pytest.MonkeyPatch, jump: float
):
    pid = await fresh.fetch_value("SELECT pg_backend_pid()::text")
    now = time.time()
    monkeypatch.setattr(lanes.time, "time", lambda: now + jump)
    for writes in (False, True):
        assert await fresh.fetch_value("SELECT pg_backend_pid()::text", writes=writes) == pid


async def test_waiting_for_a_lane_ends_with_an_error(fresh: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 0.2)
    async with fresh.transaction(), fresh.transaction():
        start = time.monotonic()
        with pytest.raises(Unavailable, match=r"^All connections to the database are in use"):
            await fresh.ping()
        assert 0.15 < time.monotonic() - start < 1
        waiting = asyncio.create_task(fresh.fetch_value("SELECT 'patient'"))
        await asyncio.sleep(0.05)
    assert await waiting == "patient"


async def test_many_callers_share_few_lanes_in_turn(fresh: Database):
    answers = await asyncio.gather(*(fresh.fetch_value("SELECT $1::text", [str(n)]) for n in range(40)))
    assert answers == [str(n) for n in range(40)]
    assert len(fresh._lanes._free) == 2


async def test_the_lane_used_last_is_used_next(fresh: Database):
    await asyncio.gather(fresh.ping(), fresh.ping())
    pids = {await fresh.fetch_value("SELECT pg_backend_pid()::text") for _ in range(20)}
    assert len(pids) == 1


async def test_a_migration_does_not_break_prepared_statements(fresh: Database, other: Database):
    await other.execute_ddl("CREATE TABLE wide (a int); INSERT INTO wide VALUES (1)")
    for _ in range(2):
        assert len(await fresh.fetch_row("SELECT * FROM wide") or ()) == 1
    await other.execute_ddl("ALTER TABLE wide ADD COLUMN b int DEFAULT 2")
    assert dict(await fresh.fetch_row("SELECT * FROM wide") or {}) == {"a": 1, "b": 2}
    await other.execute_ddl("DROP TABLE wide")


async def test_plans_are_kept_only_where_they_may_be(url: str, fresh: Database):
    async def kept(database: Database) -> list[str]:
        rows = await database.fetch_rows("SELECT statement FROM pg_prepared_statements", fresh_plan=True)
        return [row[0] for row in rows if row[0].startswith("SELECT $1")]

    for database in (fresh, proxied := Database.connect(url, size=1, behind_proxy=True)):
        for _ in range(2):
            assert await database.fetch_value("SELECT $1::text || 'kept'", ["is "]) == "is kept"
            assert await database.fetch_value("SELECT $1::text || 'fresh'", ["is "], fresh_plan=True) == "is fresh"
    assert await kept(fresh) == ["SELECT $1::text || 'kept'"]
    assert await kept(proxied) == []
    assert await fresh.fetch_value("SHOW statement_timeout") == "5s"
    assert await proxied.fetch_value("SHOW statement_timeout") == "0"
    await proxied.close()


async def test_no_more_statements_are_kept_than_allowed(fresh: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lanes, "STATEMENTS", 3)
    for n in (1, 2, 3, 1, 4, 1, 5):
        assert await fresh.fetch_value(f"SELECT '{n}'") == str(n)
    (lane,) = fresh._lanes._free
    assert [*lane._statements] == ["SELECT '4'", "SELECT '1'", "SELECT '5'"]


async def test_a_script_runs_whole_or_not_at_all(fresh: Database):
    with pytest.raises(Exception, match="nonsense"):
        await fresh.execute_ddl("CREATE TABLE half (a int); SELECT nonsense")
    assert await fresh.fetch_value("SELECT to_regclass('half')::text") is None


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_the_usual_spellings_of_a_url_are_taken(scheme: str):
    assert postgresql_url(f"{scheme}://u:p@h:5432/d?sslmode=require") == "postgresql://u:p@h:5432/d?sslmode=require"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"mysql://u:{SECRET}@h/d", "The database URL does not start with postgresql://"),
        (f"u:{SECRET}@h/d", "The database URL does not start with postgresql://"),
        (f"postgresql://u:12/{SECRET}@h/d", "The database URL has /, ? or # in its password."),
        (f"postgresql://u:12?{SECRET}@h/d", "The database URL has /, ? or # in its password."),
        (f"postgresql://u:12#{SECRET}@h/d", "The database URL has /, ? or # in its password."),
        (f"postgresql://u:[{SECRET}@h/d", "The database URL has a bracket too many or too few."),
        (f"postgresql://u:{SECRET}@h:port/d", "The port in the database URL is not a number from 1 to 65535."),
        (f"postgresql://u:{SECRET}@h:99999/d", "The port in the database URL is not a number from 1 to 65535."),
        (f"postgresql+asyncpg://u:{SECRET}@h/d?ssl=require", "The database URL has ssl=, which is SQLAlchemy's."),
    ],
)
def test_a_wrong_url_is_explained_without_the_password(url: str, message: str):
    with pytest.raises(CommandError) as raised:
        Database.connect(url)
    assert raised.value.message == message
    assert SECRET not in f"{raised.value.message}{raised.value.hint}"


async def test_a_database_that_is_away_or_unknown_is_unavailable(url: str):
    away = Database.connect("postgresql://u@127.0.0.1:1/d")
    with pytest.raises(Unavailable, match="not available"):
        await away.ping()
    unknown = Database.connect(url.replace("/test_", "/not_there_"))
    with pytest.raises(Unavailable, match="no database of that name"):
        await unknown.ping()
