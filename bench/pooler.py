"""pgbouncer in transaction mode in the place of RDS Proxy: it, too, gives each transaction another connection."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from service.db.development.account import Account

SETTINGS = {
    "listen_addr": "127.0.0.1",
    "unix_socket_dir": "",
    "auth_type": "trust",
    "pool_mode": "transaction",
    "default_pool_size": "2",
    "max_client_conn": "100",
    "log_connections": "0",
    "log_disconnections": "0",
}


@dataclass
class Pooler:
    """A pooler that stands between us and the database of a URL."""

    url: str
    host: str
    port: int
    database: str
    process: subprocess.Popen[bytes]
    users: Path

    def admit(self, role: str, password: str) -> None:
        """Let a role in by this password and no other, from now on."""
        self.users.write_text(f'"{role}" "{password}"\n')
        self.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)  # it says nowhere when it has read its files again


class NoPoolerError(Exception):
    """There is no pgbouncer, or it does not start."""


def pgbouncer() -> str:
    """The program. Errors: NoPoolerError."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise NoPoolerError("No pgbouncer here, which stands in RDS Proxy's place: apt-get install pgbouncer")
    return found


@contextmanager
def running_pooler(url: str, folder: Path, *, role: str = "postgres", **settings: str) -> Iterator[Pooler]:
    """A pooler before the database of `url` for as long as the block runs; `role` may use it, with any password."""
    program = pgbouncer()
    parts = urlsplit(url)
    place = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host, port = place.get("host") or parts.hostname, place.get("port") or parts.port or 5432
    database, users, log = parts.path[1:], folder / "users.txt", folder / "pgbouncer.log"
    users.write_text(f'"{role}" "unused"\n')
    behind = f"host={host} port={port} user={parts.username}" + (
        f" password={parts.password}" if parts.password else ""
    )
    given = SETTINGS | {"listen_port": _free_port(), "auth_file": str(users), **settings}
    listening = int(given["listen_port"])
    lines = (f"{name} = {value}" for name, value in given.items())
    file = folder / "pgbouncer.ini"
    file.write_text(f"[databases]\n{database} = {behind}\n[pgbouncer]\n" + "\n".join(lines) + "\n")
    as_somebody = Account.of(Path(str(host))).passing if os.geteuid() == 0 else []
    with log.open("wb") as output:
        process = subprocess.Popen([*as_somebody, program, str(file)], stdout=output, stderr=subprocess.STDOUT, cwd="/")
    try:
        _wait_until_open(listening, process, log)
        address = f"postgresql://{role}@127.0.0.1:{listening}/{database}"
        yield Pooler(address, "127.0.0.1", listening, database, process, users)
    finally:
        process.kill()
        process.wait()


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NoPoolerError(f"pgbouncer does not listen. It said:\n{log.read_text()}")
