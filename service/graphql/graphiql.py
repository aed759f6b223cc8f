"""GraphiQL: the page that a browser gets at the GraphQL endpoint, built by `pages/graphiql`.

This module knows no schema and no users: who may be chosen as the caller and which examples are offered is given to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.responses import Response
from starlette.routing import Route

from service.page import Caller, Page

PAGE = Page(
    title="Offramp",
    static=Path(__file__).parent / "static",
    policy={
        "worker-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # Monaco places its lines and colours with style attributes
        "font-src": "data:",
    },
    without_script="GraphiQL needs JavaScript. The API itself answers to POST at this address.",
)


def graphiql_page(callers: Sequence[Caller], operations: Mapping[str, str], endpoint: str) -> Response:
    """The page itself.

    Args:
        callers: offered in this order, the first is chosen. Their secrets are in the page: none outside development.
        operations: name to document; the first is opened. A leading comment is shown as title and description.
        endpoint: path of the GraphQL endpoint as the browser sees it, such as `/graphql` or `/prod/graphql`.
    """
    settings = {
        "endpoint": endpoint,
        "callers": [{"label": caller.label, "headers": dict(caller.headers)} for caller in callers],
        "operations": [{"name": name, "text": text} for name, text in operations.items()],
    }
    return PAGE.response(f"{endpoint}/assets", settings)


def graphiql_routes(endpoint: str = "/graphql") -> list[Route]:
    """The files of the page, below the endpoint."""
    return [PAGE.route(f"{endpoint}/assets", "graphiql-asset")]
