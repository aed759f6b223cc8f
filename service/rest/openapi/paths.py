"""The operations of a resource, each as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.catalog.model import Access, Model
from service.catalog.plurals import upper_first
from service.rest.exchange import JSON, MERGE_PATCH
from service.rest.openapi.answers import answer
from service.rest.openapi.parameters import Parameters
from service.rest.openapi.problems import (
    ALWAYS,
    OF_A_BODY,
    OF_A_CHANGE,
    OF_A_KEY,
    OF_A_NEW_ROW,
    OF_A_PAGE,
    OF_A_ROW,
    OF_A_VERSION,
    refusals,
)
from service.rest.openapi.security import admitted, requirements
from service.rest.openapi.values import Schema, ref
from service.rest.resources import Action, Child, Endpoint, Resource

ACCESS = {
    Action.LIST: Access.LIST,
    Action.SEARCH: Access.LIST,
    Action.GET: Access.GET,
    Action.CREATE: Access.CREATE,
    Action.REPLACE: Access.UPDATE,
    Action.UPDATE: Access.UPDATE,
    Action.DELETE: Access.DELETE,
    Action.BATCH_CREATE: Access.CREATE,
    Action.BATCH_UPDATE: Access.UPDATE,
    Action.BATCH_DELETE: Access.DELETE,
}
"""What each action is, as the access rules see it."""


class Paths:
    """Makes the operations of the resources of one document."""

    def __init__(self, resources: Iterable[Resource], parameters: Parameters) -> None:
        self._by_model = {each.model.name: each for each in resources}
        self._parameters = parameters

    def of(self, resource: Resource) -> Iterator[tuple[str, str, Schema]]:
        """(path, method, operation) of everything that can be done with a resource."""
        make = {
            Action.LIST: self._list,
            Action.SEARCH: self._search,
            Action.GET: self._get,
            Action.CREATE: self._create,
            Action.REPLACE: self._replace,
            Action.UPDATE: self._update,
            Action.DELETE: self._delete,
            Action.BATCH_CREATE: self._batch,
            Action.BATCH_UPDATE: self._batch,
            Action.BATCH_DELETE: self._batch,
        }
        for endpoint in resource.endpoints:
            about = _about(resource.model, endpoint.operation_id, ACCESS[endpoint.action])
            yield endpoint.path, endpoint.method.lower(), about | make[endpoint.action](resource, endpoint)
        for child in resource.children:
            yield child.path, "get", self._children(resource, child)

    # ------------------------------------------------------------ reads

    def _list(self, resource: Resource, _endpoint: Endpoint) -> Schema:
        return {
            "summary": f"List {resource.model.plural}",
            "parameters": self._parameters.of_list(resource),
            "responses": {**_pages(resource.model), **refusals(ALWAYS + OF_A_PAGE)},
        }

    def _children(self, resource: Resource, child: Child) -> Schema:
        parameters = [
            *self._parameters.of_key(resource.model),
            *self._parameters.of_list(self._by_model[child.target.name]),
        ]
        return _about(child.target, child.operation_id, Access.LIST) | {
            "summary": f"List {child.relation.name} of one {resource.model.name}",
            "tags": [resource.model.name],
            "parameters": parameters,
            "responses": {**_pages(child.target), **refusals(ALWAYS + OF_A_PAGE + OF_A_ROW)},
        }

    def _search(self, resource: Resource, _endpoint: Endpoint) -> Schema:
        return {
            "summary": f"Search {resource.model.plural}",
            "parameters": self._shared("preferCount"),
            "requestBody": _body(f"{resource.model.name}.Search"),
            "responses": {"200": _page(resource.model), **refusals(ALWAYS + OF_A_PAGE + OF_A_BODY)},
        }

    def _get(self, resource: Resource, _endpoint: Endpoint) -> Schema:
        model = resource.model
        parameters = [
            *self._parameters.of_key(model),
            *self._parameters.of_item(model),
            *self._shared("ifNoneMatch", "ifModifiedSince", "prefer"),
        ]
        known = answer("You have the row in this version.", None, "ETag", "Last-Modified", "Preference-Applied")
        return {
            "summary": f"Get one {model.name}",
            "parameters": parameters,
            "responses": {"200": _row("The row.", model), "304": known, **refusals(ALWAYS + OF_A_ROW)},
        }

    # ------------------------------------------------------------ writes

    def _create(self, resource: Resource, _endpoint: Endpoint) -> Schema:
        model = resource.model
        headers = ("Location", "ETag", "Last-Modified", "Preference-Applied", "Idempotent-Replayed")
        return {
            "summary": f"Create a {model.name}",
            "parameters": self._shared("idempotencyKey", "preferReturn"),
            "requestBody": _body(f"{model.name}.Create"),
            "responses": {
                "201": answer(
                    "The new row; no body with `return=minimal`.", ref(model.name), *headers, links=_links(resource)
                ),
                **refusals(ALWAYS + OF_A_BODY + OF_A_CHANGE + OF_A_NEW_ROW + OF_A_KEY),
            },
        }

    def _replace(self, resource: Resource, _endpoint: Endpoint) -> Schema:
        model = resource.model
        return {
            "summary": f"Create or replace a {model.name}",
            "parameters": self._parameters.of_key(model) + self._shared("ifMatch", "ifAbsent", "preferReturn"),
            "requestBody": _body(f"{model.name}.Replace"),
            "responses": {
                "200": _row("The row, which holds this and nothing else.", model),
                "201": _row("The row, which is new; no body with `return=minimal`.", model, "Location"),
                "204": _unshown(),
                **refusals(ALWAYS + OF_A_ROW + OF_A_BODY + OF_A_CHANGE + OF_A_NEW_ROW + OF_A_VERSION),
            },
        }

    def _update(self, resource: Resource, _endpoint: Endpoint) -> Schema:
        model = resource.model
        return {
            "summary": f"Change fields of a {model.name}",
            "parameters": self._parameters.of_key(model) + self._shared("ifMatch", "idempotencyKey", "preferReturn"),
            "requestBody": _body(f"{model.name}.Update", MERGE_PATCH, JSON),
            "responses": {
                "200": _row("The row as it is now.", model, "Idempotent-Replayed"),
                "204": _unshown("Idempotent-Replayed"),
                **refusals(ALWAYS + OF_A_ROW + OF_A_BODY + OF_A_CHANGE + OF_A_KEY + OF_A_VERSION),
            },
        }

    def _delete(self, resource: Resource, _endpoint: Endpoint) -> Schema:
        model = resource.model
        return {
            "summary": f"Delete a {model.name}",
            "parameters": self._parameters.of_key(model) + self._shared("ifMatch", "prefer"),
            "responses": {
                "204": answer("It is gone.", None, "Preference-Applied"),
                **refusals(ALWAYS + OF_A_ROW + OF_A_CHANGE + OF_A_VERSION),
            },
        }

    def _batch(self, resource: Resource, endpoint: Endpoint) -> Schema:
        verb = {Action.BATCH_CREATE: "Create", Action.BATCH_UPDATE: "Change", Action.BATCH_DELETE: "Delete"}
        model = resource.model
        results = answer(
            "What became of each, in their order.",
            ref(f"{model.name}.Results"),
            "Preference-Applied",
            "Idempotent-Replayed",
        )
        refused = OF_A_ROW + OF_A_BODY + OF_A_CHANGE + OF_A_NEW_ROW + OF_A_KEY + OF_A_VERSION
        return {
            "summary": f"{verb[endpoint.action]} many {model.plural}",
            "parameters": self._shared("idempotencyKey", "preferReturn"),
            "requestBody": _body(f"{model.name}.{upper_first(endpoint.action)}"),
            "responses": {"200": results, **refusals(ALWAYS + refused)},
        }

    def _shared(self, *keys: str) -> list[Schema]:
        return [self._parameters.shared(key) for key in keys]


def _links(resource: Resource) -> Schema:
    """What can be done with a row that was just made."""
    key = {name: f"$response.body#/{name}" for name in resource.model.key}
    on = (Action.GET, Action.UPDATE, Action.DELETE)
    found = (resource.endpoint_by_action[action] for action in on if action in resource.endpoint_by_action)
    return {each.action.value: {"operationId": each.operation_id, "parameters": key} for each in found}


def _about(model: Model, operation_id: str, access: Access) -> Schema:
    return {
        "operationId": operation_id,
        "tags": [model.name],
        "description": admitted(model.rules, access),
        "security": requirements(model.rules, access),
    }


def _unshown(*headers: str) -> Schema:
    description = "It is so, and with `return=minimal` the row is not given back."
    return answer(description, None, "ETag", "Last-Modified", "Preference-Applied", *headers)


def _pages(model: Model) -> Schema:
    known = answer("You have just this page.", None, "ETag", "Link", "Preference-Applied")
    return {"200": _page(model, "ETag", "Link"), "304": known}


def _page(model: Model, *headers: str) -> Schema:
    return answer("A page.", ref(f"{model.name}.Page"), *headers, "Preference-Applied")


def _row(description: str, model: Model, *headers: str) -> Schema:
    return answer(description, ref(model.name), "ETag", "Last-Modified", "Preference-Applied", *headers)


def _body(schema: str, *media_types: str) -> Schema:
    return {"required": True, "content": {each: {"schema": ref(schema)} for each in media_types or (JSON,)}}
