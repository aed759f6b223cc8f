"""How a function logs in to the database: as its role, by a token of IAM or by the password in a secret."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime

from service.aws.secrets import member_of, read_secret
from service.aws.signing import Signer
from service.db.connections.address import Address, Passwords, RoleAddress, UrlAddress, postgresql_url
from service.errors import SettingsError
from service.settings import DatabaseSettings

PAUSE = 1.0
"""Seconds after a secret was read anew, and held the password that is refused, before it is read once more."""


class Tokens:
    """Tokens of IAM: one for each connection, signed here."""

    def __init__(self, host: str, port: int, role: str) -> None:
        self._host = host
        self._port = port
        self._role = role

    async def current(self) -> str:
        """A token that is good for a quarter of an hour; only logging in asks for it."""
        # Lambda replaces the credentials in the environment, so they are not kept.
        return Signer.from_environ(os.environ).login_token(self._host, self._port, self._role, datetime.now(UTC))

    def renew(self, refused: str) -> bool:  # noqa: ARG002  as `Passwords` has it
        """Never: the next token would be refused as this one was."""
        return False


class SecretPassword:
    """The password in a secret, kept until the database refuses it."""

    def __init__(
        self, secret: str, *, read: Callable[[str], str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._secret = secret
        self._read = read or (lambda name: read_secret(name, os.environ))
        self._clock = clock
        self._reading = asyncio.Lock()
        self._known: str | None = None
        self._refused: str | None = None
        self._read_at = float("-inf")

    async def current(self) -> str:
        """The password. Errors: Unavailable."""
        async with self._reading:
            if self._known is None:
                self._known = member_of(await asyncio.to_thread(self._read, self._secret), "password")
                self._read_at = self._clock()
            return self._known

    def renew(self, refused: str) -> bool:
        """Read it again, since it may have been rotated; the connection before this one may have done so."""
        if self._known != refused:
            return True
        if refused == self._refused and self._clock() - self._read_at < PAUSE:
            return False
        self._refused, self._known = refused, None
        return True


def address_from(settings: DatabaseSettings) -> Address:
    """The database of a function. Errors: SettingsError."""
    if settings.database_auth is None:
        return UrlAddress(postgresql_url(settings.database_url))
    if settings.database_host is None:
        raise SettingsError("OFFRAMP_DATABASE_AUTH is set, and OFFRAMP_DATABASE_HOST is not.")
    return RoleAddress(
        settings.database_host,
        settings.database_port,
        settings.database_name,
        settings.database_user,
        _passwords(settings, settings.database_host),
        ssl.create_default_context(),
    )


def _passwords(settings: DatabaseSettings, host: str) -> Passwords:
    if settings.database_auth == "iam":
        return Tokens(host, settings.database_port, settings.database_user)
    if settings.database_secret is None:
        raise SettingsError("OFFRAMP_DATABASE_AUTH is secret, and OFFRAMP_DATABASE_SECRET is not set.")
    return SecretPassword(settings.database_secret)
