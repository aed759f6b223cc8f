"""`offramp db revision`: the migration for what has changed in the models."""

from __future__ import annotations

import argparse
import json

DESCRIPTION = """\
Write a revision to alembic/versions/ that makes the tables what the models in service/db/models/ say: columns, indexes,
constraints, policies, functions, triggers and rights, and the way back. It is compared with what the revisions before
it make, on a PostgreSQL of its own; no other database is asked. Nothing is written if nothing differs.
"""
EPILOG = """\
examples:
  offramp db revision -m "Weigh products"   after a change in service/db/models/
  offramp db upgrade && offramp db check    run it, and see that nothing is left

Read what it wrote. What shall stand in a new column that may not be empty, and that a column was renamed and not
dropped, is not in the models: comments say where to write it. What takes long on tables with rows is done by steps that
clients do not wait for. The file is tried, up and down, on a database without rows; status 1: it does not do all yet.

docs/database.md, Migrations.
"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "revision",
        help="write the migration for what has changed in the models",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-m", "--message", required=True, metavar="TEXT", help="what it brings, in a line")
    parser.add_argument("--json", action="store_true", help="print the file and its revision as an object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file and say what is to be done; the status is 1 if it does not lead to the models."""
    from service.db.comparison.draft import write_revision  # noqa: PLC0415  `offramp --help` needs no models

    draft = write_revision(arguments.message)
    if arguments.json:
        about = draft and {"revision": draft.revision, "path": str(draft.path), "remaining": draft.remaining}
        print(json.dumps(about))
    elif draft is None:
        print("The revisions make what the models say; there is nothing to write.")
    else:
        print(f"wrote {draft.path}")
        if draft.remaining:
            print("It does not do yet:", *draft.remaining, sep="\n  ")
        print(
            "Read it, then, in service/db/migrations/upgrade.py:",
            f'HEAD = "{draft.revision}"',
            _served(draft.follows),
            sep="\n  ",
        )
        print("and `make contracts`.")
    return 1 if draft and draft.remaining else 0


def _served(follows: str) -> str:
    if follows == "base":
        return "SERVED = (HEAD,)"
    return f'SERVED = (…, HEAD), and "{follows}" if this code can serve before the migration has run'
