"""The parameters and request headers of the API: each is described once and referred to wherever it is taken."""

from __future__ import annotations

from service.catalog.model import Field, Model
from service.db.idempotency import HOURS
from service.db.plans.selections import MOST_COUNTED
from service.rest.etags import MOST_TAGS
from service.rest.exchange import JSON
from service.rest.once import KEY
from service.rest.openapi.filters import Filters
from service.rest.openapi.schemas import LIMIT, names_schema
from service.rest.openapi.values import Schema, Values, ref
from service.rest.planning import MOST_INCLUDED
from service.rest.questions import LIST_PARAMETERS
from service.rest.resources import Resource
from service.rest.shapes import DEEPEST


class Parameters:
    """The parameters of one document, which become its components as they are asked for."""

    def __init__(self, values: Values, filters: Filters) -> None:
        self._values = values
        self._filters = filters
        self.components: dict[str, Schema] = {}

    def of_list(self, resource: Resource) -> list[Schema]:
        """Everything that a list can be asked."""
        model = resource.model
        own = [
            self.shared("limit"),
            self.shared("cursor"),
            self._add(f"{model.name}.sort", _sort(resource)),
            *self.of_item(model),
            self._add(f"{model.name}.filter", _json_filter(model)),
        ]
        # A field that is called as one of the parameters above can be asked about in a filter as JSON alone.
        free = [each for each in resource.filterable if each.name not in LIST_PARAMETERS]
        filters = [self._add(_key_of(each), self._filters.parameter(each)) for each in free]
        return [*own, *filters, self.shared("ifNoneMatch"), self.shared("preferCount")]

    def of_item(self, model: Model) -> list[Schema]:
        """What is to be given of a row."""
        own = [self._add(f"{model.name}.fields", _names(model, "fields", "Field", _FIELDS))]
        relations = [_names(model, "include", "Relation", _INCLUDE)] if model.relations else []
        return own + [self._add(f"{model.name}.include", each) for each in relations]

    def of_key(self, model: Model) -> list[Schema]:
        """The parts of a key in a path."""
        fields = (model.field_by_name[name] for name in model.key)
        return [
            {"name": each.name, "in": "path", "required": True, "schema": self._key(each.type.name)} for each in fields
        ]

    def _key(self, name: str) -> Schema:
        schema = self._values.operand(name)
        return schema | {"minLength": 1} if schema.get("type") == "string" else schema

    def _add(self, key: str, parameter: Schema) -> Schema:
        self.components[key] = parameter
        return ref(key, "parameters")

    def shared(self, key: str) -> Schema:
        """A parameter that is the same for every resource: a key of `SHARED`."""
        return self._add(key, SHARED[key])


def _key_of(field: Field) -> str:
    return f"{field.name}.{field.type.name}{'.List' if field.type.is_list else ''}"


def _query(name: str, schema: Schema, description: str, **more: object) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _header(name: str, schema: Schema, description: str) -> Schema:
    """A header. It has no example: a page that offers to try the API would send it."""
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _names(model: Model, name: str, kind: str, description: str) -> Schema:
    return _query(name, names_schema(model, kind), description, style="form", explode=False)


def _sort(resource: Resource) -> Schema:
    first = ", ".join(f"`{name}`" for name in resource.sortable())
    description = (
        f"The order, `-` before what goes down. The first may be {first}; with a filter that holds the first field of "
        "an index to one value, also the next. The key decides among equals."
    )
    return _names(resource.model, "sort", "Sort", description)


def _json_filter(model: Model) -> Schema:
    return {
        "name": "filter",
        "in": "query",
        "description": "A filter of any shape, as JSON. It has to hold beside the others.",
        "content": {JSON: {"schema": ref(f"{model.name}.Filter"), "example": {}}},
    }


_FIELDS = f"What is given, and nothing else. Paths go on up to {DEEPEST} relations deep: `supplier.name`."
_INCLUDE = (
    f"Related rows that are given with the row, up to {DEEPEST} relations deep; of many the first {MOST_INCLUDED}."
)
_LENIENT = "`handling=lenient`: what is not known is ignored, not refused (RFC 7240)."
_COUNT = (
    "`count=exact`, `count=estimated`: how many rows there are on all pages, as `page.total`; the latter counts no "
    f"further than {MOST_COUNTED:,}, which then means that or more."
)
_RETURN = "`return=minimal`: the row is not given back, its `ETag` and `Location` are."
_TAG = r'(?:W/)?"[!#-+.-~-]*"'
SHARED: dict[str, Schema] = {
    "limit": _query("limit", LIMIT, "Rows of a page."),
    "cursor": _query("cursor", {"type": "string"}, "Where the page begins: `page.next` of the one before."),
    "prefer": _header("Prefer", {"type": "string"}, _LENIENT),
    "preferCount": _header("Prefer", {"type": "string"}, f"{_COUNT} {_LENIENT}"),
    "preferReturn": _header("Prefer", {"type": "string"}, f"{_RETURN} {_LENIENT}"),
    "ifNoneMatch": _header(
        "If-None-Match", {"type": "string"}, "The `ETag` of what you have: the answer is 304 if it is still that."
    ),
    "ifModifiedSince": _header(
        "If-Modified-Since",
        {"type": "string"},
        "The `Last-Modified` of a row whose `ETag` you do not have: 304 if it has not changed since, to the second. "
        "Not with `fields` or `include`.",
    ),
    "ifAbsent": _header(
        "If-None-Match", {"type": "string", "const": "*"}, "`*`: only if there is no row with this key yet."
    ),
    "ifMatch": _header(
        "If-Match",
        {"type": "string", "pattern": rf"^(?:\*|{_TAG}(?:, ?{_TAG}){{0,{MOST_TAGS - 1}}})$"},
        "The `ETag` of the version that the change is meant for, in its quotes.",
    ),
    "idempotencyKey": _header(
        "Idempotency-Key",
        {"type": "string", "pattern": f"^{KEY.pattern}$"},
        f"Your own name for this request. Sent again within {HOURS} hours it is done once, and answered the same.",
    ),
}
"""What is the same for every resource."""
