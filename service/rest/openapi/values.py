"""Types of the catalog → JSON Schema (2020-12).

What is sent in must match a pattern, as the parsers of scalars have it. What is given back has its format alone: rows
that came from elsewhere may hold text that no request could bring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.catalog.model import Catalog, Field, TypeRef
from service.graphql import scalars
from service.rest.resources import is_any_json

Schema = dict[str, Any]
NULL: Schema = {"type": "null"}
LARGEST = 2**63 - 1
_STORABLE = r"^[^\u0000]*$"
"""PostgreSQL stores no U+0000."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a scalar is in JSON."""

    type: str
    example: Any
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What is known of a value that is given back, beside its type."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """What more a value must be that is sent in."""


def _matching(pattern: str) -> Schema:
    return {"pattern": f"^(?:{pattern})$"}


FORMS: dict[str, Form] = {
    "ID": Form("string", "8f14e45f-ceea-467f-a9d3-d2a1a1f0c9b2", request={"pattern": _STORABLE}),
    "String": Form("string", "text", request={"pattern": _STORABLE}),
    "Int": Form("integer", 1, {"format": "int32"}, {"minimum": -(2**31), "maximum": 2**31 - 1}),
    "Float": Form("number", 9.5, {"format": "double"}),
    "Boolean": Form("boolean", example=True),
    "AWSDate": Form("string", "2024-02-29", {"format": "date"}, _matching(scalars.DATE.pattern)),
    "AWSTime": Form("string", "10:15:30.000Z", {}, _matching(scalars.TIME.pattern)),
    "AWSDateTime": Form(
        "string", "2024-02-29T10:15:30.000Z", {"format": "date-time"}, _matching(scalars.DATE_TIME.pattern)
    ),
    "AWSTimestamp": Form(
        "integer",
        1_709_201_730,
        {"format": "int64"},
        {"minimum": -LARGEST - 1, "maximum": LARGEST, "not": {"const": 0}},
    ),
    "AWSEmail": Form("string", "ada@example.com", {"format": "email"}, _matching(scalars.EMAIL.pattern)),
    "AWSJSON": Form("string", '{"colour":"blue"}', {"contentMediaType": "application/json", "format": "json"}),
    "AWSURL": Form("string", "https://example.com/", {"format": "uri"}, _matching(scalars.URL.pattern)),
    "AWSPhone": Form("string", "+12025550123", {"format": "phone"}, _matching(scalars.PHONE.pattern)),
    "AWSIPAddress": Form("string", "192.0.2.1", {"format": "ip-address"}),
}


class Values:
    """The schemas of the values of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._fields = {each.name: each.fields for each in catalog.objects}
        self._fields |= {each.name: each.fields for each in catalog.inputs}

    def given_back(self, field: Field) -> Schema:
        """A value as an answer has it. It may be null, as a stored item may lack what later became required."""
        if is_any_json(field):
            return {"description": "Any JSON."}
        return or_null(_listed(field.type, self._answered(field.type.name)))

    def sent_in(self, field: Field, *, null: bool) -> Schema:
        """A value as a request may bring it."""
        if is_any_json(field):
            return {"description": "Any JSON."} if null else {"description": "Any JSON.", "not": NULL}
        schema = _listed(field.type, self.operand(field.type.name))
        if field.at_least is not None and self._catalog.is_enforced:
            schema = schema | {"minimum": field.at_least}
        return or_null(schema) if null else schema

    def operand(self, name: str) -> Schema:
        """A value of a type by its name, null not among them."""
        form = FORMS.get(name)
        if form is not None:
            return {"type": form.type, **form.answer, **form.request}
        return ref(embedded_input(name) if name in self._catalog.object_by_name else name)

    def examples(self, fields: Iterable[Field]) -> dict[str, Any]:
        """A value of each field that has to have one."""
        return {each.name: self.example(each) for each in fields if each.type.required and each.default is None}

    def example(self, field: Field) -> Any:
        """One value of a field."""
        type_ = field.type
        if is_any_json(field):
            return {"colour": "blue"}
        if type_.name in self._catalog.enum_by_name:
            value: Any = self._catalog.enum_by_name[type_.name].values[0]
        elif type_.name in FORMS:
            value = FORMS[type_.name].example
        else:
            value = self.examples(self._fields[type_.name])
        return [value] if type_.is_list else value

    def _answered(self, name: str) -> Schema:
        form = FORMS.get(name)
        return {"type": form.type, **form.answer} if form is not None else ref(name)


def _listed(type_: TypeRef, element: Schema) -> Schema:
    if not type_.is_list:
        return element
    return {"type": "array", "items": element if type_.element_required else or_null(element)}


def ref(name: str, section: str = "schemas") -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def or_null(schema: Schema) -> Schema:
    """The schema with null allowed."""
    if "$ref" in schema:
        return {"anyOf": [schema, NULL]}
    return {**schema, "type": [schema["type"], "null"]}


def embedded_input(name: str) -> str:
    """The schema of an embedded type where it is sent in."""
    return f"{name}.Input"


def closed(members: dict[str, Schema], required: Sequence[str] = (), **more: Any) -> Schema:
    """An object with these members and no others."""
    schema: Schema = {"type": "object", "properties": members, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {}) | more
