r"""Writes of many rows of one model at once.

    POST /v1/products:batchCreate  {"requests": [{"body": {…}}, …], "atomic": true}
    POST /v1/products:batchUpdate  {"requests": [{"key": {"id": "p1"}, "body": {…}, "ifMatch": "\"3\""}, …]}
    POST /v1/products:batchDelete  {"requests": [{"key": {"id": "p1"}}, …]}

Answered 200 with `{"results": [{"status": 201, "location": …, "etag": …, "body": {…}}, …]}`, in their order. `atomic`
(the default): all or none, and the first that is refused is the answer, its pointers leading into the request.
Otherwise each is done if it can be, and one that cannot has a `problem` in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from service.bodies import parse_json
from service.errors import ServiceError
from service.rest.bodies import BodyReader, Values
from service.rest.changes import Changed, Changes
from service.rest.etags import versions_in
from service.rest.exchange import JSON, Reply, Request, Session
from service.rest.once import Once
from service.rest.problems import Flaw, Flawed, PreconditionRequired, meant, shown_problem
from service.rest.questions import EVERYTHING_OF_A_ROW
from service.rest.resources import Action, Resource
from service.rest.writes import UNPARSABLE, check_parameters

MOST_REQUESTS = 500
_MEMBERS = {
    Action.BATCH_CREATE: ("body",),
    Action.BATCH_UPDATE: ("key", "body", "ifMatch"),
    Action.BATCH_DELETE: ("key", "ifMatch"),
}
Part = Mapping[str, Any]
Result = Changed | ServiceError
"""What became of a part: done, or refused."""


class Batches:
    """Writes batches."""

    def __init__(self, changes: Changes, bodies: BodyReader, once: Once, *, requires_match: bool) -> None:
        self._changes = changes
        self._bodies = bodies
        self._once = once
        self._requires_match = requires_match

    async def run(self, action: Action, resource: Resource, request: Request) -> Reply:
        """One batch."""
        check_parameters(request)
        sent = await request.body(JSON)
        parts, is_atomic = _parts(parse_json(sent, UNPARSABLE), action, lenient=request.preferences.lenient)
        read = [self._read(action, resource, each, f"/requests/{at}", request) for at, each in enumerate(parts)]
        if is_atomic:
            _raise_flaws(read)

        async def write(session: Session) -> Reply:
            run = self._part_of_all if is_atomic else self._part_alone
            results = [await run(action, resource, each, session, at) for at, each in enumerate(read)]
            return results_of(results, request)

        return await self._once.run(request, bytes(sent), write, together=True)

    def _read(
        self, action: Action, resource: Resource, part: Part, at: str, request: Request
    ) -> tuple[Values, Values, Any] | ServiceError:
        """The key, the values and the versions of one part, or what is wrong with it."""
        lenient = request.preferences.lenient
        try:
            if action is Action.BATCH_CREATE:
                return {}, self._bodies.created(resource, part.get("body"), lenient=lenient, at=f"{at}/body"), None
            if self._requires_match and part.get("ifMatch") is None:
                raise PreconditionRequired("Say in `ifMatch` which version each is meant for, or *.")
            key = self._bodies.key(resource, part.get("key"), at=f"{at}/key")
            versions = versions_at(part.get("ifMatch"), f"{at}/ifMatch")
            if action is Action.BATCH_DELETE:
                return key, {}, versions
            body = part.get("body")
            return key, self._bodies.patched(resource, key, body, lenient=lenient, at=f"{at}/body"), versions
        except ServiceError as error:
            return error

    async def _part_of_all(self, action: Action, resource: Resource, read: Any, session: Session, at: int) -> Result:
        with part_of_request(f"/requests/{at}"):
            return await self._change(action, resource, read, session)

    async def _part_alone(self, action: Action, resource: Resource, read: Any, session: Session, at: int) -> Result:
        try:
            with part_of_request(f"/requests/{at}"):
                if isinstance(read, ServiceError):
                    raise read
                assert session.transaction is not None
                async with session.transaction.savepoint():
                    return await self._change(action, resource, read, session)
        except ServiceError as error:
            if error.status >= 500:
                raise
            return error

    async def _change(
        self, action: Action, resource: Resource, read: tuple[Values, Values, Any], session: Session
    ) -> Changed:
        key, values, versions = read
        if action is Action.BATCH_CREATE:
            return await self._changes.create(resource, values, session)
        if action is Action.BATCH_UPDATE:
            return await self._changes.update(resource, key, values, versions, session)
        return await self._changes.delete(resource, key, versions, session)


def results_of(results: Sequence[Result], request: Request) -> Reply:
    """The reply about many rows."""
    is_minimal = request.preferences.is_minimal
    shown = b",".join(_result_of(each, with_row=not is_minimal) for each in results)
    return Reply(200, b'{"results":[' + shown + b"]}", request.preferences.applied(returned=True))


def _result_of(result: Result, *, with_row: bool) -> bytes:
    """One result of many: its status and, where there is a row, what its headers and its body would be."""
    if isinstance(result, ServiceError):
        return orjson.dumps({"status": result.status, "problem": shown_problem(result)})
    about: dict[str, Any] = {"status": result.status}
    if result.location is not None:
        about["location"] = result.location
    if result.row is None:
        return orjson.dumps(about)
    about["etag"] = result.row.headers(EVERYTHING_OF_A_ROW)[0][1]
    if not with_row:
        return orjson.dumps(about)
    return orjson.dumps(about)[:-1] + b',"body":' + result.row.body.encode() + b"}"


def _parts(body: Any, action: Action, *, lenient: bool) -> tuple[Sequence[Part], bool]:
    """The parts of a batch, and whether all or none. Errors: Flawed."""
    if not isinstance(body, dict):
        raise Flawed([Flaw("", "wrong_type", 'The body of a batch is an object: {"requests": […]}.')])
    requests, is_atomic, known = body.get("requests"), body.get("atomic", True), ("requests", "atomic")
    flaws = [] if lenient else [_unknown(name, known, "") for name in body if name not in known]
    if not isinstance(is_atomic, bool):
        flaws.append(Flaw("/atomic", "wrong_type", "Must be true or false."))
    if not isinstance(requests, list) or not 1 <= len(requests) <= MOST_REQUESTS:
        flaws.append(Flaw("/requests", "wrong_type", f"A list of 1 to {MOST_REQUESTS} requests."))
        raise Flawed(flaws)
    for at, part in enumerate(requests):
        if not isinstance(part, dict):
            flaws.append(Flaw(f"/requests/{at}", "wrong_type", f"An object with {', '.join(_MEMBERS[action])}."))
        elif not lenient:
            names = (name for name in part if name not in _MEMBERS[action])
            flaws += [_unknown(name, _MEMBERS[action], f"/requests/{at}") for name in names]
    if flaws:
        raise Flawed(flaws)
    return requests, is_atomic


@contextmanager
def part_of_request(pointer: str) -> Iterator[None]:
    """Has an error say which part of the request it is about."""
    try:
        yield
    except ServiceError as error:
        error.part = pointer
        raise


def _raise_flaws(read: Sequence[Any]) -> None:
    """Raises what is wrong with the parts, all flaws of all parts at once."""
    flaws = [flaw for each in read if isinstance(each, Flawed) for flaw in each.flaws]
    if flaws:
        raise Flawed(flaws)
    for at, each in enumerate(read):
        if isinstance(each, ServiceError):
            with part_of_request(f"/requests/{at}"):
                raise each


def versions_at(given: Any, at: str) -> tuple[int, ...] | None:
    """The versions in an `ifMatch` in a body. Errors: Flawed."""
    if given is not None and not isinstance(given, str):
        raise Flawed([Flaw(at, "wrong_type", "An entity tag as it was given, a text in quotes.")])
    try:
        return versions_in(given)
    except Flawed as flawed:
        raise Flawed(Flaw(at, each.code, each.detail) for each in flawed.flaws) from None


def _unknown(name: str, known: Sequence[str], at: str) -> Flaw:
    return Flaw(f"{at}/{name[:80]}", "unknown_field", f"There is no '{name[:80]}' here.{meant(name[:80], known)}")
