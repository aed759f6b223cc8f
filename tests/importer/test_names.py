"""Every name and type of an import is the one that Amplify's own tools give."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.importer import catalog_from_sdl
from tests.importer.compiled import roots_compiled, roots_of, shapes_compiled, shapes_of

CASES = Path(__file__).parent / "cases"
COMPILED = sorted(CASES.glob("*/compiled.graphql"))


@pytest.mark.parametrize("compiled", COMPILED, ids=lambda path: path.parent.name)
def test_types_have_the_fields_of_the_compiled_schema_in_its_order(compiled: Path):
    catalog = catalog_from_sdl((compiled.parent / "in.graphql").read_text())
    ours, theirs = shapes_of(catalog), shapes_compiled(compiled.read_text())
    assert ours == theirs
    assert {name: list(shape) for name, shape in ours.items()} == {name: list(shape) for name, shape in theirs.items()}


@pytest.mark.parametrize("compiled", COMPILED, ids=lambda path: path.parent.name)
def test_root_fields_are_those_of_the_compiled_schema(compiled: Path):
    catalog = catalog_from_sdl((compiled.parent / "in.graphql").read_text())
    assert roots_of(catalog) == roots_compiled(compiled.read_text())
