"""Bodies of writes → the values that are stored, checked against the catalog, with everything that is wrong at once.

Values are JSON's own, as strict as GraphQL's inputs: the same scalars parse them. An AWSJSON field of a model takes,
and gives, any JSON value; inside an embedded type or a list it is the text that holds it, as in GraphQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError, parse_value, value_from_ast_untyped

from service.catalog.model import Catalog, Field, InputType, ObjectType, Operation, TypeRef
from service.db.plans.writes import default_of
from service.graphql.scalars import SCALAR_TYPES, parse_json
from service.rest.problems import Complain, Flaw, Flawed, but_for_unknown, escaped, meant
from service.rest.resources import Resource, is_any_json

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_NOTHING = object()
Values = dict[str, Any]


class BodyReader:
    """Checks the bodies of writes to the resources of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._objects: dict[str, ObjectType | InputType] = {**catalog.object_by_name}
        self._objects |= {each.name: each for each in catalog.inputs}

    def created(self, resource: Resource, body: Any, *, lenient: bool = False, at: str = "") -> Values:
        """The values of a new row. Errors: Flawed."""
        flaws: list[Flaw] = []
        values = self._given(resource, body, flaws, at, lenient=lenient)
        self._require(resource, values, flaws, at)
        return _unless(flaws, values)

    def replaced(self, resource: Resource, key: Values, body: Any, *, lenient: bool = False, at: str = "") -> Values:
        """The values of a row as a whole: what the body leaves out has its default, or none. Errors: Flawed."""
        flaws: list[Flaw] = []
        values = self._given(resource, body, flaws, at, lenient=lenient)
        self._check_key(values, key, flaws, at)
        self._require(resource, {**values, **key}, flaws, at)
        return _unless(flaws, {**values, **key})

    def patched(self, resource: Resource, key: Values, body: Any, *, lenient: bool = False, at: str = "") -> Values:
        """The values that a merge patch sets, and the key: null clears, what is left out stays. Errors: Flawed."""
        flaws: list[Flaw] = []
        values = self._given(resource, body, flaws, at, lenient=lenient)
        self._check_key(values, key, flaws, at)
        for name, value in values.items():
            if value is None and resource.model.field_by_name[name].type.required:
                flaws.append(Flaw(f"{at}/{name}", "required", f"{name} must not be null."))
        return _unless(flaws, {**values, **key})

    def arguments(self, operation: Operation, given: Mapping[str, Any], complain: Complain) -> Values:
        """The arguments of a custom operation by name; what is wrong is told to `complain`."""
        return self._whole(operation.name, operation.arguments, given, "", complain)

    def key(self, resource: Resource, given: Any, *, at: str) -> Values:
        """The key of a row from an object of its fields. Errors: Flawed."""
        flaws: list[Flaw] = []
        fields = [resource.model.field_by_name[name] for name in resource.model.key]
        if not isinstance(given, Mapping):
            raise Flawed([Flaw(at, "wrong_type", f"The key is an object of {', '.join(resource.model.key)}.")])
        values = self._members(resource.model.name, fields, given, at, _into(flaws))
        flaws += [
            Flaw(f"{at}/{name}", "required", f"The key needs {name}.")
            for name in resource.model.key
            if given.get(name) is None
        ]
        return _unless(flaws, {name: values.get(name) for name in resource.model.key})

    # ------------------------------------------------------------ objects

    def _given(self, resource: Resource, body: Any, flaws: list[Flaw], at: str, *, lenient: bool) -> Values:
        if not isinstance(body, Mapping):
            raise Flawed([Flaw(at, "wrong_type", f"The body of a {resource.model.name} is an object.")])
        known = {each.name for each in resource.creatable}
        set_by_server = {name for name in body if name in resource.model.field_by_name} - known
        writable = {name: value for name, value in body.items() if name not in set_by_server}
        if lenient:
            return self._members(resource.model.name, resource.creatable, writable, at, but_for_unknown(_into(flaws)))
        flaws += [Flaw(f"{at}/{name}", "read_only", f"{name} is set by the server.") for name in sorted(set_by_server)]
        return self._members(resource.model.name, resource.creatable, writable, at, _into(flaws))

    def _members(
        self, owner: str, fields: Iterable[Field], given: Mapping[str, Any], at: str, complain: Complain
    ) -> Values:
        known, values = {each.name: each for each in fields}, Values()
        for name, value in given.items():
            where = f"{at}/{escaped(name)}"
            if name not in known:
                complain(
                    where, "unknown_field", f"{owner} has no field '{name[:80]}' to write.{meant(name[:80], known)}"
                )
            else:
                values[name] = self._field(known[name], value, where, complain)
        return values

    def _require(self, resource: Resource, values: Values, flaws: list[Flaw], at: str) -> None:
        """What a whole row must have: what nothing else supplies, and no null where there is to be a value."""
        wrong = {each.at for each in flaws}
        missing = (name for name in resource.required_to_create() if values.get(name) is None)
        flaws += [
            Flaw(f"{at}/{name}", "required", f"{name} is required.") for name in missing if f"{at}/{name}" not in wrong
        ]
        # No path leads to it, and DynamoDB has no such key either.
        empty = (name for name in resource.model.key if values.get(name) == "")
        flaws += [
            Flaw(f"{at}/{name}", "wrong_value", f"{name} is part of the key: it must not be empty.") for name in empty
        ]

    @staticmethod
    def _check_key(values: Values, key: Values, flaws: list[Flaw], at: str) -> None:
        for name, value in key.items():
            if values.pop(name, value) != value:
                flaws.append(Flaw(f"{at}/{name}", "wrong_value", f"{name} is part of the key, which does not change."))

    # ------------------------------------------------------------ values

    def _field(self, of: Field, value: Any, at: str, complain: Complain) -> Any:
        if is_any_json(of):
            return _json(value, at, complain)
        read = self._value(of.type, value, at, complain)
        if of.at_least is not None and self._catalog.is_enforced and read is not None and read < of.at_least:
            complain(at, "wrong_value", f"Must be at least {of.at_least}.")
        return read

    def _value(self, type_: TypeRef, value: Any, at: str, complain: Complain) -> Any:
        if value is None:
            return None
        if type_.is_list:
            return self._list(type_, value, at, complain)
        embedded = self._objects.get(type_.name)
        if embedded is not None:
            return self._embedded(embedded, value, at, complain)
        enum = self._catalog.enum_by_name.get(type_.name)
        if enum is not None:
            if value not in enum.values:
                complain(at, "wrong_value", f"Must be one of {', '.join(enum.values)}.")
            return value
        try:
            return SCALAR_TYPES[type_.name].coerce_input_value(value)
        except (GraphQLError, ValueError) as error:
            complain(at, "wrong_value", error.message if isinstance(error, GraphQLError) else "Cannot be stored.")
            return None

    def _list(self, type_: TypeRef, value: Any, at: str, complain: Complain) -> Any:
        if not isinstance(value, list):
            complain(at, "wrong_type", "Must be a list.")
            return None
        for number, each in enumerate(value):
            if each is None and type_.element_required:
                complain(f"{at}/{number}", "required", "An element must not be null.")
        element = TypeRef(type_.name)
        return [self._value(element, each, f"{at}/{number}", complain) for number, each in enumerate(value)]

    def _embedded(self, embedded: ObjectType | InputType, value: Any, at: str, complain: Complain) -> Any:
        if not isinstance(value, Mapping):
            complain(at, "wrong_type", f"Must be an object, {embedded.name}.")
            return None
        return self._whole(embedded.name, embedded.fields, value, at, complain)

    def _whole(
        self, owner: str, fields: Sequence[Field], given: Mapping[str, Any], at: str, complain: Complain
    ) -> Values:
        """Members of which those that are required must be there, unless they have a default."""
        for each in fields:
            if each.type.required and given.get(each.name) is None and (each.default is None or each.name in given):
                complain(f"{at}/{each.name}", "required", f"A {owner} needs {each.name}.")
        values = self._members(owner, fields, given, at, complain)
        written = {each.name: _written_default(each.default) for each in fields if each.default is not None}
        return written | values


def _written_default(default: str) -> Any:
    """A default of a hand-written argument or input field, as the schema spells it."""
    return value_from_ast_untyped(parse_value(default))


def emptied(resource: Resource, values: Values, kept: Iterable[str]) -> Values:
    """The values that make a row into just these: the rest gets its default, or is cleared, but for what is `kept`."""
    rest = {each.name: default_of(each) for each in resource.changeable if each.name not in kept}
    return {**rest, **{name: _or_default(resource, name, value) for name, value in values.items()}}


def _or_default(resource: Resource, name: str, value: Any) -> Any:
    return default_of(resource.model.field_by_name[name]) if value is None else value


def _json(value: Any, at: str, complain: Complain) -> Any:
    if value is None:
        return None
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # more than 254 levels
        complain(at, "wrong_value", "Is nested too deeply.")
        return None
    if "\\u0000" in text and _NUL.search(text):
        complain(at, "wrong_value", "Contains U+0000, which cannot be stored.")
        return None
    return parse_json(text)


def _into(flaws: list[Flaw]) -> Complain:
    return lambda at, code, detail: flaws.append(Flaw(at, code, detail))


def _unless(flaws: list[Flaw], values: Values) -> Values:
    if flaws:
        raise Flawed(flaws)
    return values
