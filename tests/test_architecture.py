"""The folders at the root hold contracts and revisions, and take no installed package's place (ADR 1)."""

from __future__ import annotations

import os
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
    with_python = set()
    for folder, inner, files in os.walk(ROOT):
        # What tools have put into a checkout is not the product's.
        inner[:] = [
            each for each in inner if not each.startswith(".") and each not in {"node_modules", "build", "dist"}
        ]
        if any(each.endswith(".py") for each in files):
            with_python.add(Path(folder).relative_to(ROOT).parts[:1])
    assert with_python <= {("service",), ("tests",), ("bench",), ("alembic",)}
