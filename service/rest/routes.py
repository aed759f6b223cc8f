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
    key: str = "{key}"
    """What stands for the key of an item in the template of its path: `{id}`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is at an address."""

    route: str
    """The template of its path, as the OpenAPI document has it: `/v1/products/{id}`."""
    endpoints: Mapping[str, Endpoint]
    """By method."""


class Routes:
    """The endpoints by path and method."""

    def __init__(self, branches: Mapping[str, Branch]) -> None:
        self._branches = branches

    def find(self, path: str) -> Found:
        """What is at a path (as it was sent). Errors: NotFound."""
        first, *rest = path.removeprefix(f"{PREFIX}/").split("/")
        branch = self._branches.get(first)
        segments, endpoints = _below(branch, rest) if branch else ((), {})
        if not endpoints:
            raise NotFound("There is nothing at this address.")
        return Found("/".join((PREFIX, first, *segments)), endpoints)


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


def _below(branch: Branch, rest: list[str]) -> tuple[tuple[str, ...], dict[str, Endpoint]]:
    """The segments of the template behind the first, and the endpoints there; none if there is nothing."""
    match rest:
        case []:
            return (), branch.collection
        case [name] if name in branch.named:
            return (name,), branch.named[name]
        case [key] if key:
            return (branch.key,), {method: _of(endpoint, key) for method, endpoint in branch.item.items()}
        case [key, child] if key and child in branch.children:
            return (branch.key, child), {"GET": _of(branch.children[child], key)}
        case _:
            return (), {}


def _of(endpoint: ItemEndpoint, key: str) -> Endpoint:
    return lambda request: endpoint(key, request)
