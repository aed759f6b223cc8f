"""The folders at the root hold contracts and revisions, and take no installed package's place (ADR 1)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = ("graphql", "rest", "db")


@pytest.mark.parametrize("folder", CONTRACTS)
def test_contract_folders_hold_no_python(folder: str):
    assert (ROOT / folder / "README.md").is_file()
    assert [*(ROOT / folder).rglob("*.py")] == []


def test_revisions_are_no_package():
    assert [*(ROOT / "alembic").rglob("__init__.py")] == []


@pytest.mark.parametrize("package", ["graphql", "alembic", "sqlalchemy", "strawberry"])
def test_the_installed_package_is_imported(package: str):
    """Asked of an interpreter that starts in the checkout, which has that folder first on its path."""
    command = [sys.executable, "-c", f"import {package}; print({package}.__file__)"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    assert "site-packages" in Path(found).parts


def test_all_python_of_the_product_is_in_service():
    allowed = {"service", "tests", "bench", "alembic"}
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {Path(line).parts[0] for line in tracked.split()} <= allowed
