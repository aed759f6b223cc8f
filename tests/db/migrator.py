"""A migration that is watched, and cut off at will: statement by statement, as they go down its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from service.db.connections.address import Address
from service.db.migrations import upgrade

Saw = Callable[[str, Any], None]


@contextmanager
def watched(
    monkeypatch: pytest.MonkeyPatch,
    *,
    before: Saw = lambda *_: None,
    after: Saw = lambda *_: None,
    connected: Callable[[Any], None] = lambda _: None,
) -> Iterator[None]:
    """Call `before` and `after` with each statement and the driver's connection, `connected` with each connection."""
    make = upgrade.migration_engine

    def made(address: Address | str) -> AsyncEngine:
        engine = make(address)
        target = engine.sync_engine

        @event.listens_for(target, "connect")
        def connect(dbapi: Any, _: object) -> None:
            connected(dbapi.driver_connection)

        @event.listens_for(target, "before_cursor_execute")
        def asked(_c: object, cursor: Any, statement: str, *_: object) -> None:
            before(" ".join(statement.split()), cursor._connection)

        @event.listens_for(target, "after_cursor_execute")
        def answered(_c: object, cursor: Any, statement: str, *_: object) -> None:
            after(" ".join(statement.split()), cursor._connection)

        return engine

    with monkeypatch.context() as patched:
        patched.setattr(upgrade, "migration_engine", made)
        yield


class Executioner:
    """Ends connections as an administrator does, or a server that goes down; from the thread of a migration."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.get_running_loop()

    def end(self, connection: Any) -> None:
        """End a connection of the driver, and wait until the server has."""
        asyncio.run_coroutine_threadsafe(self._end(connection.get_server_pid()), self._loop).result()

    async def _end(self, pid: int) -> None:
        own = await asyncpg.connect(self._url)
        await own.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
        await own.close()
