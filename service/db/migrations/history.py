"""The revisions in `alembic/versions/`: which there are, what lies between two, and how the next one begins."""

from __future__ import annotations

from argparse import Namespace

from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError as AlembicError

from service.db.migrations.upgrade import alembic_config
from service.errors import CommandError


def scripts() -> ScriptDirectory:
    """The folder of revisions. Errors: `CommandError` if this installation has none."""
    config = alembic_config("postgresql://")  # no database is asked
    config.cmd_opts = Namespace(quiet=True)  # Alembic prints what it does, among what we print
    return ScriptDirectory.from_config(config)


def known_revisions() -> list[str]:
    """Every revision, the newest first."""
    return [each.revision for each in scripts().walk_revisions()]


def undone(current: str, to: str) -> list[Script]:
    """The revisions that are undone on the way down, in that order; none if the way leads nowhere.

    `to` is spelled as Alembic spells it: a revision, `base`, or `-1`. Errors: `CommandError`.
    """
    try:
        return [*scripts().iterate_revisions(current, to, select_for_downgrade=True)]
    except (AlembicError, RevisionError) as error:
        raise CommandError(
            f"There is no way down from revision {current} to {to}.",
            hint=f"the revisions are, newest first: {', '.join(known_revisions())}, base",
        ) from error


def title(script: Script) -> str:
    """What a revision says of itself, in a line."""
    return " ".join(script.doc.split()).rstrip(".")


def next_number(folder: ScriptDirectory) -> str:
    """The name of the revision after the newest: one more, in as many digits. Errors: `CommandError`."""
    heads = folder.get_heads()
    if len(heads) > 1:
        raise CommandError(
            f"The revisions end in several places: {', '.join(heads)}.",
            hint="give one of them the other as its down_revision, so that there is one line",
        )
    newest = heads[0] if heads else "0000"
    if not newest.isdecimal():
        raise CommandError(f"The newest revision, {newest}, is no number, so there is none after it.")
    return f"{int(newest) + 1:0{len(newest)}}"
