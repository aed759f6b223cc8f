"""How much one request is answered, its statements together: a small one may ask for a large row many times."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from service.errors import Limited

MOST_BYTES = 33_554_432
"""After so much no further statement of the request is sent: what one gives is known when it is there."""


@dataclass(slots=True)
class Allowance:
    """What the statements of one request have given so far, in characters."""

    given: int = 0

    def check(self) -> None:
        """Before a statement is sent. Errors: Limited, if those before have given too much."""
        if self.given > MOST_BYTES:
            raise Limited(f"The answer is larger than {MOST_BYTES} bytes. Ask for fewer rows or fields at a time.")


ALLOWANCE: ContextVar[Allowance | None] = ContextVar("allowance", default=None)
"""Set by the outermost layer for each request; None where nobody asks over HTTP."""
