"""Where the request that is being answered came from, for the audit trail: it is no part of who is calling."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sender:
    """The request's id, and the address of the other end of its connection."""

    request_id: str = ""
    address: str | None = None


_NOBODY = Sender()
SENDER: ContextVar[Sender] = ContextVar("sender", default=_NOBODY)
"""Set by the outermost layer for each request."""
