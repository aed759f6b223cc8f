"""What RDS Proxy is to a function: PostgreSQL behind TLS and a token of IAM that names the role.

Whether the token's signature is right is not looked at: `tests/aws` compares it with botocore's.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

from tests.aws.certificates import make_certificates

HOST = "127.0.0.1"
TLS_WANTED = struct.pack("!ii", 8, 80877103)
PASSWORD_WANTED = b"R" + struct.pack("!ii", 8, 3)


class Proxy:
    """Passes connections on to a server's socket, once their role has shown a token for itself."""

    def __init__(self, socket: Path, tls: ssl.SSLContext) -> None:
        self._socket = socket
        self._tls = tls
        self.admitted: list[str] = []
        """The roles that came in, one for each connection."""

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # Cancelled is what it is at the end; asyncio's own callback would print that as an error.
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            if await client.readexactly(8) == TLS_WANTED:
                to_client.write(b"S")
                await to_client.drain()
                await to_client.start_tls(self._tls)
                await self._admit(client, to_client)
        to_client.close()

    async def _admit(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        start = await _message(client)
        given = start[4:].split(b"\0")
        role = dict(zip(given[::2], given[1::2], strict=False))[b"user"].decode()
        to_client.write(PASSWORD_WANTED)
        await client.readexactly(1)
        token = (await _message(client)).rstrip(b"\0").decode()
        if not is_token_for(role, token):
            return
        self.admitted.append(role)
        server, to_server = await asyncio.open_unix_connection(self._socket)
        to_server.write(struct.pack("!i", len(start) + 4) + start)
        await asyncio.gather(_copied(client, to_server), _copied(server, to_client))


def is_token_for(role: str, token: str) -> bool:
    """Whether somebody may log in as a role now: a token names its role and when it ends."""
    query = parse_qs(token.partition("?")[2])
    if query.get("DBUser") != [role] or query.get("Action") != ["connect"] or "X-Amz-Signature" not in query:
        return False
    signed = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    age = datetime.now(UTC) - signed
    return age < timedelta(seconds=int(query["X-Amz-Expires"][0]))


async def _message(reader: asyncio.StreamReader) -> bytes:
    [length] = struct.unpack("!i", await reader.readexactly(4))
    return await reader.readexactly(length - 4)


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()
    writer.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def running_proxy(socket: Path, folder: Path) -> Iterator[tuple[Proxy, int, Path]]:
    """A proxy for as long as the block runs, with its port and the authority to trust."""
    authority, own, key = make_certificates(folder, host=HOST)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(own, key)
    proxy = Proxy(socket, tls)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(proxy.serve, HOST, 0), loop).result()
    try:
        yield proxy, server.sockets[0].getsockname()[1], authority
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
