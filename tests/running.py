"""The service as it is started by hand: a process of its own, on a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.auth.issuer import DevelopmentIssuer

ROOT = Path(__file__).parents[1]
START_LIMIT = 60
"""Seconds until the service has to be ready, the first start of its database included."""


@contextmanager
def running_dev(data_dir: Path, *options: str, checkout: Path = ROOT) -> Iterator[str]:
    """`offramp dev` of a checkout for as long as the block runs; gives the address of the server."""
    port = _free_port()
    arguments = ["dev", "--port", str(port), "--data-dir", str(data_dir), *options]
    with _running(arguments, port, data_dir / "dev.log", os.environ, checkout=checkout) as address:
        yield address


def settings_of(url: str, issuer: DevelopmentIssuer) -> dict[str, str]:
    """The settings that `offramp serve` and the Lambda functions need, as variables of the environment."""
    return {
        "DATABASE_URL": url,
        "OFFRAMP_ISSUER": issuer.url,
        "OFFRAMP_CLIENT_IDS": issuer.client_id,
        "OFFRAMP_JWKS": issuer.jwks,
        "OFFRAMP_CURSOR_KEY": "0" * 32,
    }


@contextmanager
def running_serve(folder: Path, environ: Mapping[str, str], *, ready: str = "/readyz") -> Iterator[str]:
    """`offramp serve` with these settings, for as long as the block runs; `ready` answers with 200 when it is."""
    port = _free_port()
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), "OFFRAMP_PORT": str(port), **environ}
    with _running(["serve"], port, folder / "serve.log", given, ready=ready) as address:
        yield address


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def _running(
    arguments: Sequence[str],
    port: int,
    log: Path,
    environ: Mapping[str, str],
    *,
    ready: str = "/readyz",
    checkout: Path = ROOT,
) -> Iterator[str]:
    command = [sys.executable, "-m", "service", *arguments]
    with log.open("w") as output:
        given = {**environ, "PYTHONPATH": str(checkout)}
        process = subprocess.Popen(command, cwd=checkout, env=given, stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(f"{address}{ready}", process, log)
        yield address
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
