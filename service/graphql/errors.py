"""Errors in AppSync's shape.

`errorType`, `errorInfo` and `data` stand at the top level of an error, where graphql-core would put
them under `extensions`; the Amplify clients read them there, and match on the beginnings of some
messages. Source: what AppSync's users report, and what Amplify's own tests assert.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphql import OperationDefinitionNode, SelectionSetNode, get_location

from service.errors import Forbidden, Internal, Invalid, ServiceError
from service.graphql.notes import Note, Path
from service.graphql.selections import Chosen, Reader

Error = dict[str, Any]

log = logging.getLogger(__name__)


class Locator:
    """Finds where in the document a field of the answer was asked for; only errors need to know."""

    def __init__(self, operation: OperationDefinitionNode, reader: Reader) -> None:
        self._operation = operation
        self._reader = reader
        self._found: dict[tuple[str, ...], list[dict[str, Any]]] = {}

    @property
    def root_type(self) -> str:
        """The root type of the operation."""
        return self._operation.operation.value.capitalize()

    def chosen(self, path: Path) -> Iterator[Chosen]:
        """The fields along a path of the answer, from the root."""
        sets: Sequence[SelectionSetNode] = [self._operation.selection_set]
        for key in path:
            if isinstance(key, int):
                continue
            found = next((each for each in self._reader.fields(sets) if each.key == key), None)
            if found is None:
                return
            yield found
            sets = found.selection_sets

    def __call__(self, path: Path) -> list[dict[str, Any]]:
        """The line and column of the field at a path of the answer."""
        keys = tuple(step for step in path if isinstance(step, str))
        if keys not in self._found:
            self._found[keys] = self._locate(path)
        return self._found[keys]

    def _locate(self, path: Path) -> list[dict[str, Any]]:
        along = list(self.chosen(path))
        loc = along[-1].nodes[0].loc if along else None
        if loc is None:
            return []
        place = get_location(loc.source, loc.start)
        return [{"line": place.line, "column": place.column, "sourceName": None}]


def field_error(
    path: Path,
    message: str,
    error_type: str | None,
    locations: Sequence[Any],
    info: Mapping[str, str | int] | None = None,
) -> Error:
    """One field of the answer failed."""
    return {
        "path": path,
        "data": None,
        "errorType": error_type,
        "errorInfo": info,
        "locations": list(locations),
        "message": message,
    }


def naming_field(error: ServiceError, message: str) -> str:
    """A message with the field of the input that it is about, where that is known."""
    return f"{error.field}: {message}" if isinstance(error, Invalid) and error.field is not None else message


def root_error(error: ServiceError, key: str, name: str, root: str, locate: Locator) -> Error:
    """A root field was refused."""
    message = error.message
    if isinstance(error, Forbidden) and message == Forbidden().message:
        message = not_authorized(name, root)
    return field_error([key], naming_field(error, message), error.error_type or error.code, locate([key]), error.info)


def masked(error: Exception, field: str) -> Internal:
    """What a caller is told of a bug that a field met. The log has the rest, under the same number."""
    reference = str(uuid.uuid4())
    log.error("field failed", exc_info=error, extra={"request_id": reference, "field": field})
    return Internal(reference)


def not_authorized(field: str, parent: str) -> str:
    """What AppSync says of a field that the rules keep from the caller."""
    return f"Not Authorized to access {field} on type {parent}"


def note_errors(notes: Iterable[Note], locate: Locator) -> list[Error]:
    """The errors that notes about an answer stand for."""
    return [_note_error(note, locate) for note in notes]


def _note_error(note: Note, locate: Locator) -> Error:
    locations = locate(note.path)
    if note.denied:
        return field_error(note.path, not_authorized(note.name, note.parent), "Unauthorized", locations)
    expected, parent = note.type_name, note.parent
    message = (
        f"Cannot return null for non-nullable type: '{expected}' within parent '{parent}' ({path_text(note.path)})"
    )
    return field_error(note.path, message, None, locations)


def path_text(path: Path) -> str:
    """A path as AppSync writes it: `/listProducts/items[0]/name`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f"/{step}" for step in path)
