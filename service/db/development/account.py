"""Who the embedded server runs as: PostgreSQL refuses to serve root.

A normal user runs it as themselves. Root runs it as the owner of the cluster's folder, a new folder
being given to `nobody`. If that user may not pass through the folders above (a checkout in /root),
no folder is opened to anybody: the server is given the capability to pass (`cap_dac_override`)
instead, which is still less than the root that asked for it has.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import CommandError


@dataclass(frozen=True, slots=True)
class Account:
    """A system user for PostgreSQL's programs."""

    uid: int
    gid: int

    @classmethod
    def of(cls, folder: Path) -> Account:
        """The account for a cluster in `folder`, which need not exist yet."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if folder.exists() and (owner := folder.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def give(self, path: Path) -> None:
        """Make this account the owner of a file or folder just created."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def run(self, program: Path, *arguments: object, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program to its end, `said` being its standard input. Paths in `arguments` must be absolute.

        An interrupt is raised when the program has ended.
        """
        command = [str(program), *map(str, arguments)]
        closed = _closed_to_others(program, *(each for each in arguments if isinstance(each, Path)))
        if os.geteuid() != 0:
            return self._run(command, said)
        if closed is None:
            return self._run(command, said, user=self.uid, group=self.gid, extra_groups=())
        try:
            return self._run([*self.passing, *command], said)
        except FileNotFoundError as error:
            raise CommandError(
                f"PostgreSQL does not run as root, and another user may not enter {closed}.",
                hint="work as a normal user, move the checkout elsewhere, or install setpriv (util-linux)",
            ) from error

    @property
    def passing(self) -> list[str]:
        """A command that runs another as this account, able to pass through closed folders."""
        user = (f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups")
        # PostgreSQL's programs look for each other by access(2), which counts capabilities only with the last of these.
        able = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup")
        return ["setpriv", *user, *able, "--"]

    def _run(self, command: list[str], said: str, **user: Any) -> subprocess.CompletedProcess[str]:
        with subprocess.Popen(  # noqa: S603  PostgreSQL's own programs, found by us
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",  # the working folder may be closed to the account, and PostgreSQL looks at it
            start_new_session=True,  # a terminal sends Control-C to all of a session
            **user,
        ) as process:
            try:
                said_by_it, complained = process.communicate(said)
            except BaseException:  # of a pg_ctl that is killed nobody knows whether a server will come of it
                process.wait()
                raise
        return subprocess.CompletedProcess(command, process.returncode, said_by_it, complained)


def _closed_to_others(*paths: Path) -> Path | None:
    """The first folder on the way to any of these that only its owner may pass through."""
    return next((above for path in paths for above in path.parents if not above.stat().st_mode & 0o001), None)
