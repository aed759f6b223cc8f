"""The files in the contract folders are what the models make; the command writes them and says when they are old."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.cli import main
from service.cli.contract.export import CONTRACTS
from tests.contracts.cases import compiled
from tests.contracts.sdl_diff import differences

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path in CONTRACTS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    return tmp_path


def test_the_published_files_are_up_to_date(capsys: pytest.CaptureFixture[str]):
    status = main(["contract", "export", "--check", "--directory", str(ROOT)])
    assert (status, capsys.readouterr().out) == (0, "")


def test_the_published_sdl_is_the_old_one():
    assert differences((ROOT / "graphql" / "schema.graphql").read_text(), compiled("inventory")) == []


def test_writing_and_checking(checkout: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["contract", "export", "--directory", str(checkout)]
    assert main([*arguments, "--check"]) == 1
    assert not (checkout / "graphql" / "schema.graphql").exists()
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    assert (checkout / "graphql" / "schema.graphql").read_bytes() == (ROOT / "graphql/schema.graphql").read_bytes()
    capsys.readouterr()
    assert main(arguments) == 0
    assert capsys.readouterr().out == ""  # what has not changed is not written


def test_a_stale_file_is_shown_as_a_difference(checkout: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["contract", "export", "--directory", str(checkout)]
    main(arguments)
    path = checkout / "graphql" / "schema.graphql"
    path.write_text(path.read_text().replace("  sku: String!\n", "  sku: String\n", 1))
    capsys.readouterr()
    assert main([*arguments, "--check"]) == 1
    printed = capsys.readouterr()
    assert "-  sku: String\n+  sku: String!\n" in printed.out
    assert printed.err == "Not up to date: run `offramp contract export` and review the difference.\n"


def test_outside_a_checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["contract", "export", "--directory", str(tmp_path)]) == 1
    assert "There is no folder db or graphql or rest or service/catalog in" in capsys.readouterr().err
