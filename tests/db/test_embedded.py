from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp

import pytest

from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.development.account import Account
from service.db.development.embedded import SILENT, EmbeddedError, EmbeddedServer

ROOT = Path(__file__).parent.parent.parent

# Another process that uses the folder it is given until its input ends.
USER = """
import sys
from pathlib import Path
from service.db.development import embedded
server = embedded.start(Path(sys.argv[1]), throwaway=True)
print(server.url, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A short path, in a folder that nobody else may enter."""
    folder = Path(mkdtemp(prefix="offramp-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedServer]:
    with embedded.start(data_dir, throwaway=True) as server:
        yield server
    assert server._state() == SILENT


def another_process(folder: Path, *, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*before, sys.executable, "-c", USER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def finish(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate("", timeout=20)
    return errors


def postmaster(server: EmbeddedServer) -> int:
    return int((server.folder / "postmaster.pid").read_text().split("\n", 1)[0])


async def ask(url: str, sql: str) -> str | None:
    database = Database.connect(url, size=1)
    try:
        return await database.fetch_value(sql, writes=True)
    finally:
        await database.close()


async def test_the_database_is_utf8_and_orders_by_bytes(server: EmbeddedServer):
    sql = (
        "SELECT concat_ws(' ', current_database(), pg_encoding_to_char(encoding), datcollate, datctype) "
        "FROM pg_database WHERE datname = current_database()"
    )
    assert await ask(server.url, sql) == "offramp UTF8 C C"
    assert await ask(server.url, "SELECT current_setting('TimeZone') || current_setting('jit')") == "UTCoff"


async def test_nobody_else_may_open_the_data(server: EmbeddedServer):
    assert server.folder.stat().st_mode & 0o777 == 0o700
    assert server.folder.parent.stat().st_mode & 0o777 == 0o700
    assert await ask(server.url, "SELECT current_setting('listen_addresses') || '.'") == "."


async def test_data_stays_between_runs_and_settings_changed_by_hand_too(data_dir: Path):
    with embedded.start(data_dir, throwaway=True) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 'still here' AS word")
        await ask(server.url, "ALTER SYSTEM SET work_mem = '5MB'")
    assert server._state() == SILENT
    with embedded.start(data_dir, throwaway=True) as server:
        assert await ask(server.url, "SELECT word || current_setting('work_mem') FROM kept") == "still here5MB"
        await ask(server.url, "DROP TABLE kept")


async def test_the_last_process_to_leave_stops_the_server(data_dir: Path):
    with embedded.start(data_dir, throwaway=True) as server:
        first = another_process(data_dir)
        assert said_by(first) == server.url
        server.stop()
        assert await ask(server.url, "SELECT 'up'") == "up"
        assert finish(first) == ""
    assert server._state() == SILENT


@pytest.mark.parametrize("step", ["_launch", "_await_answer"])
def test_an_interrupt_while_it_starts_leaves_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str):
    server = EmbeddedServer(tmp_path / "pg", embedded.packaged_programs(), throwaway=True)
    done = getattr(server, step)

    def interrupted() -> None:
        done()
        raise KeyboardInterrupt

    monkeypatch.setattr(server, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert not (tmp_path / "pg" / "postmaster.pid").exists()
    assert server._state() == SILENT
    server.stop()  # which has nothing to do


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_waits_for_the_program_that_starts_it(tmp_path: Path, raised: type[BaseException]):
    """Of a pg_ctl that is killed, a server may come when nobody looks any more."""
    account = Account.of(tmp_path / "none")
    account.give(tmp_path)
    done = tmp_path / "done"

    def interrupt(_number: int, _frame: object) -> None:
        raise raised

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(raised):
            account.run(Path("/bin/sh"), "-c", 'sleep 1; touch "$0"', done)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert done.exists()


def test_a_terminal_interrupts_us_and_not_the_program_that_starts_it(tmp_path: Path):
    account = Account.of(tmp_path / "none")
    group = account.run(Path("/bin/sh"), "-c", "ps -o pgid= -p $$").stdout
    assert int(group) != os.getpgrp()


async def test_a_killed_process_leaves_a_server_that_the_next_one_takes_over(data_dir: Path):
    killed = another_process(data_dir)
    url = said_by(killed)
    killed.send_signal(signal.SIGKILL)
    finish(killed)
    assert await ask(url, "SELECT 'up'") == "up"
    with embedded.start(data_dir, throwaway=True) as server:
        assert server.url == url
        assert await ask(url, "SELECT 'taken over'") == "taken over"
    assert server._state() == SILENT


async def test_a_killed_server_comes_back_with_all_that_was_committed(data_dir: Path):
    with embedded.start(data_dir) as server:
        await ask(server.url, "CREATE TABLE IF NOT EXISTS acknowledged (n int)")
        await ask(server.url, "INSERT INTO acknowledged VALUES (1)")
        os.kill(postmaster(server), signal.SIGKILL)
        with embedded.start(data_dir) as again:
            assert await ask(again.url, "SELECT count(*)::text FROM acknowledged") == "1"
            await ask(again.url, "DROP TABLE acknowledged")


@pytest.mark.parametrize("whose", [os.getpid, lambda: 2**22 - 1], ids=["another program", "nobody"])
async def test_an_old_pid_file_does_not_matter(data_dir: Path, whose: object):
    with embedded.start(data_dir, throwaway=True) as server:
        content = (server.folder / "postmaster.pid").read_text()
    _, rest = content.split("\n", 1)
    (server.folder / "postmaster.pid").write_text(f"{whose()}\n{rest}")  # type: ignore[operator]
    with embedded.start(data_dir, throwaway=True) as server:
        assert await ask(server.url, "SELECT 'up'") == "up"


async def test_a_long_path_finds_a_shorter_place_for_its_socket(data_dir: Path):
    folder = data_dir / ("long" * 25) / "with 'quotes' and spaces"
    with embedded.start(folder, throwaway=True) as server:
        assert "host=/tmp/offramp-" in server.url
        assert server._socket_folder.stat().st_mode & 0o777 == 0o700
        assert await ask(server.url, "SELECT 'up'") == "up"
    server._socket_folder.rmdir()


async def test_a_beginning_that_was_interrupted_is_begun_again(data_dir: Path):
    (data_dir / "half" / "pg.new" / "base").mkdir(parents=True)
    with embedded.start(data_dir / "half", throwaway=True) as server:
        assert await ask(server.url, "SELECT 'up'") == "up"


def test_what_is_no_cluster_is_left_alone(tmp_path: Path):
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "precious").write_text("data")
    with pytest.raises(EmbeddedError, match="is not a PostgreSQL folder"):
        embedded.start(tmp_path, throwaway=True)
    assert (tmp_path / "pg" / "precious").read_text() == "data"


def test_another_versions_data_is_refused(tmp_path: Path):
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedError, match=r"is of PostgreSQL 14, and this is 18\.$") as raised:
        embedded.start(tmp_path)
    assert raised.value.hint is not None
    assert "--data-dir" in raised.value.hint


def test_a_server_that_cannot_start_says_why(data_dir: Path):
    with embedded.start(data_dir / "broken", throwaway=True) as server:
        pass
    auto = server.folder / "postgresql.auto.conf"
    before = auto.read_text()
    auto.write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "no_such_setting"'):
        embedded.start(data_dir / "broken", throwaway=True)
    auto.write_text(before)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file that is always full is Linux's")
@pytest.mark.parametrize("file", ["postgresql.conf", "postmaster.opts"], ids=["to us", "to PostgreSQL"])
def test_a_disk_that_is_full_is_told_with_what_to_do(data_dir: Path, file: str):
    with embedded.start(data_dir / "full", throwaway=True) as server:
        pass
    (server.folder / file).unlink()
    (server.folder / file).symlink_to("/dev/full")
    with pytest.raises(EmbeddedError, match="No space left on device") as raised:
        embedded.start(data_dir / "full", throwaway=True)
    assert raised.value.hint == f"make room on the disk of {server.folder}, or give another --data-dir"
    (server.folder / file).unlink()


@pytest.mark.parametrize(
    "said", ["could not create semaphores: No space left on device", 'unrecognized parameter "no_such_setting"']
)
def test_what_is_on_no_disk_does_not_fill_it(said: str):
    assert not embedded._is_of_a_full_disk(said)


CAP_DAC_OVERRIDE = 1
"""Its number: capabilities(7)."""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@needs_root
def test_a_normal_user_runs_it_as_themselves():
    nobody = pwd.getpwnam("nobody")
    folder = Path(mkdtemp(prefix="offramp-test-"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    process = another_process(folder, before=Account(nobody.pw_uid, nobody.pw_gid).passing)
    url = said_by(process)
    assert url.startswith("postgresql://"), finish(process)
    assert (folder / "pg").stat().st_uid == nobody.pw_uid
    assert finish(process) == ""
    # Root, later, runs the same data as its owner.
    assert Account.of(folder / "pg") == Account(nobody.pw_uid, nobody.pw_gid)
    with embedded.start(folder, throwaway=True) as server:
        assert server.url == url
    shutil.rmtree(folder)


@needs_root
def test_root_opens_no_folder_to_anybody(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    above = {each: each.stat().st_mode for each in [closed, *closed.parents]}
    packaged = embedded.packaged_programs()
    wheel = packaged.parents[1]
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(folder, closed / folder.name)
    for programs in (packaged, closed / packaged.relative_to(wheel.parent)):
        with embedded.start(closed / "data", throwaway=True, programs=programs) as server:
            status = Path(f"/proc/{postmaster(server)}/status").read_text()
        assert f"Uid:\t{pwd.getpwnam('nobody').pw_uid}\t" in status
        assert f"CapEff:\t{1 << CAP_DAC_OVERRIDE:016x}\n" in status
    assert {each: each.stat().st_mode for each in above} == above


@needs_root
def test_root_without_setpriv_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Exception, match="another user may not enter") as raised:
        embedded.start(closed, throwaway=True)
    assert "normal user" in raised.value.hint  # type: ignore[attr-defined]
