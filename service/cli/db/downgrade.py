"""`offramp db downgrade`: undo migrations."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from service.cli.db.chosen import WHICH, Chosen, add_choice, chosen_database, demand_name
from service.errors import CommandError

if TYPE_CHECKING:
    from alembic.script import Script

DESCRIPTION = """\
Undo migrations down to a revision. What that takes away is said first, with the rows that are in it; on a database
outside of a data folder nothing more happens without --force and its name.
"""
EPILOG = """\
examples:
  offramp db downgrade --to 0002                          undo what came after 0002
  offramp db downgrade --to -1                            undo the last one
  offramp db downgrade --to base                          undo all of them
  offramp db downgrade --to 0002 --database-url postgresql://app_migrate@db.example/shop
                                                          say what that would take away, and do nothing
  offramp db downgrade --to 0002 --database-url postgresql://app_migrate@db.example/shop --force shop
                                                          do it

Data that goes with a table or a column does not come back with `offramp db upgrade`.

"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "downgrade",
        help="undo migrations, saying first what is lost",
        description=DESCRIPTION,
        epilog=EPILOG + WHICH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--to", metavar="REVISION", required=True, help="the one to go back to; base: before the first")
    parser.add_argument("--force", metavar="NAME", help="do it to a database outside of a data folder; its name")
    add_choice(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Say what is lost, and undo."""
    import asyncio  # noqa: PLC0415  `offramp --help` needs no database

    from service.db.migrations.history import undone  # noqa: PLC0415  as above
    from service.db.migrations.upgrade import SERVED, downgrade, revision_of  # noqa: PLC0415  as above

    with chosen_database(arguments, make=False) as database:
        current = asyncio.run(revision_of(database.url))
        if current is None:
            raise CommandError(f"Nobody has migrated {database.label}, so there is nothing to undo.")
        if not (steps := undone(current, arguments.to)):
            print(f"{database.label}: at revision {current}")
            return 0
        _tell(database, current, arguments.to, steps)
        demand_name(database, arguments.force, would="take that away from")
        downgrade(database.url, arguments.to)
        revision = asyncio.run(revision_of(database.url))
    print(f"{database.label}: at revision {revision}" if revision else f"{database.label}: no revision is left")
    if revision not in SERVED:
        print(f"This version serves from {' and '.join(SERVED)}: offramp db upgrade leads there.", file=sys.stderr)
    return 0


def _tell(database: Chosen, current: str, to: str, steps: list[Script]) -> None:
    import asyncio  # noqa: PLC0415  as above

    from service.db.comparison.losses import counted, losses, told  # noqa: PLC0415  as above
    from service.db.development.embedded import EmbeddedError  # noqa: PLC0415  as above
    from service.db.migrations.history import title  # noqa: PLC0415  as above

    print(f"{database.label}: undoing", *(f"{each.revision}, {title(each)}" for each in steps), sep="\n  ")
    try:
        lost = losses(current, to)
    except EmbeddedError as error:
        print(f"What that takes away is tried on a PostgreSQL that is not here: {error.message}", file=sys.stderr)
        return
    lines = [*told(asyncio.run(counted(database.url, lost.data)), lost.others)]
    print("takes away", *(lines or ["nothing that holds data"]), sep="\n  ", flush=True)
