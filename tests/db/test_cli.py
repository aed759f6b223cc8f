from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.catalog.model import Catalog
from service.cli import main
from service.db.connections.address import database_name
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.development.scratch import create_scratch, scratch_name
from tests.conftest import MakeDatabase
from tests.db.legacy_rows import fill


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
    assert main(["db", "upgrade", "--data-dir", str(data_dir), "--to", "0001"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{data_dir}/pg: at revision 0003\n"
    assert printed.err == "It was past 0001. offramp db downgrade --to 0001 goes back.\n"


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


NEW = ["--name", "A", "--slug", "a", "--admin-sub", "s", "--admin-email", "a@b.example"]
ASKING = (["db", "upgrade"], ["db", "check"], ["db", "reset"], ["db", "downgrade", "--to", "0001"])


@pytest.mark.parametrize("verb", [*ASKING, ["organization", "create", *NEW]], ids=lambda verb: " ".join(verb[:2]))
def test_a_database_that_is_away_is_explained(capsys: pytest.CaptureFixture[str], verb: list[str]):
    assert main([*verb, "--database-url", "postgresql://me:hunter2@127.0.0.1:1/shop"]) == 1
    message = capsys.readouterr().err
    assert message == (
        "offramp: 127.0.0.1:1: The database is not available. Try again.\n"
        "  look at host, port, user, password and name of the URL, and whether the server runs\n"
    )


@pytest.mark.parametrize("verb", [*ASKING, ["db", "shell"]], ids=lambda verb: " ".join(verb[:2]))
@pytest.mark.parametrize("password", ["12/hunter2", "12#hunter2", "12?hunter2", "12[hunter2"])
def test_nothing_is_shown_of_a_password_that_breaks_its_url(
    capsys: pytest.CaptureFixture[str], verb: list[str], password: str
):
    assert main([*verb, "--database-url", f"postgresql://me:{password}@127.0.0.1:1/shop"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("offramp: The database URL has ")
    assert "in a password, write %2F for /" in message
    assert "12" not in message
    assert "hunter" not in message


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """Gives the logs back to the tests after a command that has taken them for the process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("logs_as_before")
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


def test_a_revision_that_is_none_is_explained(data_dir: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["db", "upgrade", "--data-dir", str(data_dir), "--to", "9999"]) == 1
    message = "offramp: Migrating offramp failed. Can't locate revision identified by '9999'\n"
    assert capsys.readouterr().err.endswith(message)


@pytest.mark.parametrize("verb", [["check"], ["downgrade", "--to", "base"], ["shell"]])
def test_what_only_looks_makes_no_database(verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["db", *verb, "--data-dir", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.splitlines()[0] == f"offramp: There is no database in {tmp_path}/none."
    assert not (tmp_path / "none").exists()


async def test_downgrade_says_what_is_lost_and_does_it_only_by_name(
    make_database: MakeDatabase, capsys: pytest.CaptureFixture[str]
):
    url = await make_database(None)
    name = database_name(url)
    await asyncio.to_thread(main, ["db", "upgrade", "--database-url", url, "--to", "0001"])
    await fill(url, 100)
    await asyncio.to_thread(main, ["db", "upgrade", "--database-url", url])
    capsys.readouterr()
    downgrade = ["db", "downgrade", "--database-url", url, "--to"]
    assert await asyncio.to_thread(main, [*downgrade, "0001"]) == 1
    printed = capsys.readouterr()
    undoing, third, second, takes, *lost = printed.out.splitlines()
    assert (undoing, takes) == (f"{name}: undoing", "takes away")
    assert third.startswith("  0003, The inventory in `enforced` integrity: the database keeps")
    assert second.startswith("  0002, What `enforced` integrity asks of the rows")
    assert lost[:3] == ["  table api_key, with 0 rows", "  table audit_entry, with 0 rows",
                        "  column audit_logs.row_version, with 4 values"]  # fmt: skip
    assert "  column products.row_version, with 100 values" in lost
    assert "  column products.sku, with 100 values" not in lost
    assert lost[-1].startswith("  of what finds and guards rows: ")
    assert "13 × row security" in lost[-1]  # noqa: RUF001  times
    assert printed.err == (
        f"offramp: This would take that away from the database {name}.\n"
        f"  if that is what you want, add --force {name}\n"
    )
    assert await value(url, "SELECT version_num FROM alembic_version") == "0003"
    assert await asyncio.to_thread(main, [*downgrade, "-1", "--force", name]) == 0
    assert capsys.readouterr().out.endswith(f"{name}: at revision 0002\n")
    assert await asyncio.to_thread(main, [*downgrade, "0001", "--force", name]) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith(f"{name}: at revision 0001\n")
    assert printed.err == "This version serves from 0002 and 0003: offramp db upgrade leads there.\n"
    assert await value(url, "SELECT version_num FROM alembic_version") == "0001"
    assert await asyncio.to_thread(main, [*downgrade, "0001"]) == 0
    assert capsys.readouterr().out == f"{name}: at revision 0001\n"
    assert await asyncio.to_thread(main, [*downgrade, "0003", "--force", name]) == 1
    assert capsys.readouterr().err == (
        "offramp: There is no way down from revision 0001 to 0003.\n"
        "  the revisions are, newest first: 0003, 0002, 0001, base\n"
    )


def test_in_a_data_folder_downgrade_asks_for_no_name(data_dir: Path, capsys: pytest.CaptureFixture[str]):
    main(["db", "upgrade", "--data-dir", str(data_dir)])
    assert main(["db", "downgrade", "--data-dir", str(data_dir), "--to", "base"]) == 0
    assert capsys.readouterr().out.endswith(f"{data_dir}/pg: no revision is left\n")
    assert main(["db", "downgrade", "--data-dir", str(data_dir), "--to", "base"]) == 1
    assert capsys.readouterr().err == (f"offramp: Nobody has migrated {data_dir}/pg, so there is nothing to undo.\n")
    main(["db", "upgrade", "--data-dir", str(data_dir)])


def test_without_an_embedded_server_downgrade_says_that_it_cannot_tell(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    main(["db", "upgrade", "--data-dir", str(data_dir)])

    def not_there() -> Path:
        raise embedded.EmbeddedError("The embedded PostgreSQL is not installed.")

    url = embedded.EmbeddedServer(data_dir / "pg", Path()).url
    monkeypatch.setattr(embedded, "packaged_programs", not_there)
    assert main(["db", "downgrade", "--database-url", url, "--to", "0002", "--force", "offramp"]) == 0
    printed = capsys.readouterr()
    assert "is not here: The embedded PostgreSQL is not installed." in printed.err
    assert printed.out.endswith("offramp: at revision 0002\n")
