"""Which database a command is about: what the options and the environment say."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from service.cli.token import DEFAULT_DATA_DIR
from service.errors import CommandError, Unavailable

WHICH = """\
which database: --database-url, else the one in --data-dir, else MIGRATION_DATABASE_URL, else DATABASE_URL,
else the embedded one in .offramp (or OFFRAMP_DATA_DIR).
"""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose one."""
    parser.add_argument("--database-url", metavar="URL", help="postgresql://user:password@host:5432/name")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="the folder of an embedded database")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The database that a command is about."""

    url: str
    label: str
    """What to call it in a message; without a password."""
    is_embedded: bool


@contextmanager
def chosen_database(arguments: argparse.Namespace, *, make: bool = True, ask: bool = True) -> Iterator[Chosen]:
    """The database the options and the environment name, running for as long as the block.

    `make`: whether an embedded one is made if there is none. `ask`: whether another one must answer. Errors:
    `CommandError`.
    """
    from service.db.connections.address import database_name, postgresql_url  # noqa: PLC0415
    from service.db.development import embedded  # noqa: PLC0415  `offramp --help` needs no database

    if arguments.database_url and arguments.data_dir:
        raise CommandError("--database-url and --data-dir name two databases.", hint="leave one out")
    named = arguments.database_url
    if not named and not arguments.data_dir:
        named = os.environ.get("MIGRATION_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if named:
        postgresql_url(named)  # raises for one that cannot be, before anything of it is shown
        if ask:
            version_at(named)
        yield Chosen(named, database_name(named), is_embedded=False)
        return
    data_dir = arguments.data_dir or Path(os.environ.get("OFFRAMP_DATA_DIR") or DEFAULT_DATA_DIR)
    if not make and not (data_dir / "pg").exists():
        raise CommandError(f"There is no database in {data_dir}.", hint="offramp dev makes one, or offramp db upgrade")
    with embedded.start(data_dir) as server:
        yield Chosen(server.url, str(server.folder), is_embedded=True)


def version_at(url: str) -> str:
    """The version of the PostgreSQL at a URL that somebody gave. Errors: `CommandError`, which says where it is not."""
    import asyncio  # noqa: PLC0415  as above

    try:
        return asyncio.run(_version(url))
    except Unavailable as error:
        raise CommandError(
            f"{_place(url)}: {error.message}",
            hint="look at host, port, user, password and name of the URL, and whether the server runs",
        ) from error


async def _version(url: str) -> str:
    from service.db.connections.engine import Database  # noqa: PLC0415  as above

    database = Database.connect(url, size=1)
    try:
        return (await database.fetch_value("SHOW server_version") or "").partition(" ")[0]
    finally:
        await database.close()


def _place(url: str) -> str:
    """Host and port, or the folder of the socket: what of a URL may be shown."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "the local socket")


def demand_name(database: Chosen, force: str | None, *, would: str) -> None:
    """Refuse to destroy what is in a database outside of a data folder, unless its name is given with `--force`."""
    if not database.is_embedded and force != database.label:
        raise CommandError(
            f"This would {would} the database {database.label}.",
            hint=f"if that is what you want, add --force {database.label}",
        )
