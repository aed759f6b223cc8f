"""A pooler for a test, which is skipped where there is no pgbouncer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.pooler import NoPoolerError, Pooler, pgbouncer, running_pooler


@contextmanager
def pooler_before(url: str, folder: Path, *, role: str = "postgres", **settings: str) -> Iterator[Pooler]:
    """What `running_pooler` gives."""
    try:
        pgbouncer()
    except NoPoolerError as error:
        pytest.skip(str(error))
    with running_pooler(url, folder, role=role, **settings) as pooler:
        yield pooler
