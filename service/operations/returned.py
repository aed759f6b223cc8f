"""What a function gave back → the value in the shape of the selection, as Strawberry walks through it.

Values that stand at the same place of the answer, say the `product` of each of fifty suggestions, are
shaped together, so that whatever they need of the database is one statement.

A model's row comes in two forms. A `Row` is read by its key with the caller's rights. An object is taken
as it is, as AppSync takes what a Lambda function returns: its fields are shown, the rules of single
fields apply, and what its relations lead to is read with the caller's rights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from graphql import SelectionSetNode

from service.auth.principal import Principal
from service.catalog import names
from service.catalog.access import Answer, decide, is_open, required
from service.catalog.model import Access, Field, Model, TypeRef
from service.db.connections.engine import Transaction
from service.db.plans import plan, selections, sources
from service.db.plans.conversions import shown
from service.db.plans.selections import read_by
from service.db.repository import Repository
from service.errors import Forbidden, Invalid, ServiceError
from service.graphql.notes import decoded
from service.graphql.planning import Planner
from service.graphql.selections import Chosen
from service.operations.call import Row

Sets = Sequence[SelectionSetNode]


class Returned:
    """Shapes the value of one root field."""

    def __init__(
        self, planner: Planner, repository: Repository, principal: Principal, transaction: Transaction | None = None
    ) -> None:
        self._planner = planner
        self._repository = repository
        self._principal = principal
        self._transaction = transaction
        self._catalog = planner.catalog
        self._connections = {names.connection(each.name): each.name for each in self._catalog.models}

    async def shaped(self, type_: TypeRef, value: Any, chosen: Chosen) -> Any:
        """The value by the names in the answer; an exception stands where something is wrong."""
        (done,) = await self._all(type_, [value], chosen.selection_sets)
        return done

    # ------------------------------------------------------------ values of one place

    async def _all(self, type_: TypeRef, values: Sequence[Any], sets: Sets) -> list[Any]:
        if type_.is_list:
            return await _each_of(
                values,
                lambda each: isinstance(each, (list, tuple)),
                "LIST",
                lambda lists: self._lists(type_, lists, sets),
            )
        model = self._catalog.model_by_name.get(type_.name)
        if model is not None:
            return await self._rows(model, values, sets)
        members = self._members(type_.name)
        if members is not None:
            return await _each_of(values, _is_object, "OBJECT", lambda given: self._objects(members, given, sets))
        return [None if each is None else _leaf(type_.name, each) for each in values]

    async def _lists(self, type_: TypeRef, lists: Sequence[Any], sets: Sets) -> list[Any]:
        elements = iter(await self._all(TypeRef(type_.name), [each for given in lists for each in given], sets))
        return [[next(elements) for _ in given] for given in lists]

    def _members(self, type_name: str) -> dict[str, Field] | None:
        """The fields of a type that is no model; None for a scalar or an enum."""
        object_ = self._catalog.object_by_name.get(type_name)
        if object_ is not None:
            return {each.name: each for each in (*object_.fields, *object_.relations)}
        model = self._connections.get(type_name)
        if model is None:
            return None
        items, token = Field("items", TypeRef(model, is_list=True)), Field("nextToken", TypeRef("String"))
        return {"items": items, "nextToken": token}

    async def _objects(self, members: Mapping[str, Field], given: Sequence[Any], sets: Sets) -> list[Any]:
        done: list[dict[str, Any]] = [{} for _ in given]
        for chosen in self._planner.reader.fields(sets):
            if chosen.name != "__typename":
                field = members[chosen.name]
                refused = field.rules and decide(field.rules, Access.GET, self._planner.caller) is not Answer.YES
                column = [Forbidden()] * len(given) if refused else await self._column(field, given, chosen)
                _put(done, chosen.key, column)
        return done

    async def _column(self, field: Field, given: Sequence[Mapping[str, Any]], chosen: Chosen) -> list[Any]:
        return await self._all(field.type, [each.get(field.name) for each in given], chosen.selection_sets)

    # ------------------------------------------------------------ rows of models

    async def _rows(self, model: Model, values: Sequence[Any], sets: Sets) -> list[Any]:
        read = iter(await self._read(model, [each for each in values if isinstance(each, Row)], sets))
        rest = [None if isinstance(each, Row) else each for each in values]
        taken = await _each_of(rest, _is_object, "OBJECT", lambda given: self._given(model, given, sets))
        return [next(read) if isinstance(value, Row) else each for value, each in zip(values, taken, strict=True)]

    async def _read(self, model: Model, rows: Sequence[Row], sets: Sets) -> list[Any]:
        """The rows that are named by their keys."""
        wrong = [each for each in rows if each.model != model.name or len(each.key) != len(model.key)]
        if wrong:
            raise TypeError(f"{wrong[0]} is no row of {model.name}, whose key is {model.key}")
        try:
            rules = required(model, Access.GET, self._planner.caller)
        except Forbidden as refused:
            return [refused] * len(rows)
        columns = [model.field_by_name[name].column for name in model.key]
        keys = [dict(zip(columns, each.key, strict=True)) for each in rows]
        return await self._run(
            plan.Lookup(model, sources.Constant(keys), self._planner.select(model, sets), rules), rows
        )

    async def _given(self, model: Model, given: Sequence[Any], sets: Sets) -> list[Any]:
        """Rows as the function gave them, with what their relations lead to."""
        if not is_open(model.rules, self._planner.caller):
            return [Forbidden()] * len(given)
        done: list[dict[str, Any]] = [{} for _ in given]
        asked: list[selections.Selected] = []
        chosen_fields = self._planner.reader.fields(sets)
        for chosen, selected in zip(chosen_fields, self._planner.select(model, sets), strict=True):
            match selected:
                case selections.One() | selections.Many() | selections.Guarded():
                    asked.append(selected)
                case selections.Hidden(denied=True):
                    _put(done, chosen.key, [Forbidden()] * len(given))
                case selections.Typename():
                    pass
                case _:
                    column = await self._column(_field(model, chosen.name), given, chosen)
                    owner = isinstance(selected, selections.Value) and selected.owner
                    _put(done, chosen.key, [_owner_shown(each) for each in column] if owner else column)
        if asked:
            found = await self._around(model, given, tuple(asked))
            return [row | more for row, more in zip(done, found, strict=True)]
        return done

    async def _around(self, model: Model, given: Sequence[Any], asked: tuple[selections.Selected, ...]) -> list[Any]:
        read = [model.field_by_name[name] for name in dict.fromkeys(name for each in asked for name in read_by(each))]
        rows = [{field.column: _stored(field, each.get(field.name)) for field in read} for each in given]
        return await self._run(plan.Around(model, sources.Constant(rows), asked), rows)

    async def _run(self, chosen: plan.Lookup | plan.Around, rows: Sequence[Any]) -> list[Any]:
        if not rows:
            return []
        prepared = self._repository.prepare(chosen)
        text = await self._repository.run(prepared, {}, self._principal, self._transaction)
        found: list[Any] = decoded(text or "[]")
        return found


async def _each_of(values: Sequence[Any], fits: Callable[[Any], bool], kind: str, shape: Any) -> list[Any]:
    """`shape` of all values that fit, in their places; None stays, and anything else is refused there."""
    done = iter(await shape([each for each in values if fits(each)]))
    return [None if each is None else next(done) if fits(each) else _mismatch(kind) for each in values]


def _put(rows: Iterable[dict[str, Any]], key: str, column: Iterable[Any]) -> None:
    for row, value in zip(rows, column, strict=True):
        row[key] = value


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _mismatch(kind: str) -> ServiceError:
    return Invalid(f"Can't resolve value: type mismatch error, expected type {kind}")


def _field(model: Model, name: str) -> Field:
    """A stored field, or one that leads to a model though nothing says how: that one the function may fill in."""
    return model.field_by_name.get(name) or next(each for each in model.unresolved if each.name == name)


def _owner_shown(value: Any) -> Any:
    """Of `sub::username` the username, as everywhere."""
    if isinstance(value, list):
        return [_owner_shown(each) for each in value]
    return value.split("::")[1] if isinstance(value, str) and "::" in value else value


def _stored(field: Field, value: Any) -> Any:
    """A value as the column's JSON: AWSJSON is the JSON itself."""
    return orjson.loads(value) if field.type.name == "AWSJSON" and isinstance(value, str) else value


def _leaf(type_name: str, value: Any) -> Any:
    """A value of a scalar or an enum, which GraphQL checks."""
    if type_name == "AWSJSON" and not isinstance(value, str):
        return orjson.dumps(value, default=shown).decode()
    if isinstance(value, date):
        return shown(value)
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, UUID) else value
