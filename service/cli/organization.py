"""`offramp organization`: the first rows of an organization, before anybody can sign in to it."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from service.cli.db.chosen import WHICH, chosen_database
from service.errors import CommandError

if TYPE_CHECKING:
    from service.db.organizations import MadeOrganization, NewOrganization

DESCRIPTION = """\
Make an organization of the shipped inventory: its roles Admin, Manager and Viewer, and its first user, an Admin, who
adds everybody else through the API. All or nothing; a slug that is in use is refused.
"""
EPILOG = f"""\
examples:
  offramp organization create --name "Tide & Timber" --slug tide-timber \\
      --admin-sub 3f1c0a52-… --admin-email mara@tide.example
  offramp organization create … --api-key --json | jq -r .apiKey

{WHICH}"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs."""
    organization = subparsers.add_parser(
        "organization", help="make an organization and its first Admin", description=DESCRIPTION
    )
    verbs = organization.add_subparsers(metavar="VERB", required=True)
    create = verbs.add_parser(
        "create",
        help="make an organization and its first Admin",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    create.add_argument("--name", required=True, help="what it is called")
    create.add_argument("--slug", required=True, help="its short name: small letters, digits, hyphens")
    create.add_argument("--admin-sub", required=True, metavar="SUB", help="the Admin's `sub` in the user pool")
    create.add_argument("--admin-email", required=True, metavar="EMAIL", help="the Admin's address")
    create.add_argument("--api-key", action="store_true", help="make an API key for it, too; it is shown this once")
    create.add_argument("--database-url", metavar="URL", help="postgresql://user:password@host:5432/name")
    create.add_argument("--data-dir", type=Path, metavar="DIR", help="the folder of an embedded database")
    create.add_argument("--json", action="store_true", help="print what was made as an object")
    create.set_defaults(run=run_create)


def run_create(arguments: argparse.Namespace) -> int:
    """Make the organization."""
    from service.db.organizations import NewOrganization  # noqa: PLC0415  `offramp --help` needs no database

    new = NewOrganization(arguments.name, arguments.slug, arguments.admin_sub, arguments.admin_email)
    with chosen_database(arguments) as database:
        made = asyncio.run(_create(database.url, new, with_api_key=arguments.api_key))
    print(_as_json(made) if arguments.json else _described(new, made))
    if made.admin_is_elsewhere:
        print(
            "The Admin's sub is that of a user of another organization, too: their tokens are refused unless the claim "
            "custom:organizationId says which.",
            file=sys.stderr,
        )
    return 0


async def _create(url: str, new: NewOrganization, *, with_api_key: bool) -> MadeOrganization:
    from service.db.connections.engine import Database  # noqa: PLC0415  as above
    from service.db.organizations import create_organization  # noqa: PLC0415  as above
    from service.db.readiness import migration_problem  # noqa: PLC0415  as above

    database = Database.connect(url, size=1)
    try:
        if problem := await migration_problem(database):
            raise CommandError(problem)
        return await create_organization(database, new, with_api_key=with_api_key)
    finally:
        await database.close()


def _described(new: NewOrganization, made: MadeOrganization) -> str:
    lines = [f"{new.name}: organization {made.id}", f"  Admin    {new.admin_email}, user {made.admin_id}"]
    if made.api_key:
        lines.append(f"  API key  {made.api_key} (keep it: the database has its digest alone)")
    return "\n".join(lines)


def _as_json(made: MadeOrganization) -> str:
    return json.dumps({"organization": made.id, "admin": made.admin_id, "roles": made.roles, "apiKey": made.api_key})
