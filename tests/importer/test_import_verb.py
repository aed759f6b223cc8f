"""`offramp import`: the report, the files, and that nobody's edit is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.cli import main

ROOT = Path(__file__).parents[2]
INVENTORY = str(ROOT / "graphql" / "amplify.graphql")


def test_a_report_without_a_folder_writes_nothing(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    assert main(["import", INVENTORY]) == 0
    printed = capsys.readouterr().out
    assert "StockItem          inventory  warehouseId, productId, lot      11          2        2      2\n" in printed
    assert "13 models, 43 relations, 5 enums, 4 other types, 3 inputs, 3 custom operations\n" in printed
    assert "Mutation.placePurchaseOrder was answered by the function placePurchaseOrder-${env}\n" in printed
    assert "needs a person" not in printed
    assert list(tmp_path.iterdir()) == []


def test_what_needs_a_person_is_told_with_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "schema.graphql"
    path.write_text("type A @model { id: ID! }")
    assert main(["import", str(path)]) == 1
    printed = capsys.readouterr().out
    assert f"needs a person:\n  {path}:1:1: A has no rule: nobody can use it." in printed
    assert "\n1 model, 0 relations, 0 enums," in printed


def test_a_refusal_has_status_2_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "schema.graphql"
    path.write_text("type A @model {")
    assert main(["import", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"offramp: {path}:1:16: this is not GraphQL: Expected Name, found <EOF>.\n"
        "  Correct the schema at this place and try again.\n"
    )


def test_an_edit_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    into = ["import", INVENTORY, "--into", str(tmp_path / "models")]
    assert main([*into, "--check"]) == 1  # nothing is there yet
    assert not (tmp_path / "models").exists()
    assert main(into) == 0
    names = ["__init__.py", "accounts.py", "inventory.py", "operations.py", "types.py"]
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == names
    assert main([*into, "--check"]) == 0

    edited = tmp_path / "models" / "accounts.py"
    text = edited.read_text().replace("    slug: Mapped[str | None]\n", "    slug: Mapped[str]\n", 1)
    edited.write_text(text)
    (tmp_path / "models" / "types.py").unlink()
    capsys.readouterr()
    assert main(into) == 1
    printed = capsys.readouterr().out
    assert "-    slug: Mapped[str]\n+    slug: Mapped[str | None]\n" in printed
    assert f"wrote {tmp_path / 'models' / 'types.py'}\ndiffers from the schema: {edited}\n" in printed
    assert edited.read_text() == text
    assert main([*into, "--force"]) == 0
    assert edited.read_text() == text.replace("    slug: Mapped[str]\n", "    slug: Mapped[str | None]\n", 1)


def test_check_without_a_folder_is_refused(capsys: pytest.CaptureFixture[str]):
    assert main(["import", INVENTORY, "--check"]) == 2
    assert "Name their folder with --into." in capsys.readouterr().err


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "schema.graphql"
    path.write_text("type A @model @auth(rules: [{ allow: public }]) { id: ID! @ttl }")
    assert main(["import", str(path), "--json", "--into", str(tmp_path / "models")]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["defaultMode"] == "apiKey"
    assert report["models"] == [
        {
            "name": "A",
            "module": "models",
            "table": "as",
            "key": ["id"],
            "fields": 3,
            "relations": 0,
            "indexes": 0,
            "rules": 1,
        }
    ]
    assert [each for each in report["notices"] if each["needsPerson"]] == [
        {
            "text": "@ttl is not known and has no effect.",
            "needsPerson": True,
            "place": {"file": str(path), "line": 1, "column": 59},
        }
    ]
    assert len(report["written"]) == 4
    assert report["differences"] == []
