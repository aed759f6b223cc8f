"""In which order `infra/deploy` does things, told by a framework that only writes down what it was asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running import ROOT

FRAMEWORK = """#!/bin/sh
echo "$@" >> asked
case "$*" in "info "*) [ -f exists ] ;; "$BROKEN "*) exit 1 ;; esac
"""
MIGRATED = ["invoke --function roles", "invoke --function migrate"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "infra").mkdir()
    shutil.copy(ROOT / "infra" / "deploy", tmp_path / "infra")
    (tmp_path / "infra" / "package-lock.json").touch()
    osls = tmp_path / "infra" / "node_modules" / ".bin" / "osls"
    osls.parent.mkdir(parents=True)
    osls.write_text(FRAMEWORK)
    osls.chmod(0o755)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "lambda.zip").touch()
    return tmp_path


def deploy(checkout: Path, *, broken: str = "nothing") -> tuple[int, list[str]]:
    """The exit status, and what the framework was asked for, without the stage and the first question."""
    environment = {"PATH": os.environ["PATH"], "BROKEN": broken}
    done = subprocess.run([checkout / "infra" / "deploy", "dev"], env=environment, capture_output=True, check=False)
    first, *asked = (checkout / "asked").read_text().splitlines()
    assert first == "info --stage dev"
    return done.returncode, [each.removesuffix(" --stage dev") for each in asked]


def test_a_stack_that_exists_gets_its_schema_before_its_code(checkout: Path):
    (checkout / "exists").touch()
    first = ["deploy function --function roles", "deploy function --function migrate"]
    assert deploy(checkout) == (0, [*first, *MIGRATED, "deploy"])


def test_a_new_stack_has_to_be_there_before_it_can_be_migrated(checkout: Path):
    assert deploy(checkout) == (0, ["deploy", *MIGRATED])


def test_code_is_not_deployed_on_a_schema_that_could_not_be_migrated(checkout: Path):
    (checkout / "exists").touch()
    status, asked = deploy(checkout, broken="invoke --function migrate")
    assert status != 0
    assert "deploy" not in asked


def test_nothing_is_deployed_without_a_package(checkout: Path):
    (checkout / "build" / "lambda.zip").unlink()
    done = subprocess.run([checkout / "infra" / "deploy", "dev"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make package" in done.stderr
    assert not (checkout / "asked").exists()
