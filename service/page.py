"""A page for a browser: built by `pages/`, committed gzipped in a `static/` folder, served from this host alone.

It knows neither a schema nor users: what a page is told, and who may be chosen there, is given to it.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""What every page needs; a page adds what its own viewer does."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody the page offers to send requests as."""

    label: str
    """What the reader chooses by, such as "Admin · Acme"; unique on the page."""
    headers: Mapping[str, str]
    """What proves it: a bare token in `authorization`, or a key in `x-api-key`. Whoever opens the page can read it."""


@dataclass(frozen=True)
class Page:
    """One page and its files."""

    title: str
    static: Path
    """Where the build left the files and their manifest."""
    policy: Mapping[str, str]
    """Its own directives of the Content-Security-Policy."""
    without_script: str
    """What somebody without JavaScript reads."""

    @cached_property
    def manifest(self) -> Mapping[str, str | dict[str, str]]:
        """What the build wrote about its files: `script`, `style` and `workers`, each name with a hash in it."""
        manifest: dict[str, str | dict[str, str]] = orjson.loads((self.static / "manifest.json").read_bytes())
        return manifest

    @cached_property
    def files(self) -> frozenset[str]:
        """All names that are served."""
        workers = self.manifest["workers"]
        assert isinstance(workers, dict)
        return frozenset((str(self.manifest["script"]), str(self.manifest["style"]), *workers.values()))

    def response(self, assets: str, settings: object) -> Response:
        """The page itself: `assets` is the address of its files, `settings` is what its script is told."""
        policy = {**CONTENT_SECURITY_POLICY, **self.policy}
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        return HTMLResponse(self._html(escape(assets), _script_safe(settings)), headers=headers)

    def route(self, assets: str, name: str) -> Route:
        """The route of its files."""
        return Route(f"{assets}/{{name}}", self._asset, methods=["GET"], name=name)

    def _html(self, folder: str, settings: str) -> str:
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(self.title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{folder}/{self.manifest["style"]}">
</head>
<body>
<div id="page"><p class="loading">Loading…</p></div>
<noscript>{escape(self.without_script)}</noscript>
<script type="application/json" id="settings">{settings}</script>
<script src="{folder}/{self.manifest["script"]}" defer></script>
</body>
</html>
"""

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.files:
            return PlainTextResponse("There is no such file.", status_code=404)
        packed = (self.static / f"{name}.gz").read_bytes()
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return packed_response(packed, request, headers, MEDIA_TYPES[Path(name).suffix])


def packed_response(packed: bytes, request: Request, headers: Mapping[str, str], media_type: str) -> Response:
    """Gzipped content as it is, or unpacked for those who do not accept it."""
    accepted = _accepts_gzip(request.headers.get("accept-encoding", ""))
    coding = {"Content-Encoding": "gzip"} if accepted else {}
    content = packed if accepted else gzip.decompress(packed)
    return Response(content, headers={**headers, **coding, "Vary": "Accept-Encoding"}, media_type=media_type)


def _script_safe(value: object) -> str:
    r"""JSON that cannot end the script element it stands in: `<` becomes its JSON escape, a backslash and u003c."""
    return orjson.dumps(value).decode().replace("<", r"\u003c")


def _accepts_gzip(accept_encoding: str) -> bool:
    """Whether the header names gzip (or anything) without refusing it by `q=0`."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding in ("gzip", "*"):
            return not weight or weight.strip("0.") != ""
    return False
