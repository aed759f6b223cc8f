"""Which API is served: the shipped inventory, or the one of an Amplify schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.errors import CommandError

if TYPE_CHECKING:
    from service.catalog.model import Catalog


def catalog_at(path: str | None) -> tuple[Catalog, int]:
    """The catalog of a schema file or an Amplify folder, and how many things in it need a person.

    Without a path it is the shipped inventory, which needs nobody. Errors: CommandError, with the place in the schema.
    """
    if path is None:
        from service.catalog.packaged import shipped  # noqa: PLC0415  one of two

        return shipped(), 0
    from service.importer import ImportRefused, load_schema  # noqa: PLC0415  the other

    try:
        imported = load_schema(path)
    except ImportRefused as error:
        where = f"{error.place}: " if error.place else ""
        raise CommandError(f"{where}{error.what}", hint=error.todo or None) from error
    return imported.catalog, len(imported.needs_person)
