"""The committed bundles: made from the sources beside them, small enough to serve, and naming no registry."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from service.graphql import graphiql
from service.rest import docs

SOURCES = Path(__file__).parents[2] / "pages"
PAGES = {"graphiql": graphiql.PAGE, "docs": docs.PAGE}
LAMBDA_RESPONSE_LIMIT = 6_000_000
"""Bytes, of a body in base64."""


@pytest.fixture(params=PAGES)
def sources(request) -> Path:
    return SOURCES / request.param


@pytest.fixture
def page(sources):
    return PAGES[sources.name]


def test_a_bundle_is_made_from_these_sources(sources, page):
    names = sorted(["build.mjs", "package-lock.json", *(f"src/{path.name}" for path in (sources / "src").iterdir())])
    inputs = b"".join(name.encode() + b"\0" + (sources / name).read_bytes() + b"\0" for name in names)
    shared = (SOURCES / "bundle.mjs").read_bytes()
    built_from = page.manifest["inputs"]
    assert built_from == hashlib.sha256(shared + inputs).hexdigest(), "The sources changed: run `make pages`."


def test_every_file_is_named_by_its_content_and_none_is_left_over(page):
    on_disk = {path.name for path in page.static.iterdir()}
    assert on_disk == {f"{name}.gz" for name in page.files} | {"manifest.json", "LICENSES.txt"}
    for name in page.files:
        content = gzip.decompress((page.static / f"{name}.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest()[:12] in name


def test_every_file_fits_in_an_answer_of_a_lambda_function(page):
    for path in page.static.iterdir():
        assert path.stat().st_size * 4 / 3 < LAMBDA_RESPONSE_LIMIT, path.name


def test_licences_name_every_package_that_is_inside(sources, page):
    text = (page.static / "LICENSES.txt").read_text()
    declared = json.loads((sources / "package.json").read_text())["devDependencies"]
    for name, version in declared.items():
        assert name == "esbuild" or f"\n{name} {version} (" in f"\n{text}"


def test_the_lock_file_names_no_registry(sources):
    packages = json.loads((sources / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []
