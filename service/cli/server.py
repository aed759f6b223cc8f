"""Listening, and serving until somebody says stop."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from service.errors import CommandError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE = 10
"""Seconds that requests under way are given when the server stops."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; `port` 0 takes a free one. Errors: CommandError, before anything else was started."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}, port {port}: {_reason(error)}.",
            hint="Choose another port with --port, or end the program that uses this one.",
        ) from error


def _reason(error: OSError) -> str:
    """Why, without the address that Python adds; a name that is not found has a number of its own, below zero."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


@contextmanager
def ends_on_sigterm() -> Iterator[None]:
    """Make SIGTERM leave the block as an exit with status 0, so that what was started is stopped."""
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGINT (raises KeyboardInterrupt) or SIGTERM (ends as its handler says).

    Whose word is taken for where a request came from is what FORWARDED_ALLOW_IPS says (uvicorn's, as its
    documentation has it): nobody's without it, where uvicorn would believe whoever sits on this machine.
    """
    import uvicorn  # noqa: PLC0415  `offramp --help` needs no server

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE,
    )
    uvicorn.Server(config).run(sockets=[listener])
