"""Which API is served: the shipped inventory, or the one of an Amplify schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import CommandError

if TYPE_CHECKING:
    from service.catalog.model import Catalog


def catalog_at(path: str | None) -> tuple[Catalog, int]:
    """The catalog of a schema file or an Amplify folder, and how many things in it need a person.

    Without a path it is the shipped inventory, which needs nobody; nor does what `make package` has made a `.json` of.
    Errors: CommandError, with the place in the schema.
    """
    if path is None or path.endswith(".json"):
        from service.catalog.packaged import load, shipped  # noqa: PLC0415  one of two

        return (shipped() if path is None else _packaged(path, load)), 0
    from service.importer import ImportRefused, load_schema  # noqa: PLC0415  the other

    try:
        imported = load_schema(path)
    except ImportRefused as error:
        where = f"{error.place}: " if error.place else ""
        raise CommandError(f"{where}{error.what}", hint=error.todo or None) from error
    return imported.catalog, len(imported.needs_person)


def _packaged(path: str, load: Callable[[bytes], Catalog]) -> Catalog:
    try:
        return load(Path(path).read_bytes())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CommandError(
            f"{path} is no catalog that make package has made: {error}",
            hint="A schema is a .graphql file, or an amplify/ folder.",
        ) from error
