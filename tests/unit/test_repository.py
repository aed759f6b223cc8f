"""What is derived or promised in files outside the code is as it should be."""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from service.cli.reference import environment_example, errors_page, settings_page
from service.settings import Settings
from service.settings.declared import variable_of

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAME = re.compile(r"[A-Za-z0-9_-]+")


def names(requirements: list[str]) -> set[str]:
    return {match[0] for each in requirements if (match := NAME.match(each))}


def locked(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", text, re.MULTILINE))


def test_every_setting_is_documented() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_page(), "run: make contracts"
    assert (ROOT / ".env.example").read_text() == environment_example(), "run: make contracts"
    page = settings_page()
    assert all(f"| `{variable_of(each)}` |" in page for each in fields(Settings))


def test_every_error_is_documented_under_a_code_of_its_own() -> None:
    assert (ROOT / "docs/errors.md").read_text() == errors_page(), "run: make contracts"
    codes = re.findall(r"^\| `(\w+)` \|", errors_page(), re.MULTILINE)
    assert len(codes) == len(set(codes)) == 51


def test_the_example_has_every_default_as_the_variable_spells_it() -> None:
    shown = dict(re.findall(r"^# ([A-Z_]+)=(.+)$", environment_example(), re.MULTILINE))
    required = {
        "DATABASE_URL": "postgresql://a@b/c",
        "OFFRAMP_ISSUER": "https://a.example",
        "OFFRAMP_CLIENT_IDS": "a",
        "OFFRAMP_CURSOR_KEY": "0" * 32,
    }
    assert Settings.from_environ(required | shown) == Settings.from_environ(required)
    assert shown["OFFRAMP_TOKEN_USES"] == "access,id"
    assert shown["OFFRAMP_INTROSPECTION"] == "true"


def test_every_dependency_has_its_reason() -> None:
    project = PROJECT["project"]
    wanted = names(project["dependencies"]) | names(project["optional-dependencies"]["local"])
    wanted |= {name for group in PROJECT["dependency-groups"].values() for name in names(group)}
    page = (ROOT / "docs/dependencies.md").read_text()
    assert set(re.findall(r"^\| `([a-z0-9_-]+)` \|", page, re.MULTILINE)) == wanted


def test_what_runs_is_what_was_developed_with() -> None:
    run, dev = locked("run.lock"), locked("dev.lock")
    assert {name: dev.get(name) for name in run} == run
    on_lambda = locked("lambda.lock")
    assert {name: run.get(name) for name in on_lambda} == on_lambda
    assert names(PROJECT["project"]["dependencies"]) <= set(on_lambda)
    assert "boto3" not in on_lambda  # Lambda's own image has it
    assert names(PROJECT["dependency-groups"]["dev"]) <= set(dev)
    for group in ("infra", "emulator"):
        assert names(PROJECT["dependency-groups"][group]) <= set(locked(f"{group}.lock"))
    assert list(locked("uv.lock")) == ["uv"]


@pytest.mark.parametrize("file", ["run.lock", "dev.lock", "lambda.lock", "infra.lock", "emulator.lock", "uv.lock"])
def test_every_locked_package_has_its_hashes_and_no_address(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text()
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_make_lists_its_targets() -> None:
    make = ["make", "--no-print-directory", "help"]  # which make itself, running this suite, would have printed
    shown = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = [line.split()[1] for line in shown.splitlines()]
    first = ["help", "setup", "run", "test", "check", "contracts", "pages"]
    assert targets == [*first, "package", "deploy", "deploy-local", "bench", "lock"]
