"""A secret that is made when it is first needed and kept in a file that only its owner can read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from service.errors import CommandError


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The content of a private file; made, and its folder with it, if there is none.

    Two processes that start together end up with the same content. Errors: CommandError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, make())
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read or written: {error.strerror}", hint="Choose another folder with --data-dir."
        ) from error


def _write_once(path: Path, content: str) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # open to its owner alone
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    try:
        os.link(draft, path)  # unlike a rename, it leaves a file that is there already alone
    except FileExistsError:
        pass  # the other process was first: its content counts
    finally:
        Path(draft).unlink()
