"""Which API is served: the shipped inventory, or the one of an Amplify schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.catalog.model import Catalog


def catalog_at(path: str | None) -> Catalog:
    """The catalog of an Amplify schema or project; of the shipped inventory without one.

    Errors: ImportRefused if there is no such schema or it cannot be imported.
    """
    if path is None:
        from service.catalog.packaged import shipped  # noqa: PLC0415  one of two

        return shipped()
    from service.importer import load_schema  # noqa: PLC0415  the other

    return load_schema(path).catalog
