"""What a deployment needs to happen on this machine: PostgreSQL, a proxy before it, the emulator, and a checkout."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from service.cli.package import interpreter
from service.db.development import embedded
from tests.aws.emulated.proxy import Proxy, running_proxy
from tests.running import ROOT

REGION = "eu-central-1"
PATIENCE = 60
LAST_WORDS = 40
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
ADMINISTRATOR = "CREATE ROLE offramp_admin LOGIN CREATEROLE; ALTER DATABASE offramp OWNER TO offramp_admin"
"""As RDS makes it: one that may create roles, owns the database, and is no superuser."""


@dataclass(frozen=True)
class Stage:
    """A checkout with a package in it, and the emulator that its commands talk to."""

    name: str
    folder: Path
    endpoint: str
    environment: dict[str, str]
    proxy: Proxy

    @property
    def stack(self) -> str:
        """What CloudFormation calls it."""
        return f"offramp-{self.name}"

    def run(self, *command: str) -> str:
        """What a command says. Raises SystemExit with all of it if it fails."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}")
        return done.stdout

    def osls(self, *arguments: str) -> str:
        """What the framework says."""
        return self.run(".venv/bin/node", "infra/node_modules/.bin/osls", *arguments, "--stage", self.name)


@contextmanager
def running_stage(name: str, folder: Path) -> Iterator[Stage]:
    """Everything, for as long as the block runs, in an empty folder."""
    checkout = _checkout(folder / "checkout")
    with embedded.start(folder / "data", throwaway=True) as server:
        asyncio.run(_as_superuser(server.url, ADMINISTRATOR))
        [place] = parse_qs(urlsplit(server.url).query)["host"]
        with running_proxy(Path(place) / ".s.PGSQL.5432", folder) as (proxy, port, trusted):
            inherited = {"OFFRAMP_DATABASE_PORT": str(port), "SSL_CERT_FILE": str(trusted)}
            with _running_emulator(folder / "emulator.log", inherited) as endpoint:
                environment = {
                    "PATH": os.environ["PATH"],
                    "HOME": str(folder),
                    "AWS_ENDPOINT_URL": endpoint,
                    "AWS_REGION": REGION,
                    "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test",
                }
                yield Stage(name, checkout, endpoint, environment, proxy)


def _checkout(folder: Path) -> Path:
    """What `infra/deploy` looks at, with a package for this machine instead of Lambda's."""
    folder.mkdir()
    shutil.copy(ROOT / "serverless.yml", folder)
    shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("node_modules"))
    (folder / "infra" / "node_modules").symlink_to(ROOT / "infra" / "node_modules")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    package = folder / "build" / "lambda.zip"
    options = ["--architecture", "x86_64", "--output", str(package), "--python", interpreter()]
    package.parent.mkdir()
    subprocess.run([ROOT / ".venv/bin/python", "-m", "service.cli.package", *options], cwd=ROOT, check=True)
    return folder


async def _as_superuser(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(script)
    await connection.close()


@contextmanager
def _running_emulator(log: Path, inherited: dict[str, str]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "HOME": str(log.parent), "MINISTACK_REGION": REGION, **inherited}
    with log.open("wb") as output:
        command = [PYTHON, Path(__file__).with_name("emulator.py"), str(port)]
        process = subprocess.Popen(command, env=environment, cwd=log.parent, stdout=output, stderr=subprocess.STDOUT)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{endpoint}/_ministack/health", process)
        yield endpoint
    except BaseException:
        print("The emulator, and the functions that it runs, said:", *_last_words(log), sep="\n")
        raise
    finally:
        process.terminate()
        process.wait(timeout=30)


def _last_words(log: Path) -> list[str]:
    return log.read_text().splitlines()[-LAST_WORDS:]


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The emulator does not answer.")
