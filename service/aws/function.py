"""One instance of the HTTP function: composed once, on one event loop that lives as long as it does."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Mapping
from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.types import LambdaContext
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service import telemetry
from service.app import compose
from service.aws.answers import Answer, fitting, refusal
from service.aws.events import MalformedEvent, checked, is_warm_up
from service.aws.login import address_from
from service.aws.secrets import member_of, read_secret
from service.aws.tracing import send_spans
from service.db.connections.engine import Database
from service.db.readiness import warn_of_revision
from service.db.security.bound import refuse_unbound
from service.deadline import SECONDS_LEFT
from service.errors import CommandError, ServiceError, Unavailable, WrongRole
from service.settings import Settings
from service.source import catalog_at

MARGIN = 1.0
"""Seconds before Lambda ends an invocation at which we end the request ourselves, and still answer."""
PRIMING = 3.0
"""Seconds that a start may spend on connecting before there is a request to answer."""
TEXT = [
    *DEFAULT_TEXT_MIME_TYPES,
    "application/problem+json",
    "application/merge-patch+json",
    "application/graphql-response+json",
    "application/openapi",
]
"""What goes through Lambda as the text it is; anything else, or whatever is compressed, as base64."""
TURNS = 3
"""Turns of the loop before a request: what ended while the function was frozen is noticed, and not used."""
COMPRESSED = 8_000
"""Bytes from which an answer is compressed for those who accept it: HTTP APIs do not, and 6 MB become forty."""

log = logging.getLogger(__name__)


class HttpFunction:
    """Answers the events of an HTTP API. Starting it never raises: what went wrong is tried again by the next event."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._adapter: Mangum | None = None
        self._database: Database | None = None

    def start(self) -> None:
        """Compose the service and connect, unless that has been done."""
        try:
            self._started()
        except (CommandError, ServiceError) as error:
            log.error("the function cannot start: %s", error.message)  # noqa: TRY400  the message says all of it

    def __call__(self, event: object, context: LambdaContext) -> Answer:
        """The answer to an event; `{"warm": …}` to one that only keeps the function loaded."""
        try:
            adapter = self._started()
            if is_warm_up(event):
                return {"warm": self._run(self._pinged())}
            request = checked(event)
        except CommandError as error:
            log.error("the function cannot start: %s", error.message)  # noqa: TRY400  as above
            return refusal(Unavailable("The service cannot start; its log says why."), context.aws_request_id)
        except ServiceError as error:
            log.error("request %s was refused: %s", context.aws_request_id, error.message)  # noqa: TRY400  as above
            return refusal(error, context.aws_request_id)
        asyncio.set_event_loop(self._loop)  # whoever called asyncio.run() in this process has unset it
        try:
            answer: Answer = adapter(request, context)
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
        ) as error:  # the adapter's: the service's own are answers
            log.exception("request %s is none", context.aws_request_id)
            return refusal(MalformedEvent(f"The event cannot be read: {type(error).__name__}."), context.aws_request_id)
        path = request["requestContext"]["http"]["path"]
        return fitting(answer, path=path, request_id=context.aws_request_id)

    def close(self) -> None:
        """End the connections, and the loop with them."""
        if self._database is not None:
            self._run(self._database.close())
        self._loop.close()

    def _started(self) -> Mangum:
        if self._adapter is None:
            asyncio.set_event_loop(self._loop)
            settings = settings_from(os.environ)
            catalog, _ = catalog_at(settings.schema)
            self._database = Database.connect(
                address_from(settings),
                size=settings.pool_size,
                behind_proxy=settings.behind_proxy,
                admit=refuse_unbound if catalog.is_enforced else None,
            )
            app = compose(settings, catalog=catalog, database=self._database)
            self._adapter = Mangum(_Invocation(app), lifespan="off", text_mime_types=TEXT)
            looked = warn_of_revision(self._database) if catalog.is_enforced else self._database.ping()
            self._run(_primed(app.state.prime(), looked))
        return self._adapter

    async def _pinged(self) -> bool:
        assert self._database is not None
        try:
            await self._database.ping()
        except ServiceError:
            return False
        return True

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)


async def _primed(*works: Awaitable[None]) -> None:
    """Connect and fetch keys now, while nobody waits. What cannot be had now is asked for again when it is needed."""
    try:
        async with asyncio.timeout(PRIMING):
            for each in await asyncio.gather(*works, return_exceptions=True):
                if isinstance(each, WrongRole):
                    log.error("the function serves nothing: %s", each.message)
    except TimeoutError:
        log.warning("connecting took more than %s seconds", PRIMING)


class _Invocation:
    """What of Lambda's context the service needs to know, in the scope of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = GZipMiddleware(app, minimum_size=COMPRESSED, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        context: LambdaContext = scope["aws.context"]
        scope["request_id"] = context.aws_request_id
        scope[SECONDS_LEFT] = max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN)
        await self._app(scope, receive, send)
        if (record := telemetry.current()) is not None:
            send_spans(record, os.environ)


def settings_from(environ: Mapping[str, str]) -> Settings:
    """The settings of a function, the key that signs cursors from its secret. Errors: SettingsError, Unavailable."""
    given = dict(environ)
    if secret := environ.get("OFFRAMP_CURSOR_SECRET"):
        given["OFFRAMP_CURSOR_KEY"] = member_of(read_secret(secret, environ), "key")
    return Settings.from_environ(given)
