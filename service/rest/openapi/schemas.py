"""The schemas of a resource: its rows as they are given back, and the bodies that are sent in.

A derived schema is called after its model and what it is for, `Product.Create`. No type of a GraphQL schema can have a
dot in its name, so none of them is ever taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.catalog.model import Catalog, Field, Model, ObjectType, Relation
from service.rest.openapi.values import Schema, Values, closed, embedded_input, or_null, ref
from service.rest.questions import MOST_ROWS, MOST_SORTS, PAGE, sortable_fields
from service.rest.resources import Action, Resource
from service.rest.shapes import MOST_PATHS

LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": PAGE}
"""Rows of a page."""


def type_schemas(catalog: Catalog, values: Values) -> Iterator[tuple[str, Schema]]:
    """The enums, embedded types and hand-written inputs of a catalog."""
    for enum in catalog.enums:
        yield enum.name, {"type": "string", "enum": list(enum.values)}
    for each in catalog.objects:
        yield each.name, _object_given_back(each, values)
    for each in _sent_in(catalog):
        yield embedded_input(each.name), _body(each.fields, _required(each.fields), values)
    for written in catalog.inputs:
        yield written.name, _body(written.fields, _required(written.fields), values)


def resource_schemas(catalog: Catalog, resource: Resource, values: Values) -> Iterator[tuple[str, Schema]]:
    """The row of a resource, what can be said of it, and its bodies."""
    model = resource.model
    name = model.name
    yield name, _row(model, values)
    yield f"{name}.Page", _page(model)
    yield f"{name}.Field", _enum(_paths(catalog, model))
    yield f"{name}.Relation", _enum(_relations(catalog, model))
    yield f"{name}.Sort", _enum(sign + each for each in sortable_fields(resource) for sign in ("", "-"))
    whole, part = example_of(resource, values), example_of_change(resource, values)
    yield f"{name}.Search", _search(model) | {"examples": [{"limit": 10}]}
    on = resource.endpoint_by_action
    if Action.CREATE in on:
        yield f"{name}.Create", _create(resource, values) | {"examples": [whole]}
    if Action.REPLACE in on:
        yield f"{name}.Replace", _replacement(resource, values) | {"examples": [_without_key(whole, model)]}
    if Action.UPDATE in on:
        yield f"{name}.Update", _patch(resource, values) | {"examples": [part]}


def names_schema(model: Model, kind: str) -> Schema:
    """A list of what the schema of this kind (`Field`, `Relation`, `Sort`) names."""
    limits = {
        "Field": {"minItems": 1, "maxItems": MOST_PATHS},
        "Relation": {"maxItems": MOST_PATHS},
        "Sort": {"maxItems": MOST_SORTS, "uniqueItems": True},
    }
    return {"type": "array", "items": ref(f"{model.name}.{kind}"), **limits[kind]}


def _enum(names: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(names)}


def _paths(catalog: Catalog, model: Model) -> Iterator[str]:
    yield from (each.name for each in model.fields)
    for relation in model.relations:
        yield from (f"{relation.name}.{each.name}" for each in catalog.model_by_name[relation.target].fields)


def _relations(catalog: Catalog, model: Model) -> Iterator[str]:
    for relation in model.relations:
        yield relation.name
        yield from (f"{relation.name}.{each.name}" for each in catalog.model_by_name[relation.target].relations)


def _row(model: Model, values: Values) -> Schema:
    members: dict[str, Schema] = {}
    for each in model.fields:
        members[each.name] = values.given_back(each)
    for relation in model.relations:
        members[relation.name] = _related(relation)
    schema: Schema = {"type": "object", "properties": {name: members[name] for name in _order(model, members)}}
    return {**schema, "description": model.description} if model.description else schema


def _order(model: Model, members: Iterable[str]) -> list[str]:
    known = list(members)
    return [name for name in model.order if name in known] + [name for name in known if name not in model.order]


def _related(relation: Relation) -> Schema:
    note = f"Only with `include={relation.name}`."
    if relation.is_many:
        return {**ref(f"{relation.target}.Page"), "description": note}
    return {**or_null(ref(relation.target)), "description": note}


def page_schema() -> Schema:
    """What is said of a page."""
    members: dict[str, Schema] = {
        "limit": {"type": "integer", "description": "How many rows it has at most."},
        "next": {"type": ["string", "null"], "description": "The `cursor` of the next page; null on the last."},
        "hasMore": {"type": "boolean", "description": "Whether rows follow."},
        "total": {"type": "integer", "description": "Rows of all pages, with `Prefer: count=…`."},
    }
    return {"type": "object", "required": ["limit", "hasMore"], "properties": members}


def _page(model: Model) -> Schema:
    return {
        "type": "object",
        "required": ["data", "page"],
        "properties": {"data": {"type": "array", "items": ref(model.name)}, "page": ref("rest.Page")},
    }


def _create(resource: Resource, values: Values) -> Schema:
    schema = _body(resource.creatable, resource.required_to_create(), values)
    schema["properties"] |= {
        name: part | {"minLength": 1} for name, part in schema["properties"].items() if name in resource.model.key
    }
    return schema


def _replacement(resource: Resource, values: Values) -> Schema:
    return _body(
        resource.changeable, _without_key(dict.fromkeys(resource.required_to_create()), resource.model), values
    )


def _without_key(members: Mapping[str, Any], model: Model) -> dict[str, Any]:
    return {name: each for name, each in members.items() if name not in model.key}


def _patch(resource: Resource, values: Values) -> Schema:
    return closed({each.name: values.sent_in(each, null=not each.type.required) for each in resource.changeable})


def _search(model: Model) -> Schema:
    parts: dict[str, Schema] = {
        "filter": or_null(ref(f"{model.name}.Filter")),
        "sort": or_null(names_schema(model, "Sort")),
        "limit": LIMIT,
        "cursor": {"type": ["string", "null"]},
        "fields": or_null(names_schema(model, "Field")),
    }
    return closed(parts | ({"include": or_null(names_schema(model, "Relation"))} if model.relations else {}))


def example_of(resource: Resource, values: Values) -> dict[str, Any]:
    """The least that makes a row."""
    required = set(resource.required_to_create())
    return {each.name: values.example(each) for each in resource.creatable if each.name in required}


def example_of_change(resource: Resource, values: Values) -> dict[str, Any]:
    """One field, of those that a row must have if there is one."""
    fields = sorted(resource.changeable, key=lambda each: not each.type.required)
    plain = [each for each in fields if not each.name.endswith("Id")] or fields
    return {each.name: values.example(each) for each in plain[:1]}


def _object_given_back(of: ObjectType, values: Values) -> Schema:
    members = {each.name: values.given_back(each) for each in of.fields}
    members |= {each.name: or_null(ref(each.type.name)) for each in of.relations}
    return {"type": "object", "properties": members}


def _body(fields: Iterable[Field], required: Iterable[str], values: Values) -> Schema:
    needed = list(required)
    return closed({each.name: values.sent_in(each, null=each.name not in needed) for each in fields}, needed)


def _required(fields: Iterable[Field]) -> list[str]:
    return [each.name for each in fields if each.type.required and each.default is None]


def _sent_in(catalog: Catalog) -> Iterator[ObjectType]:
    """The embedded types that a body can hold: those of stored fields, and what is in them."""
    waiting = [field.type.name for model in catalog.models for field in model.fields if field.in_input]
    waiting += [field.type.name for written in catalog.inputs for field in written.fields]
    found: dict[str, ObjectType] = {}
    while waiting:
        embedded = catalog.object_by_name.get(waiting.pop())
        if embedded is not None and embedded.name not in found:
            found[embedded.name] = embedded
            waiting += [each.type.name for each in embedded.fields]
    return (each for each in catalog.objects if each.name in found)
