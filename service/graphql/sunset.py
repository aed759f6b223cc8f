"""What answers of GraphQL say of its end, to frontends whose people have decided to move on to REST.

Sources: RFC 9745 (`Deprecation`), RFC 8594 (`Sunset`), RFC 5829 (`successor-version`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]


def sunset_headers(deprecated: str | None, sunset: str | None, successor: str) -> Headers:
    """The headers for a day (ISO 8601) from which it is deprecated, and one after which it may be gone."""
    headers: Headers = []
    if deprecated is not None:
        headers.append((b"deprecation", b"@%d" % _midnight(deprecated).timestamp()))
    if sunset is not None:
        headers.append((b"sunset", format_datetime(_midnight(sunset), usegmt=True).encode()))
    return [*headers, (b"link", f'<{successor}>; rel="successor-version"'.encode())] if headers else []


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


class Announced:
    """An application whose answers carry some more headers."""

    def __init__(self, app: ASGIApp, headers: Headers) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self._app(scope, receive, send_on)
