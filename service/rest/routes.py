"""A path and a method → the endpoint: a lookup by the first segment, however many models there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from service.bodies import MethodNotAllowed
from service.errors import NotFound
from service.rest.exchange import Reply, Request
from service.rest.resources import PREFIX

Endpoint = Callable[[Request], Awaitable[Reply]]
ItemEndpoint = Callable[[str, Request], Awaitable[Reply]]
"""Of an item: also takes the segment of its key, as it was sent."""


@dataclass(slots=True)
class Branch:
    """What lies behind one first segment: `products`, or `products:search`."""

    collection: dict[str, Endpoint] = field(default_factory=dict)
    """By method."""
    item: dict[str, ItemEndpoint] = field(default_factory=dict)
    """By method."""
    children: dict[str, ItemEndpoint] = field(default_factory=dict)
    """By the segment after the key; they are read."""
    named: dict[str, dict[str, Endpoint]] = field(default_factory=dict)
    """By the second segment, where it is no key but one of a few names, and by method."""


class Routes:
    """The endpoints by path and method."""

    def __init__(self, branches: Mapping[str, Branch]) -> None:
        self._branches = branches

    def find(self, path: str) -> dict[str, Endpoint]:
        """The endpoints at a path (as it was sent) by method. Errors: NotFound."""
        first, *rest = path.removeprefix(f"{PREFIX}/").split("/")
        branch = self._branches.get(first)
        found: dict[str, Endpoint] = {}
        if branch is not None and not rest:
            found = branch.collection
        elif branch is not None and len(rest) == 1 and rest[0] in branch.named:
            found = branch.named[rest[0]]
        elif branch is not None and len(rest) == 1 and rest[0]:
            found = {method: _of(endpoint, rest[0]) for method, endpoint in branch.item.items()}
        elif branch is not None and len(rest) == 2 and rest[0] and rest[1] in branch.children:
            found = {"GET": _of(branch.children[rest[1]], rest[0])}
        if not found:
            raise NotFound("There is nothing at this address.")
        return found


def endpoint_for(method: str, found: Mapping[str, Endpoint]) -> Endpoint:
    """The endpoint for a method, `HEAD` being a `GET` whose body is not sent. Errors: MethodNotAllowed."""
    endpoint = found.get("GET" if method == "HEAD" else method)
    if endpoint is None:
        allowed = methods_of(found)
        raise MethodNotAllowed(f"This address takes {', '.join(allowed)}.", allowed)
    return endpoint


def methods_of(found: Mapping[str, Endpoint]) -> tuple[str, ...]:
    """What `Allow` lists."""
    return (*found, *(["HEAD"] if "GET" in found else []), "OPTIONS")


def _of(endpoint: ItemEndpoint, key: str) -> Endpoint:
    return lambda request: endpoint(key, request)
