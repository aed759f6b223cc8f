"""Filter arguments → conditions: what each operator means, what is refused, and how much is taken."""

from __future__ import annotations

from typing import Any

import pytest

from service.catalog.model import Model
from service.db.plans.conditions import TRUE, All, Comparison, JoinedComparison, Not, Operator, Some
from service.db.plans.filters import MOST_CONDITIONS, MOST_NESTED, NEVER, condition_of, key_condition
from service.db.plans.sources import Constant, Joined, Variable
from service.db.plans.tracing import Trace
from service.errors import Invalid, Limited
from service.importer import catalog_from_sdl

SDL = """
enum Colour { RED }
type T @model @auth(rules: [{ allow: private }]) {
  id: ID! text: String int: Int float: Float yes: Boolean date: AWSDate moment: AWSDateTime json: AWSJSON
  stamp: AWSTimestamp
  tags: [String] colour: Colour colours: [Colour]
}
type K @model @auth(rules: [{ allow: private }]) { key: String! @primaryKey and: String or: Int }
"""
CATALOG = catalog_from_sdl(SDL)
T, K = CATALOG.model_by_name["T"], CATALOG.model_by_name["K"]
FIELDS = T.field_by_name


def compared(field: str, operator: Operator, *operands: Any, **how: bool) -> Comparison:
    return Comparison(FIELDS[field], operator, tuple(Constant(each) for each in operands), **how)


def exists(field: str) -> Comparison:
    return Comparison(FIELDS[field], Operator.EXISTS)


A_IS_1 = compared("int", Operator.EQ, 1)
CASES: list[tuple[Any, Any]] = [
    (None, TRUE),
    ({}, TRUE),
    ({"text": None}, TRUE),
    ({"text": {}}, TRUE),
    ({"and": []}, TRUE),
    ({"or": []}, TRUE),
    ({"and": None, "or": None}, TRUE),
    ({"not": {}}, Not(TRUE)),
    ({"int": {"eq": 1}}, A_IS_1),
    ({"int": {"ge": 1, "lt": 5}}, All((compared("int", Operator.GE, 1), compared("int", Operator.LT, 5)))),
    ({"int": {"eq": 1}, "text": {"ne": "x"}}, All((A_IS_1, compared("text", Operator.NE, "x")))),
    ({"and": [{"int": {"eq": 1}}]}, All((A_IS_1,))),
    ({"or": [{"int": {"eq": 1}}, None, {}]}, Some((A_IS_1, TRUE))),
    ({"not": {"int": {"eq": 1}}}, Not(A_IS_1)),
    ({"int": {"eq": 1}, "or": [{"int": {"eq": 1}}]}, All((A_IS_1, Some((A_IS_1,))))),
    ({"int": {"between": [1, 5]}}, compared("int", Operator.BETWEEN, 1, 5)),
    ({"int": {"eq": None}}, compared("int", Operator.EQ)),
    ({"int": {"ne": None}}, compared("int", Operator.NE)),
    ({"text": {"attributeExists": True}}, exists("text")),
    ({"text": {"attributeExists": False}}, Not(exists("text"))),
    ({"text": {"attributeExists": None}}, TRUE),
    ({"text": {"attributeType": "string"}}, exists("text")),
    ({"text": {"attributeType": "number"}}, NEVER),
    ({"text": {"attributeType": "_null"}}, Not(exists("text"))),
    ({"int": {"attributeType": "number"}}, exists("int")),
    ({"stamp": {"attributeType": "number"}}, exists("stamp")),
    ({"yes": {"attributeType": "bool"}}, exists("yes")),
    ({"tags": {"attributeType": "list"}}, exists("tags")),
    ({"tags": {"attributeType": "stringSet"}}, NEVER),
    ({"colour": {"attributeType": "string"}}, exists("colour")),
    ({"text": {"attributeType": None}}, TRUE),
    ({"text": {"size": {"gt": 3}}}, compared("text", Operator.GT, 3, of_size=True)),
    ({"text": {"size": {"between": [1, 2]}}}, compared("text", Operator.BETWEEN, 1, 2, of_size=True)),
    ({"text": {"size": {"eq": None}}}, NEVER),
    ({"text": {"size": None}}, TRUE),
    ({"text": {"contains": "a"}}, compared("text", Operator.CONTAINS, "a", as_text=True)),
    ({"tags": {"contains": "a"}}, compared("tags", Operator.CONTAINS, "a")),
    ({"date": {"eq": "2024-02-29"}}, compared("date", Operator.EQ, "2024-02-29")),
    ({"date": {"ge": "2024-02"}}, compared("date", Operator.GE, "2024-02", as_text=True)),
    ({"date": {"beginsWith": "2024-02-29"}}, compared("date", Operator.BEGINS_WITH, "2024-02-29", as_text=True)),
    ({"date": {"between": ["2024", "2024-02-29"]}}, compared("date", Operator.BETWEEN, "2024", "2024-02-29",
     as_text=True)),
    ({"moment": {"lt": "2024-02-29T10:00:00Z"}}, compared("moment", Operator.LT, "2024-02-29T10:00:00Z")),
    ({"moment": {"lt": "2024-02-29T10:00"}}, compared("moment", Operator.LT, "2024-02-29T10:00", as_text=True)),
    ({"json": {"eq": "{}"}}, compared("json", Operator.EQ, "{}", as_text=True)),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), CASES, ids=[str(each[0]) for each in CASES])
def test_what_a_filter_means(given: Any, expected: Any):
    condition = condition_of(T, given)
    assert condition == expected or condition == All((expected,)) or (condition == All() and expected == TRUE)


def test_of_variables_the_places_are_kept_and_not_the_values():
    trace = Trace()
    given = trace.of({"f": {"int": {"between": [1, 5]}, "date": {"ge": "2024"}}})["f"]
    condition = condition_of(T, given)
    assert condition == All(
        (
            Comparison(
                FIELDS["int"],
                Operator.BETWEEN,
                (Variable(("f", "int", "between", 0)), Variable(("f", "int", "between", 1))),
            ),
            Comparison(FIELDS["date"], Operator.GE, (Variable(("f", "date", "ge")),), as_text=True),
        )
    )
    assert {path for path, _ in trace.peeks} == {("f", "int", "between"), ("f", "date", "ge")}


@pytest.mark.parametrize("operands", [[], [1], [1, 2, 3], [None, 1], [1, None], [None, None]])
def test_bounds_are_two(operands: list[Any]):
    for given in ({"int": {"between": operands}}, Trace().of({"int": {"between": operands}})):
        with pytest.raises(Invalid, match="`between` takes two values") as refused:
            condition_of(T, given)
        assert refused.value.error_type == "Unrecognized Filter"


@pytest.mark.parametrize(
    ("operator", "holds"),
    [("eq", False), ("ne", True), ("contains", False), ("notContains", True), ("attributeExists", False)],
)
def test_an_id_that_the_model_lacks_is_a_missing_attribute(operator: str, holds: bool):  # noqa: FBT001
    """`id` is in every filter input, also where the key is something else."""
    assert (condition_of(K, {"id": {operator: "x"}}) == All()) is holds


@pytest.mark.parametrize("model_and_filter", [(K, {"and": {"eq": "x"}}), (K, {"or": {"eq": 1}})])
def test_a_field_may_be_called_as_a_connective(model_and_filter: tuple[Model, Any]):
    model, given = model_and_filter
    (name,) = given
    condition = condition_of(model, given)
    assert isinstance(condition, Comparison)
    assert condition.field.name == name


# ---------------------------------------------------------------- joined keys

PAIR = [FIELDS["text"], FIELDS["int"]]


def test_a_joined_key_is_compared_by_the_parts_that_are_given():
    given = {"beginsWith": {"text": "a"}, "le": {"text": "a", "int": 3}}
    first, second = key_condition(PAIR, given).parts  # type: ignore[union-attr]
    assert first == JoinedComparison(tuple(PAIR), Operator.BEGINS_WITH, (Joined(((FIELDS["text"], Constant("a")),)),))
    assert isinstance(second, JoinedComparison)
    assert second.operands == (Joined(((FIELDS["text"], Constant("a")), (FIELDS["int"], Constant(3)))),)


@pytest.mark.parametrize("given", [{"eq": {"int": 3}}, {"between": [{"text": "a"}, {"int": 1}]}])
def test_the_first_parts_must_be_given(given: Any):
    with pytest.raises(Invalid, match="also needs 'text'"):
        key_condition(PAIR, given)


@pytest.mark.parametrize("operands", [[], [{"text": "a"}], [None, {"text": "a"}], [None, None]])
def test_bounds_of_a_joined_key_are_two(operands: list[Any]):
    for given in ({"between": operands}, Trace().of({"between": operands})):
        with pytest.raises(Invalid, match="`between` takes two values"):
            key_condition(PAIR, given)


@pytest.mark.parametrize("given", [None, {}, {"eq": None}])
def test_no_condition_on_a_key_is_none(given: Any):
    assert key_condition(PAIR, given) in (TRUE, All())


# ---------------------------------------------------------------- how much


def nested(levels: int) -> dict[str, Any]:
    filter_: dict[str, Any] = {"int": {"eq": 1}}
    for level in range(levels):
        filter_ = {"not": filter_} if level % 2 else {"and": [filter_]}
    return filter_


def test_a_filter_nests_only_so_deep():
    assert condition_of(T, nested(MOST_NESTED)) != TRUE
    for levels in (MOST_NESTED + 1, 500):
        with pytest.raises(Limited, match=f"more than {MOST_NESTED} levels"):
            condition_of(T, nested(levels))


def test_a_filter_has_only_so_many_conditions():
    each = {"int": {"ge": 1, "le": 2}}
    assert condition_of(T, {"or": [each] * (MOST_CONDITIONS // 2)}) != TRUE
    with pytest.raises(Limited, match=f"more than {MOST_CONDITIONS} conditions"):
        condition_of(T, {"or": [each] * (MOST_CONDITIONS // 2 + 1)})
    with pytest.raises(Limited, match=f"more than {MOST_CONDITIONS} conditions"):
        condition_of(T, {"and": [{"or": [{}] * 500}] * 3})
