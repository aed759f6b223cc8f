"""The line between the service and its database, which can be cut."""

import socket
import threading
from contextlib import ExitStack, suppress
from typing import Self
from urllib.parse import parse_qs, urlsplit


class Line:
    """Carries bytes both ways between whoever connects to `url` and the database of another URL."""

    def __init__(self, database_url: str):
        self._target = urlsplit(database_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._refused = 0
        self._awaited: bytes | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        user = self._target.netloc.rpartition("@")[0] or "postgres"
        host, port = self._listener.getsockname()
        return f"postgresql://{user}@{host}:{port}{self._target.path}"

    def cut(self, *, refuse: int) -> None:
        """End all connections, and the next ones that are tried."""
        with self._lock:
            self._refused = refuse
            ends, self._ends = self._ends, set()
        for end in ends:
            _close(end)

    def lose_answer(self, text: bytes) -> None:
        """Cut everything when the database answers with a text, before it arrives."""
        self._awaited = text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        _close(self._listener)
        self.cut(refuse=0)

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client = self._listener.accept()[0]
                with self._lock:
                    refused, self._refused = self._refused > 0, max(self._refused - 1, 0)
                _close(client) if refused else self._join(client)

    def _join(self, client: socket.socket) -> None:
        server = self._connected()
        with self._lock:
            self._ends |= {client, server}
        threading.Thread(target=self._carry, args=(client, server), daemon=True).start()
        threading.Thread(target=self._carry, args=(server, client, True), daemon=True).start()

    def _connected(self) -> socket.socket:
        if self._target.hostname:
            return socket.create_connection((self._target.hostname, self._target.port or 5432))
        options = parse_qs(self._target.query)
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{options['host'][0]}/.s.PGSQL.{options['port'][0]}")
        return server

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool = False) -> None:  # noqa: FBT001, FBT002
        with ExitStack() as stack, suppress(OSError):
            stack.callback(_close, source)
            stack.callback(_close, target)
            while sent := source.recv(1 << 16):
                if answers and self._awaited and self._awaited in sent:
                    self._awaited = None
                    return
                target.sendall(sent)


def _close(end: socket.socket) -> None:
    with suppress(OSError):  # a thread that waits for it wakes up
        end.shutdown(socket.SHUT_RDWR)
    end.close()
