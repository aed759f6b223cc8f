"""`offramp db check`: are the tables what the models say?"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from service.cli.counted import counted
from service.cli.db.chosen import WHICH, add_choice, chosen_database

if TYPE_CHECKING:
    from service.db.comparison.differences import Difference

DESCRIPTION = """\
Is the database at the revision that this version needs, and are its tables what the models say? Columns, indexes,
constraints, policies, functions, triggers, owners and rights are compared, each difference is a line. Nothing is
changed, and the role that migrates may do it. Status 0: all is well; 1: it is not.
"""
EPILOG = """\
examples:
  offramp db check                            of the embedded database
  offramp db check --database-url postgresql://app_migrate@db.example/shop --json | jq '.differences[].text'

It makes the tables of the models on a PostgreSQL of its own, which it throws away: pip install 'offramp[local]'.
Views are not looked at, nor are policies and rights of roles that are none of Offramp's.

"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "check",
        help="compare the tables with the models",
        description=DESCRIPTION,
        epilog=EPILOG + WHICH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print what was found as an object")
    add_choice(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the differences; the status is 1 if there are any."""
    import asyncio  # noqa: PLC0415  `offramp --help` needs no database

    from service.db.comparison.differences import differences  # noqa: PLC0415  as above
    from service.db.comparison.reference import structure_of_models  # noqa: PLC0415  as above
    from service.db.comparison.structure import structure_of  # noqa: PLC0415  as above
    from service.db.migrations.upgrade import HEAD, revision_of  # noqa: PLC0415  as above

    found: list[Difference] = []
    with chosen_database(arguments, make=False) as database:
        revision = asyncio.run(revision_of(database.url))
        problem = _problem(revision)
        if problem is None:
            found = differences(asyncio.run(structure_of(database.url)), structure_of_models())
    if arguments.json:
        about = {"database": database.label, "revision": revision, "needed": HEAD, "problem": problem}
        print(json.dumps({**about, "differences": [_plain(each) for each in found]}))
    elif problem:
        print(f"{database.label}: {problem}")
    else:
        said = f"{counted(len(found), 'difference')} from the models" if found else "as the models say"
        print(f"{database.label}: at revision {HEAD}, {said}", *found, sep="\n  ")
    return 1 if problem or found else 0


def _problem(revision: str | None) -> str | None:
    """Why there is nothing to compare, and what to do; None if there is."""
    from service.db.migrations.history import known_revisions  # noqa: PLC0415  as above
    from service.db.migrations.upgrade import HEAD  # noqa: PLC0415  as above

    if revision == HEAD:
        return None
    if revision is None:
        return f"nobody has migrated it, and this version needs revision {HEAD}. Run: offramp db upgrade"
    needed = f"at revision {revision}, and this version needs {HEAD}."
    known = known_revisions()
    if revision not in known:
        return f"{needed} A newer version has migrated it: run that one."
    if known.index(revision) < known.index(HEAD):
        return f"{needed} Raise HEAD and SERVED in service/db/migrations/upgrade.py."
    return f"{needed} Run: offramp db upgrade"


def _plain(difference: Difference) -> dict[str, str | None]:
    key = difference.key
    return {
        "kind": key.kind,
        "of": key.of,
        "name": key.name or None,
        "database": difference.found,
        "models": difference.wanted,
        "text": str(difference),
    }
