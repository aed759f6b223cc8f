"""A TypeScript client of types that a stock generator makes from the document: it compiles, and it works."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.rest.openapi.document import openapi_document
from tests.clients.conftest import NODE, install
from tests.contracts.cases import catalog
from tests.rest.served import ORGANIZATION, Served, serving

HERE = Path(__file__).parent / "typed"
MADE = HERE / "made"


def run(script: str, *arguments: str) -> str:
    command = [str(NODE), str(HERE / script), *arguments]
    done = subprocess.run(command, check=False, cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("typed")) as served:
        yield served


def generate(name: str, target: Path) -> None:
    document = target.with_suffix(".json")
    document.parent.mkdir(exist_ok=True)
    document.write_text(json.dumps(openapi_document(catalog(name))))
    run("node_modules/openapi-typescript/bin/cli.js", str(document), "--output", str(target))


@pytest.fixture(scope="module")
def client() -> str:
    install(HERE)
    generate("inventory", MADE / "api.ts")
    run("node_modules/typescript/bin/tsc", "--project", "tsconfig.json")
    return "made/client.js"


def test_it_compiles_and_works(client: str, service: Served):
    service.create("/v1/organizations", id=ORGANIZATION, name="Typed")
    assert json.loads(run(client, service.url, service.token("ada", "Admin"), ORGANIZATION)) == {
        "created": [201, "EACH"],
        "listed": [[{"name": "Gas lamp", "price": 42}], False],
        "changed": [200, 45],
        "stale": [412, "precondition_failed"],
        "wrong": [["/price", "wrong_value"], ["/colour", "unknown_field"]],
        "gone": 204,
    }


def test_the_types_of_89_models_compile(client: str):
    generate("erp", MADE / "erp.ts")
    run("node_modules/typescript/bin/tsc", "--noEmit", "--skipLibCheck", "made/erp.ts")
