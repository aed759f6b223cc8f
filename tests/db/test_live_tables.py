"""Migrating tables that have rows and are in use: clients go on, a cut costs nothing, wrong rows are told."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Self

import asyncpg
import pytest

from service.catalog.model import Catalog
from service.catalog.packaged import shipped
from service.db.comparison.differences import differences
from service.db.comparison.structure import structure_of
from service.db.migrations import live, upgrade
from service.errors import CommandError
from tests.conftest import MakeDatabase
from tests.db.legacy_rows import WRONG, fill
from tests.db.migrator import Executioner, watched

LOCK_TIMEOUT = "2s"
"""How long a client waits for a lock before it fails: what the service's connections have."""
LOOKS_AT_ROWS = re.compile(r"^(verifying table|rewriting table|building index|validating foreign key)")
"""What PostgreSQL says at the level DEBUG1 when it begins to read a table."""


@pytest.fixture
async def legacy_url(make_database: MakeDatabase) -> str:
    """A database at the first revision, without rows."""
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url, "0001")
    return url


# ---------------------------------------------------------------- clients


class Clients:
    """Some that read and write as long as the block lasts, as old code does and as new code does."""

    def __init__(self, url: str, count: int, *, knows_organizations: bool) -> None:
        self._url = url
        self._count = count
        self._more = (", organization_id", ", 'o2'") if knows_organizations else ("", "")
        self._stopped = False
        self.rounds = 0

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._work(number)) for number in range(self._count)]
        await self.next_round()
        return self

    async def next_round(self) -> None:
        """Wait until one has done all it does."""
        self._done = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._done, *self._tasks], return_when=asyncio.FIRST_COMPLETED)

    async def __aexit__(self, *_: object) -> None:
        self._stopped = True
        await asyncio.gather(*self._tasks)  # an error of a client is one of the test

    async def _work(self, number: int) -> None:
        connection = await asyncpg.connect(self._url, server_settings={"lock_timeout": LOCK_TIMEOUT})
        try:
            while not self._stopped:
                await self._round(connection, f"client{number}", 2 * number + 1)
                self.rounds += 1
                if not self._done.done():
                    self._done.set_result(None)
        finally:
            await connection.close()

    async def _round(self, connection: asyncpg.Connection, name: str, at: int) -> None:
        column, value = self._more
        await connection.execute(
            "INSERT INTO products (id, organization_id, sku, name, price, active, ratings, created_at, updated_at) "
            "VALUES ($1, 'o2', $1, 'Made', 1, true, '{}', now(), now())", name
        )  # fmt: skip
        async with connection.transaction():  # several tables, the referring one first
            await connection.execute(f"UPDATE stock_items SET quantity = quantity + 1 WHERE product_id = 'p{at}'")
            await connection.execute(f"UPDATE products SET price = price + 1 WHERE id = 'p{at}'")
            await connection.execute(
                f"INSERT INTO product_suppliers (id, product_id, supplier_id, created_at, updated_at{column}) "
                f"VALUES ($1, $1, 's1', now(), now(){value})", name
            )  # fmt: skip
        assert await connection.fetchval("SELECT name FROM products WHERE id = $1", name) == "Made"
        found = await connection.fetch("SELECT id FROM products WHERE category_id = 'c3' ORDER BY price, id LIMIT 100")
        assert found
        await connection.execute("DELETE FROM product_suppliers WHERE id = $1", name)
        await connection.execute("DELETE FROM products WHERE id = $1", name)


async def test_clients_go_on_while_tables_with_rows_are_migrated(
    legacy_url: str, make_database: MakeDatabase, enforced: Catalog
):
    await fill(legacy_url, 50_000)
    for revision, knows in (("0002", False), ("head", True)):
        async with Clients(legacy_url, 3, knows_organizations=knows) as clients:
            before = clients.rounds
            await asyncio.to_thread(upgrade.upgrade, legacy_url, revision)
            assert clients.rounds > before
    assert differences(await structure_of(legacy_url), await structure_of(await make_database(enforced))) == []
    connection = await asyncpg.connect(legacy_url)
    belong = "SELECT count(*) FROM product_suppliers JOIN products AS p USING (organization_id) WHERE p.id = product_id"
    assert await connection.fetchval(belong) == 10_000
    await connection.close()


async def test_what_looks_at_rows_holds_no_lock_that_clients_wait_for(legacy_url: str, monkeypatch: pytest.MonkeyPatch):
    await fill(legacy_url, 200)
    sent: list[str] = []
    looked: list[tuple[str, str]] = []

    def connected(connection: Any) -> None:
        connection.add_log_listener(
            lambda _, said: LOOKS_AT_ROWS.match(said.message) and looked.append((said.message, sent[-1]))
        )

    def before(statement: str, _: object) -> None:
        sent.append(statement)

    url = f"{legacy_url}{'&' if '?' in legacy_url else '?'}client_min_messages=debug1"
    with watched(monkeypatch, before=before, connected=connected):
        await asyncio.to_thread(upgrade.upgrade, url)
    ours = re.compile(r'"(audit_entry|api_key|idempotency_key|pg_toast_\d+|alembic_version)')
    looked = [(message, statement) for message, statement in looked if not ours.search(message)]
    assert len(looked) > 50
    weak = re.compile(r"CREATE (UNIQUE )?INDEX CONCURRENTLY .*|ALTER TABLE \w+ (VALIDATE CONSTRAINT \w+(, )?)+")
    assert [each for each in looked if not weak.fullmatch(each[1])] == []


# ---------------------------------------------------------------- cuts


NAMES = ", ".join(model.table for model in shipped().models)
CUTS = (
    "ALTER TABLE products OWNER",
    "CREATE OR REPLACE FUNCTION app_raise_row_version",
    "ALTER TABLE product_suppliers ADD COLUMN",
    "UPDATE product_suppliers",
    "ALTER TABLE products ADD COLUMN",
    "CREATE OR REPLACE TRIGGER versioned BEFORE UPDATE ON products",
    "CREATE UNIQUE INDEX CONCURRENTLY products_enforced_pkey",
    "ALTER TABLE purchase_orders ADD CONSTRAINT purchase_orders_organization_id_number_key UNIQUE USING",
    "CREATE INDEX CONCURRENTLY products_organization_id_sku_idx",
    "ALTER TABLE products ADD CONSTRAINT products_price_check",
    "ALTER TABLE products ADD CONSTRAINT products_organization_id_category_id_fkey",
    "ALTER TABLE products VALIDATE CONSTRAINT products_price_check",
    "ALTER TABLE products ADD CONSTRAINT products_required",
    "ALTER TABLE products VALIDATE CONSTRAINT products_required",
    "ALTER TABLE products ALTER COLUMN organization_id SET NOT NULL",
    "ALTER TABLE products DROP CONSTRAINT products_required",
    f"LOCK TABLE {NAMES} IN SHARE ROW EXCLUSIVE MODE",
    "UPDATE alembic_version SET version_num='0002'",
    f"LOCK TABLE {NAMES} IN ACCESS EXCLUSIVE MODE",
    "UPDATE alembic_version SET version_num='0003'",
)
"""One statement of each kind, in the order in which they are sent."""


async def test_a_migration_that_was_cut_off_goes_on_where_it_was(
    legacy_url: str, make_database: MakeDatabase, enforced: Catalog, monkeypatch: pytest.MonkeyPatch
):
    await fill(legacy_url, 100)
    await leave_invalid_index(legacy_url, "products_organization_id_sku_idx")
    executioner = Executioner(legacy_url)
    for number, start in enumerate(CUTS):
        reached: list[str] = []

        def act(statement: str, connection: Any, start: str = start, reached: list[str] = reached) -> None:
            if statement.startswith(start) and not reached:
                reached.append(statement)
                executioner.end(connection)

        watching = watched(monkeypatch, before=act) if number % 2 else watched(monkeypatch, after=act)
        with watching, pytest.raises(CommandError, match="The database is not available"):
            await asyncio.to_thread(upgrade.upgrade, legacy_url)
        assert reached
    await asyncio.to_thread(upgrade.upgrade, legacy_url)
    assert differences(await structure_of(legacy_url), await structure_of(await make_database(enforced))) == []


async def leave_invalid_index(url: str, name: str) -> None:
    """What CREATE INDEX CONCURRENTLY leaves if it is cut off, here by a row that it cannot index."""
    connection = await asyncpg.connect(url)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.execute(f"CREATE INDEX CONCURRENTLY {name} ON products ((1 / (active::integer - 1)))")
    assert not await connection.fetchval(f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{name}'::regclass")
    await connection.close()


# ---------------------------------------------------------------- what is told


async def test_wrong_rows_are_told_before_anything_is_changed(legacy_url: str):
    await fill(legacy_url, 100, WRONG)
    before = await structure_of(legacy_url)
    with pytest.raises(CommandError) as raised:
        await asyncio.to_thread(upgrade.upgrade, legacy_url)
    first, *told = raised.value.message.splitlines()
    assert first == "Rows break what the new revision enforces. It has changed nothing:"
    assert told[::2] == [
        "users: 2 rows that share their cognito_sub with another of the same organization",
        "products: 3 rows without sku",
        "products: 1 row whose price is not allowed, it must be: price >= 0 AND price < 'infinity'",
        "products: 1 row whose unit is not allowed, it must be: unit IN ('EACH', 'KG', 'LITRE', 'METRE', 'BOX')",
        "products: 2 rows whose category_id is no row of categories",
        "stock_items: 1 row whose product_id is a row of products of another organization",
        "stock_items: 1 row whose warehouse_id is a row of warehouses of another organization",
        "product_suppliers: 1 row whose product_id is no row of products",
        "product_suppliers: 1 row whose supplier_id is a row of suppliers of another organization",
    ]
    assert await structure_of(legacy_url) == before
    connection = await asyncpg.connect(legacy_url)
    for line, query in zip(told[::2], told[1::2], strict=True):
        rows = int(line.split()[1])
        assert len(await connection.fetch(query)) == rows, query
    await connection.close()


async def test_a_row_that_becomes_wrong_meanwhile_is_told_as_well(legacy_url: str, monkeypatch: pytest.MonkeyPatch):
    await fill(legacy_url, 100)
    loop = asyncio.get_running_loop()

    async def spoil() -> None:
        connection = await asyncpg.connect(legacy_url)
        await connection.execute("UPDATE products SET category_id = 'gone' WHERE id = 'p1'")
        await connection.close()

    def before(statement: str, _: object) -> None:
        if statement.startswith("CREATE UNIQUE INDEX CONCURRENTLY users_enforced_pkey"):
            asyncio.run_coroutine_threadsafe(spoil(), loop).result()

    with watched(monkeypatch, before=before), pytest.raises(CommandError, match="1 row whose category_id is no row"):
        await asyncio.to_thread(upgrade.upgrade, legacy_url)


async def test_a_table_that_stays_in_use_is_told_and_nobody_waits_for_it(
    legacy_url: str, monkeypatch: pytest.MonkeyPatch
):
    await fill(legacy_url, 100)
    monkeypatch.setattr(live, "PAUSES", (0.01,))
    connection = await asyncpg.connect(legacy_url)
    async with connection.transaction(), Clients(legacy_url, 1, knows_organizations=False):
        await connection.execute("UPDATE products SET price = 2 WHERE id = 'p99'")
        with pytest.raises(CommandError, match="somebody has been holding a lock that it needs") as raised:
            await asyncio.to_thread(upgrade.upgrade, legacy_url)
    assert "pg_stat_activity" in str(raised.value.hint)
    await connection.close()
    await asyncio.to_thread(upgrade.upgrade, legacy_url)


async def test_who_migrates_keeps_the_next_one_waiting_between_steps(legacy_url: str, monkeypatch: pytest.MonkeyPatch):
    await fill(legacy_url, 100)
    loop = asyncio.get_running_loop()
    free: list[bool] = []

    async def is_free() -> bool:
        connection = await asyncpg.connect(legacy_url)
        answer: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", 0x0FF7A3B)
        await connection.close()
        return answer

    def before(statement: str, _: object) -> None:
        if statement.startswith(("COMMIT", "CREATE INDEX CONCURRENTLY")):
            free.append(asyncio.run_coroutine_threadsafe(is_free(), loop).result())

    with watched(monkeypatch, before=before):
        await asyncio.to_thread(upgrade.upgrade, legacy_url, "0002")
    assert len(free) > 50
    assert not any(free)
    assert await is_free()
