"""`offramp db shell`: the psql that is run, what it is told, and what it is not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from service.cli import main
from service.cli.db.shell import without_password
from service.db.development import embedded
from tests.running import ROOT

SHOWN = """\
#!/bin/sh
for each; do echo "argument $each"; done
echo "password $PGPASSWORD"
echo "options $PGOPTIONS"
exit 7
"""


@pytest.fixture
def psql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A psql on PATH that shows what it was given."""
    program = tmp_path / "psql"
    program.write_text(SHOWN)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.delenv("PGOPTIONS", raising=False)
    return program


def test_what_follows_is_for_psql_and_its_status_is_ours(data_dir: Path, capfd: pytest.CaptureFixture[str]):
    shell = ["db", "shell", "--data-dir", str(data_dir)]
    assert main([*shell, "--", "-At", "-c", "SELECT current_database(), current_user"]) == 0
    assert capfd.readouterr().out == "offramp|postgres\n"
    assert main([*shell, "--role", "pg_monitor", "--", "-At", "-c", "SELECT current_user"]) == 0
    assert capfd.readouterr().out == "pg_monitor\n"
    assert main([*shell, "--", "-c", "SELECT nonsense"]) == 1
    assert 'column "nonsense" does not exist' in capfd.readouterr().err


def test_a_password_is_never_an_argument(psql: Path, capfd: pytest.CaptureFixture[str]):
    url = "postgresql+asyncpg://me:hunter%402@db.example:5433/shop?sslmode=require"
    assert main(["db", "shell", "--database-url", url, "--role", "a b", "--", "-c", "SELECT 1"]) == 7
    assert capfd.readouterr().out.splitlines() == [
        "argument --dbname=postgresql://me@db.example:5433/shop?sslmode=require",
        "argument -c",
        "argument SELECT 1",
        "password hunter@2",
        r"options -c role=a\ b",
    ]


@pytest.mark.parametrize(
    ("url", "address", "password"),
    [
        ("postgres://h/d", "postgresql://h/d", None),
        ("postgresql://me@h/d", "postgresql://me@h/d", None),
        ("postgresql://me:a%3Ab@h/d", "postgresql://me@h/d", "a:b"),
        ("postgresql://me:p@[::1]:5432/d", "postgresql://me@[::1]:5432/d", "p"),
        ("postgresql://me@/d?host=%2Ftmp%2Fa+b&password=p", "postgresql://me@/d?host=%2Ftmp%2Fa%20b", "p"),
    ],
)
def test_a_url_without_its_password(url: str, address: str, password: str | None):
    assert without_password(url) == (address, {"PGPASSWORD": password} if password else {})


def test_without_any_psql_it_says_where_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def not_there() -> Path:
        raise embedded.EmbeddedError("The embedded PostgreSQL is not installed.")

    monkeypatch.setattr(embedded, "packaged_programs", not_there)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["db", "shell", "--database-url", "postgresql://h/d"]) == 1
    assert capsys.readouterr().err.startswith("offramp: There is no psql here.\n  apt-get install postgresql-client")


async def test_control_c_is_for_the_statement(data_dir: Path):
    """A terminal sends it to both; whoever survives is asked for the status."""
    arguments = ["db", "shell", "--data-dir", str(data_dir), "--", "-c", "SELECT pg_sleep(60)"]
    process = subprocess.Popen(  # noqa: ASYNC220  it is what is tested
        [sys.executable, "-m", "service", *arguments],
        cwd=ROOT,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    connection = await asyncpg.connect(embedded.EmbeddedServer(data_dir / "pg", Path()).url)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
    async with asyncio.timeout(30):
        while not await connection.fetchval(sleeping):
            await connection.execute("SELECT pg_sleep(0.05)")
    await connection.close()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert "canceling statement due to user request" in said
    assert process.returncode == 1
