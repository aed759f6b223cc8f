"""Conditions → SQL.

What DynamoDB answers about a missing value decides the forms: `ne` and `notContains` hold for a row
without the value, every other comparison does not, and `not` turns exactly that round.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    Integer,
    Text,
    and_,
    any_,
    cast,
    false,
    func,
    literal_column,
    or_,
    true,
)
from sqlalchemy.types import TypeEngine

from service.catalog.model import Catalog, Field, Rule
from service.db.plans import conditions, sources
from service.db.plans.conditions import Operator
from service.db.schema.functions import datetime_text, joined
from service.db.schema.tables import column_type
from service.db.sql.binds import Binds
from service.db.sql.rows import Row, Sql

TEXTS: TypeEngine[Any] = ARRAY(Text())


class Predicates:
    """Builds conditions about rows.

    `keeps_apart`: whether rows of other organizations are left out here, too, and not by the policies alone.
    """

    def __init__(self, catalog: Catalog, binds: Binds, *, keeps_apart: bool = True) -> None:
        self._catalog = catalog
        self._binds = binds
        self._keeps_apart = keeps_apart

    def within(self, row: Row) -> list[Sql]:
        """That the row belongs to the caller's organization, if it can belong to any."""
        tenant = row.model.tenant
        if tenant is None or not self._keeps_apart:
            return []
        return [row.source.c[tenant.column] == self.organization]

    @property
    def organization(self) -> Sql:
        """The caller's organization."""
        return self._binds.add(sources.Organization(), Text())

    def build(self, condition: conditions.Condition, row: Row) -> Any:
        """The condition about `row`. It may be null where it is not true; wrap it in IS TRUE to show it."""
        match condition:
            case conditions.All(parts):
                return and_(true(), *(self.build(part, row) for part in parts))
            case conditions.Some(parts):
                return or_(false(), *(self.build(part, row) for part in parts))
            case conditions.Not(part):
                return self.build(part, row).is_not(true())
            case conditions.Matches(rules):
                return or_(false(), *(self._rule(rule, row) for rule in rules))
            case conditions.VersionIs(version):
                return row.version == self._binds.add(version, Integer())
            case conditions.JoinedComparison(fields, operator, operands):
                values = [self._binds.add(each, Text()) for each in operands]
                return _compare(operator, joined(row.source, fields), values)
            case conditions.Comparison():
                return self._comparison(condition, row)

    def _comparison(self, comparison: conditions.Comparison, row: Row) -> Any:
        of, operator, column = comparison.field, comparison.operator, row[comparison.field.name]
        if operator is Operator.EXISTS or not comparison.operands:
            return _presence(operator, column)
        if comparison.of_size:
            values = [self._binds.add(each, Integer()) for each in comparison.operands]
            return _compare(operator, _size(of, column), values)
        if of.type.is_list:
            return self._membership(comparison, column)
        if operator is Operator.IN:
            listed = self._binds.add(comparison.operands[0], ARRAY(self.operand_type(of)))
            return (as_text(of, column) if of.type.name == "AWSJSON" else column) == any_(listed)
        if comparison.as_text:
            values = [self._binds.add(each, Text()) for each in comparison.operands]
            return _compare(operator, as_text(of, column), values)
        return _compare(
            operator, column, [self._binds.add(each, self.operand_type(of)) for each in comparison.operands]
        )

    def _membership(self, comparison: conditions.Comparison, column: Sql) -> Sql:
        """A list is compared by what it holds; it never equals, precedes or begins with one value.

        A list of an enum is compared with a list: its filter input is the only one that takes one.
        """
        operator, operand = comparison.operator, comparison.operands[0]
        if operator in {Operator.CONTAINS, Operator.NOT_CONTAINS}:
            kind = column.type.item_type if isinstance(column.type, ARRAY) else Text()
            found: Sql = self._binds.add(operand, kind) == any_(column)
            return found if operator is Operator.CONTAINS else found.is_not(true())
        if comparison.field.type.name in self._catalog.enum_by_name:
            compared: Sql = _compare(operator, column, [self._binds.add(operand, column.type)])
            return compared
        return true() if operator is Operator.NE else false()

    def _rule(self, rule: Rule, row: Row) -> Sql:
        if rule.owner_field is not None:
            column, source = row[rule.owner_field], sources.Identities(rule.identity_claim)
            values = self._binds.add(source, TEXTS)
        else:
            column = row[rule.groups_field or ""]
            values = self._binds.add(sources.Groups(rule.group_claim), TEXTS)
        return column.op("&&")(values) if isinstance(column.type, ARRAY) else column == any_(values)

    def operand_type(self, of: Field) -> TypeEngine[Any]:
        """The type of a parameter that is compared with a whole value of this field."""
        return Text() if of.type.name == "AWSJSON" else column_type(of, self._catalog)


def _compare(operator: Operator, column: Sql, values: list[Any]) -> Any:  # noqa: C901  one case for each operator
    match operator:
        case Operator.EQ:
            return column == values[0]
        case Operator.NE:
            return column.is_distinct_from(values[0])
        case Operator.LT:
            return column < values[0]
        case Operator.LE:
            return column <= values[0]
        case Operator.GT:
            return column > values[0]
        case Operator.GE:
            return column >= values[0]
        case Operator.BETWEEN:
            # Not BETWEEN: PostgreSQL's grammar takes no COLLATE inside it, and SQLAlchemy writes one.
            return and_(column >= values[0], column <= values[1])
        case Operator.BEGINS_WITH:
            return column.op("^@", is_comparison=True)(values[0])
        case Operator.CONTAINS:
            # DynamoDB finds the empty string nowhere.
            return and_(func.strpos(column, values[0]) > 0, values[0] != literal_column("''", Text))
        case Operator.NOT_CONTAINS:
            return _compare(Operator.CONTAINS, column, values).is_not(true())
    raise AssertionError(operator)


def _presence(operator: Operator, column: Sql) -> Sql:
    """A comparison with null: a stored null and a missing value are one thing here."""
    if operator in {Operator.EQ, Operator.NOT_CONTAINS}:
        return column.is_(None)
    if operator in {Operator.NE, Operator.EXISTS}:
        return column.is_not(None)
    return false()


def _size(of: Field, column: Sql) -> Sql:
    return func.cardinality(column) if of.type.is_list else func.char_length(as_text(of, column))


def as_text(of: Field, column: Sql) -> Sql:
    """A value as the text the API shows: what a partial date is compared with."""
    if of.type.name == "AWSDateTime":
        return datetime_text(column)
    if of.type.name in {"AWSDate", "AWSJSON"}:
        return cast(column, Text()).collate("C")
    return column
