"""The service as it is started by hand: a process of its own, on a port of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
START_LIMIT = 60
"""Seconds until the service has to be ready, the first start of its database included."""


@contextmanager
def running_dev(data_dir: Path, *options: str) -> Iterator[str]:
    """`offramp dev` for as long as the block runs; gives the address of the server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = data_dir / "dev.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "service", "dev", "--port", str(port), "--data-dir", str(data_dir), *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/readyz", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:  # nobody listens yet, or the one who will is still loading
            time.sleep(0.1)
    pytest.fail(f"The service is not ready. It said:\n{log.read_text()}")
