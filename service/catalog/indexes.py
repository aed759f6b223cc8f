"""Finding the index that serves some fields."""

from __future__ import annotations

from collections.abc import Iterable

from service.catalog.model import Index, Model, Relation


def index_on(indexes: Iterable[Index], fields: tuple[str, ...]) -> Index | None:
    """The first index that finds rows by exactly these fields before it orders them by others."""
    return next((each for each in indexes if (each.hash, *each.sort)[: len(fields)] == fields), None)


def followed_sort(relation: Relation, target: Model) -> tuple[str, ...]:
    """The fields that order a hasMany: the sort keys of the index it follows, or of the primary key."""
    if relation.index is not None:
        return target.index_by_name[relation.index].sort
    return target.key[1:] if target.key[0] == relation.target_fields[0] else ()
