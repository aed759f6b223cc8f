"""`offramp db`: the tables of the shipped inventory, in the embedded database or in one that is named."""

from __future__ import annotations

import argparse

from service.cli.db import check, downgrade, reset, revision, shell, upgrade

DESCRIPTION = "Bring the database to the tables that this version needs, look whether it has them, or empty it."
EPILOG = """\
examples:
  offramp db upgrade                       run the migrations that are missing
  offramp db check                         are the tables what the models say?
  offramp db revision -m "Weigh products"  write the migration for what has changed in the models
  offramp db shell -- -c '\\dt'             look at it yourself

docs/database.md explains migrations.
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs."""
    parser = subparsers.add_parser(
        "db",
        help="migrate the database, check it, look into it, or empty it",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in (upgrade, downgrade, check, revision, shell, reset):
        verb.register(verbs)
