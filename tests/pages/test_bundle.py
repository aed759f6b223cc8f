"""The committed bundle: made from the sources beside it, small enough to serve, and naming no registry."""

import gzip
import hashlib
import json
from pathlib import Path

from service.graphql.graphiql import STATIC, bundle

SOURCES = Path(__file__).parents[2] / "pages" / "graphiql"
LAMBDA_RESPONSE_LIMIT = 6_000_000
"""Bytes, of a body in base64."""


def test_the_bundle_is_made_from_these_sources():
    names = sorted(["build.mjs", "package-lock.json", *(f"src/{path.name}" for path in (SOURCES / "src").iterdir())])
    inputs = b"".join(name.encode() + b"\0" + (SOURCES / name).read_bytes() + b"\0" for name in names)
    built_from = json.loads((STATIC / "manifest.json").read_text())["inputs"]
    assert built_from == hashlib.sha256(inputs).hexdigest(), "The sources changed since the build: run `make pages`."


def test_every_file_is_named_by_its_content_and_none_is_left_over():
    on_disk = {path.name for path in STATIC.iterdir()}
    assert on_disk == {f"{name}.gz" for name in bundle().files} | {"manifest.json", "LICENSES.txt"}
    for name in bundle().files:
        content = gzip.decompress((STATIC / f"{name}.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest()[:12] in name


def test_every_file_fits_in_an_answer_of_a_lambda_function():
    for path in STATIC.iterdir():
        assert path.stat().st_size * 4 / 3 < LAMBDA_RESPONSE_LIMIT, path.name


def test_licences_name_every_package_that_is_inside():
    text = (STATIC / "LICENSES.txt").read_text()
    declared = json.loads((SOURCES / "package.json").read_text())["devDependencies"]
    for name, version in declared.items():
        assert name == "esbuild" or f"\n{name} {version} (" in f"\n{text}"


def test_the_lock_file_names_no_registry():
    packages = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []
