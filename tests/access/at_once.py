"""What REST has for many rows at once, asked about a row of ours, about one of theirs, and about none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from service.catalog.model import Catalog, Model
from service.rest.resources import Action, Resource
from tests.access.organizations import OURS, THEIRS
from tests.access.questions import MISSING, aimed, input_of, key_of, touched

Values = Mapping[str, Any]


class Aim(StrEnum):
    """Whose row a request is about."""

    OURS = "ours"
    THEIRS = "theirs"
    NOBODYS = "nobody's"


@dataclass(frozen=True)
class Asked:
    """A request. Those of one resource, way, action and matter differ in the row that they are about, and nothing else.

    `matter` is what of a row is theirs or nobody's: its key, its organization, or what it refers to.
    """

    way: str
    action: Action
    matter: str
    aim: Aim
    path: str
    body: Values


def requests(resource: Resource, catalog: Catalog) -> Iterator[Asked]:
    """Rows of ours are made, found, changed and deleted, each after the same was tried with theirs and with none."""
    for action in (Action.CREATE, Action.SEARCH, Action.UPDATE, Action.DELETE):
        if action in resource.endpoint_by_action:
            for way, (name, ask) in _WAYS.items() if action is not Action.SEARCH else _SEARCH.items():
                for matter, aim, key, values in _rows(resource.model, catalog, action, name):
                    yield Asked(way, action, matter, aim, *ask(resource, action, key, values))


def _rows(model: Model, catalog: Catalog, action: Action, name: str) -> Iterator[tuple[str, Aim, Values, Values]]:
    made = {each: value for each, value in input_of(model, catalog, name).items() if value is not None}
    if action is Action.CREATE:
        for what, change in (
            aimed(model) if model.name != "AuditLog" else ()
        ):  # its actor is the caller, whoever is named
            aim = Aim.NOBODYS if MISSING in change.values() else Aim.THEIRS
            yield what.replace("their ", "").replace("a missing ", ""), aim, {}, made | change
        yield "itself", Aim.OURS, {}, made
        return
    keys: dict[Aim, Values] = {
        Aim.THEIRS: key_of(model, catalog, "theirs-0"),
        Aim.NOBODYS: key_of(model, catalog, MISSING),
        Aim.OURS: {each: made.get(each, "ours-0") for each in model.key},  # what cannot be made is there
    }
    if model.name == "Organization":
        keys = {aim: {"id": id_} for aim, id_ in zip(keys, (THEIRS, MISSING, OURS), strict=True)}
    for aim, key in keys.items():
        yield "key", aim, key, touched(model) if action is Action.UPDATE else {}


def _batch(resource: Resource, action: Action, key: Values, values: Values) -> tuple[str, Values]:
    parts = {Action.CREATE: {"body": values}, Action.UPDATE: {"key": key, "body": values}, Action.DELETE: {"key": key}}
    return f"/v1/{resource.name}:batch{action.title()}", {"requests": [parts[action]]}


def _transaction(resource: Resource, action: Action, key: Values, values: Values) -> tuple[str, Values]:
    collection = f"/v1/{resource.name}"
    item = f"{collection}/{resource.key_in_path([*key.values()])}"
    operations = {
        Action.CREATE: {"method": "POST", "path": collection, "body": values},
        Action.UPDATE: {"method": "PATCH", "path": item, "body": values},
        Action.DELETE: {"method": "DELETE", "path": item},
    }
    return "/v1/transactions", {"operations": [operations[action]]}


def _search(resource: Resource, _action: Action, key: Values, _values: Values) -> tuple[str, Values]:
    filter_ = {"and": [{name: {"eq": value}} for name, value in key.items()]}
    return f"/v1/{resource.name}:search", {"filter": filter_}


_WAYS: dict[str, tuple[str, Callable[..., tuple[str, Values]]]] = {
    "batch": ("at-once", _batch),
    "transaction": ("at-once-too", _transaction),
}
"""Each with the name of the row of ours that is made by it."""
_SEARCH: dict[str, tuple[str, Callable[..., tuple[str, Values]]]] = {"search": ("at-once", _search)}
