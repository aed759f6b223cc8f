"""`offramp serve`: the production server, for containers."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from service.errors import CommandError, Unavailable

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from service.settings import Settings

DESCRIPTION = """\
Serve the API from the database in DATABASE_URL. Everything comes from environment variables, all of
which are checked before anything starts; docs/settings.md lists them. SIGTERM stops it: requests under
way are finished first.
"""
EPILOG = """\
examples:
  offramp serve --check        are the settings complete? lists what is missing or wrong
  OFFRAMP_HOST=0.0.0.0 offramp serve
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "serve",
        help="serve in production, with settings from the environment",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="check the settings and the schema, then stop")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from service.cli.server import ends_on_sigterm, listen, serve  # noqa: PLC0415  `--help` needs no server
    from service.loading import loading  # noqa: PLC0415  as above
    from service.logs import write_logs  # noqa: PLC0415  as above
    from service.settings import Settings  # noqa: PLC0415  as above

    settings = Settings.from_environ(os.environ)
    with loading():
        app = _composed(settings, only_checking=arguments.check)
    if arguments.check:
        print("The settings are complete.")
        return 0
    write_logs(show_messages=settings.debug)
    with listen(settings.host, settings.port) as listener, ends_on_sigterm(), suppress(KeyboardInterrupt):
        serve(app, listener)
    return 0


async def _refuse_wrong_role(url: str) -> None:
    """Errors: CommandError for a role that row-level security does not bind. A database that is away may come back."""
    from service.db.engine import Database  # noqa: PLC0415  as above
    from service.db.readiness import role_problem  # noqa: PLC0415  as above

    database = Database.connect(url, size=1)
    try:
        with suppress(Unavailable):
            if problem := await role_problem(database):
                raise CommandError(problem, hint="DATABASE_URL is for app_rw; MIGRATION_DATABASE_URL for app_migrate.")
    finally:
        await database.close()


def _composed(settings: Settings, *, only_checking: bool) -> ASGIApp:
    from service.app import compose  # noqa: PLC0415  as above
    from service.db.engine import Database  # noqa: PLC0415  as above
    from service.source import catalog_at  # noqa: PLC0415  as above

    database = Database.connect(settings.database_url, size=settings.pool_size, behind_proxy=settings.behind_proxy)
    catalog, _ = catalog_at(settings.schema)
    if catalog.is_enforced and not only_checking:
        asyncio.run(_refuse_wrong_role(settings.database_url))
    return compose(settings, catalog=catalog, database=database)
