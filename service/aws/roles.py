"""The Lambda function that makes the database's roles. It alone may log in as the administrator."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from service.aws.login import address_from
from service.aws.secrets import read_secret
from service.db.connections.engine import Database
from service.db.security.reporting import make_reporting_role
from service.db.security.roles import make_roles
from service.errors import CommandError, ServiceError
from service.logs import write_logs
from service.settings import DatabaseSettings

USAGE = """\
The event is {}, or {"passwords": "reset"} to give the roles the passwords in their secrets, or
{"reporting": {"role": "report_…", "organization": …}} to make one that reads what belongs to an organization."""


def handler(event: object, _context: object) -> dict[str, Any]:
    """What was made: roles, or what a reporting role reads.

    An error fails the invocation, and with it whatever deploys.
    """
    write_logs()
    try:
        return _done(event or {}, DatabaseSettings.from_environ(os.environ))
    except (CommandError, ServiceError) as error:
        hint = getattr(error, "hint", None)
        raise RuntimeError(f"{error.message} {hint or ''}".rstrip()) from None


def _done(event: object, settings: DatabaseSettings) -> dict[str, Any]:
    match event:
        case {"reporting": {"role": str(role), "organization": str(organization), **others}, **rest} if not (
            others or rest
        ):
            reads = partial(make_reporting_role, role=role, organization=organization)
            return {"reads": asyncio.run(_as_administrator(settings, reads))}
        case {"passwords": "reset", **rest} | {**rest} if not rest:
            passwords = dict(_login(secret) for secret in settings.role_secrets)
            made = partial(make_roles, passwords=passwords, reset_passwords=bool(event))
            return {"made": asyncio.run(_as_administrator(settings, made))}
        case _:
            raise CommandError("The function does not know what to do.", hint=USAGE)


def _login(secret: str) -> tuple[str, str]:
    """The role and the password in a secret, as the rotation of Secrets Manager writes it."""
    try:
        login = json.loads(read_secret(secret, os.environ))
        return login["username"], login["password"]
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"The secret {secret} holds no username and password.") from error


async def _as_administrator(settings: DatabaseSettings, make: Callable[[Database], Awaitable[list[str]]]) -> list[str]:
    database = Database.connect(address_from(settings), size=1, behind_proxy=True)
    try:
        return await make(database)
    finally:
        await database.close()
