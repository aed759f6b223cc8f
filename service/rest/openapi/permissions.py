"""What a caller may do, as OpenAPI describes it."""

from __future__ import annotations

from service.catalog.permissions import OPERATIONS, Extent
from service.rest.openapi.answers import answer
from service.rest.openapi.parameters import Parameters
from service.rest.openapi.problems import ALWAYS, refusals
from service.rest.openapi.security import SCHEMES
from service.rest.openapi.values import Schema, ref
from service.rest.permissions import OF_A_FIELD
from service.rest.resources import PERMISSIONS, PREFIX

PERMISSIONS_PATH = f"{PREFIX}/{PERMISSIONS}"
TAG = "Permissions"
_TEXT: Schema = {"type": "string"}


def permissions_schemas() -> dict[str, Schema]:
    """What the caller may do, and of which rows."""
    extent: Schema = {
        "type": "string",
        "enum": [each.value for each in Extent],
        "description": (
            "`yes`: with every row of the caller's organization. `own`: with those that name the caller as owner, or a "
            "group of the caller's in their group field. `no`: with none."
        ),
    }
    may = ref("rest.Extent")
    field = _object(dict.fromkeys(OF_A_FIELD, may), "read")
    fields: Schema = {
        "type": "object",
        "additionalProperties": field,
        "description": "Those that have rules of their own, by name; the rules of the model hold besides.",
    }
    model = _object({"model": _TEXT, "path": _TEXT, **{each.value: may for each in OPERATIONS}, "fields": fields})
    operation = _object({"operation": _TEXT, "path": _TEXT, "call": may})
    caller = _object(
        {
            "provider": _TEXT | {"description": "The authorization mode."},
            "organization": {"type": ["string", "null"]},
            "groups": {"type": "array", "items": _TEXT, "description": "Those of the caller that some rule names."},
        }
    )
    models: Schema = {"type": "array", "items": model}
    operations: Schema = {"type": "array", "items": operation}
    return {
        "rest.Extent": extent,
        "rest.Permissions": _object({"caller": caller, "models": models, "operations": operations}),
    }


def permissions_operation(parameters: Parameters) -> Schema:
    """The operation that tells."""
    known = answer("You know them.", None, "ETag", "Preference-Applied")
    return {
        "operationId": "getPermissions",
        "tags": [TAG],
        "summary": "What you may do",
        "description": "What the rules of each model, field and operation allow to the caller. Everybody may ask.",
        "security": [{scheme: []} for scheme in SCHEMES],
        "parameters": [parameters.shared("ifNoneMatch"), parameters.shared("prefer")],
        "responses": {
            "200": answer("Of each model, in its order.", ref("rest.Permissions"), "ETag", "Preference-Applied"),
            "304": known,
            **refusals(ALWAYS),
        },
    }


def _object(members: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "required": list(required or members), "properties": members}
