"""Which API is served: the shipped inventory, or the one of an Amplify schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import CommandError

if TYPE_CHECKING:
    from service.catalog.model import Catalog


def catalog_at(path: str | None) -> Catalog:
    """The catalog of a schema file; of the shipped inventory without one.

    Errors: CommandError if there is no such file; ImportRefused if it cannot be imported.
    """
    if path is None:
        from service.catalog.packaged import shipped  # noqa: PLC0415  one of two

        return shipped()
    from service.importer import catalog_from_sdl  # noqa: PLC0415  the other

    try:
        return catalog_from_sdl(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path} cannot be read: {error}", hint="--schema wants an Amplify schema.graphql."
        ) from error
