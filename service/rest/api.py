"""The REST API of one catalog: its endpoints, put together from its resources."""

from __future__ import annotations

from functools import partial

from service.db.repository import Repository
from service.graphql.scalars import guard_built_in_scalars
from service.rest.questions import QuestionReader
from service.rest.reads import Reads
from service.rest.resources import Action, Resource, resources_of
from service.rest.routes import Branch, Routes


def rest_routes(repository: Repository, *, sorts_by_any: bool = False) -> Routes:
    """All endpoints. `sorts_by_any`: whether rows may be sorted by a field that no index leads to."""
    guard_built_in_scalars()
    resources = resources_of(repository.catalog)
    reads = Reads(repository, QuestionReader(repository.catalog, sorts_by_any=sorts_by_any))
    by_model = {each.model.name: each for each in resources}
    branches: dict[str, Branch] = {}
    for resource in resources:
        branches |= _branches(resource, by_model, reads)
    return Routes(branches)


def _branches(resource: Resource, by_model: dict[str, Resource], reads: Reads) -> dict[str, Branch]:
    on, name = resource.endpoint_by_action, resource.name
    branch = Branch()
    branches = {name: branch}
    if Action.LIST in on:
        branch.collection["GET"] = partial(reads.collection, resource)
        branches[f"{name}:{Action.SEARCH}"] = Branch({"POST": partial(reads.search, resource)})
    if Action.GET in on:
        branch.item["GET"] = partial(reads.item, resource)
    for child in resource.children:
        target = by_model[child.target.name]
        branch.children[child.segment] = partial(reads.children, resource, child, target)
    return branches
