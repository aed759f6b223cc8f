"""`GET /v1/permissions`: what the rules let the caller do, so that a frontend offers nothing that would be refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from service.catalog.access import CallerClass, decide
from service.catalog.model import Access, Catalog
from service.catalog.permissions import extent_of, field_permissions, permissions
from service.rest.etags import is_known, page_tag
from service.rest.exchange import Reply, Request
from service.rest.resources import PREFIX, Resource, operation_path, served_operations
from service.rest.writes import check_parameters

KEPT = 1_000
OF_A_FIELD = {"read": Access.GET, "create": Access.CREATE, "update": Access.UPDATE}
"""What there is to do with a field, and what the rules call it."""


class Permissions:
    """Tells callers what they may do with the rows of one catalog."""

    def __init__(self, catalog: Catalog, resources: Iterable[Resource]) -> None:
        self._catalog = catalog
        self._resources = tuple(resources)
        self._rules = lru_cache(KEPT)(self._of_class)

    async def read(self, request: Request) -> Reply:
        """The caller, and for each model, field with rules of its own and operation what is allowed."""
        check_parameters(request)
        principal, caller = request.session.principal, request.session.caller
        who = {
            "provider": principal.provider,
            "organization": principal.organization,
            "groups": sorted(group for _, group in caller.groups),
        }
        body = orjson.dumps({"caller": who, **self._rules(caller)})
        headers = (("etag", tag := page_tag(body)), *request.preferences.applied())
        if is_known(request.headers.get("if-none-match"), tag):
            return Reply(304, b"", headers)
        return Reply(200, body, headers)

    def _of_class(self, caller: CallerClass) -> Mapping[str, Any]:
        operations = [
            {
                "operation": each.name,
                "path": operation_path(each),
                "call": extent_of(decide(each.rules, Access.GET, caller)),
            }
            for each in served_operations(self._catalog)
        ]
        return {"models": [_of_resource(each, caller) for each in self._resources], "operations": operations}


def _of_resource(resource: Resource, caller: CallerClass) -> Mapping[str, Any]:
    rows = {access.value: extent for access, extent in permissions(resource.model, caller).items()}
    fields = {
        name: {what: extents[access] for what, access in OF_A_FIELD.items() if access in extents}
        for name, extents in field_permissions(resource.model, caller).items()
    }
    path = f"{PREFIX}/{resource.name}"
    return {"model": resource.model.name, "path": path, **rows, "fields": fields}
