"""Filter arguments → conditions.

The shape is Amplify's: an object of fields, each with an object of operators, and `and`, `or`, `not`.
Several operators on a field and several fields all have to hold. Operands that are null, lists that
are empty and operators that make no sense for a type mean what AppSync's resolvers make of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from service.catalog.access import Answer, CallerClass, decide
from service.catalog.model import Access, Field, Model
from service.catalog.scalars import SCALARS
from service.db.plans.conditions import TRUE, All, Comparison, Condition, JoinedComparison, Matches, Not, Operator, Some
from service.db.plans.conversions import is_day, is_instant
from service.db.plans.sources import Joined, Source
from service.db.plans.tracing import Traced, peek, source_of
from service.errors import Forbidden, Invalid, Limited

_OPERATORS = {operator.value: operator for operator in Operator}
_PARTIAL = {"AWSDateTime": is_instant, "AWSDate": is_day}
"""For each scalar that is stored as a date: whether an operand is a whole one."""
_TEXT_ONLY = {Operator.BEGINS_WITH, Operator.CONTAINS, Operator.NOT_CONTAINS}
NEVER = Some()
MOST_CONDITIONS = 1_000
"""Operators of one filter. DynamoDB takes 4 KB of expression, some 150 of them."""
MOST_NESTED = 20
"""Levels of `and`, `or` and `not` in one filter."""


def condition_of(model: Model, given: Mapping[str, Any] | None) -> Condition:
    """The condition of a `filter` or `condition` argument; None and `{}` hold for every row.

    Raises `Invalid` for an operand that no value can be compared with, `Limited` for a filter beyond all measure.
    """
    condition = _condition(model, given, 0)
    if _count(condition) > MOST_CONDITIONS:
        raise Limited(f"A filter has more than {MOST_CONDITIONS} conditions.")
    return condition


def readable_condition(model: Model, given: Mapping[str, Any] | None, caller: CallerClass) -> Condition:
    """The same for a caller: who may not read a field may not learn its value by asking about it either.

    Raises `Forbidden` naming a field that is closed to the caller altogether, and as `condition_of`.
    """
    visible: list[Condition] = []
    named = (model.field_by_name[name] for name in fields_named(given) if name in model.field_by_name)
    for field in dict.fromkeys(named):
        verdict = decide(field.rules, Access.GET, caller) if field.rules else Answer.YES
        if verdict is Answer.NO:
            raise Forbidden(f"Unauthorized on [{field.name}]")
        if isinstance(verdict, tuple):
            visible.append(Matches(verdict))
    condition = condition_of(model, given)
    return All((*visible, condition)) if visible else condition


def fields_named(given: Mapping[str, Any] | None) -> Iterator[str]:
    """The names that a filter asks about, on every level of it."""
    for name, value in (given or {}).items():
        if name in {"and", "or"} and isinstance(value, list):
            for each in value:
                yield from fields_named(each)
        elif name == "not":
            yield from fields_named(value)
        elif value is not None:
            yield name


def _count(condition: Condition) -> int:
    if isinstance(condition, All | Some):
        return max(1, sum(map(_count, condition.parts)))
    return _count(condition.part) if isinstance(condition, Not) else 1


def _condition(model: Model, given: Mapping[str, Any] | None, depth: int) -> Condition:
    if depth > MOST_NESTED:
        raise Limited(f"A filter nests `and`, `or` and `not` more than {MOST_NESTED} levels deep.")
    if not given:
        return TRUE
    parts: list[Condition] = []
    for name, value in given.items():
        if value is None:
            continue
        if name in {"and", "or"} and name not in model.field_by_name:
            parts.extend(_combined(model, name, value, depth + 1))
        elif name == "not" and name not in model.field_by_name:
            parts.append(Not(_condition(model, value, depth + 1)))
        elif name in model.field_by_name:
            parts.extend(comparisons_of(model.field_by_name[name], value))
        else:
            # `id` is in every filter input, also of a model whose key is something else.
            parts.extend(NEVER for operator in value if operator not in {"ne", "notContains"})
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _combined(model: Model, name: str, given: Sequence[Any], depth: int) -> Iterable[Condition]:
    parts = tuple(_condition(model, each, depth) for each in given if each is not None)
    if parts:
        yield All(parts) if name == "and" else Some(parts)


def comparisons_of(of: Field, operators: Mapping[str, Any]) -> Iterable[Condition]:
    """The conditions of one field's operators, as `{"ge": 3, "lt": 5}`."""
    for name, operand in operators.items():
        if name == "size":
            for inner, size in (operand or {}).items():
                yield _comparison(of, _OPERATORS[inner], size, of_size=True)
        else:
            yield _comparison(of, _OPERATORS[name], operand)


def _comparison(of: Field, operator: Operator, operand: Any, *, of_size: bool = False) -> Condition:
    if operator is Operator.EXISTS:
        return TRUE if operand is None else _exists(of, present=bool(peek(operand)))
    if operator is Operator.TYPE:
        return TRUE if operand is None else _is_of_type(of, str(peek(operand)))
    if operand is None:
        return NEVER if of_size else Comparison(of, operator)
    if operator is Operator.BETWEEN:
        operands: tuple[Any, ...] = _bounds(operand)
    else:
        operands = (operand,)
    sources = tuple(source_of(each) for each in operands)
    if of_size:
        return Comparison(of, operator, sources, of_size=True)
    return Comparison(of, operator, sources, as_text=_is_about_text(of, operator, operands))


def _exists(of: Field, *, present: bool) -> Condition:
    exists = Comparison(of, Operator.EXISTS)
    return exists if present else Not(exists)


def _is_about_text(of: Field, operator: Operator, operands: Iterable[Any]) -> bool:
    if of.type.is_list:
        return False
    if operator in _TEXT_ONLY or of.type.name == "AWSJSON":
        return True
    is_whole = _PARTIAL.get(of.type.name)
    return is_whole is not None and not all(peek(each, is_whole) for each in operands)


def _bounds(operand: Any) -> tuple[Any, ...]:
    """The two bounds of a between, which may come as one list of the request or as a list of values."""
    if isinstance(operand, Traced):
        if peek(operand, _is_pair) is False:
            raise _not_bounds()
        low, high = operand.variable.at(0), operand.variable.at(1)
        return (
            Traced(low, operand.value[0], operand.trace),
            Traced(high, operand.value[1], operand.trace),
        )
    if len(operand) != 2 or None in operand:
        raise _not_bounds()
    return tuple(operand)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and None not in value


def _not_bounds() -> Invalid:
    return Invalid("`between` takes two values, the lower bound first.", error_type="Unrecognized Filter")


def _is_of_type(of: Field, wanted: str) -> Condition:
    """`attributeType`: the DynamoDB type of the stored value, which the field's own type tells."""
    if wanted == "_null":
        return Not(Comparison(of, Operator.EXISTS))
    return Comparison(of, Operator.EXISTS) if wanted == _stored_type(of) else NEVER


def _stored_type(of: Field) -> str:
    if of.type.is_list:
        return "list"
    scalar = SCALARS.get(of.type.name)
    if scalar is None:
        return "string"
    if scalar.json_number:
        return "number"
    return "bool" if scalar.name == "Boolean" else "string"


# ---------------------------------------------------------------- sort keys


def key_condition(fields: Sequence[Field], given: Mapping[str, Any] | None) -> Condition:
    """The condition of a sort key argument; with two or more fields it is one about their joined text."""
    if not given:
        return TRUE
    if len(fields) == 1:
        return All(tuple(comparisons_of(fields[0], given)))
    return All(
        tuple(_joined_comparison(fields, name, operand) for name, operand in given.items() if operand is not None)
    )


def _joined_comparison(fields: Sequence[Field], name: str, operand: Any) -> Condition:
    operator = _OPERATORS[name]
    operands = _bounds(operand) if operator is Operator.BETWEEN else (operand,)
    return JoinedComparison(tuple(fields), operator, tuple(_joined(fields, each) for each in operands))


def _joined(fields: Sequence[Field], parts: Mapping[str, Any]) -> Source:
    """The joined text of the parts that were given; they must be the first ones."""
    given = [(each, parts[each.name]) for each in fields if parts.get(each.name) is not None]
    if [each for each, _ in given] != list(fields[: len(given)]):
        missing = next(each.name for each in fields if parts.get(each.name) is None)
        raise Invalid(f"A condition on this key also needs '{missing}'.", error_type="InvalidArgumentsError")
    return Joined(tuple((each, source_of(part)) for each, part in given))
