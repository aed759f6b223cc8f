"""`offramp db`: the tables of the shipped inventory, in the embedded database or in one that is named."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.cli.token import DEFAULT_DATA_DIR
from service.errors import CommandError

DESCRIPTION = "Bring the database to the tables that this version needs, or empty it."
WHICH = """\
which database: --database-url, else the one in --data-dir, else MIGRATION_DATABASE_URL, else DATABASE_URL,
else the embedded one in .offramp (or OFFRAMP_DATA_DIR).
"""
RESET = """\
Drop every table and make the shipped ones anew, without rows. `offramp dev` loads its demo data again.
In a data folder this includes the databases of the schemas that were tried out.
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs."""
    db = subparsers.add_parser("db", help="migrate the database, or empty it", description=DESCRIPTION)
    verbs = db.add_subparsers(metavar="VERB", required=True)
    raw = argparse.RawDescriptionHelpFormatter
    upgrade = verbs.add_parser(
        "upgrade",
        help="run the migrations that are missing",
        description="Run the migrations that are missing; does nothing if there are none. Safe to run twice at once.",
        epilog=WHICH,
        formatter_class=raw,
    )
    upgrade.add_argument("--to", metavar="REVISION", default="head", help="stop at this one; default: the newest")
    upgrade.add_argument("--json", action="store_true", help="print the database and its revision as an object")
    upgrade.set_defaults(run=run_upgrade)
    reset = verbs.add_parser(
        "reset",
        help="empty a development database",
        description=RESET,
        epilog=WHICH,
        formatter_class=raw,
    )
    reset.add_argument("--force", metavar="NAME", help="do it to a database outside of a data folder; its name")
    reset.set_defaults(run=run_reset)
    for parser in (upgrade, reset):
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
def chosen_database(arguments: argparse.Namespace) -> Iterator[Chosen]:
    """The database the options and the environment name, running for as long as the block."""
    from service.db.connections.address import database_name  # noqa: PLC0415
    from service.db.development import embedded  # noqa: PLC0415  `offramp --help` needs no database

    if arguments.database_url and arguments.data_dir:
        raise CommandError("--database-url and --data-dir name two databases.", hint="leave one out")
    named = arguments.database_url
    if not named and not arguments.data_dir:
        named = os.environ.get("MIGRATION_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if named:
        yield Chosen(named, database_name(named), is_embedded=False)
        return
    data_dir = arguments.data_dir or Path(os.environ.get("OFFRAMP_DATA_DIR") or DEFAULT_DATA_DIR)
    with embedded.start(data_dir) as server:
        yield Chosen(server.url, str(server.folder), is_embedded=True)


def run_upgrade(arguments: argparse.Namespace) -> int:
    """Migrate to the newest revision, or to the one that is named."""
    from service.db.migrations.upgrade import HEAD, upgrade  # noqa: PLC0415

    with chosen_database(arguments) as database:
        upgrade(database.url, arguments.to)
        about = {"database": database.label, "revision": HEAD if arguments.to == "head" else arguments.to}
    print(json.dumps(about) if arguments.json else f"{about['database']}: at revision {about['revision']}")
    return 0


def run_reset(arguments: argparse.Namespace) -> int:
    """Empty the database and migrate it again."""
    import asyncio  # noqa: PLC0415

    from service.db.development.scratch import drop_scratches  # noqa: PLC0415
    from service.db.migrations.upgrade import empty, upgrade  # noqa: PLC0415

    with chosen_database(arguments) as database:
        if not database.is_embedded and arguments.force != database.label:
            raise CommandError(
                f"This would delete everything in the database {database.label}.",
                hint=f"if that is what you want, add --force {database.label}",
            )
        asyncio.run(empty(database.url))
        dropped = asyncio.run(drop_scratches(database.url)) if database.is_embedded else []
        upgrade(database.url)
    print(f"{database.label}: empty, with the shipped tables")
    for name in dropped:
        print(f"{database.label}: dropped {name}")
    return 0
