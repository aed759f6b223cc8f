"""What has been compiled, and for which requests it fits.

What a plan depends on besides the question, that is the shape of the variables and what the planner
peeked at, is part of the key under which it is kept. The question holds the rest, the class of the caller too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from service.db.plans.tracing import Trace, shape

KEPT_PLANS = 2_000
"""Plans, each for one class of callers and one shape of variables: tens of kilobytes apiece."""
KEPT_SQL = 10_000_000
"""Characters of their statements, each of which goes with eleven bytes: a plan of a thousand conditions has 60,000."""

Compiled = TypeVar("Compiled")


class Compilations(Generic[Compiled]):
    """What was compiled from questions, the most recently used first to stay.

    One key may have several traces: what a plan peeked at can depend on what it saw before.
    """

    def __init__(self, sql_of: Callable[[Compiled], int]) -> None:
        """`sql_of` gives the characters of the statements in what was compiled."""
        self._sql_of = sql_of
        self._kept: OrderedDict[Hashable, list[tuple[Trace, dict[Hashable, Compiled]]]] = OrderedDict()
        self._size = 0
        self._sql = 0

    def __len__(self) -> int:
        return self._size

    def get(
        self,
        question: Hashable,
        variables: dict[str, Any],
        compile_: Callable[[Trace], Compiled],
    ) -> Compiled:
        """What `compile_` makes of a question, made only if nothing that is kept fits these variables."""
        key = (question, shape(variables))
        variants = self._kept.get(key)
        if variants is not None:
            self._kept.move_to_end(key)
            for trace, by_seen in variants:
                known = by_seen.get(trace.seen(variables))
                if known is not None:
                    return known
        trace = Trace()
        compiled = compile_(trace)
        self._keep(key, trace, variables, compiled)
        return compiled

    def _keep(self, key: Hashable, trace: Trace, variables: dict[str, Any], compiled: Compiled) -> None:
        self._sql += self._sql_of(compiled)
        while self._kept and (self._size >= KEPT_PLANS or self._sql > KEPT_SQL):
            _, oldest = self._kept.popitem(last=False)
            gone = [each for _, by_seen in oldest for each in by_seen.values()]
            self._size -= len(gone)
            self._sql -= sum(map(self._sql_of, gone))
        variants = self._kept.setdefault(key, [])
        alike = next((variant for variant in variants if variant[0].peeks == trace.peeks), None)
        if alike is None:
            alike = (trace, {})
            variants.append(alike)
        # The same peeks may have been made in another order: what is seen is listed in the first one's.
        alike[1][alike[0].seen(variables)] = compiled
        self._size += 1
