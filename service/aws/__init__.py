"""The Lambda functions: `service.aws.handler` answers an HTTP API, `service.aws.migrate` changes its tables.

The handler is composed while Lambda starts the function, which has a full CPU for that.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from service.errors import CommandError, ServiceError
from service.loading import loading
from service.logs import write_logs

if TYPE_CHECKING:
    from mangum.types import LambdaContext

    from service.aws.function import HttpFunction

HANDLER = "service.aws.handler"

_function: HttpFunction | None = None


def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """The answer to an event of an HTTP API, payload format 2.0."""
    return _http_function()(event, context)


def migrate(event: object, _context: object) -> dict[str, Any]:
    """What `migration.py` says; an error fails the invocation, and with it whatever deploys."""
    from service.aws.migration import run_migration  # noqa: PLC0415  only this function has it

    write_logs()
    try:
        return run_migration(event)
    except (CommandError, ServiceError) as error:
        hint = getattr(error, "hint", None)
        raise RuntimeError(f"{error.message} {hint or ''}".rstrip()) from None


def _http_function() -> HttpFunction:
    global _function  # noqa: PLW0603  what Lambda calls is a function, and what it needs lives as long as the process
    if _function is None:
        with loading():
            from service.aws.function import HttpFunction  # noqa: PLC0415  not for `migrate`
            from service.aws.tracing import EmbeddedMetrics  # noqa: PLC0415  as above

            write_logs()
            requests = logging.getLogger("service.requests")
            requests.addFilter(EmbeddedMetrics(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "offramp")))
            logging.getLogger("mangum").setLevel(logging.WARNING)  # it logs each request, too
            _function = HttpFunction()
            _function.start()
    return _function


if os.environ.get("_HANDLER") == HANDLER:  # what Lambda sets while it starts a function
    _http_function()
