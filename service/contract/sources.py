"""Paths that somebody names → the files below them that may hold GraphQL documents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from service.contract.refusal import Unusable

DOCUMENTS = frozenset({".graphql", ".gql"})
SCRIPTS = frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"})
COMPONENTS = frozenset({".vue", ".svelte"})
"""Files with scripts in them."""
READ = DOCUMENTS | SCRIPTS | COMPONENTS
SKIPPED_FOLDERS = frozenset(
    {"node_modules", "bower_components", "build", "dist", "out", "coverage", "vendor", "Pods", "#current-cloud-backend"}
)
"""What others wrote or tools made. Folders whose name begins with a dot are skipped too."""
LARGEST = 5_000_000
"""Bytes of a file that is still read when its folder is named: a bundle is not source."""


def find_sources(paths: Iterable[Path]) -> list[Path]:
    """The files, each once, in the order of the paths and then of their names. A file that is named is always read.

    Errors: Unusable for a path that is not there, or is a file of a kind that is not read.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(_below(path))
        elif not path.exists():
            raise Unusable(f"There is no file or folder {path}.")
        elif path.suffix.lower() not in READ:
            raise Unusable(
                f"{path}: files of this kind are not read.", hint=f"It reads {', '.join(sorted(READ))}, and folders."
            )
        else:
            found[path] = None
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in SKIPPED_FOLDERS and not each.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if path.suffix.lower() in READ and ".min." not in name and _size(path) <= LARGEST:
                yield path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # a link that leads nowhere
        return LARGEST + 1
