"""Answers that are kept for a short while, and asked for by one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Remembered(Generic[Key, Answer]):
    """A question whose answers are remembered: at most `most` of them, the oldest goes first.

    `lifetime` gives the seconds for which an answer is good, counted from when it was asked for: so nobody is told
    what was true longer ago. A question that failed is asked again by the next who wants to know.
    """

    def __init__(
        self,
        ask: Callable[[Key], Awaitable[Answer]],
        lifetime: Callable[[Answer], float],
        *,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._lifetime = lifetime
        self._most = most
        self._clock = clock
        self._known: dict[Key, tuple[Answer, float]] = {}
        self._asking: dict[Key, asyncio.Task[Answer]] = {}

    async def __call__(self, key: Key) -> Answer:
        """The answer for a key. Errors: those of the question."""
        if (known := self._known.get(key)) is not None:
            answer, until = known
            if self._clock() < until:
                return answer
        task = self._asking.get(key)
        if task is None or task.done():  # done, and still there: its loop ended before it began
            task = self._asking[key] = asyncio.create_task(self._learn(key))
            task.add_done_callback(_seen)
        # Shielded: the caller who gives up must not take the answer away from those who wait for it too.
        return await asyncio.shield(task)

    async def _learn(self, key: Key) -> Answer:
        asked_at = self._clock()
        try:
            answer = await self._ask(key)
        finally:
            self._asking.pop(key, None)
        self._known.pop(key, None)
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[key] = (answer, asked_at + self._lifetime(answer))
        return answer


def _seen(task: asyncio.Task[Answer]) -> None:
    """Take note of a failure, which asyncio would complain of if all who waited have gone."""
    if not task.cancelled():
        task.exception()
