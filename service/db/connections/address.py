"""Where a database is, and how to log in there: by a URL, or as a role that proves itself anew each time.

Nothing connects before it is asked to, and asyncpg is imported with the first connection.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from service.errors import CommandError

if TYPE_CHECKING:
    import asyncpg

CONNECT_SECONDS = 5
URL_HINT = "it looks like postgresql://user:password@host:5432/name"
ESCAPES_HINT = "in a password, write %2F for /, %3F for ?, %23 for #, %5B for [, %5D for ]"
REFUSED = ("28P01", "28000", "08P01")
"""SQLSTATE: the password is wrong; the role may not log in like this; either, in pgbouncer's words."""


class Address(Protocol):
    """A database on some server."""

    @property
    def database(self) -> str:
        """Its name, for a message."""

    async def open(self, **options: Any) -> asyncpg.Connection:
        """A new connection, with asyncpg's `options`. Errors: the driver's."""


class Passwords(Protocol):
    """What a role proves itself with."""

    async def current(self) -> str:
        """The password for a new connection."""

    def renew(self, refused: str) -> bool:
        """Called when one was refused: True if `current` may give another now."""


@dataclass(frozen=True, slots=True)
class UrlAddress:
    """What a URL names, in the driver's spelling."""

    url: str

    @property
    def database(self) -> str:
        """The name of the database."""
        return database_name(self.url)

    async def open(self, **options: Any) -> asyncpg.Connection:
        """A new connection."""
        import asyncpg  # noqa: PLC0415  with the first connection, not with the module

        return await asyncpg.connect(self.url, timeout=CONNECT_SECONDS, **options)


@dataclass(frozen=True, slots=True)
class RoleAddress:
    """A role on a server that is reached over TLS, whose password may change while the process lives."""

    host: str
    port: int
    database: str
    role: str
    passwords: Passwords
    tls: ssl.SSLContext

    async def open(self, **options: Any) -> asyncpg.Connection:
        """A new connection. A password that is refused, as after its rotation, is renewed once."""
        import asyncpg  # noqa: PLC0415  as above

        password = await self.passwords.current()
        try:
            return await self._open(password, **options)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in REFUSED or not self.passwords.renew(password):
                raise
        return await self._open(await self.passwords.current(), **options)

    async def _open(self, password: str, **options: Any) -> asyncpg.Connection:
        import asyncpg  # noqa: PLC0415  as above

        return await asyncpg.connect(
            host=self.host,
            port=self.port,
            database=self.database,
            user=self.role,
            password=password,
            ssl=self.tls,
            timeout=CONNECT_SECONDS,
            **options,
        )


def address_of(address: Address | str) -> Address:
    """An address, of a URL if need be. Errors: `CommandError` for one that cannot be."""
    return UrlAddress(postgresql_url(address)) if isinstance(address, str) else address


def postgresql_url(url: str) -> str:
    """The URL as the driver and libpq take it: `postgres://` and `postgresql+asyncpg://` mean the same.

    Errors: `CommandError`, which never quotes the URL: there is a password in it.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+asyncpg"}:
        raise CommandError("The database URL does not start with postgresql://", hint=URL_HINT)
    try:
        parts = urlsplit(f"postgresql://{rest}")
    except ValueError:
        raise CommandError("The database URL has a bracket too many or too few.", hint=ESCAPES_HINT) from None
    if "@" not in parts.netloc and "@" in parts.path + parts.query.partition("=")[0] + parts.fragment:
        raise CommandError("The database URL has /, ? or # in its password.", hint=ESCAPES_HINT)
    if "ssl" in parse_qs(parts.query):
        raise CommandError("The database URL has ssl=, which is SQLAlchemy's.", hint="say sslmode=require")
    try:
        port_is_odd = "," not in parts.netloc and parts.port == 0
    except ValueError:
        port_is_odd = True
    if port_is_odd:
        raise CommandError("The port in the database URL is not a number from 1 to 65535.", hint=URL_HINT)
    return f"postgresql://{rest}"


def database_name(url: str) -> str:
    """The name of the database in a URL, for a message: never the whole URL, which holds a password."""
    return urlsplit(url).path.lstrip("/") or "(unnamed)"
