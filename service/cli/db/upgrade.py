"""`offramp db upgrade`: the migrations that are missing."""

from __future__ import annotations

import argparse
import json

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
    from service.db.migrations.upgrade import HEAD, upgrade  # noqa: PLC0415

    with chosen_database(arguments) as database:
        upgrade(database.url, arguments.to)
        about = {"database": database.label, "revision": HEAD if arguments.to == "head" else arguments.to}
    print(json.dumps(about) if arguments.json else f"{about['database']}: at revision {about['revision']}")
    return 0
