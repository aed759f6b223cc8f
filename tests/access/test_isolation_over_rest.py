"""The same over REST: what is read and written is the same as if another organization were not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2

from service.catalog.model import Catalog
from service.operations import FUNCTIONS
from service.operations.connect import connect
from service.operations.run import CustomOperations
from service.rest.resources import Action, Resource, resources_of
from tests.access.at_once import Aim, requests
from tests.access.conftest import CALLERS, MADE_UP, Databases, World, rows_of
from tests.access.organizations import BOTH, OURS, THEIRS
from tests.access.questions import MISSING, aimed, custom_operations, input_of, key_of, touched
from tests.rest.calls import Rest, rest_on

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
    anything = quote(f'{{"not":{{"{resource.model.key[-1]}":{{"eq":"x"}}}}}}')
    for query in ("limit=100", "limit=1", f"filter={anything}"):
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


def operations() -> Iterator[Request]:
    """The custom operations, with ids of theirs, of ours and of nothing."""
    at = "/v1/operations"
    for asked in custom_operations():
        match dict(asked.variables):
            case {"of": organization}:
                yield "GET", f"{at}/reorderSuggestions?organizationId={organization}", None
            case {"id": order}:
                delivery = {"purchaseOrderId": order, "lines": [{"lineNumber": 7, "quantity": 1}]}
                yield "POST", f"{at}/receivePurchaseOrder", delivery
            case order:
                yield "POST", f"{at}/placePurchaseOrder", order


def requests_of(catalog: Catalog) -> Iterator[Request]:
    """All of them; what reads comes first."""
    for questions in (reads, writes):
        for resource in resources_of(catalog):
            yield from questions(resource, catalog)
    yield from operations()


def _with_operations(rest: Rest) -> Rest:
    return rest.with_custom(CustomOperations(rest.repository, connect(rest.catalog, FUNCTIONS, {})))


def _item(resource: Resource, catalog: Catalog, name: str) -> str:
    return f"/v1/{resource.name}/{resource.key_in_path([*key_of(resource.model, catalog, name).values()])}"


async def _answer(rest: Rest, request: Request, caller: str) -> tuple[int, str, int]:
    """Status, body and the number of statements. Every list is counted, too."""
    method, path, body = request
    counted = {"prefer": "count=exact"} if method == "GET" else {}
    with rest.watched() as sent:
        response = await rest.send(method, path, body, caller=CALLERS[caller], headers=counted)
    return response.status_code, MADE_UP.sub("", re.sub(r'"traceId":"[^"]*"', "", response.text)), len(sent)


async def test_rest_answers_as_if_theirs_were_not_there(
    world: World, databases: Databases, enforced: Catalog, layer: str
):
    keeps_apart = layer != "policies alone"
    theirs = await rows_of(databases.shared_superuser, enforced, THEIRS)
    different, answers = [], []
    async with (
        rest_on(enforced, databases.alone, keeps_apart=keeps_apart) as alone,
        rest_on(enforced, databases.shared, keeps_apart=keeps_apart) as shared,
    ):
        with_theirs, without = _with_operations(shared), _with_operations(alone)
        for request in requests_of(enforced):
            for caller in CALLERS if layer == "both layers" else ("Admin", "owner"):
                expected = await _answer(without, request, caller)
                answered = await _answer(with_theirs, request, caller)
                answers.append(expected)
                if answered != expected or answered[0] >= 500:
                    different.append(f"{request} by {caller}: {answered}\n   for {expected}")
    assert not different, "\n".join(different)
    assert {200, 201, 403, 404, 409} <= {status for status, _, _ in answers}
    assert sum(re.search(r'"total" : \d', body) is not None for _, body, _ in answers) > 70
    assert await rows_of(databases.shared_superuser, enforced, THEIRS) == theirs


FORBIDDEN, REFERRED_TO = (403, "forbidden"), (409, "condition_failed")
NOT_EVEN_OURS = {
    ("Organization", Action.CREATE): FORBIDDEN,
    ("Organization", Action.DELETE): REFERRED_TO,
    ("AuditLog", Action.UPDATE): FORBIDDEN,
    ("AuditLog", Action.DELETE): FORBIDDEN,
}
"""What an Admin cannot do at all."""
DONE = {Action.CREATE: [201], Action.SEARCH: 1, Action.UPDATE: [200], Action.DELETE: [204]}


def _outcome(response: httpx2.Response) -> Any:
    """What was done or found, or why nothing was."""
    body = response.json()
    if "code" in body:
        return body["code"]
    return len(body["data"]) if "data" in body else [each["status"] for each in body["results"]]


async def test_what_is_done_to_many_at_once_is_done_to_ours_alone(
    world: World, databases: Databases, enforced: Catalog, layer: str
):
    """With ours it is done. With theirs the same request is refused as with what nobody has, and nothing changes."""
    theirs = await rows_of(databases.shared_superuser, enforced, THEIRS)
    outcomes: dict[tuple[str, str, Action, str], dict[Aim, Any]] = {}
    async with rest_on(enforced, databases.shared, keeps_apart=layer != "policies alone") as rest:
        for resource in resources_of(enforced):
            for asked in requests(resource, enforced):
                ours = await rows_of(databases.shared_superuser, enforced, OURS)
                response = await rest.send("POST", asked.path, asked.body, caller=CALLERS["Admin"])
                about = (resource.model.name, asked.way, asked.action, asked.matter)
                outcomes.setdefault(about, {})[asked.aim] = (response.status_code, _outcome(response))
                if asked.aim is not Aim.OURS:
                    assert await rows_of(databases.shared_superuser, enforced, OURS) == ours, about
    assert await rows_of(databases.shared_superuser, enforced, THEIRS) == theirs
    for (name, way, action, matter), by_aim in outcomes.items():
        about = (name, way, action, matter, by_aim)
        if Aim.NOBODYS in by_aim:
            assert by_aim[Aim.THEIRS] == by_aim[Aim.NOBODYS], about
        assert by_aim.get(Aim.THEIRS, (404, ""))[0] in {403, 404, 409} or by_aim[Aim.THEIRS] == (200, 0), about
        if Aim.OURS in by_aim:
            assert by_aim[Aim.OURS] == NOT_EVEN_OURS.get((name, action), (200, DONE[action])), about


async def test_of_many_at_once_ours_are_done_if_they_need_not_be_all(
    databases: Databases, enforced: Catalog, layer: str
):
    parts = [{"key": {"id": id_}, "body": {"name": "together"}} for id_ in ("ours-1", "theirs-1")]
    before = [await rows_of(databases.shared_superuser, enforced, each) for each in (OURS, THEIRS)]
    async with rest_on(enforced, databases.shared, keeps_apart=layer != "policies alone") as rest:
        for all_or_none in ({}, {"atomic": True}):
            body = {"requests": parts, **all_or_none}
            problem = await rest.refused(404, "POST", "/v1/categories:batchUpdate", body, caller=CALLERS["Admin"])
            assert problem["code"] == "not_found"
            assert [await rows_of(databases.shared_superuser, enforced, each) for each in (OURS, THEIRS)] == before
        body = {"requests": parts, "atomic": False}
        response = await rest.send("POST", "/v1/categories:batchUpdate", body, caller=CALLERS["Admin"])
    done, refused = response.json()["results"]
    assert (done["status"], done["body"]["name"]) == (200, "together")
    assert (refused["status"], refused["problem"]["code"]) == (404, "not_found")
    assert await rows_of(databases.shared_superuser, enforced, THEIRS) == before[1]
