from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.migrations import upgrade
from service.errors import CommandError
from tests.conftest import MakeDatabase

# Everything that two databases with the same schema have the same of.
SCHEMA = """
SELECT 'column ' || attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod)
       || ' ' || attcollation::regcollation || ' ' || attnotnull || coalesce(pg_get_expr(adbin, adrelid), '')
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped AND relnamespace = 'public'::regnamespace
UNION ALL
SELECT pg_get_indexdef(indexrelid) || indcollation::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT pg_get_functiondef(oid) || proowner::regrole || coalesce(proacl::text, '')
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'policy ' || tablename || ' ' || policyname || ' ' || permissive || roles::text || cmd || coalesce(qual, '')
       || coalesce(with_check, '') FROM pg_policies
UNION ALL
SELECT 'secured ' || oid::regclass || ' ' || relrowsecurity || relforcerowsecurity || relowner::regrole
       || coalesce((SELECT string_agg(each::text, ',' ORDER BY each::text) FROM unnest(relacl) AS each), '')
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
UNION ALL
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1
"""


async def schema_of(url: str) -> list[str]:
    database = Database.connect(url, size=1)
    try:
        rows = [row[0] for row in await database.fetch_rows(SCHEMA)]
    finally:
        await database.close()
    return [" ".join(row.split()) for row in rows if "alembic_version" not in row]


@pytest.fixture(scope="module")
async def migrated(make_database: MakeDatabase) -> str:
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url)
    return url


async def test_migrating_makes_the_catalogs_tables(migrated: str, make_database: MakeDatabase, enforced: Catalog):
    made = await schema_of(await make_database(enforced))
    assert len(made) > 400
    assert any(row.startswith("policy products tenant RESTRICTIVE{app_rw}") for row in made)
    assert any("(entity_id || '#'::text) || aws_datetime(occurred_at)" in row for row in made)
    assert await schema_of(migrated) == made


async def test_alembic_finds_nothing_to_do(migrated: str):
    await asyncio.to_thread(command.check, upgrade.alembic_config(migrated))  # raises if it does


async def test_every_step_can_be_undone(make_database: MakeDatabase):
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url)
    await asyncio.to_thread(upgrade.downgrade, url, "base")
    assert await schema_of(url) == []
    await asyncio.to_thread(upgrade.upgrade, url)
    database = Database.connect(url, size=1)
    assert await upgrade.schema_is_current(database)
    await database.close()


async def test_two_migrators_take_turns(make_database: MakeDatabase):
    url = await make_database(None)
    script = "import sys; from service.db.migrations.upgrade import upgrade; upgrade(sys.argv[1])"
    command_line = (sys.executable, "-c", script, url)
    both = [await asyncio.create_subprocess_exec(*command_line, cwd=upgrade.SCRIPTS[0].parent) for _ in range(2)]
    assert [await each.wait() for each in both] == [0, 0]


async def test_a_service_knows_whether_the_schema_is_its_own(make_database: MakeDatabase):
    url = await make_database(None)
    database = Database.connect(url, size=1)
    assert not await upgrade.schema_is_current(database)
    await asyncio.to_thread(upgrade.upgrade, url)
    assert await upgrade.schema_is_current(database)
    await database.execute_ddl("UPDATE alembic_version SET version_num = '0000'")
    assert not await upgrade.schema_is_current(database)
    await database.close()


async def test_emptying_leaves_nothing(make_database: MakeDatabase, enforced: Catalog):
    url = await make_database(enforced)
    await upgrade.empty(url)
    assert await schema_of(url) == []
    await asyncio.to_thread(upgrade.upgrade, url)


def test_the_code_knows_the_last_revision_and_history_has_no_branches():
    history = [*ScriptDirectory.from_config(upgrade.alembic_config("postgresql://")).walk_revisions()]
    assert history[0].revision == upgrade.HEAD
    assert [each.down_revision for each in history] == [*(each.revision for each in history[1:]), None]
    numbers = [re.match(r"\d{4}", Path(each.path).name) for each in reversed(history)]
    assert [match and match[0] for match in numbers] == [f"{n:04}" for n in range(1, len(history) + 1)]


def test_a_database_that_is_away_is_named_without_its_password():
    with pytest.raises(CommandError) as raised:
        upgrade.upgrade("postgresql://me:hunter2@127.0.0.1:1/shop")
    assert raised.value.message == "Migrating shop failed. The database is not available. Try again."
