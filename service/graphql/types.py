"""The object types that a catalog implies: models, connections, embedded types and the root types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from service.catalog import names
from service.catalog.model import Catalog, EnumType, Model, ObjectType, Relation, Root
from service.graphql import inputs
from service.graphql.implied import ImpliedKeys
from service.graphql.modes import Modes, modes
from service.graphql.roots import RootField, root_fields
from service.graphql.shapes import Directive, FieldShape, ObjectShape, Outline, Shape
from service.graphql.signatures import PAGE, signature, sort_argument

_ATTRIBUTE_TYPES = EnumType(
    "ModelAttributeTypes",
    ("binary", "binarySet", "bool", "list", "map", "number", "numberSet", "string", "stringSet", "_null"),
)
_SORT_DIRECTION = EnumType("ModelSortDirection", ("ASC", "DESC"))


def outline(catalog: Catalog) -> Outline:
    """The whole schema of a catalog as shapes. Fields of types are made when they are asked for."""
    roots = root_fields(catalog)
    opened = modes(catalog, roots)
    declared: list[Shape] = [*catalog.enums]
    declared += (_embedded(each, opened) for each in catalog.objects)
    declared += (_model(catalog, each, opened) for each in catalog.models)
    written = [inputs.written_input(each) for each in catalog.inputs]
    common: list[Shape] = [*inputs.common_inputs(), _ATTRIBUTE_TYPES, _SORT_DIRECTION]
    ordered = [*declared, *written, *_root_types(catalog, roots, opened), *common, *_derived(catalog, opened)]
    # An input that somebody wrote takes the place of a generated one of the same name.
    shapes = {each.name: each for each in ordered} | {each.name: each for each in written}
    always = (each.name for each in (*declared, *written, *common))
    return Outline(shapes, (*always, *dict.fromkeys(inputs.key_condition_names(catalog))))


def _derived(catalog: Catalog, opened: Modes) -> Iterable[Shape]:
    implied = ImpliedKeys(catalog)
    for embedded in catalog.objects:
        yield inputs.embedded_input(catalog, embedded)
    yield from inputs.enum_inputs(catalog)
    for model in catalog.models:
        for name in dict.fromkeys((names.list_connection(model.name), names.connection(model.name))):
            yield _connection(name, model, opened)
        yield from inputs.model_inputs(catalog, implied, model)
    yield from inputs.key_condition_inputs()


def _directives(directives: Iterable[str]) -> tuple[Directive, ...]:
    return tuple(Directive(each) for each in directives)


def _model(catalog: Catalog, model: Model, opened: Modes) -> ObjectShape:
    return ObjectShape(
        model.name,
        partial(_model_fields, catalog, model),
        _directives(opened.types.get(model.name, ())),
        {"model": model},
        model.description,
    )


def _model_fields(catalog: Catalog, model: Model) -> dict[str, FieldShape]:
    found = {each.name: FieldShape(str(each.type), origin={"field": each}) for each in model.fields}
    for relation in model.relations:
        found[relation.name] = _relation(catalog, relation)
    found |= {each.name: FieldShape(str(each.type), origin={"field": each}) for each in model.unresolved}
    return {name: found[name] for name in dict.fromkeys((*model.order, *found))}


def _relation(catalog: Catalog, relation: Relation) -> FieldShape:
    if not relation.is_many:
        return FieldShape(relation.target + "!" * relation.required, origin={"relation": relation})
    target = catalog.model_by_name[relation.target]
    index = target.index_by_name[relation.index] if relation.index else None
    follows_key = index is not None or relation.target_fields == target.key[:1]
    # A relation that already fixes a part of the sort key leaves nothing to ask for.
    arguments = sort_argument(catalog, target, index) if follows_key and len(relation.fields) == 1 else {}
    arguments["filter"] = names.filter_input(target.name)
    arguments["sortDirection"] = "ModelSortDirection"
    return FieldShape(names.connection(target.name), arguments | PAGE, origin={"relation": relation})


def _embedded(embedded: ObjectType, opened: Modes) -> ObjectShape:
    members = {each.name: each for each in (*embedded.fields, *embedded.relations)}
    ordered = dict.fromkeys((*embedded.order, *members))
    return ObjectShape(
        embedded.name,
        lambda: {name: FieldShape(str(members[name].type), origin={"field": members[name]}) for name in ordered},
        _directives(opened.types.get(embedded.name, ())),
        {"object": embedded},
    )


def _connection(name: str, model: Model, opened: Modes) -> ObjectShape:
    fields = {"items": FieldShape(f"[{model.name}]!"), "nextToken": FieldShape("String")}
    directives = _directives(opened.types.get(name, ()))
    return ObjectShape(name, partial(dict, fields), directives, {"connection_of": model})


def _root_types(catalog: Catalog, roots: Mapping[tuple[Root, str], RootField], opened: Modes) -> Iterable[ObjectShape]:
    for type_ in Root:
        members = [each for each in roots.values() if each.root is type_]
        if members:
            yield ObjectShape(type_.value, partial(_root_type_fields, catalog, members, opened))


def _root_type_fields(catalog: Catalog, members: Iterable[RootField], opened: Modes) -> dict[str, FieldShape]:
    fields = {}
    for each in members:
        type_, arguments = signature(catalog, each)
        listens = (Directive("aws_subscribe", each.mutations),) if each.mutations else ()
        directives = listens + _directives(opened.roots.get((each.root, each.name), ()))
        fields[each.name] = FieldShape(type_, arguments, directives, {"operation": each})
    return fields
