"""Two schemas → what changed for a client that was written for the first.

Types are compared by name, whatever their order. Descriptions count for nothing, and neither do
the definitions of scalars: where one is used its name shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationType,
    is_introspection_type,
)

from service.contract import drift, reasons
from service.contract.modes import mode_changes
from service.contract.reach import Reach, reach
from service.contract.reasons import Change, Reason
from service.contract.spelling import is_same_but_for_null, loses_a_promise, spelled_default

Fields = GraphQLObjectType | GraphQLInterfaceType
Inputs = Mapping[str, GraphQLInputField] | Mapping[str, GraphQLArgument]

_KINDS: tuple[tuple[type, str], ...] = (
    (GraphQLObjectType, "type"),
    (GraphQLInputObjectType, "input"),
    (GraphQLEnumType, "enum"),
    (GraphQLScalarType, "scalar"),
    (GraphQLInterfaceType, "interface"),
)


def find_changes(
    old: GraphQLSchema, new: GraphQLSchema, *, default_mode: str = "aws_cognito_user_pools"
) -> list[Change]:
    """Every difference that a client could notice, worst first.

    Authorization modes are compared only if `old` was made from SDL with `@aws_…` directives in it.
    """
    found = [*_Comparison(old, new).changes(), *mode_changes(old, new, default_mode)]
    order = {reason: position for position, reason in enumerate(reasons.EVERY)}
    levels = list(reasons.Level)
    explained = [drift.explained(change, old) for change in found]
    return sorted(explained, key=lambda change: (levels.index(change.reason.level), order[change.reason]))


class _Comparison:
    def __init__(self, old: GraphQLSchema, new: GraphQLSchema) -> None:
        self._old = _types(old)
        self._new = _types(new)
        self._reach: Reach = reach(old)
        self._renamed = drift.renamed_filter_inputs(self._old.keys(), self._new.keys())

    def changes(self) -> Iterator[Change]:
        for name, old in self._old.items():
            found = self._type(name, old)
            if name in self._reach.every:
                yield from found
            else:
                yield from (Change(reasons.UNREACHED, each.place, each.was, each.now) for each in found)
        taken = {*self._old, *self._renamed.values()}
        for name, new in self._new.items():
            if name not in taken:
                yield Change(reasons.TYPE_ADDED, name, now=_kind(new))

    def _type(self, name: str, old: GraphQLNamedType) -> Iterator[Change]:
        new = self._new.get(self._renamed.get(name, name))
        if isinstance(old, GraphQLScalarType) and (new is None or isinstance(new, GraphQLScalarType)):
            return
        if name in self._renamed:
            yield Change(reasons.DRIFT_FILTER_INPUTS, name, name, self._renamed[name])
        if new is None:
            yield Change(reasons.TYPE_MISSING, name, was=_kind(old))
        elif _kind(old) != _kind(new):
            yield Change(reasons.KIND_CHANGED, name, _kind(old), _kind(new))
        elif isinstance(old, GraphQLEnumType) and isinstance(new, GraphQLEnumType):
            yield from self._values(name, old, new)
        elif isinstance(old, GraphQLInputObjectType) and isinstance(new, GraphQLInputObjectType):
            yield from self._inputs(f"{name}.{{}}", old.fields, new.fields, reasons.INPUT_MISSING)
        elif isinstance(old, Fields) and isinstance(new, Fields):
            yield from self._fields(name, old, new)

    def _values(self, name: str, old: GraphQLEnumType, new: GraphQLEnumType) -> Iterator[Change]:
        for value in old.values:
            if value not in new.values:
                yield Change(reasons.VALUE_MISSING, f"{name}.{value}")
        added = reasons.VALUE_ADDED if name in self._reach.answered else reasons.INPUT_VALUE_ADDED
        for value in new.values:
            if value not in old.values:
                yield Change(added, f"{name}.{value}")

    # ------------------------------------------------------------ what answers have

    def _fields(self, name: str, old: Fields, new: Fields) -> Iterator[Change]:
        is_root = name in _ROOTS
        missing = {each for each in old.fields if each not in new.fields}
        moved = drift.renamed_lists(old, new) if name == "Query" else {}
        for each, field in old.fields.items():
            place = f"{name}.{each}"
            if each in moved:
                yield Change(reasons.DRIFT_PLURAL, place, each, moved[each])
            elif each in missing:
                reason = reasons.OPERATION_MISSING if is_root else reasons.FIELD_MISSING
                yield Change(reason, place, was=str(field.type))
            else:
                yield from self._field(place, field, new.fields[each])
        for each, field in new.fields.items():
            if each not in old.fields and each not in moved.values():
                reason = reasons.OPERATION_ADDED if is_root else reasons.FIELD_ADDED
                yield Change(reason, f"{name}.{each}", now=str(field.type))

    def _field(self, place: str, old: GraphQLField, new: GraphQLField) -> Iterator[Change]:
        was, now = str(old.type), str(new.type)
        if was != now:
            yield Change(_output_reason(was, now), place, was, now)
        yield from self._inputs(f"{place}({{}})", old.args, new.args, reasons.ARGUMENT_MISSING)

    # ------------------------------------------------------------ what calls give

    def _inputs(self, place: str, old: Inputs, new: Inputs, missing: Reason) -> Iterator[Change]:
        for name, value in old.items():
            if name in new:
                yield from self._input(place.format(name), value, new[name])
            else:
                yield Change(missing, place.format(name), was=self._spelled(value))
        for name, value in new.items():
            if name not in old:
                reason = reasons.INPUT_REQUIRED if _is_required(value) else reasons.INPUT_ADDED
                yield Change(reason, place.format(name), now=_spelled(value))

    def _input(
        self, place: str, old: GraphQLArgument | GraphQLInputField, new: GraphQLArgument | GraphQLInputField
    ) -> Iterator[Change]:
        was, now = self._spelled(old), _spelled(new)
        if was != now:
            yield Change(self._input_reason(old, new), place, was, now)

    def _input_reason(
        self, old: GraphQLArgument | GraphQLInputField, new: GraphQLArgument | GraphQLInputField
    ) -> Reason:
        was, now = self._renamed_type(str(old.type)), str(new.type)
        if not is_same_but_for_null(was, now):
            return reasons.INPUT_CHANGED
        if loses_a_promise(now, was) or (_is_required(new) and not _is_required(old)):
            return reasons.INPUT_TIGHTENED
        return reasons.DEFAULT_CHANGED if spelled_default(old) != spelled_default(new) else reasons.INPUT_LOOSENED

    def _spelled(self, value: GraphQLArgument | GraphQLInputField) -> str:
        return self._renamed_type(_spelled(value))

    def _renamed_type(self, spelled: str) -> str:
        """A type under its new name: a rename is reported once, not wherever the type is used."""
        name = spelled.split(" ", 1)[0].strip("[]!")
        return spelled.replace(name, self._renamed[name], 1) if name in self._renamed else spelled


def _types(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    """The types by name; root types under their usual names, as no document names them."""
    roots = {schema.get_root_type(each): each.value.capitalize() for each in OperationType}
    return {
        roots.get(type_, type_.name) if isinstance(type_, GraphQLObjectType) else type_.name: type_
        for type_ in schema.type_map.values()
        if not is_introspection_type(type_)
    }


_ROOTS = frozenset(each.value.capitalize() for each in OperationType)


def _kind(type_: GraphQLNamedType) -> str:
    return next((word for kind, word in _KINDS if isinstance(type_, kind)), "union")


def _output_reason(was: str, now: str) -> Reason:
    if not is_same_but_for_null(was, now):
        return reasons.OUTPUT_CHANGED
    return reasons.OUTPUT_LOOSENED if loses_a_promise(was, now) else reasons.OUTPUT_TIGHTENED


def _spelled(value: GraphQLArgument | GraphQLInputField) -> str:
    default = spelled_default(value)
    return str(value.type) if default is None else f"{value.type} = {default}"


def _is_required(value: GraphQLArgument | GraphQLInputField) -> bool:
    return str(value.type).endswith("!") and spelled_default(value) is None
