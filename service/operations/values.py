"""Plain values of the API → values to store, as strictly as GraphQL takes an input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from graphql import GraphQLError

from service.catalog.model import Catalog, Field, Model, TypeRef
from service.db.plans.conversions import shown
from service.errors import Invalid
from service.graphql.scalars import SCALAR_TYPES


class Values:
    """Checks and converts the values of one catalog's models."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def for_create(self, model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a new row. Raises `Invalid`, also for a required one that nothing supplies."""
        supplied = {"id", model.timestamps.created, model.timestamps.updated}
        required = [each for each in model.fields if each.type.required and each.default is None]
        missing = [
            each.name
            for each in required
            if each.in_input and each.name not in supplied and given.get(each.name) is None
        ]
        if missing:
            raise Invalid(f"A new {model.name} needs {', '.join(missing)}.")
        return self._of(model, given)

    def for_update(self, model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
        """The key of a row and the values to set in it. Raises `Invalid`."""
        missing = [name for name in model.key if given.get(name) is None]
        if missing:
            raise Invalid(f"A change of a {model.name} needs its key: {', '.join(missing)}.")
        return self._of(model, given)

    def key(self, model: Model, key: tuple[Any, ...]) -> dict[str, Any]:
        """The fields of a key by name. Raises `Invalid` if there are more or fewer values."""
        if len(key) != len(model.key):
            raise Invalid(f"The key of a {model.name} is {', '.join(model.key)}.")
        return self._of(model, dict(zip(model.key, key, strict=True)))

    def _of(self, model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
        fields = {each.name: each for each in model.fields if each.in_input or each.name in model.key}
        return self._members(model.name, fields, given)

    def _members(self, owner: str, fields: Mapping[str, Field], given: Mapping[str, Any]) -> dict[str, Any]:
        unknown = [name for name in given if name not in fields]
        if unknown:
            raise Invalid(f"{owner} has nothing to write named {', '.join(unknown)}.")
        return {name: self._value(fields[name].type, value, f"{owner}.{name}") for name, value in given.items()}

    def _value(self, type_: TypeRef, value: Any, where: str) -> Any:
        if value is None:
            return None
        if type_.is_list:
            elements: Iterable[Any] = value if isinstance(value, (list, tuple)) else (value,)
            return [self._value(TypeRef(type_.name), each, where) for each in elements]
        embedded = self._catalog.object_by_name.get(type_.name)
        if embedded is not None and isinstance(value, Mapping):
            missing = [each.name for each in embedded.fields if each.type.required and value.get(each.name) is None]
            if missing:
                raise Invalid(f"{where}: a {embedded.name} needs {', '.join(missing)}.")
            return self._members(embedded.name, {each.name: each for each in embedded.fields}, value)
        enum = self._catalog.enum_by_name.get(type_.name)
        if enum is not None and value in enum.values:
            return value
        if embedded is not None or enum is not None:
            raise Invalid(f"{where}: {value!r} is no {type_.name}.")
        return _scalar(type_.name, value, where)


def _scalar(name: str, value: Any, where: str) -> Any:
    try:
        return SCALAR_TYPES[name].coerce_input_value(shown(value) if isinstance(value, date) else value)
    except GraphQLError as error:
        raise Invalid(f"{where}: {error.message}") from None
