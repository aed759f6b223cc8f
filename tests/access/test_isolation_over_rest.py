"""The same over REST: what is read and written is the same as if another organization were not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from service.catalog.model import Catalog
from service.rest.resources import Action, Resource, resources_of
from tests.access.conftest import CALLERS, MADE_UP, Databases, World, rows_of
from tests.access.organizations import BOTH, THEIRS
from tests.access.questions import MISSING, aimed, input_of, key_of, touched
from tests.rest.calls import Rest, rest_on

ANYTHING = quote('{"not":{"createdAt":{"eq":"2020-01-01T00:00:00Z"}}}')
Request = tuple[str, str, Any]
"""Method, path, body."""


def reads(resource: Resource, catalog: Catalog) -> Iterator[Request]:
    """Every way to read a resource."""
    collection = f"/v1/{resource.name}"
    every = ",".join(each.name for each in resource.model.relations if not each.is_many)
    for name in ("ours-0", "theirs-0", "theirs-stray", BOTH, MISSING):
        item = _item(resource, catalog, name)
        yield "GET", item, None
        yield "GET", f"{item}?include={every}", None
        yield from (("GET", f"{item}/{child.segment}", None) for child in resource.children)
    for query in ("limit=100", "limit=1", f"filter={ANYTHING}"):
        yield "GET", f"{collection}?{query}", None


def writes(resource: Resource, catalog: Catalog) -> Iterator[Request]:
    """Every way to write a resource, aimed at rows of theirs."""
    model, collection = resource.model, f"/v1/{resource.name}"
    if Action.CREATE in resource.endpoint_by_action and model.name != "Organization":
        made = {name: value for name, value in input_of(model, catalog, "rest-0").items() if value is not None}
        yield "POST", collection, made | {model.key[-1]: "theirs-3"}
        yield from (("POST", collection, made | change) for _, change in aimed(model))
    for name in ("theirs-0", MISSING):
        item = _item(resource, catalog, name)
        if Action.UPDATE in resource.endpoint_by_action:
            yield "PATCH", item, touched(model)
            parts = [{"key": key_of(model, catalog, name), "body": touched(model)}]
            yield "POST", f"{collection}:batchUpdate", {"requests": parts, "atomic": False}
        if Action.DELETE in resource.endpoint_by_action:
            yield "DELETE", item, None
            parts = [{"key": key_of(model, catalog, name)}]
            yield "POST", f"{collection}:batchDelete", {"requests": parts}
            yield "POST", f"{collection}:batchDelete", {"requests": parts, "atomic": False}


def _item(resource: Resource, catalog: Catalog, name: str) -> str:
    return f"/v1/{resource.name}/{resource.key_in_path([*key_of(resource.model, catalog, name).values()])}"


async def _answer(rest: Rest, request: Request, caller: str) -> tuple[int, str]:
    method, path, body = request
    response = await rest.send(method, path, body, caller=CALLERS[caller])
    return response.status_code, MADE_UP.sub("", re.sub(r'"traceId":"[^"]*"', "", response.text))


async def test_rest_answers_as_if_theirs_were_not_there(
    world: World, databases: Databases, enforced: Catalog, layer: str
):
    keeps_apart = layer != "policies alone"
    theirs = await rows_of(databases.shared_superuser, enforced, THEIRS)
    different, statuses = [], set()
    async with (
        rest_on(enforced, databases.alone, keeps_apart=keeps_apart) as alone,
        rest_on(enforced, databases.shared, keeps_apart=keeps_apart) as shared,
    ):
        for questions in (reads, writes):
            for request in (each for resource in resources_of(enforced) for each in questions(resource, enforced)):
                for caller in ("Admin", "owner"):
                    expected = await _answer(alone, request, caller)
                    answered = await _answer(shared, request, caller)
                    statuses.add(expected[0])
                    if answered != expected or answered[0] >= 500:
                        different.append(f"{request} by {caller}: {answered}\n   for {expected}")
    assert not different, "\n".join(different)
    assert {200, 201, 403, 404, 409} <= statuses
    assert await rows_of(databases.shared_superuser, enforced, THEIRS) == theirs
