from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from service.catalog.model import Catalog
from service.cli import main
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.development.scratch import create_scratch, scratch_name
from tests.conftest import MakeDatabase
from tests.db.legacy_rows import fill


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "OFFRAMP_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="offramp-test-"))
    with embedded.start(folder, throwaway=True):
        yield folder
    shutil.rmtree(folder)


async def value(url: str, sql: str) -> str | None:
    database = Database.connect(url, size=1)
    try:
        return await database.fetch_value(sql, writes=True)
    finally:
        await database.close()


def test_upgrade_says_where_the_database_is(data_dir: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["db", "upgrade", "--data-dir", str(data_dir)]) == 0
    assert capsys.readouterr().out == f"{data_dir}/pg: at revision 0003\n"
    assert main(["db", "upgrade", "--data-dir", str(data_dir), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"database": f"{data_dir}/pg", "revision": "0003"}


async def test_upgrade_stops_where_it_is_told_and_says_which_rows_are_wrong(
    make_database: MakeDatabase, capsys: pytest.CaptureFixture[str]
):
    url = await make_database(None)
    upgrade = ["db", "upgrade", "--database-url", url]
    assert await asyncio.to_thread(main, [*upgrade, "--to", "0001"]) == 0
    assert capsys.readouterr().out.endswith(": at revision 0001\n")
    await fill(url, 100, "UPDATE products SET sku = NULL WHERE id = 'p1';")
    assert await asyncio.to_thread(main, upgrade) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "offramp: Rows break what the new revision enforces. It has changed nothing:",
        "  products: 1 row without sku",
        "      SELECT t.id FROM products AS t WHERE t.sku IS NULL;",
        "  Correct or delete them, and run it again: docs/database.md, Migrations.",
    ]


def test_reset_empties_a_data_folder(data_dir: Path, inventory: Catalog, capsys: pytest.CaptureFixture[str]):
    url = embedded.EmbeddedServer(data_dir / "pg", Path()).url
    main(["db", "upgrade", "--data-dir", str(data_dir)])
    added = "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ('o', 'O', now(), now()) RETURNING id"
    assert asyncio.run(value(url, added)) == "o"
    asyncio.run(create_scratch(url, inventory))
    capsys.readouterr()
    assert main(["db", "reset", "--data-dir", str(data_dir)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{data_dir}/pg: empty, with the shipped tables",
        f"{data_dir}/pg: dropped {scratch_name(inventory)}",
    ]
    assert asyncio.run(value(url, "SELECT count(*)::text FROM organizations")) == "0"


def test_another_database_is_emptied_only_by_name(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    server = embedded.EmbeddedServer(data_dir / "pg", Path()).url
    asyncio.run(value(server, "CREATE DATABASE shop"))
    url = embedded.url_with_database(server, "shop")
    assert asyncio.run(value(url, "CREATE TABLE precious AS SELECT 1")) is None
    assert main(["db", "reset", "--database-url", url]) == 1
    assert capsys.readouterr().err == (
        "offramp: This would delete everything in the database shop.\n  if that is what you want, add --force shop\n"
    )
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["db", "reset", "--force", "offramp"]) == 1
    assert asyncio.run(value(url, "SELECT to_regclass('precious')::text")) == "precious"
    assert main(["db", "reset", "--force", "shop"]) == 0
    assert asyncio.run(value(url, "SELECT to_regclass('precious')::text")) is None
    assert asyncio.run(value(url, "SELECT to_regclass('roles')::text")) == "roles"


def test_two_databases_are_one_too_many(capsys: pytest.CaptureFixture[str]):
    assert main(["db", "upgrade", "--data-dir", "x", "--database-url", "postgresql://h/d"]) == 1
    assert "name two databases" in capsys.readouterr().err


def test_a_database_that_is_away_is_explained(capsys: pytest.CaptureFixture[str]):
    assert main(["db", "upgrade", "--database-url", "postgresql://me:hunter2@127.0.0.1:1/shop"]) == 1
    message = capsys.readouterr().err
    assert message == "offramp: Migrating shop failed. The database is not available. Try again.\n"


def test_nothing_is_served_as_a_role_that_policies_do_not_bind(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    url = embedded.EmbeddedServer(data_dir / "pg", Path()).url
    main(["db", "upgrade", "--data-dir", str(data_dir)])
    monkeypatch.setenv("OFFRAMP_ISSUER", "https://pool.example")
    monkeypatch.setenv("OFFRAMP_CLIENT_IDS", "c")
    monkeypatch.setenv("OFFRAMP_CURSOR_KEY", "0" * 32)
    for address, why in ((url, "is a superuser"), (embedded.url_as(url, "app_migrate"), "owns tables")):
        monkeypatch.setenv("DATABASE_URL", address)
        capsys.readouterr()
        assert main(["serve"]) == 1
        assert capsys.readouterr().err == (
            f"offramp: The database role {why}, so row-level security would not hold. Serve as app_rw.\n"
            "  DATABASE_URL is for app_rw; MIGRATION_DATABASE_URL for app_migrate.\n"
        )
