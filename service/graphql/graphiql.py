"""GraphiQL: the page that a browser gets at the GraphQL endpoint, and the files it loads.

The files in `static/` are built by `pages/graphiql` and committed, gzipped; nothing is fetched from another host.
This module knows no schema and no users: who may be chosen as the caller and which examples are offered is given to it.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "worker-src": "'self'",
    "connect-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # Monaco places its lines and colours with style attributes
    "font-src": "data:",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody the page offers to send operations as."""

    label: str
    """What the reader chooses by, such as "Admin · Acme"; unique on the page."""
    headers: Mapping[str, str]
    """What proves it: a bare token in `authorization`, or a key in `x-api-key`. Whoever opens the page can read it."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The names of the built files; each carries a hash of its content."""

    script: str
    style: str
    workers: tuple[str, ...]

    @property
    def files(self) -> frozenset[str]:
        """All names that are served."""
        return frozenset((self.script, self.style, *self.workers))


@cache
def bundle() -> Bundle:
    """What the build left in `static/`, from its manifest."""
    manifest = orjson.loads((STATIC / "manifest.json").read_bytes())
    return Bundle(manifest["script"], manifest["style"], tuple(manifest["workers"].values()))


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
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in CONTENT_SECURITY_POLICY.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(_page(f"{endpoint}/assets", _script_safe(settings)), headers=headers)


def graphiql_routes(endpoint: str = "/graphql") -> list[Route]:
    """The files of the page, below the endpoint."""
    return [Route(f"{endpoint}/assets/{{name}}", _asset, methods=["GET"], name="graphiql-asset")]


def _page(assets: str, settings: str) -> str:
    folder = escape(assets)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Offramp</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{folder}/{bundle().style}">
</head>
<body>
<div id="page"><p class="loading">Loading GraphiQL…</p></div>
<noscript>GraphiQL needs JavaScript. The API itself answers to POST at this address.</noscript>
<script type="application/json" id="settings">{settings}</script>
<script src="{folder}/{bundle().script}" defer></script>
</body>
</html>
"""


def _script_safe(value: object) -> str:
    r"""JSON that cannot end the script element it stands in: `<` becomes its JSON escape, a backslash and u003c."""
    return orjson.dumps(value).decode().replace("<", r"\u003c")


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in bundle().files:
        return PlainTextResponse("There is no such file.", status_code=404)
    packed = (STATIC / f"{name}.gz").read_bytes()
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if _accepts_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        packed = gzip.decompress(packed)
    return Response(packed, headers=headers, media_type=MEDIA_TYPES[Path(name).suffix])


def _accepts_gzip(accept_encoding: str) -> bool:
    """Whether the header names gzip (or anything) without refusing it by `q=0`."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding in ("gzip", "*"):
            return not weight or weight.strip("0.") != ""
    return False
