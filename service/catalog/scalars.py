"""The scalars of an Amplify API, one row each: everything that depends on a scalar reads it here.

Source: AppSync developer guide, "Scalar types in GraphQL"; what the compiled SDL makes of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """One scalar. An enum behaves as a `String` whose filter input is its own."""

    name: str
    sql: str
    """The PostgreSQL type of a column."""
    operand: str
    """The GraphQL type of its filter and key operands: `ModelStringInput` takes `String`."""
    json_number: bool = False
    """Whether its JSON form is a number (DynamoDB type N) and not a string."""


SCALARS: dict[str, Scalar] = {
    scalar.name: scalar
    for scalar in (
        Scalar("ID", "text", "ID"),
        Scalar("String", "text", "String"),
        Scalar("Int", "integer", "Int", json_number=True),
        Scalar("Float", "double precision", "Float", json_number=True),
        Scalar("Boolean", "boolean", "Boolean"),
        Scalar("AWSDate", "date", "String"),
        Scalar("AWSTime", "text", "String"),
        Scalar("AWSDateTime", "timestamptz", "String"),
        Scalar("AWSTimestamp", "bigint", "Int", json_number=True),
        Scalar("AWSEmail", "text", "String"),
        Scalar("AWSJSON", "json", "String"),
        Scalar("AWSURL", "text", "String"),
        Scalar("AWSPhone", "text", "String"),
        Scalar("AWSIPAddress", "text", "String"),
    )
}
