"""schemathesis asks everything that the document allows, and what it does not: all its checks, the links of rows too.

All but those that need more to go by: `max_response_time` a time, `object_level_authorization` two callers with rows of
their own, which are `tests/access/test_isolation_over_rest.py`'s.
It takes a few models that have everything; the others are described and served by the same code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rest.library import SDL
from tests.rest.served import ORGANIZATION, Served, serving

HERE = Path(__file__).parent / "fuzz"
SEED = "20261125"


@pytest.fixture(scope="module")
def inventory(tmp_path_factory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("inventory")) as served:
        served.create("/v1/organizations", id=ORGANIZATION, name="Harbour & Pine Outfitters")
        yield served


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("library")
    schema = folder / "schema.graphql"
    schema.write_text(SDL)
    with serving(folder, schema) as served:
        yield served


def ask(served: Served, tmp_path: Path, *options: str) -> None:
    """Run schemathesis; what it found is what the test fails with."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(HERE / "schemathesis.toml")),
        *(
            "run",
            f"{served.url}/v1/openapi.json",
            "--header",
            f"Authorization: {served.admin.headers['authorization']}",
        ),
        *("--checks", "all", "--seed", SEED, "--no-shrink", *options),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "described_in_words", "PYTHONPATH": str(HERE), "OWN_ORGANIZATION": ORGANIZATION}
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=os.environ | hooks, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_inventory_is_asked(inventory: Served, tmp_path: Path):
    only = "^/v1/(stock-items|transactions)"
    ask(inventory, tmp_path, "--phases", "examples,fuzzing", "--max-examples", "8", "--include-path-regex", only)


def test_what_is_asked_of_no_model(inventory: Served, tmp_path: Path):
    only = "^/v1/(permissions|operations|audit-entries)"
    ask(inventory, tmp_path, "--phases", "examples,fuzzing", "--max-examples", "3", "--include-path-regex", only)


def test_what_an_imported_schema_is_asked(library: Served, tmp_path: Path):
    only = "^/v1/(books|slots)"
    ask(library, tmp_path, "--phases", "examples,fuzzing", "--max-examples", "8", "--include-path-regex", only)


def test_every_corner_of_what_one_row_is_asked(library: Served, tmp_path: Path):
    """Each parameter and field at its limits and past them, each method that is not there, each header left out."""
    ask(library, tmp_path, "--phases", "coverage", "--include-path-regex", "^/v1/(diaries|slots)/")


def test_what_follows_from_a_row_that_was_made(inventory: Served, tmp_path: Path):
    only = "^/v1/(products|categories)(/[^/]*)?$"
    ask(inventory, tmp_path, "--phases", "stateful", "--max-examples", "40", "--include-path-regex", only)
