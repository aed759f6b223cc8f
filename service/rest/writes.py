"""The endpoints that write one row: POST, PUT, PATCH and DELETE."""

from __future__ import annotations

from typing import Any

from service.bodies import parse_json
from service.errors import NotFound
from service.rest.bodies import BodyReader
from service.rest.changes import Changed, Changes
from service.rest.etags import versions_in
from service.rest.exchange import JSON, MERGE_PATCH, Headers, Reply, Request, Session
from service.rest.once import Once
from service.rest.problems import AlreadyExists, Flaw, Flawed, PreconditionFailed, PreconditionRequired, meant
from service.rest.questions import EVERYTHING_OF_A_ROW, parameters
from service.rest.reads import key_of
from service.rest.resources import Resource

UNPARSABLE = "The request body is no valid JSON."


class Writes:
    """Writes single rows. `requires_match`: whether a change must say by `If-Match` which version it is meant for."""

    def __init__(self, changes: Changes, bodies: BodyReader, once: Once, *, requires_match: bool) -> None:
        self._changes = changes
        self._bodies = bodies
        self._once = once
        self._requires_match = requires_match

    async def create(self, resource: Resource, request: Request) -> Reply:
        """`POST /v1/products`: 201, the row, and where it is. An `id` may be given."""
        check_parameters(request)
        sent = await request.body(JSON)
        values = self._bodies.created(resource, parse_json(sent, UNPARSABLE), lenient=request.preferences.lenient)

        async def write(session: Session) -> Reply:
            return reply_of(await self._changes.create(resource, values, session), request)

        return await self._once.run(request, bytes(sent), write)

    async def replace(self, resource: Resource, segment: str, request: Request) -> Reply:
        """`PUT /v1/products/{id}`: the row holds what the body says, nothing else; 201 if it was not there, else 200.

        `If-None-Match: *`: only if it is not there. `If-Match`: only if it is, in that version.
        """
        check_parameters(request)
        key, versions = key_of(resource, segment), versions_in(request.headers.get("if-match"))
        is_new, is_there = _is_any(request, "if-none-match"), "if-match" in request.headers
        if not is_new:
            self._check_match(request)
        lenient = request.preferences.lenient
        values = self._bodies.replaced(resource, key, await request.json(JSON), lenient=lenient)

        async with self._once.transaction(request.session) as session:
            if is_new:
                changed = await self._create_new(resource, values, session)
            elif is_there:
                changed = await self._replace_old(resource, values, key, versions, session)
            else:
                changed = await self._changes.put(resource, key, values, session)
        return reply_of(changed, request)

    async def update(self, resource: Resource, segment: str, request: Request) -> Reply:
        """`PATCH /v1/products/{id}` with a merge patch (RFC 7396): null clears a value, what is left out stays."""
        check_parameters(request)
        self._check_match(request)
        key, versions = key_of(resource, segment), versions_in(request.headers.get("if-match"))
        sent = await request.body(MERGE_PATCH, JSON)
        body = parse_json(sent, UNPARSABLE)
        values = self._bodies.patched(resource, key, body, lenient=request.preferences.lenient)

        async def write(session: Session) -> Reply:
            return reply_of(await self._changes.update(resource, key, values, versions, session), request)

        return await self._once.run(request, bytes(sent), write)

    async def delete(self, resource: Resource, segment: str, request: Request) -> Reply:
        """`DELETE /v1/products/{id}`: 204, and the row is gone."""
        check_parameters(request)
        self._check_match(request)
        key, versions = key_of(resource, segment), versions_in(request.headers.get("if-match"))
        return reply_of(await self._changes.delete(resource, key, versions, request.session), request)

    def _check_match(self, request: Request) -> None:
        if self._requires_match and "if-match" not in request.headers:
            raise PreconditionRequired(
                "Read the row first and send its ETag in If-Match, so that nobody's change is lost; or If-Match: *."
            )

    async def _create_new(self, resource: Resource, values: dict[str, Any], session: Session) -> Changed:
        try:
            return await self._changes.create(resource, values, session)
        except AlreadyExists as exists:
            raise PreconditionFailed(exists.message) from None

    async def _replace_old(
        self, resource: Resource, values: dict[str, Any], key: dict[str, Any], versions: Any, session: Session
    ) -> Changed:
        try:
            return await self._changes.replace(resource, key, values, versions, session)
        except NotFound as absent:
            raise PreconditionFailed(absent.message) from None


def reply_of(changed: Changed, request: Request) -> Reply:
    """The HTTP reply about one row."""
    if changed.row is None:
        return Reply(changed.status, b"", request.preferences.applied())
    headers: Headers = (*changed.row.headers(EVERYTHING_OF_A_ROW), *request.preferences.applied(returned=True))
    if changed.location is not None:
        headers = (("location", changed.location), *headers)
    if request.preferences.is_minimal:
        return Reply(204 if changed.status == 200 else changed.status, b"", headers)
    return Reply(changed.status, changed.row.body.encode(), headers)


def check_parameters(request: Request) -> None:
    """Raises Flawed for a parameter where none is taken."""
    given = [name for name, _ in parameters(request.query)]
    if given and not request.preferences.lenient:
        raise Flawed(
            Flaw(name[:80], "unknown_parameter", f"This takes no parameters.{meant(name, ())}", in_body=False)
            for name in given
        )


def _is_any(request: Request, header: str) -> bool:
    value = request.headers.get(header)
    if value is not None and value.strip() != "*":
        detail = "A write takes `If-None-Match: *` alone: only if there is no row yet."
        raise Flawed([Flaw("If-None-Match", "wrong_value", detail, in_body=False)])
    return value is not None
