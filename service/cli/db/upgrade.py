"""`offramp db upgrade`: the migrations that are missing."""

from __future__ import annotations

import argparse
import json
import sys

from service.cli.db.chosen import WHICH, add_choice, chosen_database

DESCRIPTION = "Run the migrations that are missing; does nothing if there are none. Safe to run twice at once."


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "upgrade",
        help="run the migrations that are missing",
        description=DESCRIPTION,
        epilog=WHICH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--to", metavar="REVISION", default="head", help="stop at this one; default: the newest")
    parser.add_argument("--json", action="store_true", help="print the database and its revision as an object")
    add_choice(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Migrate to the newest revision, or to the one that is named."""
    import asyncio  # noqa: PLC0415  `offramp --help` needs no database

    from service.db.migrations.upgrade import revision_of, upgrade  # noqa: PLC0415  as above

    with chosen_database(arguments) as database:
        upgrade(database.url, arguments.to)
        revision = asyncio.run(revision_of(database.url))
    if arguments.json:
        print(json.dumps({"database": database.label, "revision": revision}))
    else:
        print(f"{database.label}: at revision {revision}")
    if arguments.to.isdecimal() and revision and arguments.to < revision:
        print(f"It was past {arguments.to}. offramp db downgrade --to {arguments.to} goes back.", file=sys.stderr)
    return 0
