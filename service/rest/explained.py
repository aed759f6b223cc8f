"""`/errors/<code>`, the page that the `type` of a problem document leads to."""

from __future__ import annotations

import inspect
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from service.errors import NotFound, kinds_of

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{code}</title>
<h1><code>{code}</code></h1>
<p>HTTP status {status}.</p>
<p>{meaning}</p>
</html>
"""


async def explained(request: Request) -> Response:
    """What an error means, in the words of its class; 404 for a code that no error has."""
    code = request.path_params["code"]
    found = next((each for each in kinds_of() if each.code == code), None)
    if found is None:
        return HTMLResponse(_PAGE.format(code="not_found", status=404, meaning=inspect.getdoc(NotFound)), 404)
    meaning = escape(inspect.getdoc(found) or "").replace("\n\n", "</p>\n<p>")
    return HTMLResponse(_PAGE.format(code=code, status=found.status, meaning=meaning))
