r"""Writes of rows of several models that hold all or not at all.

    POST /v1/transactions
    {"operations": [
      {"method": "POST", "path": "/v1/purchase-orders", "body": {…}, "as": "order"},
      {"method": "POST", "path": "/v1/purchase-order-items", "body": {"purchaseOrderId": "$order.id", …}},
      {"method": "PATCH", "path": "/v1/products/p1", "ifMatch": "\"3\"", "body": {…}}
    ]}

`$order.id` is what the row that an earlier operation named `order` has in `id` now; it may stand for any value in a
body, and for a segment of a path. Answered 200 with `{"results": […]}`, as a batch.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from service.bodies import parse_json
from service.errors import ServiceError
from service.rest.batches import part_of_request, results_of, versions_at
from service.rest.bodies import BodyReader, Values
from service.rest.changes import Changed, Changes, Versions
from service.rest.exchange import JSON, Reply, Request, Session
from service.rest.once import Once
from service.rest.problems import Flaw, Flawed, PreconditionRequired, escaped, meant
from service.rest.reads import key_of
from service.rest.references import Named, references_in, unknown_reference
from service.rest.resources import PREFIX, Action, Resource
from service.rest.writes import UNPARSABLE, check_parameters

MOST_OPERATIONS = 500
_MEMBERS = ("method", "path", "body", "ifMatch", "as")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ACTIONS = {"POST": Action.CREATE, "PUT": Action.REPLACE, "PATCH": Action.UPDATE, "DELETE": Action.DELETE}
_Read = tuple[Values, Values, Versions]
"""The key of an operation, its values, and the versions of which the row must have one."""


@dataclass(frozen=True, slots=True)
class _Target:
    action: Action
    resource: Resource
    segment: str
    """Of the key; empty for a create."""


class Transactions:
    """Runs transactions."""

    def __init__(
        self,
        resources: Mapping[str, Resource],
        changes: Changes,
        bodies: BodyReader,
        once: Once,
        *,
        requires_match: bool,
    ) -> None:
        self._resources = resources
        self._changes = changes
        self._bodies = bodies
        self._once = once
        self._requires_match = requires_match

    async def run(self, request: Request) -> Reply:
        """One transaction."""
        check_parameters(request)
        sent, lenient = await request.body(JSON), request.preferences.lenient
        operations = _operations(parse_json(sent, UNPARSABLE), lenient=lenient)
        if flaws := [*self._foreseen(operations, lenient=lenient)]:
            raise Flawed(flaws)

        async def write(session: Session) -> Reply:
            """Do the operations in turn; one that is refused undoes them all."""
            named = Named()
            results = [
                await self._operation(each, f"/operations/{at}", named, session, lenient=lenient)
                for at, each in enumerate(operations)
            ]
            return results_of(results, request)

        return await self._once.run(request, bytes(sent), write, together=True)

    # ------------------------------------------------------------ what is wrong whatever is stored

    def _foreseen(self, operations: Sequence[Mapping[str, Any]], *, lenient: bool) -> Iterator[Flaw]:
        """All that is wrong with all operations and is known before any of them is done."""
        names = set[str]()
        for number, each in enumerate(operations):
            at = f"/operations/{number}"
            yield from self._foreseen_of(each, at, names, lenient=lenient)
            names |= {each["as"]} if "as" in each else set()

    def _foreseen_of(
        self, given: Mapping[str, Any], at: str, names: Container[str], *, lenient: bool
    ) -> Iterator[Flaw]:
        in_path = list(references_in(given["path"].split("/"), at))
        in_body = list(references_in(given.get("body"), f"{at}/body"))
        yield from (unknown_reference(f"{at}/path", name, field) for _, name, field in in_path if name not in names)
        yield from (unknown_reference(where, name, field) for where, name, field in in_body if name not in names)
        if in_path:
            return
        try:
            self._read(self._target(given, at, Named()), given, at, lenient=lenient)
        except Flawed as flawed:
            # What a reference stands for is not known yet.
            referring = {where for where, *_ in in_body}
            yield from (flaw for flaw in flawed.flaws if flaw.at not in referring)
        except ServiceError:
            return  # it is told of by the operation, if none before it fails

    # ------------------------------------------------------------ operations

    async def _operation(
        self, given: Mapping[str, Any], at: str, named: Named, session: Session, *, lenient: bool
    ) -> Changed:
        with part_of_request(at):
            target = self._target(given, at, named)
            body = named.resolved(given.get("body"), f"{at}/body")
            read = self._read(target, {**given, "body": body}, at, lenient=lenient)
            changed = await self._change(target, read, session, is_there=given.get("ifMatch") is not None)
            if "as" in given:
                named.add(given["as"], orjson.loads(changed.row.body) if changed.row else {})
            return changed

    def _target(self, given: Mapping[str, Any], at: str, named: Named) -> _Target:
        """What to do with what. Errors: Flawed."""
        path = "/".join(_segment(each, f"{at}/path", named) for each in given["path"].split("/"))
        first, *rest = path.removeprefix(f"{PREFIX}/").split("/")
        resource, action = self._resources.get(first), _ACTIONS[given["method"]]
        is_item = action is not Action.CREATE
        if resource is None or not path.startswith(f"{PREFIX}/") or len(rest) != int(is_item):
            what = "an item, /v1/products/{id}" if is_item else "a collection, /v1/products"
            near = "" if resource else meant(first[:80], self._resources)
            raise Flawed([Flaw(f"{at}/path", "wrong_value", f"{given['method']} is done to {what}.{near}")])
        if action not in resource.endpoint_by_action:
            raise Flawed([Flaw(f"{at}/method", "wrong_value", f"{resource.model.name} takes no {given['method']}.")])
        return _Target(action, resource, rest[0] if rest else "")

    def _read(self, target: _Target, given: Mapping[str, Any], at: str, *, lenient: bool) -> _Read:
        """The key, the values and the versions of an operation. Errors: Flawed, NotFound, PreconditionRequired."""
        resource, body, inside = target.resource, given.get("body"), f"{at}/body"
        if target.action is Action.CREATE:
            return {}, self._bodies.created(resource, body, lenient=lenient, at=inside), None
        if self._requires_match and given.get("ifMatch") is None:
            raise PreconditionRequired("Say in `ifMatch` which version each change is meant for, or *.")
        key, versions = key_of(resource, target.segment), versions_at(given.get("ifMatch"), f"{at}/ifMatch")
        if target.action is Action.DELETE:
            return key, {}, versions
        read = self._bodies.patched if target.action is Action.UPDATE else self._bodies.replaced
        return key, read(resource, key, body, lenient=lenient, at=inside), versions

    async def _change(self, target: _Target, read: _Read, session: Session, *, is_there: bool) -> Changed:
        """`is_there`: whether it was said which version the row has, so that there must be one."""
        resource, (key, values, versions) = target.resource, read
        if target.action is Action.CREATE:
            return await self._changes.create(resource, values, session)
        if target.action is Action.DELETE:
            return await self._changes.delete(resource, key, versions, session)
        if target.action is Action.UPDATE:
            return await self._changes.update(resource, key, values, versions, session)
        if is_there:
            return await self._changes.replace(resource, key, values, versions, session)
        return await self._changes.put(resource, key, values, session)


def _operations(body: Any, *, lenient: bool) -> list[dict[str, Any]]:
    """The operations of a body, each of the right form. Errors: Flawed."""
    operations = body.get("operations") if isinstance(body, dict) else None
    if not isinstance(operations, list) or not 1 <= len(operations) <= MOST_OPERATIONS:
        raise Flawed([Flaw("/operations", "wrong_type", f"A list of 1 to {MOST_OPERATIONS} operations.")])
    flaws = [
        Flaw(f"/{escaped(name)}", "unknown_field", f"There is no '{name[:80]}' here.{meant(name[:80], ['operations'])}")
        for name in body
        if name != "operations"
    ]
    for at, each in enumerate(operations):
        flaws += _flaws_of(each, f"/operations/{at}")
    if lenient:
        flaws = [each for each in flaws if each.code != "unknown_field"]
    if flaws:
        raise Flawed(flaws)
    return operations


def _flaws_of(operation: Any, at: str) -> list[Flaw]:
    if not isinstance(operation, dict):
        return [Flaw(at, "wrong_type", f"An object with {', '.join(_MEMBERS)}.")]
    flaws = [
        Flaw(f"{at}/{escaped(name)}", "unknown_field", f"There is no '{name[:80]}' here.{meant(name[:80], _MEMBERS)}")
        for name in operation
        if name not in _MEMBERS
    ]
    if operation.get("method") not in _ACTIONS:
        flaws.append(Flaw(f"{at}/method", "wrong_value", f"One of {', '.join(_ACTIONS)}."))
    if not isinstance(operation.get("path"), str):
        flaws.append(Flaw(f"{at}/path", "wrong_type", "A path, such as /v1/products/p1."))
    name = operation.get("as", "_")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        flaws.append(Flaw(f"{at}/as", "wrong_value", "A name of letters, digits and _."))
    return flaws


def _segment(text: str, at: str, named: Named) -> str:
    """A segment of a path, of which a reference is what it stands for, percent-encoded."""
    value = named.resolved(text, at)
    return text if value == text else quote(str(value), safe="")
