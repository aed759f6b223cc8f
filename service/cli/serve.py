"""`offramp serve`: the production server, for containers."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from service.errors import CommandError, Unavailable, WrongRole

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from service.db.connections.engine import Database
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

log = logging.getLogger(__name__)


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
    if not arguments.check:
        write_logs(show_messages=settings.debug)
    with loading():
        app = _composed(settings, only_checking=arguments.check)
    if arguments.check:
        print("The settings are complete.")
        return 0
    with listen(settings.host, settings.port) as listener, ends_on_sigterm(), suppress(KeyboardInterrupt):
        serve(app, listener)
    return 0


def _composed(settings: Settings, *, only_checking: bool) -> ASGIApp:
    from service.app import compose  # noqa: PLC0415  as above
    from service.db.connections.engine import Database  # noqa: PLC0415  as above
    from service.db.security.bound import refuse_unbound  # noqa: PLC0415  as above
    from service.source import catalog_at  # noqa: PLC0415  as above

    catalog, _ = catalog_at(settings.schema)
    connect = partial(
        Database.connect,
        settings.database_url,
        behind_proxy=settings.behind_proxy,
        admit=refuse_unbound if catalog.is_enforced else None,
    )
    if catalog.is_enforced and not only_checking:
        asyncio.run(_looked_at(connect(size=1)))  # which ends the loop that it connects on
    return compose(settings, catalog=catalog, database=connect(size=settings.pool_size))


async def _looked_at(database: Database) -> None:
    """Look at the database before there are requests. If it is away, they are the first who do.

    Errors: CommandError for a role that row-level security does not bind.
    """
    from service.db.readiness import warn_of_revision  # noqa: PLC0415  as above

    try:
        await warn_of_revision(database)
    except Unavailable as error:
        log.warning("Serving begins without the database: %s", error.message)
    except WrongRole as error:
        hint = "DATABASE_URL is for app_rw; MIGRATION_DATABASE_URL for app_migrate."
        raise CommandError(error.message, hint=hint) from error
    finally:
        await database.close()
