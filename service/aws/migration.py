"""What the migration function does: bring the tables up to date, or make the first organization."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from service.aws.login import address_from
from service.db.address import Address
from service.db.engine import Database
from service.db.upgrade import current_revision, upgrade
from service.errors import CommandError
from service.settings import DatabaseSettings

USAGE = 'The event is {"revision": "head"} or {}.'


def run_migration(event: object) -> dict[str, Any]:
    """Do what an event asks for; doing it twice is doing it once. Errors: CommandError, SettingsError."""
    asked = event or {"revision": "head"}
    address = address_from(DatabaseSettings.from_environ(os.environ))
    match asked:
        case {"revision": str(revision), **rest} if not rest:
            upgrade(address, revision)
            return {"revision": asyncio.run(_revision(address))}
        case _:
            raise CommandError("The migration function does not know what to do.", hint=USAGE)


async def _revision(address: Address) -> str | None:
    database = Database.connect(address, size=1, behind_proxy=True)
    try:
        return await current_revision(database)
    finally:
        await database.close()
