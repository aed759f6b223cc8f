"""Filters, as they come in a query string or as JSON → the form in which `service.db.plans.filters` takes them.

The form is that of Amplify's `ModelXFilterInput`, with three things more: `in`, `exists` for `attributeExists`,
and lists asked by what they hold alone. Values are checked against the type of the field; a date or time may be
the beginning of one (`2026-11`), and is then compared as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from service.catalog.model import Catalog, Field, Model
from service.catalog.scalars import SCALARS
from service.db.plans.filters import MOST_NESTED
from service.graphql.scalars import SCALAR_TYPES, parse_date, parse_date_time, parse_text
from service.rest.problems import Complain, escaped, meant

ALIASES = {"gte": "ge", "lte": "le", "neq": "ne", "like": "contains", "exists": "attributeExists"}
"""Other names of operators; `like` knows no wildcards."""
MOST_VALUES = 1_000
"""Values of one `in`."""

ORDERED = ("eq", "ne", "lt", "le", "gt", "ge", "between")
_TEXTS = (*ORDERED, "contains", "notContains", "beginsWith", "in", "attributeExists", "size")
_NUMBERS = (*ORDERED, "in", "attributeExists")
_DATES = (*ORDERED, "contains", "notContains", "beginsWith", "in", "attributeExists")
_SWITCHES = ("eq", "ne", "attributeExists")
_ENUMS = ("eq", "ne", "in", "attributeExists")
_LISTS = ("contains", "notContains", "attributeExists", "size")
_DOCUMENTS = ("contains", "notContains", "attributeExists")
MOMENT = re.compile(r"[0-9]{1,4}(?:-[0-9]{0,2}){0,2}(?:T[0-9:.]*)?(?:Z|[+-][0-9:]*)?")
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")


def operators_of(catalog: Catalog, of: Field) -> tuple[str, ...]:
    """The operators that make sense of a field, by their names in Amplify's filters, `in` and `size` among them."""
    if of.type.is_list:
        return _LISTS
    if of.type.name in catalog.enum_by_name:
        return _ENUMS
    scalar = SCALARS[of.type.name]
    if scalar.json_number:
        return _NUMBERS
    special = {"Boolean": _SWITCHES, "AWSDate": _DATES, "AWSDateTime": _DATES, "AWSJSON": _DOCUMENTS}
    return special.get(scalar.name, _TEXTS)


class FilterReader:
    """Checks the filters of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def checked(self, model: Model, given: Any, at: str, complain: Complain, depth: int = 0) -> dict[str, Any]:
        """A filter as JSON, checked; what is wrong is told to `complain`."""
        if depth > MOST_NESTED:
            complain(at, "too_deep", f"At most {MOST_NESTED} levels of `and`, `or` and `not`.")
            return {}
        if not isinstance(given, Mapping):
            complain(at, "wrong_type", 'A filter is an object: {"price": {"ge": 10}}.')
            return {}
        checked: dict[str, Any] = {}
        for name, value in given.items():
            of = model.field_by_name.get(name)
            where = f"{at}/{escaped(name)}"
            if of is not None and self._is_filterable(of):
                checked[name] = self._operators(of, value, where, complain)
            elif name in {"and", "or"} and of is None:
                checked[name] = self._several(model, value, where, complain, depth + 1)
            elif name == "not" and of is None:
                checked[name] = self.checked(model, value, where, complain, depth + 1)
            else:
                complain(where, "unknown_field", self._no_field(model, name))
        return checked

    def of_parameter(
        self, model: Model, name: str, steps: Sequence[str], text: str, complain: Complain
    ) -> dict[str, Any]:
        """A filter from a parameter: `price[ge]=10` is the name `price`, the steps `("ge",)` and the text `10`."""
        of = model.field_by_name.get(name)
        shown = name + "".join(f"[{step}]" for step in steps)
        if of is None or not self._is_filterable(of):
            complain(shown, "unknown_parameter", self._no_field(model, name))
            return {}
        *outer, last = [ALIASES.get(step, step) for step in steps] or ["eq"]
        if last == "size" and not outer:
            outer, last = ["size"], "eq"
        if outer not in ([], ["size"]):
            complain(shown, "unknown_operator", f"Write {name}[ge]=… or {name}[size][ge]=….")
            return {}
        asked = {last: _from_text(of, last, text, of_size=bool(outer))}
        operators = {"size": asked} if outer else asked
        return {name: self._operators(of, operators, shown, lambda _, *rest: complain(shown, *rest))}

    def _is_filterable(self, of: Field) -> bool:
        return of.type.name in SCALARS or of.type.name in self._catalog.enum_by_name

    def _no_field(self, model: Model, name: str) -> str:
        known = [each.name for each in model.fields if self._is_filterable(each)]
        return f"{model.name} has no field '{name[:80]}' to filter by.{meant(name[:80], known)}"

    def _several(self, model: Model, given: Any, at: str, complain: Complain, depth: int) -> list[dict[str, Any]]:
        if not isinstance(given, list):
            complain(at, "wrong_type", "This takes a list of filters.")
            return []
        return [self.checked(model, each, f"{at}/{number}", complain, depth) for number, each in enumerate(given)]

    def _operators(self, of: Field, given: Any, at: str, complain: Complain) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            complain(at, "wrong_type", f'Say how to compare: {{"{of.name}": {{"eq": …}}}}.')
            return {}
        allowed, checked = operators_of(self._catalog, of), dict[str, Any]()
        for written, operand in given.items():
            name, where = ALIASES.get(written, written), f"{at}/{escaped(written)}"
            if name not in allowed:
                names = ", ".join("exists" if each == "attributeExists" else each for each in allowed)
                complain(where, "unknown_operator", f"'{written[:80]}' cannot be asked of {of.name}: {names}.")
            elif name == "size":
                checked[name] = self._sizes(operand, where, complain)
            else:
                checked[name] = self._operand(of, name, operand, where, complain)
        return checked

    def _sizes(self, given: Any, at: str, complain: Complain) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            complain(at, "wrong_type", 'A size is compared: {"size": {"ge": 3}}.')
            return {}
        checked: dict[str, Any] = {}
        for written, operand in given.items():
            name = ALIASES.get(written, written)
            if name not in ORDERED:
                complain(f"{at}/{escaped(written)}", "unknown_operator", f"A size knows {', '.join(ORDERED)}.")
                continue
            checked[name] = self._values(
                name, operand, f"{at}/{written}", complain, SCALAR_TYPES["Int"].coerce_input_value
            )
        return checked

    def _operand(self, of: Field, operator: str, operand: Any, at: str, complain: Complain) -> Any:
        if operator == "attributeExists":
            if not isinstance(operand, bool):
                complain(at, "wrong_type", "`exists` takes true or false.")
            return operand is True
        if operand is None and operator in {"eq", "ne"} and not of.type.is_list:
            return None
        return self._values(operator, operand, at, complain, self._parser(of, operator))

    def _values(self, operator: str, operand: Any, at: str, complain: Complain, parse: Callable[[Any], Any]) -> Any:
        if operator not in {"in", "between"}:
            return _parsed(parse, operand, at, complain)
        if not isinstance(operand, list) or (operator == "between" and len(operand) != 2) or not operand:
            size = "two values, the lower bound first" if operator == "between" else "a list of values"
            complain(at, "wrong_type", f"`{operator}` takes {size}.")
            return []
        if len(operand) > MOST_VALUES:
            complain(at, "too_many", f"At most {MOST_VALUES} values.")
            return []
        return [_parsed(parse, each, f"{at}/{number}", complain) for number, each in enumerate(operand)]

    def _parser(self, of: Field, operator: str) -> Callable[[Any], Any]:
        """What reads an operand. Part of a text is any text."""
        enum = self._catalog.enum_by_name.get(of.type.name)
        if enum is not None:
            return lambda value: value if value in enum.values else _refuse(f"must be one of {', '.join(enum.values)}.")
        if operator in {"contains", "notContains", "beginsWith"} and not SCALARS[of.type.name].json_number:
            return parse_text
        if of.type.name in {"AWSDate", "AWSDateTime"}:
            whole = parse_date if of.type.name == "AWSDate" else parse_date_time
            return whole if operator == "in" else _moment
        if of.type.name == "AWSTimestamp":
            return _timestamp
        if SCALARS[of.type.name].json_number or of.type.name == "Boolean":
            return SCALAR_TYPES[of.type.name].coerce_input_value
        return parse_text


def _parsed(parse: Callable[[Any], Any], value: Any, at: str, complain: Complain) -> Any:
    try:
        return parse(value)
    except (GraphQLError, ValueError) as error:
        complain(at, "wrong_value", error.message if isinstance(error, GraphQLError) else str(error))
        return None


def _refuse(detail: str) -> Any:
    raise ValueError(detail)


def _moment(value: Any) -> str:
    text = parse_text(value)
    return text if MOMENT.fullmatch(text) else _refuse(f"{text[:40]!r} is not a date, nor the beginning of one.")


def _timestamp(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        _refuse("is not a whole number of seconds.")
    return int(value)


def _from_text(of: Field, operator: str, text: str, *, of_size: bool) -> Any:
    """An operand in a query string as JSON would have it."""
    is_switch = operator == "attributeExists" or of.type.name == "Boolean"
    is_number = of_size or (of.type.name in SCALARS and SCALARS[of.type.name].json_number and not is_switch)
    convert: Callable[[str], Any] = number_in if is_number else switch_in if is_switch else str
    return [convert(each) for each in text.split(",")] if operator in {"in", "between"} else convert(text)


def number_in(text: str) -> Any:
    """A number in a query string as JSON has it; what is none stays text, and is refused as such."""
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def switch_in(text: str) -> Any:
    """A boolean in a query string; what is none stays text, and is refused as such."""
    return {"true": True, "false": False}.get(text, text)
