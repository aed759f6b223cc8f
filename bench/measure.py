"""Load by `wrk`, and what it costs: CPU time is read from /proc, for a server with all its children."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncpg

_TICKS = os.sysconf("SC_CLK_TCK")
_SCRIPT = Path(__file__).parent / "load.lua"


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of `wrk` found. Times in milliseconds."""

    requests: int
    rate: float
    p50: float
    p99: float
    failures: int
    server_cpu: float
    """Of one request, in the server's processes."""
    database_cpu: float
    """Of one request, in all of PostgreSQL's; 0 where it is not on this machine."""


def load(url: str, bodies: Path, token: str, *, connections: int, seconds: int, server: int, database: int) -> Load:
    """Send requests for some seconds. `server` and `database` are process ids, `database` 0 if it is elsewhere."""
    before = cpu_seconds(server), cpu_seconds(database)
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s", "--script", str(_SCRIPT)]
    environment = {**os.environ, "BODIES": str(bodies), "TOKEN": token}
    done = subprocess.run([*command, url], env=environment, check=True, capture_output=True, text=True)
    after = cpu_seconds(server), cpu_seconds(database)
    result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, duration, p50, p99, failures = map(int, result.split()[1:])
    each = 1000 / max(requests, 1)
    return Load(
        requests=requests,
        rate=requests / duration * 1e6,
        p50=p50 / 1000,
        p99=p99 / 1000,
        failures=failures,
        server_cpu=(after[0] - before[0]) * each,
        database_cpu=(after[1] - before[1]) * each,
    )


def cpu_seconds(process: int) -> float:
    """CPU time of a process, of its children, and of those children that have ended."""
    if not process:
        return 0.0
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    own = sum(int(each) for each in fields[11:15]) / _TICKS
    return own + sum(cpu_seconds(child) for child in _children(process))


def memory(process: int) -> int:
    """Resident memory of a process and its children, in MiB."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    own = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return own // 1024 + sum(memory(child) for child in _children(process))


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


async def postmaster(url: str) -> int:
    """The process id of the PostgreSQL server behind a URL; 0 if it is not on this machine."""
    connection = await asyncpg.connect(url)
    try:
        return _parent_of_backend(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


def _parent_of_backend(process: int) -> int:
    stat = Path(f"/proc/{process}/stat")
    name, _, fields = stat.read_text().rpartition(")") if stat.exists() else ("", "", "")
    return int(fields.split()[1]) if name.endswith("(postgres") else 0
