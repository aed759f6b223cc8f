"""One run of a plan: where each value that the plan leaves open comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.auth.principal import Principal
from service.catalog.model import Field
from service.db.plans import sources
from service.db.plans.conversions import key_text
from service.db.plans.cursors import Cursors
from service.db.plans.tracing import at, resolve_tree
from service.errors import Invalid

DEFAULT_PAGE = 100
"""How many rows a page has if the request does not say: AppSync's own default."""


@dataclass(slots=True)
class Run:
    """One run of a plan: the values of the request, and who asks."""

    variables: Mapping[str, Any]
    principal: Principal
    cursors: Cursors
    max_page: int
    written: dict[str, Any] = field(default_factory=dict)
    """For a write: what each field will hold."""
    asking: Sequence[str | None] = ()
    """What tells PostgreSQL who asks, where organizations are kept apart."""

    def cursor(self, order: sources.PageOrder, values: list[Any]) -> str:
        """The cursor for the row with these key values."""
        return self.cursors.encode(order, values, self._bound(order))

    def after(self, order: sources.PageOrder, token: str) -> list[Any]:
        """The key values in a cursor. Raises `CursorMismatch`."""
        return self.cursors.decode(order, token, self._bound(order))

    def _bound(self, order: sources.PageOrder) -> str:
        bound = "" if order.bound is None else str(resolver(order.bound)(self))
        return bound if order.model.tenant is None else f"{self.principal.organization}\0{bound}"


Resolve = Callable[[Run], Any]


def resolver(source: sources.Source) -> Resolve:  # noqa: C901  one case for each source
    """How to find the value of a source in a run."""
    match source:
        case sources.Variable(path):
            return _variable(path)
        case sources.Constant(value):
            return lambda _: value
        case sources.Tree(tree):
            return lambda run: resolve_tree(tree, run.variables)
        case sources.Identities(claim):
            return lambda run: identities(run.principal, claim)
        case sources.Groups(claim):
            return lambda run: list(run.principal.groups(claim))
        case sources.Organization():
            return lambda run: run.principal.organization
        case sources.Asking(position):
            return lambda run: run.asking[position]
        case sources.Joined(parts):
            return _joined(parts)
        case sources.CursorPart(token, order, position):
            resolve = resolver(token)
            return lambda run: run.after(order, resolve(run))[position]
        case sources.Limit(given, extra):
            return _limit(given, extra)
        case sources.Written(name):
            return lambda run: run.written[name]


def _variable(path: tuple[str | int, ...]) -> Resolve:
    if len(path) == 1:
        name = path[0]
        return lambda run: run.variables[name]  # type: ignore[index]
    return lambda run: at(run.variables, path)


def _limit(given: sources.Source | None, extra: int) -> Resolve:
    resolve = resolver(given) if given is not None else None

    def limit(run: Run) -> int:
        size = DEFAULT_PAGE if resolve is None else resolve(run)
        if size < 1:
            raise Invalid("Limit must be greater than or equal to 1", error_type="DynamoDB:ValidationException")
        return int(min(size, run.max_page)) + extra

    return limit


def _joined(parts: tuple[tuple[Field, sources.Source], ...]) -> Resolve:
    resolvers = [(each, resolver(source)) for each, source in parts]
    return lambda run: "#".join(key_text(each, resolve(run)) for each, resolve in resolvers)


def identities(principal: Principal, claim: str) -> list[str]:
    """Every form in which a stored owner may name this caller.

    `sub::username` is what Amplify stores; data written before it, or by hand, holds either half. A half that looks
    like a whole is nobody's name: a user pool lets people choose somebody else's `sub::username` as their user name.
    """
    names = [principal.username if part == "username" else principal.claims.get(part) for part in claim.split("::")]
    known = [name for name in names if name and isinstance(name, str)]
    if len(names) == 1:
        return known
    halves = [name for name in known if "::" not in name]
    return ["::".join(known), *halves] if len(known) == len(names) else halves
