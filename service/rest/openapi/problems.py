"""The problem documents that a request can be answered with, from the error classes themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.bodies import BodyTooLarge, BodyTooSlow, Malformed, WrongContentType
from service.errors import (
    ConditionFailed,
    CursorMismatch,
    Forbidden,
    FunctionFailed,
    Internal,
    LastAdmin,
    Limited,
    NotConnected,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    TimedOut,
    Unauthenticated,
    Unavailable,
)
from service.rest.openapi.answers import headers
from service.rest.openapi.values import Schema, ref
from service.rest.problems import (
    PROBLEM,
    AlreadyExists,
    Flawed,
    KeyInUse,
    KeyReused,
    NotAcceptable,
    PreconditionFailed,
    PreconditionRequired,
)

Errors = tuple[type[ServiceError], ...]

ALWAYS: Errors = (
    Flawed,
    Malformed,
    Unauthenticated,
    Forbidden,
    NotAcceptable,
    Limited,
    RateLimited,
    Internal,
    Unavailable,
    TimedOut,
)
"""What any request can be answered with."""
OF_A_PAGE: Errors = (CursorMismatch,)
OF_A_ROW: Errors = (NotFound,)
OF_A_BODY: Errors = (BodyTooLarge, BodyTooSlow, WrongContentType)
OF_A_CHANGE: Errors = (ConditionFailed, LastAdmin, OutcomeUnknown)
OF_A_NEW_ROW: Errors = (AlreadyExists,)
OF_A_KEY: Errors = (KeyReused, KeyInUse)
OF_A_VERSION: Errors = (PreconditionFailed, PreconditionRequired)
_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
OF_A_FUNCTION: Errors = (NotConnected, FunctionFailed)
EVERY: Errors = (
    *ALWAYS, *OF_A_PAGE, *OF_A_ROW, *OF_A_BODY, *OF_A_CHANGE, *OF_A_NEW_ROW, *OF_A_KEY, *OF_A_VERSION,
    *OF_A_FUNCTION,
)  # fmt: skip


def refusals(errors: Iterable[type[ServiceError]]) -> dict[str, Schema]:
    """Status → response, for an operation that can meet these errors."""
    return {str(status): ref(name_of(status), "responses") for status in sorted({each.status for each in errors})}


def problem_responses(errors: Iterable[type[ServiceError]]) -> dict[str, Schema]:
    """One response for each status, by its name; it lists the codes of that status."""
    by_status: dict[int, dict[str, str]] = {}
    for each in errors:
        by_status.setdefault(each.status, {})[each.code] = (each.__doc__ or "").partition("\n")[0]
    return {name_of(status): _response(status, codes) for status, codes in sorted(by_status.items())}


def name_of(status: int) -> str:
    """The response of a status. Its phrase would be another in another version of Python."""
    return f"Problem{status}"


def problem_schemas() -> dict[str, Schema]:
    """A problem document, and what it says of an error wherever it happened."""
    text: Schema = {"type": "string"}
    flaw: Schema = {
        "type": "object",
        "required": ["code", "detail"],
        "properties": {
            "pointer": text | {"description": "Where: a JSON pointer into the body."},
            "parameter": text | {"description": "Where: the name of a parameter or header."},
            "code": text,
            "detail": text | {"description": "What is wrong there, and what to do."},
        },
    }
    members: dict[str, Schema] = {
        "type": text | {"format": "uri-reference", "description": "A page about the error."},
        "title": text,
        "status": {"type": "integer"},
        "detail": text | {"description": "What happened, and what to do."},
        "code": text | {"description": "Stable, never used for anything else."},
    }
    required = [*members]
    members["errors"] = {
        "type": "array",
        "items": flaw,
        "description": "Everything that is wrong, each with its place.",
    }
    of_the_request: dict[str, Schema] = {
        "instance": text | {"description": "The path that was asked for."},
        "traceId": text | {"description": "The request's id, as in the log and in `x-amzn-RequestId`."},
    }
    whole = members | of_the_request
    return {
        "rest.Problem": {"type": "object", "required": [*required, *of_the_request], "properties": whole},
        "rest.Refusal": {"type": "object", "required": required, "properties": members},
    }


def _response(status: int, codes: Mapping[str, str]) -> Schema:
    code, meaning = next(iter(codes.items()))
    example = {
        "type": f"/errors/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": meaning,
        "instance": "/v1/products",
        "code": code,
        "traceId": "5f0c1f6e-7a51-4d7b-9d1f-1f2f3c4d5e6f",
    }
    response: Schema = {
        "description": "\n".join(f"* `{code}`: {meaning}" for code, meaning in codes.items()),
        "content": {PROBLEM: {"schema": ref("rest.Problem"), "example": example}},
    }
    return {**response, "headers": headers(*_HEADERS.get(status, ()))}
