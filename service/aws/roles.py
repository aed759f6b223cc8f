"""The Lambda function that makes the database's roles. It alone may log in as the administrator."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from service.aws.login import address_from
from service.aws.secrets import read_secret
from service.db.address import Address
from service.db.engine import Database
from service.db.roles import make_roles
from service.errors import CommandError, ServiceError
from service.logs import write_logs
from service.settings import DatabaseSettings

USAGE = 'The event is {}, or {"passwords": "reset"} to give the roles the passwords in their secrets.'


def handler(event: object, _context: object) -> dict[str, Any]:
    """The roles that were made. An error fails the invocation, and with it whatever deploys."""
    write_logs()
    if event not in (None, {}, {"passwords": "reset"}):
        raise RuntimeError(USAGE)
    try:
        settings = DatabaseSettings.from_environ(os.environ)
        passwords = dict(_login(secret) for secret in settings.role_secrets)
        return {"made": asyncio.run(_made(address_from(settings), passwords, reset=bool(event)))}
    except (CommandError, ServiceError) as error:
        hint = getattr(error, "hint", None)
        raise RuntimeError(f"{error.message} {hint or ''}".rstrip()) from None


def _login(secret: str) -> tuple[str, str]:
    """The role and the password in a secret, as the rotation of Secrets Manager writes it."""
    try:
        login = json.loads(read_secret(secret, os.environ))
        return login["username"], login["password"]
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"The secret {secret} holds no username and password.") from error


async def _made(address: Address, passwords: dict[str, str], *, reset: bool) -> list[str]:
    database = Database.connect(address, size=1, behind_proxy=True)
    try:
        return await make_roles(database, passwords, reset_passwords=reset)
    finally:
        await database.close()
