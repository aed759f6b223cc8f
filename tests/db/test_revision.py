"""`offramp db revision`: what it writes leads from the tables of the last revision to those of the models, and back."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from service.catalog.model import Catalog, Field, Index, Model, TypeRef
from service.cli import main
from service.db.comparison import draft, reference
from service.db.comparison.differences import differences
from service.db.comparison.structure import Key, Kind, Structure, structure_of
from service.db.migrations import upgrade
from service.errors import CommandError
from tests.conftest import MakeDatabase
from tests.db.legacy_rows import fill
from tests.running import ROOT

Models = Callable[[Catalog], None]


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the revisions, to which one may be added."""
    folder = tmp_path / "alembic"
    shutil.copytree(ROOT / "alembic", folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(upgrade, "SCRIPTS", (folder,))
    return folder / "versions"


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    """Pretend that the models say this."""
    return lambda catalog: monkeypatch.setattr(reference, "catalog_from_models", lambda: catalog)


def changed(catalog: Catalog) -> Catalog:
    """A catalog as somebody could change it: each kind of part is added, changed or dropped somewhere."""
    made = tuple(_changed(each) for each in catalog.models)
    orders = catalog.model_by_name["PurchaseOrder"]
    returns = replace(
        orders,
        name="ReturnOrder",
        plural="ReturnOrders",
        table="return_orders",
        relations=tuple(each for each in orders.relations if not each.is_many),
    )
    return replace(catalog, models=(*made, returns))


def _changed(model: Model) -> Model:
    match model.name:
        case "Product":
            return replace(
                model,
                fields=(
                    *(_field(each) for each in model.fields if each.name != "description"),
                    Field("weight", TypeRef("Float"), "weight", at_least=0),
                ),
                indexes=(*model.indexes, Index("byWeight", "weight", ("sku",))),
                rules=model.rules[:1],
            )
        case "Warehouse":
            return replace(model, indexes=())
        case "Supplier":
            return replace(model, fields=(*model.fields, Field("code", TypeRef("String", required=True), "code")))
        case _:
            return model


def _field(field: Field) -> Field:
    match field.name:
        case "quantity":
            return replace(field, type=TypeRef("Float"))
        case "name":
            return replace(field, type=TypeRef("String"))
        case "price":
            return replace(field, at_least=1)
        case _:
            return field


def test_where_nothing_differs_nothing_is_written(versions: Path, capsys: pytest.CaptureFixture[str]):
    before = sorted(versions.iterdir())
    assert main(["db", "revision", "-m", "Nothing"]) == 0
    assert capsys.readouterr().out == "The revisions make what the models say; there is nothing to write.\n"
    assert sorted(versions.iterdir()) == before


async def test_it_leads_to_the_models_and_back_on_tables_with_rows(
    versions: Path, models: Models, enforced: Catalog, make_database: MakeDatabase, capsys: pytest.CaptureFixture[str]
):
    models(wanted := changed(enforced))
    assert await asyncio.to_thread(main, ["db", "revision", "-m", "Weigh products."]) == 0
    file = versions / "0004_weigh_products.py"
    assert capsys.readouterr().out.splitlines()[:3] == [
        f"wrote {file}",
        "Read it, then, in service/db/migrations/upgrade.py:",
        '  HEAD = "0004"',
    ]
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url, "0001")
    await fill(url, 100, "UPDATE products SET price = 1 WHERE price = 0; UPDATE products SET quantity = 7;")
    await asyncio.to_thread(upgrade.upgrade, url, "0003")
    before = await structure_of(url)
    with pytest.raises(CommandError, match="A value is not one of those that are allowed"):
        await asyncio.to_thread(upgrade.upgrade, url, "0004")
    text = file.read_text()
    advice = (
        "        # Rows without code are refused. If there are any, steps.fill them before, such as by\n"
        "        # UPDATE suppliers SET code = … "
        "WHERE ctid IN (SELECT ctid FROM suppliers WHERE code IS NULL LIMIT {batch})\n"
    )
    assert advice in text
    statement = advice.splitlines()[1].removeprefix("        # ").replace("…", "id")
    file.write_text(text.replace(advice, f'        steps.fill("{statement}")\n'))
    await asyncio.to_thread(upgrade.upgrade, url, "0004")  # goes on where it was refused
    assert differences(await structure_of(url), await structure_of(await make_database(wanted))) == []
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM suppliers WHERE code = id") == 4
    assert await connection.fetchval("SELECT sum(quantity) FROM products") == 700.0
    await connection.close()
    await asyncio.to_thread(upgrade.downgrade, url, "0003")
    assert differences(await structure_of(url), before) == []


def test_it_has_the_form_of_those_before_it(versions: Path, models: Models, enforced: Catalog):
    models(changed(enforced))
    assert main(["db", "revision", "-m", "Weigh products"]) == 0
    file = versions / "0004_weigh_products.py"
    text = file.read_text()
    assert text.startswith(
        '"""Weigh products."""\n\nfrom __future__ import annotations\n\n'
        "from service.db.migrations.live import live, lock_tables, run_at_once\n\n"
        'revision = "0004"\ndown_revision = "0003"\nbranch_labels = None\n'
    )
    assert "# Was a column renamed? Then, instead of two statements: ALTER TABLE products RENAME COLUMN … TO …" in text
    assert "# Data goes with what is dropped" in text
    assert "# Clients wait while PostgreSQL writes every row of products anew for another type." in text
    assert "    # Refused if products has rows without name.\n" in text
    at = ROOT / "alembic" / "versions" / file.name  # for what ruff makes of its place
    for check in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *check, "--stdin-filename", str(at), "-"]
        done = subprocess.run(ruff, input=text, capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_it_cannot_do_stands_in_the_file(
    versions: Path, monkeypatch: pytest.MonkeyPatch, enforced: Catalog, capsys: pytest.CaptureFixture[str]
):
    def with_more() -> Structure:
        made = reference.structure_of_models()
        return made | {Key(Kind.COLUMN, "products", "shape"): "polyhedron"}

    monkeypatch.setattr(draft, "structure_of_models", with_more)
    assert main(["db", "revision", "-m", "Shapes", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["revision"] == "0004"
    assert len(printed["remaining"]) == 1
    assert 'type "polyhedron" does not exist' in printed["remaining"][0]
    text = Path(printed["path"]).read_text()
    assert "\n# Tried on a database without rows, this does not do yet:\n#   " in text
    assert text.endswith(f"#   {printed['remaining'][0]}\n")


def test_a_package_writes_no_revisions(versions: Path, capsys: pytest.CaptureFixture[str]):
    (versions.parent / "script.py.mako").unlink()
    assert main(["db", "revision", "-m", "Nothing"]) == 1
    assert capsys.readouterr().err.startswith("offramp: Revisions are written in a checkout; this is a package.")


def test_a_history_in_two_lines_is_told(versions: Path, capsys: pytest.CaptureFixture[str]):
    third = (versions / "0003_row_level_security.py").read_text()
    (versions / "0004_other.py").write_text(third.replace('revision = "0003"', 'revision = "0004"', 1))
    assert main(["db", "revision", "-m", "Nothing"]) == 1
    assert "The revisions end in several places: 0003, 0004." in capsys.readouterr().err
