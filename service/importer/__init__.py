"""From an Amplify schema to the catalog, and from the catalog to model source."""

from __future__ import annotations

from graphql import Source

from service.catalog.model import Catalog, Provider
from service.importer.flags import Flags
from service.importer.load import Imported, load_schema
from service.importer.read import read
from service.importer.refusal import ImportRefused, Notice
from service.importer.resolve import resolve

__all__ = ["Flags", "ImportRefused", "Imported", "Notice", "catalog_from_sdl", "load_schema"]


def catalog_from_sdl(
    text: str, *, default_provider: Provider = Provider.USER_POOLS, flags: Flags | None = None
) -> Catalog:
    """The catalog of an Amplify Gen 1 (transformer v2) schema.

    Errors: `ImportRefused` with line and column, what is wrong and what to do.
    """
    return resolve(read([Source(text, "schema.graphql")]), default_provider, flags or Flags())
