"""The docs page at `/docs`: Swagger UI, built by `pages/docs`, which reads the description of the API and tries it.

This module knows no API and no users: where the description is and who may be chosen is given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.page import Caller, Page

PAGE = Page(
    title="Offramp REST API",
    static=Path(__file__).parent / "static",
    policy={},
    without_script="This page needs JavaScript. It shows what /v1/openapi.json says.",
)
PATH = "/docs"


def docs_routes(description: str, callers: Callable[[str], Sequence[Caller]]) -> list[Route]:
    """The page and its files.

    Args:
        description: path of the OpenAPI document as the browser sees it.
        callers: who may be chosen by somebody who opened the page under a `Host`. Their secrets are in the page.
    """

    async def page(request: Request) -> Response:
        """The page, with the callers that may be chosen under the name it was asked for by."""
        offered = callers(request.headers.get("host", ""))
        settings = {
            "description": description,
            "callers": [{"label": caller.label, "headers": dict(caller.headers)} for caller in offered],
        }
        return PAGE.response(f"{PATH}/assets", settings)

    return [Route(PATH, page, methods=["GET"], name="docs"), PAGE.route(f"{PATH}/assets", "docs-asset")]
