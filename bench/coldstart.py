"""`python -m bench.coldstart`: from the start of a Lambda function's process to its first answer.

The package as it is deployed, built for this machine's processor, under the runtime's Python and Lambda's own runtime
client, on the embedded PostgreSQL. What AWS does before the process starts (a place, the package in it) is not in it,
nor are IAM and TLS. Milliseconds; medians of five after one that is not counted; CPU time is the process's, to 10 ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

from service.auth.issuer import DevelopmentIssuer
from service.catalog.packaged import shipped
from service.cli import package
from service.db.connections.engine import Database
from service.db.ddl import schema_sql
from service.db.development import embedded
from service.db.security.roles import SERVE, make_local_roles
from service.importer import catalog_from_sdl
from tests.aws.runtime import running_function

ROOT = Path(__file__).parents[1]
ERP = ROOT / "tests" / "importer" / "cases" / "erp" / "in.graphql"
EVENT = ROOT / "tests" / "aws" / "events" / "graphql.json"
RUNS = 5


def main() -> None:
    """Print the report."""
    architecture = {"x86_64": "x86_64"}.get(platform.machine(), "arm64")
    print("| models | bytecode | CPU until ready | until ready | first answer | second answer | quickest until ready |")
    print("|---|---|" + "--:|" * 5)
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder), throwaway=True) as server:
        runtime = _runtime_client(Path(folder))
        for name, compiler in (("yes", package.interpreter()), ("no", None)):
            built = package.assembled(Path(folder) / name, architecture, schema=str(ERP), compiler=compiler)
            for models, schema in ((13, None), (89, "catalog.json")):
                environ = asyncio.run(_environ(server.url, Path(folder), models, schema))
                runs = [_run(built, runtime, environ, Path(folder)) for _ in range(RUNS + 1)][1:]
                cells = [*(median(column) for column in zip(*runs, strict=True)), min(run[1] for run in runs)]
                print(f"| {models} | {name} | {' | '.join(f'{cell:.0f}' for cell in cells)} |", flush=True)


def _runtime_client(folder: Path) -> Path:
    target = folder / "runtime"
    wanted = ("--python-version", package.PYTHON, "--only-binary", ":all:", "--target", str(target))
    client = f"awslambdaric=={version('awslambdaric')}"
    subprocess.run(
        [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", *wanted, client], check=True
    )
    return target


async def _environ(url: str, folder: Path, models: int, schema: str | None) -> dict[str, str]:
    """A database with the tables, and what the function is told."""
    catalog = catalog_from_sdl(ERP.read_text()) if schema else shipped()
    server = Database.connect(url, size=1)
    name = f"models_{models}"
    await server.fetch_row(f"DROP DATABASE IF EXISTS {name}", writes=True)
    await server.fetch_row(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'", writes=True)
    await server.close()
    own = embedded.url_with_database(url, name)
    database = Database.connect(own, size=1)
    if catalog.is_enforced:
        await make_local_roles(database)
    await database.execute_ddl(schema_sql(catalog))
    await database.close()
    issuer = DevelopmentIssuer.open(folder)
    return {
        "DATABASE_URL": embedded.url_as(own, SERVE) if catalog.is_enforced else own,
        "OFFRAMP_ISSUER": issuer.url,
        "OFFRAMP_CLIENT_IDS": issuer.client_id,
        "OFFRAMP_JWKS": issuer.jwks,
        "OFFRAMP_CURSOR_KEY": "0" * 32,
        "OFFRAMP_BEHIND_PROXY": "true",
        **({"OFFRAMP_SCHEMA": schema} if schema else {}),
    }


def _run(built: Path, runtime: Path, environ: dict[str, str], folder: Path) -> tuple[float, float, float, float]:
    """Milliseconds of CPU until the function asks for work, of time until then, for the first and the second answer."""
    event = json.loads(EVENT.read_text())
    event["headers"]["authorization"] = DevelopmentIssuer.open(folder).issue(
        "s1", "alice", ["Admin"], organization="acme"
    )
    started = time.perf_counter()
    with running_function(
        "service.aws.handler", environ, folder, python=package.interpreter(), root=built, path=(runtime,)
    ) as function:
        function.ready.wait(60)
        ready = time.perf_counter()
        cpu = _cpu_seconds(function.process.pid)
        answer = function.invoke(event)
        first = time.perf_counter()
        function.invoke(event)
        second = time.perf_counter()
    assert json.loads(answer["body"])["data"]["listProducts"]["items"] == [], answer
    return 1000 * cpu, 1000 * (ready - started), 1000 * (first - ready), 1000 * (second - first)


def _cpu_seconds(pid: int) -> float:
    """Of a process, in user mode and in the kernel. Source: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
