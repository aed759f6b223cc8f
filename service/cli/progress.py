"""Progress of a command, on standard error: what is done, and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

WIDTH = 56


class Step:
    """Something under way. Set `done` to what shall be said of it in the end."""

    def __init__(self, doing: str) -> None:
        self.done = doing


@contextmanager
def step(doing: str, *, quiet: bool = False) -> Iterator[Step]:
    """Show that something is being done and then, unless it fails, that it is."""
    current, started = Step(doing), time.perf_counter()
    on_screen = sys.stderr.isatty() and not quiet
    if on_screen:
        print(f"  {doing} …", end="\r", flush=True, file=sys.stderr)
    yield current
    if not quiet:
        seconds = time.perf_counter() - started
        clear = "\x1b[K" if on_screen else ""
        print(f"{clear}✓ {current.done:<{WIDTH}} {seconds:5.1f} s", flush=True, file=sys.stderr)
