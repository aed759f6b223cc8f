from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from service.catalog.model import Catalog
from service.db.comparison.differences import differences
from service.db.comparison.structure import Key, Kind, Structure, structure_of
from service.db.connections.engine import Database
from service.db.migrations import upgrade
from service.errors import CommandError
from tests.conftest import MakeDatabase


@pytest.fixture(scope="module")
async def migrated(make_database: MakeDatabase) -> str:
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url)
    return url


async def test_migrating_makes_the_catalogs_tables(migrated: str, make_database: MakeDatabase, enforced: Catalog):
    made = await structure_of(await make_database(enforced))
    assert len(made) > 400
    assert made[Key(Kind.POLICY, "products", "tenant")].startswith("AS RESTRICTIVE FOR ALL TO app_rw USING ((org")
    assert any("(entity_id || '#'::text) || aws_datetime(occurred_at)" in each for each in made.values())
    assert differences(await structure_of(migrated), made) == []


async def test_alembic_finds_nothing_to_do(migrated: str):
    await asyncio.to_thread(command.check, upgrade.alembic_config(migrated))  # raises if it does


async def test_every_step_can_be_undone(make_database: MakeDatabase):
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url)
    await asyncio.to_thread(upgrade.downgrade, url, "base")
    assert await structure_of(url) == {}
    await asyncio.to_thread(upgrade.upgrade, url)
    database = Database.connect(url, size=1)
    assert await upgrade.schema_is_current(database)
    await database.close()


async def test_a_step_that_is_undone_leaves_what_was_there_before_it(make_database: MakeDatabase):
    """And no more: the last downgrade drops all tables, and would take along what another has left.

    What the owner has taken over from whoever ran the first step stays theirs.
    """
    url = await make_database(None)
    before: dict[str, Structure] = {}
    revisions = [f"{number:04}" for number in range(1, int(upgrade.HEAD) + 1)]
    for revision in revisions:
        await asyncio.to_thread(upgrade.upgrade, url, revision)
        before[revision] = await structure_of(url)
    for revision in reversed(revisions[:-1]):
        await asyncio.to_thread(upgrade.downgrade, url, revision)
        taken_over = {Kind.OWNER, Kind.RIGHTS} if revision == "0001" else set()
        left = differences(await structure_of(url), before[revision])
        assert [str(each) for each in left if each.key.kind not in taken_over] == [], revision


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
    assert await structure_of(url) == {}
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
