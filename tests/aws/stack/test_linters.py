"""The tools of the trade on the templates, the YAML and the pipelines. They are in .venv-infra, which make sets up."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.aws.stack.template import Stack
from tests.running import ROOT

TOOLS = ROOT / ".venv-infra" / "bin"
CHECKOV = ROOT / "infra" / "checkov.yaml"
WORKFLOWS = [str(each) for each in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
# The framework writes DependsOn beside references that say the same.
IGNORED_BY_CFN_LINT = ["W3005"]


def run(tool: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A tool's run in the checkout."""
    if not (TOOLS / tool).exists():
        pytest.skip(f"No {tool} here. `make .venv-infra/made` installs it.")
    return subprocess.run([TOOLS / tool, *options], cwd=ROOT, capture_output=True, text=True, check=False)


def test_cfn_lint_finds_nothing(dev: Stack, prod: Stack, existing: Stack):
    templates = [str(each.path) for each in (dev, prod, existing)]
    done = run("cfn-lint", "--regions", "eu-central-1", "--ignore-checks", *IGNORED_BY_CFN_LINT, "--", *templates)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_checkov_finds_what_is_excused_and_nothing_else(dev: Stack, prod: Stack, existing: Stack):
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
    done = run("checkov", *options, "--file", *(str(each.path) for each in (dev, prod, existing)))
    found = json.loads(done.stdout)["results"]["failed_checks"]
    excused = re.findall(r"^  - (CKV\w+)$", CHECKOV.read_text(), re.MULTILINE)
    assert {each["check_id"] for each in found} == set(excused), [each["resource"] for each in found]


def test_each_excuse_has_its_reason():
    lines = CHECKOV.read_text().splitlines()
    excuses = [number for number, line in enumerate(lines) if line.startswith("  - CKV")]
    assert excuses
    assert all(lines[number - 1].startswith("  # ") for number in excuses)


def test_yamllint_finds_nothing():
    done = run("yamllint", "--strict", ".")
    assert (done.returncode, done.stdout) == (0, "")


def test_workflows_are_what_github_takes():
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


def test_workflows_give_nothing_away():
    done = run("zizmor", "--offline", "--persona", "pedantic", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


def test_amplify_takes_its_pipeline():
    schema = ROOT / "tests" / "aws" / "stack" / "amplify.schema.json"
    done = run("check-jsonschema", "--schemafile", str(schema), "amplify.yml")
    assert done.returncode == 0, done.stdout
