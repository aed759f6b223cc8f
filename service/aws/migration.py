"""What the migration function does: bring the tables up to date, or make the first organization."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from service.aws.login import address_from
from service.db.connections.address import Address
from service.db.connections.engine import Database
from service.db.migrations.upgrade import revision_of, upgrade
from service.db.organizations import NewOrganization, create_organization
from service.db.readiness import migration_problem
from service.errors import CommandError
from service.settings import DatabaseSettings

USAGE = """\
The event is {} or {"revision": "head"}, or
{"organization": {"name": …, "slug": …, "admin_sub": …, "admin_email": …, "with_api_key": false}}."""


def run_migration(event: object) -> dict[str, Any]:
    """Do what an event asks for. Migrating twice is migrating once; a slug that is in use is an error.

    Errors: CommandError, SettingsError; of an organization those of `create_organization`.
    """
    address = address_from(DatabaseSettings.from_environ(os.environ))
    match event or {"revision": "head"}:
        case {"revision": str(revision), **rest} if not rest:
            upgrade(address, revision)
            return {"revision": asyncio.run(revision_of(address, behind_proxy=True))}
        case {"organization": {**given}, **rest} if not rest:
            return asyncio.run(_organization(address, given))
        case _:
            raise CommandError("The migration function does not know what to do.", hint=USAGE)


async def _organization(address: Address, given: Mapping[Any, Any]) -> dict[str, Any]:
    with_api_key = given.get("with_api_key", False)
    try:
        new = NewOrganization(**{name: value for name, value in given.items() if name != "with_api_key"})
    except (TypeError, AttributeError):
        raise CommandError("The organization in the event is not one.", hint=USAGE) from None
    database = Database.connect(address, size=1, behind_proxy=True)
    try:
        if problem := await migration_problem(database):
            raise CommandError(problem)
        return asdict(await create_organization(database, new, with_api_key=with_api_key is True))
    finally:
        await database.close()
