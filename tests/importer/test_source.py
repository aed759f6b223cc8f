"""Which API is served: the shipped one, that of a schema, or one that was packaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.catalog.packaged import dump
from service.errors import CommandError
from service.source import catalog_at

ERP = Path(__file__).parent / "cases" / "erp" / "in.graphql"


def test_a_packaged_catalog_is_that_of_its_schema(tmp_path: Path):
    catalog, _ = catalog_at(str(ERP))
    (tmp_path / "catalog.json").write_bytes(dump(catalog))
    assert catalog_at(str(tmp_path / "catalog.json")) == (catalog, 0)


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b'{"version": 0}', b'{"version": 1}', b'{"data": {"__schema": {}}}']
)
def test_another_file_is_refused(tmp_path: Path, content: bytes | None):
    file = tmp_path / "other.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match="is no catalog that make package has made"):
        catalog_at(str(file))
