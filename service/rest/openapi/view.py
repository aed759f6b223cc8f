"""The document over HTTP: made when it is first asked for, kept gzipped, and not sent again to those who have it."""

from __future__ import annotations

import gzip
from functools import cached_property
from hashlib import blake2b

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.catalog.model import Catalog
from service.page import packed_response
from service.rest.etags import is_known


class OpenAPIView:
    """The ASGI application at `/v1/openapi.json`. Whoever may reach it may read it: it tells of the schema alone."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @cached_property
    def _packed(self) -> bytes:
        from service.rest.openapi.document import openapi_document  # noqa: PLC0415  few processes are asked for it

        return gzip.compress(orjson.dumps(openapi_document(self._catalog)), mtime=0)

    @cached_property
    def _tag(self) -> str:
        return f'"{blake2b(self._packed, digest_size=8).hexdigest()}"'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        headers = {"ETag": self._tag, "Cache-Control": "no-cache"}
        if is_known(request.headers.get("if-none-match"), self._tag):
            return Response(status_code=304, headers=headers | {"Vary": "Accept-Encoding"})
        return packed_response(self._packed, request, headers, "application/json")
