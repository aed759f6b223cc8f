"""Errors as REST tells them: RFC 9457 problem documents, with everything that is wrong and where.

type      /errors/<code>, a page about it        instance  the path that was asked for
title     the code in words                      code      stable, never reused
status    the HTTP status                        traceId   the request's id, as in the log
detail    what happened, what to do              errors    each flaw: a pointer into the body or a
                                                           parameter, its code, its detail

and what `ServiceError.info` has beside the code, such as the line of a purchase order.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from service.bodies import Malformed
from service.errors import ConditionFailed, CursorMismatch, Forbidden, Invalid, NotFound, RateLimited, ServiceError

ERRORS = "/errors"
"""Where the pages about errors are, each under its code."""
PROBLEM = "application/problem+json"
RETRY_SECONDS = "1"
MOST_FLAWS = 50
"""Flaws that a problem lists; what has more is no honest mistake."""


Complain = Callable[[str, str, str], None]
"""Takes a flaw that was found: where (a pointer or a parameter), its code, its detail."""


def but_for_unknown(complain: Complain) -> Complain:
    """Complains of everything but what is not known: `Prefer: handling=lenient`."""

    def leniently(at: str, code: str, detail: str) -> None:
        if code != "unknown_field":
            complain(at, code, detail)

    return leniently


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a request. `at` is a JSON pointer into the body, or a parameter's name."""

    at: str
    code: str
    detail: str
    in_body: bool = True

    def shown(self) -> dict[str, str]:
        """The flaw as a member of `errors`."""
        return {"pointer" if self.in_body else "parameter": self.at, "code": self.code, "detail": self.detail}


class Flawed(Invalid):
    """The request has one flaw or more; `errors` lists them all, each with its place and what to do."""

    code = "validation_failed"

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(flaws)
        first = self.flaws[0].detail
        rest = len(self.flaws) - 1
        super().__init__(first if not rest else f"{first} ({rest} more in `errors`.)")


class NotAcceptable(Malformed):
    """The answer is JSON, and the request accepts none."""

    code = "not_acceptable"
    status = 406


class AlreadyExists(ServiceError):
    """A row with this key is there already."""

    code = "already_exists"
    status = 409


class PreconditionFailed(ServiceError):
    """The row is not in the state that `If-Match` or `If-None-Match` names: read it again."""

    code = "precondition_failed"
    status = 412


class PreconditionRequired(ServiceError):
    """A change has to say by `If-Match` which version of the row it is meant for."""

    code = "precondition_required"
    status = 428


class KeyReused(ServiceError):
    """The `Idempotency-Key` was used for another request."""

    code = "idempotency_key_reused"
    status = 422


class KeyInUse(ServiceError):
    """The first request with this `Idempotency-Key` is still under way."""

    code = "idempotency_key_in_use"
    status = 409


def escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901), cut to a length that can be shown."""
    return name[:80].replace("~", "~0").replace("/", "~1")


def problem(error: ServiceError, instance: str, trace_id: str) -> bytes:
    """The body of the answer to a request that failed."""
    return orjson.dumps(shown_problem(error) | {"instance": instance, "traceId": trace_id})


def shown_problem(error: ServiceError) -> dict[str, Any]:
    """What a problem document says of an error, wherever it happened."""
    described: dict[str, Any] = {
        "type": f"{ERRORS}/{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": _detail(error),
        "code": error.code,
        **(error.info or {}),
    }
    if isinstance(error, Flawed):
        described["errors"] = [each.shown() for each in error.flaws[:MOST_FLAWS]]
    elif (place := _place(error)) is not None:
        described["errors"] = [Flaw(place, error.code, described["detail"]).shown()]
    return described


def _place(error: ServiceError) -> str | None:
    """What of the request an error is about: a part of it, a field of its body, or a field of the body of a part."""
    if not isinstance(error, Invalid | ConditionFailed) or error.field is None:
        return error.part
    return f"/{error.field}" if error.part is None else f"{error.part}/body/{error.field}"


def headers_of(error: ServiceError) -> list[tuple[str, str]]:
    """The headers that go with an error."""
    headers = [("content-type", PROBLEM)]
    if error.status == 401:
        headers.append(("www-authenticate", "Bearer"))
    elif error.status == 503:
        headers.append(("retry-after", RETRY_SECONDS))
    elif isinstance(error, RateLimited):
        headers.append(("retry-after", str(error.wait)))
    elif error.status == 415:
        headers.append(("accept-patch", "application/merge-patch+json, application/json"))
    return headers


def _detail(error: ServiceError) -> str:
    if isinstance(error, CursorMismatch):
        return (
            "The cursor is not one that this list has given: another filter, order or caller needs a walk of its own. "
            "Leave it out to start from the beginning."
        )
    if isinstance(error, Forbidden) and error.message == Forbidden().message:
        return "The rules do not allow this to you."
    return error.message


def missing(what: str) -> NotFound:
    """What a row that is not there is answered with."""
    return NotFound(f"There is no such {what}, or you may not know of it.")


def meant(name: str, known: Iterable[str]) -> str:
    """`. Did you mean 'price'?` where a known name is near, else nothing."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f" Did you mean '{near[0]}'?" if near else ""
