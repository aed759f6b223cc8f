"""What rows can be asked about: by field and operator, in a query string and as JSON.

In a query string a field is one parameter in the style `deepObject`: `price[ge]=10&price[lt]=20`. What that style has
no spelling for, plain equality (`status=OPEN`) and lengths (`name[size][ge]=3`), is told in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.catalog.model import Catalog, Field
from service.rest.filters import MOMENT, MOST_VALUES, ORDERED, operators_of
from service.rest.openapi.values import FORMS, LARGEST, Schema, Values, closed, or_null, ref
from service.rest.resources import Resource

EXISTS = "exists"
ANY_SECOND: Schema = {"type": "integer", "format": "int64", "minimum": -LARGEST, "maximum": LARGEST}
"""Unlike a value that is stored, one that is compared with may be 0."""
_PARTS = {"contains", "notContains", "beginsWith"}
_COUNTS = {"in": (1, MOST_VALUES), "between": (2, 2)}
"""Values that an operator takes, at least and at most; the others take one."""
_DAYS = {"AWSDate", "AWSDateTime"}
_MOMENTS = f"^(?:{MOMENT.pattern})$"
"""A date or time, or the beginning of one."""

_ONE = {
    "AWSDate": MOMENT.pattern,
    "AWSDateTime": MOMENT.pattern,
    "AWSTimestamp": "-?[0-9]{1,18}",
    "Float": r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?",
    "Int": "-?1?[0-9]{1,9}",  # those above 1,999,999,999 too, but no pattern of a readable length says so
}
"""Patterns of values that are not any text, where several stand in one."""


class Filters:
    """The filters of one catalog."""

    def __init__(self, catalog: Catalog, values: Values) -> None:
        self._catalog = catalog
        self._values = values

    def parameter(self, field: Field) -> Schema:
        """The parameter that asks about a field."""
        operators = self._operators(field)
        words = [f"`{field.name}=…` is short for `{field.name}[eq]=…`."] if "eq" in operators else []
        words += [f"Its length: `{field.name}[size][ge]=…`."] if "size" in operators else []
        return {
            "name": field.name,
            "in": "query",
            "style": "deepObject",
            "explode": True,
            "schema": ref(self._key("query", field)),
            "example": {},  # what a page that offers to try it begins with
            **({"description": " ".join(words)} if words else {}),
        }

    def schemas(self, resource: Resource) -> Iterator[tuple[str, Schema]]:
        """The filter of a resource, and the operators on each kind of field in it, in both forms."""
        name = f"{resource.model.name}.Filter"
        members = {each.name: ref(self._key("filter", each)) for each in resource.filterable}
        several = {"type": "array", "items": ref(name)}
        for word, schema in (("and", several), ("or", several), ("not", ref(name))):
            members.setdefault(word, schema)
        yield name, closed(members)
        for field in resource.filterable:
            operators = self._operators(field)
            yield self._key("filter", field), closed({each: self._in_json(field, each) for each in operators})
            in_text = {each: self._in_text(field, each) for each in operators if each != "size"}
            yield self._key("query", field), closed(in_text)

    def _key(self, form: str, field: Field) -> str:
        return f"{form}.{field.type.name}{'.List' if field.type.is_list else ''}"

    def _operators(self, field: Field) -> list[str]:
        return [EXISTS if each == "attributeExists" else each for each in operators_of(self._catalog, field)]

    # ------------------------------------------------------------ operands

    def _in_json(self, field: Field, operator: str) -> Schema:
        if operator == "size":
            return closed({each: _several(each, self._values.operand("Int")) for each in ORDERED})
        schema = _several(operator, self._operand(field, operator))
        return or_null(schema) if operator in {"eq", "ne"} and not field.type.is_list else schema

    def _in_text(self, field: Field, operator: str) -> Schema:
        """As in JSON, but for several values, which are one text with commas between them."""
        if operator not in _COUNTS:
            return self._operand(field, operator)
        several: Schema = {"type": "string", "description": "Several, with commas between them."}
        if operator == "in" and field.type.name in _DAYS:
            return several | {"format": f"{FORMS[field.type.name].answer['format']}-list"}
        (least, most), one = _COUNTS[operator], self._one(field.type.name)
        return several | {"pattern": f"^(?:{one})(?:,(?:{one})){{{least - 1},{most - 1}}}$"}

    def _one(self, name: str) -> str:
        """The pattern of one of several values."""
        if name in self._catalog.enum_by_name:
            return "|".join(self._catalog.enum_by_name[name].values)
        return _ONE.get(name, r"[^\u0000,]*")

    def _operand(self, field: Field, operator: str) -> Schema:
        """One value. Part of a text is any text, and so is what a text is compared with."""
        name = field.type.name
        if operator == EXISTS:
            return {"type": "boolean"}
        if name == "AWSTimestamp":
            return ANY_SECOND
        if name in self._catalog.enum_by_name or FORMS[name].type != "string":
            return self._values.operand(name)
        if name in _DAYS and operator not in _PARTS:
            return self._values.operand(name) if operator == "in" else {"type": "string", "pattern": _MOMENTS}
        return self._values.operand("String")


def _several(operator: str, value: Schema) -> Schema:
    if operator not in _COUNTS:
        return value
    least, most = _COUNTS[operator]
    return {"type": "array", "items": value, "minItems": least, "maxItems": most}
