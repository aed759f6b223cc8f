"""`offramp db reset`: an empty development database."""

from __future__ import annotations

import argparse

from service.cli.db.chosen import WHICH, add_choice, chosen_database, demand_name

DESCRIPTION = """\
Drop every table and make the shipped ones anew, without rows. `offramp dev` loads its demo data again.
In a data folder this includes the databases of the schemas that were tried out.
"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "reset",
        help="empty a development database",
        description=DESCRIPTION,
        epilog=WHICH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--force", metavar="NAME", help="do it to a database outside of a data folder; its name")
    add_choice(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Empty the database and migrate it again."""
    import asyncio  # noqa: PLC0415

    from service.db.development.scratch import drop_scratches  # noqa: PLC0415
    from service.db.migrations.upgrade import empty, upgrade  # noqa: PLC0415

    with chosen_database(arguments) as database:
        demand_name(database, arguments.force, would="delete everything in")
        asyncio.run(empty(database.url))
        dropped = asyncio.run(drop_scratches(database.url)) if database.is_embedded else []
        upgrade(database.url)
    print(f"{database.label}: empty, with the shipped tables")
    for name in dropped:
        print(f"{database.label}: dropped {name}")
    return 0
