"""Answers of the database → answers of the API, where the two differ.

PostgreSQL's JSON is passed on as it is unless something in it calls for attention: the mark of a denial
(see `service.db.sql.marks`), or a null where the schema promises a value. Both are found by looking for
short texts, which is most of what a large answer costs here. Only an answer with them is parsed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from service.catalog.model import TypeRef
from service.db.plans import plan, selections
from service.db.sql.marks import DENIED, first_mark
from service.errors import Forbidden

Path = list[str | int]

_NULL = ":null"
"""How `row_to_json` writes one; `json_build_object`, which makes connections, puts spaces around the colon."""
_IN_A_LIST = ""
_NULLS_IN_LISTS = ("[null", ",null", ", null")
"""The last where the list is jsonb, or rows are aggregated."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that went wrong at one place of an answer."""

    path: Path
    denied: bool
    parent: str
    """The type whose field it is."""
    name: str
    """The field, by its name in the schema."""
    type_name: str = ""
    """The type that must not be null, if that is what is wrong."""


class _Bubble(Exception):
    """A null that its parent may not hold."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plan's JSON must look like."""

    selection: tuple[selections.Selected, ...]
    connection: selections.Connection | None
    type_name: str
    required: tuple[str, ...]
    """The names, in quotes, behind which no null may stand."""
    has_lists: bool
    """Whether there are lists in which no null may stand."""

    @classmethod
    def of(cls, chosen: plan.Plan) -> Answer:
        """What the JSON of a plan must look like."""
        if isinstance(chosen, plan.List):
            connection = chosen.page.connection
            watched = set(_watched_in(connection))
            return cls((), connection, chosen.page.model.name, tuple(watched - {_IN_A_LIST}), _IN_A_LIST in watched)
        watched = set(_watched(chosen.selection))
        return cls(chosen.selection, None, chosen.model.name, tuple(watched - {_IN_A_LIST}), _IN_A_LIST in watched)

    def finish(self, text: str | None, path: Path, root: tuple[str, str]) -> tuple[str, list[Note]]:
        """The JSON text to send for what the database answered, and what is wrong with it.

        `root` is the root type and the field that was asked there, `path` where its value stands.
        """
        if text is None:
            return "null", []
        if first_mark(text) < 0 and not self._has_forbidden_null(text):
            return text, []
        notes: list[Note] = []
        done = self._complete(orjson.loads(text), path, root, notes)
        return orjson.dumps(done).decode(), notes

    def _has_forbidden_null(self, text: str) -> bool:
        if self.has_lists and any(null in text for null in _NULLS_IN_LISTS):
            return True
        at = text.find(_NULL)
        while at >= 0:
            if text.endswith(self.required, 0, at):
                return True
            at = text.find(_NULL, at + len(_NULL))
        return False

    def _complete(self, value: Any, path: Path, root: tuple[str, str], notes: list[Note]) -> Any:
        if value == DENIED:
            notes.append(Note(path, denied=True, parent=root[0], name=root[1]))
            return None
        try:
            if self.connection is not None:
                return _complete_connection(value, self.connection, self.type_name, path, notes)
            return _complete_object(value, self.selection, self.type_name, path, notes)
        except _Bubble:
            return None


def decoded(text: str) -> Any:
    """What the database answered as Python values, with a `Forbidden` to raise wherever it marked a denial."""
    value = orjson.loads(text)
    return _with_refusals(value) if first_mark(text) >= 0 else value


def _with_refusals(value: Any) -> Any:
    if value == DENIED:
        return Forbidden()
    if isinstance(value, dict):
        return {name: _with_refusals(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_refusals(each) for each in value]
    return value


# ---------------------------------------------------------------- what to look for


def _watched(selection: Sequence[selections.Selected]) -> Iterator[str]:
    """The names, in quotes, whose values must not be null; `_IN_A_LIST` for the elements of lists."""
    for selected in selection:
        match selected:
            case selections.Value(key, field):
                yield from _watched_value(key, field.type)
            case selections.Guarded(_, shown):
                yield from _watched((shown,))
            case selections.Hidden(key, required=True):
                yield f'"{key}"'
            case selections.Embedded(key, field, _, inner):
                yield from _watched_value(key, field.type)
                yield from _watched(inner)
            case selections.One(key, relation, _, inner):
                if relation.required:
                    yield f'"{key}"'
                yield from _watched(inner)
            case selections.Many(_, _, page):
                yield from _watched_in(page.connection)


def _watched_in(connection: selections.Connection) -> Iterator[str]:
    for member in connection.members:
        if isinstance(member, selections.Items):
            yield from _watched(member.selection)


def _watched_value(key: str, type_: TypeRef) -> Iterator[str]:
    if type_.required:
        yield f'"{key}"'
    if type_.is_list and type_.element_required:
        yield _IN_A_LIST


# ---------------------------------------------------------------- completion


def _complete_connection(
    value: dict[str, Any], connection: selections.Connection, model: str, path: Path, notes: list[Note]
) -> dict[str, Any]:
    for member in connection.members:
        if isinstance(member, selections.Items):
            value[member.key] = [
                _complete_item(item, member.selection, model, [*path, member.key, index], notes)
                for index, item in enumerate(value[member.key])
            ]
    return value


def _complete_item(
    item: Any, selection: Sequence[selections.Selected], type_name: str, path: Path, notes: list[Note]
) -> Any:
    """A value that may be null: a null below it that may not ends here."""
    if item is None:
        return None
    try:
        return _complete_object(item, selection, type_name, path, notes)
    except _Bubble:
        return None


def _complete_object(
    value: dict[str, Any], selection: Sequence[selections.Selected], type_name: str, path: Path, notes: list[Note]
) -> dict[str, Any]:
    for selected in selection:
        value[selected.key] = _complete_field(value[selected.key], selected, type_name, [*path, selected.key], notes)
    return value


def _complete_field(value: Any, selected: selections.Selected, parent: str, path: Path, notes: list[Note]) -> Any:
    if isinstance(selected, selections.Guarded):
        selected = selected.shown
    name, required, expected = _promise(selected)
    if value == DENIED and not isinstance(selected, selections.Typename):
        notes.append(Note(path, denied=True, parent=parent, name=name))
        if required:
            raise _Bubble
        return None
    if value is not None:
        value = _complete_value(value, selected, parent, path, notes)
        if value is None and required:
            raise _Bubble  # what is wrong has been noted further down
    elif required:
        notes.append(Note(path, denied=False, parent=parent, name=name, type_name=expected))
        raise _Bubble
    return value


def _promise(selected: selections.Selected) -> tuple[str, bool, str]:
    """The name of a selected field, whether it must not be null, and the type it promises."""
    match selected:
        case selections.Value(_, field) | selections.Embedded(_, field):
            return field.name, field.type.required, str(field.type.nullable)
        case selections.One(_, relation, target):
            return relation.name, relation.required, target.name
        case selections.Hidden():
            return selected.name, selected.required, selected.type_name
        case selections.Many(_, relation):
            return relation.name, False, ""
        case selections.Typename():
            return "__typename", True, "String"
        case selections.Version(key):
            return key, True, "Int"
        case selections.Guarded(_, shown):
            return _promise(shown)


def _complete_value(value: Any, selected: selections.Selected, parent: str, path: Path, notes: list[Note]) -> Any:
    match selected:
        case selections.Value(_, field) if field.type.is_list and field.type.element_required and None in value:
            index = value.index(None)
            notes.append(Note([*path, index], denied=False, parent=parent, name=field.name, type_name=field.type.name))
            return None
        case selections.Embedded(_, field, type_name, inner):
            if field.type.is_list:
                return _complete_list(value, selected, parent, path, notes)
            return _complete_item(value, inner, type_name, path, notes)
        case selections.One(_, _, target, inner):
            return _complete_item(value, inner, target.name, path, notes)
        case selections.Many(_, _, page):
            return _complete_connection(value, page.connection, page.model.name, path, notes)
    return value


def _complete_list(
    value: list[Any], selected: selections.Embedded, parent: str, path: Path, notes: list[Note]
) -> list[Any] | None:
    done: list[Any] = []
    for index, element in enumerate(value):
        each = _complete_item(element, selected.selection, selected.type_name, [*path, index], notes)
        if each is None and selected.field.type.element_required:
            if element is None:
                name = selected.field.name
                notes.append(Note([*path, index], denied=False, parent=parent, name=name, type_name=selected.type_name))
            return None
        done.append(each)
    return done
