"""Finding the index that serves some fields."""

from __future__ import annotations

from collections.abc import Iterable

from service.catalog.model import Index


def index_on(indexes: Iterable[Index], fields: tuple[str, ...]) -> Index | None:
    """The first index that finds rows by exactly these fields before it orders them by others."""
    return next((each for each in indexes if (each.hash, *each.sort)[: len(fields)] == fields), None)
