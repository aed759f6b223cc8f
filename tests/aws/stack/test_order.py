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
case "$*" in "info "*) cat info; [ -f exists ] ;; "$BROKEN "*) exit 1 ;; esac
"""
WITHOUT_A_STACK = "Error: Stack with id offramp-dev does not exist"
WITHOUT_FUNCTIONS = "Stack Outputs:\n  ServerlessDeploymentBucketName: offramp-dev-1\n"
COMPLETE = f"{WITHOUT_FUNCTIONS}  MigrateLambdaFunctionQualifiedArn: arn:aws:lambda:eu-central-1:1:function:migrate:1\n"
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
    (tmp_path / "info").write_text(WITHOUT_A_STACK)
    return tmp_path


def exists(checkout: Path, outputs: str = COMPLETE) -> None:
    """From now on the framework says that there is a stack."""
    (checkout / "info").write_text(outputs)
    (checkout / "exists").touch()


def deploy(checkout: Path, *, broken: str = "nothing") -> tuple[int, list[str]]:
    """The exit status, and what the framework was asked for, without the stage and the first question."""
    environment = {"PATH": os.environ["PATH"], "BROKEN": broken}
    done = subprocess.run([checkout / "infra" / "deploy", "dev"], env=environment, capture_output=True, check=False)
    first, *asked = (checkout / "asked").read_text().splitlines()
    assert first == "info --verbose --stage dev"
    return done.returncode, [each.removesuffix(" --stage dev") for each in asked]


def test_a_stack_that_exists_gets_its_schema_before_its_code(checkout: Path):
    exists(checkout)
    first = ["deploy function --function roles", "deploy function --function migrate"]
    assert deploy(checkout) == (0, [*first, *MIGRATED, "deploy"])


def test_a_new_stack_has_to_be_there_before_it_can_be_migrated(checkout: Path):
    assert deploy(checkout) == (0, ["deploy", *MIGRATED])


def test_a_stack_whose_first_deployment_failed_is_as_a_new_one(checkout: Path):
    exists(checkout, WITHOUT_FUNCTIONS)
    assert deploy(checkout) == (0, ["deploy", *MIGRATED])


def test_nothing_is_deployed_where_it_cannot_be_told_whether_there_is_a_stack(checkout: Path):
    (checkout / "info").write_text("Error: The security token included in the request is expired")
    assert deploy(checkout) == (1, [])


def test_code_is_not_deployed_on_a_schema_that_could_not_be_migrated(checkout: Path):
    exists(checkout)
    status, asked = deploy(checkout, broken="invoke --function migrate")
    assert status != 0
    assert "deploy" not in asked


def test_nothing_is_deployed_without_a_package(checkout: Path):
    (checkout / "build" / "lambda.zip").unlink()
    done = subprocess.run([checkout / "infra" / "deploy", "dev"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make package" in done.stderr
    assert not (checkout / "asked").exists()
