"""The REST API of one catalog: its endpoints, put together from its resources."""

from __future__ import annotations

from functools import partial

from service.db.repository import Repository
from service.graphql.fallback import Custom, not_connected
from service.graphql.scalars import guard_built_in_scalars
from service.rest.batches import Batches
from service.rest.bodies import BodyReader
from service.rest.changes import Changes
from service.rest.custom import CustomOperations
from service.rest.once import Once
from service.rest.permissions import Permissions
from service.rest.questions import QuestionReader
from service.rest.reads import Reads
from service.rest.resources import (
    OPERATIONS,
    PERMISSIONS,
    TRANSACTIONS,
    Action,
    Resource,
    key_template,
    resources_of,
)
from service.rest.routes import Branch, Routes
from service.rest.transactions import Transactions
from service.rest.writes import Writes


def rest_routes(
    repository: Repository,
    custom: Custom = not_connected,
    *,
    sorts_by_any: bool = False,
    requires_match: bool = False,
) -> Routes:
    """All endpoints. `custom` answers custom operations.

    `sorts_by_any`: whether rows may be sorted by a field that no index leads to. `requires_match`: whether a change
    must say by `If-Match` which version of a row it is meant for.
    """
    guard_built_in_scalars()
    resources = resources_of(repository.catalog)
    reads = Reads(repository, QuestionReader(repository.catalog, sorts_by_any=sorts_by_any))
    changes, bodies, once = Changes(repository, reads), BodyReader(repository.catalog), Once(repository)
    writes = Writes(changes, bodies, once, requires_match=requires_match)
    batches = Batches(changes, bodies, once, requires_match=requires_match)
    by_name = {each.name: each for each in resources}
    transactions = Transactions(by_name, changes, bodies, once, requires_match=requires_match)
    by_model = {each.model.name: each for each in resources}
    branches = {
        TRANSACTIONS: Branch({"POST": transactions.run}),
        PERMISSIONS: Branch({"GET": Permissions(repository.catalog, resources).read}),
        OPERATIONS: Branch(named=CustomOperations(repository, custom, bodies, once).endpoints()),
    }
    for resource in resources:
        branches[resource.name] = _branch(resource, by_model, reads, writes)
        branches |= _custom_methods(resource, reads, batches)
    return Routes(branches)


def _branch(resource: Resource, by_model: dict[str, Resource], reads: Reads, writes: Writes) -> Branch:
    branch = Branch(key=key_template(resource.model))
    for action, endpoint in (
        (Action.LIST, reads.collection),
        (Action.CREATE, writes.create),
    ):
        if action in resource.endpoint_by_action:
            branch.collection[resource.endpoint_by_action[action].method] = partial(endpoint, resource)
    for action, item in (
        (Action.GET, reads.item),
        (Action.REPLACE, writes.replace),
        (Action.UPDATE, writes.update),
        (Action.DELETE, writes.delete),
    ):
        if action in resource.endpoint_by_action:
            branch.item[resource.endpoint_by_action[action].method] = partial(item, resource)
    for child in resource.children:
        branch.children[child.segment] = partial(reads.children, resource, child, by_model[child.target.name])
    return branch


def _custom_methods(resource: Resource, reads: Reads, batches: Batches) -> dict[str, Branch]:
    """What is behind a colon: `products:search`, `products:batchCreate`."""
    found = {}
    if Action.SEARCH in resource.endpoint_by_action:
        found[f"{resource.name}:{Action.SEARCH}"] = Branch({"POST": partial(reads.search, resource)})
    for action in (Action.BATCH_CREATE, Action.BATCH_UPDATE, Action.BATCH_DELETE):
        if action in resource.endpoint_by_action:
            found[f"{resource.name}:{action}"] = Branch({"POST": partial(batches.run, action, resource)})
    return found
