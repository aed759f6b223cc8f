"""One request as the endpoints see it, and their reply."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.auth.principal import Principal
from service.bodies import Malformed, WrongContentType, is_json, parse_json
from service.catalog.access import CallerClass
from service.db.connections.engine import Transaction
from service.db.plans.selections import Count
from service.graphql.request import Origin
from service.rest.problems import NotAcceptable

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
_PREFERENCE = re.compile(r"\s*([A-Za-z-]+)\s*(?:=\s*\"?([A-Za-z-]+)\"?)?\s*")
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Preferences:
    """What `Prefer` asks for and is kept; anything else in it is ignored, as RFC 7240 says."""

    lenient: bool = False
    """`handling=lenient`: parameters and fields that are not known are ignored."""
    count: Count | None = None
    returns: str | None = None
    """`return=minimal`: a write is answered without the row. `return=representation`: with it, as it is anyway."""

    @classmethod
    def of(cls, header: str) -> Preferences:
        """The preferences in a header."""
        found = {
            match[1].lower(): (match[2] or "").lower()
            for each in header.split(",")
            if (match := _PREFERENCE.fullmatch(each))
        }
        counts = {each.value: each for each in Count}
        returns = found.get("return") if found.get("return") in {"minimal", "representation"} else None
        return cls(found.get("handling") == "lenient", counts.get(found.get("count", "")), returns)

    @property
    def is_minimal(self) -> bool:
        """Whether a write is to be answered without the row."""
        return self.returns == "minimal"

    def applied(self, *, counted: bool = False, returned: bool = False) -> Headers:
        """The header that says which were kept; `counted`, `returned`: where there was something to count or return."""
        kept = [f"count={self.count.value}"] if self.count and counted else []
        kept += [f"return={self.returns}"] if self.returns and returned else []
        kept += ["handling=lenient"] if self.lenient else []
        return (("preference-applied", ", ".join(kept)),) if kept else ()


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks, and in which transaction if there is one."""

    principal: Principal
    caller: CallerClass
    transaction: Transaction | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a caller who is known."""

    method: str
    path: str
    """As it was sent, percent-encoded."""
    query: bytes
    headers: Mapping[str, str]
    """By name, in lower case."""
    session: Session
    read: Callable[[], Awaitable[bytes | bytearray]]
    origin: Origin
    preferences: Preferences = field(default_factory=Preferences)

    async def body(self, *media_types: str) -> bytes | bytearray:
        """The bytes of a body of one of these types. Errors: WrongContentType, Malformed, and as `read_body`."""
        sent = await self.read()
        if not sent or sent.isspace():
            raise Malformed("The request has no body; it takes one in JSON.")
        if not is_json(self.headers.get("content-type", ""), frozenset(media_types)):
            raise WrongContentType(f"Content-Type must be {' or '.join(media_types)}, in UTF-8.")
        return sent

    async def json(self, *media_types: str) -> Any:
        """The value in the body. Errors: as `body`."""
        return parse_json(await self.body(*(media_types or (JSON,))), "The request body is no valid JSON.")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back. A body is JSON."""

    status: int
    body: bytes = b""
    headers: Headers = ()


def check_accept(header: str) -> None:
    """Raises NotAcceptable if an `Accept` header allows no JSON."""
    if not header:
        return
    for each in header.lower().split(","):
        media_type, *parameters = (part.strip() for part in each.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0*)?", part) for part in parameters)
        if media_type in {JSON, "application/*", "*/*"} and not refused:
            return
    raise NotAcceptable(f"Answers are {JSON}; `Accept` must allow that.")
