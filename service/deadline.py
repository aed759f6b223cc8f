"""The longest that a request may take: what is under way then is ended, and its transaction undone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import TimedOut

SECONDS_LEFT = "seconds_left"
"""Where a scope says how many seconds are left for it, if somebody above has a limit of their own."""
MESSAGE = (
    "Execution timed out. Ask for less at a time; if it was to change something, look whether it has before you send "
    "it again."
)
"""Begins as AppSync's does."""

Refuse = Callable[[Scope, TimedOut], ASGIApp]


class Deadline:
    """Ends a request after `seconds`, or what the scope says is left. `refuse` makes what is answered then."""

    def __init__(self, app: ASGIApp, *, seconds: float, refuse: Refuse) -> None:
        self._app = app
        self._seconds = seconds
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        limit = asyncio.timeout(min(self._seconds, scope.get(SECONDS_LEFT, self._seconds)))
        try:
            async with limit:
                await self._app(scope, receive, send_on)
        except TimeoutError:
            if started or not limit.expired():
                raise
            await self._refuse(scope, TimedOut(MESSAGE))(scope, receive, send)
