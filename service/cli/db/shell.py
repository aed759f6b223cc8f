"""`offramp db shell`: psql on the database."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from service.cli.db.chosen import WHICH, Chosen, add_choice, chosen_database
from service.errors import CommandError

DESCRIPTION = """\
psql on the database, with whatever follows `--`. The status is psql's. The password goes by the environment, so that
no list of processes shows it.
"""
EPILOG = """\
examples:
  offramp db shell                                 look around; \\d lists the tables, \\q leaves
  offramp db shell -- -c 'select count(*) from products'
  offramp db shell -- --csv -f report.sql > report.csv
  offramp db shell --role app_rw                   see what the service may see: nothing, before it says who asks:
      SELECT app_context('ORGANIZATION', 'service', '{}'); in the same transaction as what you ask

The embedded database is asked by the psql that comes with it. For any other the one on PATH is taken, if there is one,
because that of the embedded PostgreSQL cannot speak TLS.

"""


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "shell",
        help="psql on the database",
        usage="offramp db shell [-h] [--role ROLE] [--database-url URL] [--data-dir DIR] [-- ARGUMENT ...]",
        description=DESCRIPTION,
        epilog=EPILOG + WHICH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="for psql, after --")
    parser.add_argument("--role", help="act as this one, as SET ROLE does; you must be a member of it, or a superuser")
    add_choice(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run psql to its end; its status is ours."""
    with chosen_database(arguments, make=False, ask=False) as database:
        address, given = without_password(database.url)
        environ = {**os.environ, **given}
        if arguments.role:
            environ["PGOPTIONS"] = f"{environ.get('PGOPTIONS', '')} -c role={_escaped(arguments.role)}".strip()
        return _to_its_end([str(psql_for(database)), f"--dbname={address}", *arguments.arguments], environ)


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """The URL for a command line, and the password that was in it for the environment. Errors: `CommandError`."""
    from service.db.connections.address import postgresql_url  # noqa: PLC0415  `offramp --help` needs no database

    parts = urlsplit(postgresql_url(url))
    who, at, place = parts.netloc.rpartition("@")
    user, colon, password = who.partition(":")
    query = dict(parse_qsl(parts.query))
    password = query.pop("password", unquote(password) if colon else "")
    # urlunsplit drops the empty host of a socket's URL, and with it the user.
    address = f"postgresql://{user}{at}{place}{parts.path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
    return address, {"PGPASSWORD": password} if password else {}


def psql_for(database: Chosen) -> Path:
    """The psql to run. Errors: `CommandError` if there is none."""
    from service.db.development.embedded import EmbeddedError, packaged_programs  # noqa: PLC0415  as above

    on_path = shutil.which("psql")
    try:
        packaged = packaged_programs() / "psql"
    except EmbeddedError:
        packaged = None
    if packaged is not None and packaged.exists() and (database.is_embedded or on_path is None):
        return packaged
    if on_path is None:
        raise CommandError(
            "There is no psql here.",
            hint="apt-get install postgresql-client, brew install libpq, or pip install 'offramp[local]'",
        )
    return Path(on_path)


def _escaped(option: str) -> str:
    """A value in PGOPTIONS, which are separated by spaces."""
    return option.replace("\\", "\\\\").replace(" ", "\\ ")


def _to_its_end(command: Sequence[str], environ: Mapping[str, str]) -> int:
    with _interrupts_left_to_the_child():
        status = subprocess.run(command, env=environ, check=False).returncode  # noqa: S603  what a person asks for
    return status if status >= 0 else 128 - status


@contextmanager
def _interrupts_left_to_the_child() -> Iterator[None]:
    """A terminal sends Control-C to both of us; psql cancels a statement by it and goes on, so we must."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
