"""From the bytes of a request body to a GraphQL request, or to the refusal that AppSync would send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.bodies import Malformed, WrongContentType, is_json, parse_json

EMPTY = "Request body is empty."
UNPARSABLE = "Unable to parse GraphQL query."
MEDIA_TYPES = frozenset({"application/json", "application/graphql", "application/graphql+json"})
"""`application/graphql` is what AWS's own examples send a JSON body with."""
WRONG_TYPE = "Content-Type must be application/json, in UTF-8."


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What the caller asks for."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as HTTP tells."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """By name, in lower case."""
    address: str | None = None
    """Of the other end of the connection."""

    @property
    def addresses(self) -> list[str]:
        """What AppSync calls `sourceIp`: the chain that a proxy reports, then the other end of the connection."""
        chain = [each.strip() for each in self.headers.get("x-forwarded-for", "").split(",") if each.strip()]
        return chain if self.address is None else [*chain, self.address]


def parse_request(content_type: str, body: bytes | bytearray) -> GraphQLRequest:
    """The request in a body. Errors: Malformed, with AppSync's message where it has one."""
    if not body or body.isspace():
        raise Malformed(EMPTY)
    if not is_json(content_type, MEDIA_TYPES):
        raise WrongContentType(WRONG_TYPE)
    parsed = parse_json(body, UNPARSABLE)
    query = parsed.get("query") if isinstance(parsed, dict) else None
    if not isinstance(query, str) or not query or query.isspace():
        raise Malformed(UNPARSABLE)
    return GraphQLRequest(query, _variables(parsed.get("variables")), _name(parsed.get("operationName")))


def _variables(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("Variables must be a JSON object or null.")
    return value


def _name(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Malformed("The operation name must be a string or null.")
    return value or None
