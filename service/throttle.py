"""How many requests of one organization a process answers: one that asks too much slows down nobody but itself.

The generic cell rate algorithm: a bucket that holds a minute's requests and fills evenly, kept as one number for each
caller, the moment at which it is full again. A limit is of one process; API Gateway's are of a whole route, for
everybody together.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from service.auth.principal import Principal
from service.errors import RateLimited

WINDOW = 60
"""Seconds in which a bucket that is empty fills."""
SECOND = 1_000_000_000
"""In nanoseconds: whole numbers add up to the request."""
MOST_KNOWN = 10_000
"""Callers whose buckets are kept. Whoever asked longest ago is forgotten first, and has a full one."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a caller has left."""

    whose: str
    """`organization`, or `caller` where none is known."""
    limit: int
    left: int
    full_in: int
    """Seconds until all of it is back."""
    wait: int
    """Seconds until a request is answered again; 0 if this one is."""

    def headers(self) -> tuple[tuple[str, str], ...]:
        """What an answer says of it, for clients that pace themselves (draft-ietf-httpapi-ratelimit-headers-11)."""
        return (
            ("ratelimit-policy", f'"{self.whose}";q={self.limit};w={WINDOW}'),
            ("ratelimit", f'"{self.whose}";r={self.left};t={self.full_in}'),
        )

    def check(self) -> None:
        """Raises RateLimited if the request is one too many."""
        if self.wait:
            raise RateLimited(self.whose, self.limit, self.wait)


class Throttle:
    """Counts the requests of each organization, and of each caller who has none.

    `per_minute` are answered at once, and as many in every minute after. `clock` gives nanoseconds that never go back.
    """

    def __init__(
        self, per_minute: int, *, most: int = MOST_KNOWN, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._limit = per_minute
        self._each = WINDOW * SECOND // per_minute
        self._most = most
        self._clock = clock
        self._full_at: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def take(self, principal: Principal) -> Quota:
        """Count a request of a caller. One that is too many takes nothing: who waits as told is answered."""
        key, now, whole = _key_of(principal), self._clock(), self._each * self._limit
        full_at = max(self._full_at.pop(key, now), now)
        wait = max(0, full_at + self._each - now - whole)
        if not wait:
            full_at += self._each
        self._keep(key, full_at)
        left = (whole - (full_at - now)) // self._each
        return Quota(key[0], self._limit, left, _seconds(full_at - now), _seconds(wait))

    def _keep(self, key: tuple[str, ...], full_at: int) -> None:
        if len(self._full_at) >= self._most:
            self._full_at.popitem(last=False)
        self._full_at[key] = full_at


def _seconds(nanoseconds: int) -> int:
    """Rounded up: who waits that long has waited long enough."""
    return -(-nanoseconds // SECOND)


def _key_of(principal: Principal) -> tuple[str, ...]:
    """Whose bucket it is. API keys that are bound to no organization have one together: they are not told apart."""
    if principal.organization is not None:
        return ("organization", principal.organization)
    return ("caller", principal.provider, principal.sub or principal.username or "")
