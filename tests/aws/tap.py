"""A relay between the service and PostgreSQL that writes down which messages of the protocol go by.

Source: PostgreSQL manual, "Frontend/Backend Protocol", "Message Formats".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

AWAITED = frozenset("SHQ")
"""After a Sync, a Flush or a Query a client waits for the server."""


CANCEL = "a request to cancel"
_CANCEL_CODE = (80_877_102).to_bytes(4)


@dataclass
class Tap:
    """What the client sent, a letter for each message: Parse, Bind, Describe, Execute, Sync, Flush (H), Query.

    Of the messages without a letter, a request to cancel what another connection does is in it as CANCEL.
    """

    url: str
    sent: list[str] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        """How often the client has waited for the server."""
        return sum(letter in AWAITED for letter in self.sent)


@asynccontextmanager
async def tapped(url: str) -> AsyncIterator[Tap]:
    """A relay before the server of `url`, for as long as the block runs."""
    parts = urlsplit(url)
    place = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host, port = place.get("host") or parts.hostname or "", place.get("port") or parts.port or 5432
    under_way: set[asyncio.Task[None]] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if host.startswith("/"):
            theirs, ours = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            theirs, ours = await asyncio.open_connection(host, int(port))
        copies = (_copy(reader, ours, tap.sent), _forward(theirs, writer))
        for task in map(asyncio.create_task, copies):
            under_way.add(task)
            task.add_done_callback(under_way.discard)

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        listening = server.sockets[0].getsockname()[1]
        tap = Tap(f"postgresql://{parts.username}@127.0.0.1:{listening}{parts.path}?sslmode=disable")
        yield tap
        for each in under_way:
            each.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, seen: list[str]) -> None:
    """Hand on message by message. The first that a client sends has no letter."""
    letter = b""
    with suppress(asyncio.IncompleteReadError, ConnectionError), closing(target):
        while True:
            length = await source.readexactly(4)
            body = await source.readexactly(int.from_bytes(length) - 4)
            target.write(letter + length + body)
            seen.append(CANCEL if not letter and body.startswith(_CANCEL_CODE) else letter.decode())
            letter = await source.readexactly(1)


async def _forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Hand on whatever comes."""
    with suppress(ConnectionError), closing(target):
        while data := await source.read(65_536):
            target.write(data)
