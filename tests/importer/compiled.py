"""Reads what Amplify's own transformer compiled, in the terms of the catalog, so that both can be compared."""

from __future__ import annotations

from graphql import ObjectTypeDefinitionNode, parse, print_ast

from service.catalog.model import Catalog, Model

Shape = dict[str, dict[str, str]]


def shapes_compiled(sdl: str) -> Shape:
    """Type → field → type, of all object types that no rule of generation explains, in order."""
    types = {each.name.value: each for each in parse(sdl).definitions if isinstance(each, ObjectTypeDefinitionNode)}
    return {
        name: {field.name.value: print_ast(field.type) for field in node.fields}
        for name, node in types.items()
        if name not in {"Query", "Mutation", "Subscription"} and not name.endswith("Connection")
    }


def roots_compiled(sdl: str) -> dict[str, set[str]]:
    """Root type → the names of its fields."""
    return {
        node.name.value: {field.name.value for field in node.fields}
        for node in parse(sdl).definitions
        if isinstance(node, ObjectTypeDefinitionNode) and node.name.value in {"Query", "Mutation", "Subscription"}
    }


def shapes_of(catalog: Catalog) -> Shape:
    """The same of a catalog."""
    models = {model.name: _shape(model) for model in catalog.models}
    objects = {
        kind.name: {
            name: str(next(each.type for each in (*kind.fields, *kind.relations) if each.name == name))
            for name in kind.order
        }
        for kind in catalog.objects
    }
    return models | objects


def _shape(model: Model) -> dict[str, str]:
    shape = {}
    for name in model.order:
        if relation := model.relation_by_name.get(name):
            type_ = f"Model{relation.target}Connection" if relation.is_many else relation.target
            shape[name] = type_ + ("!" if relation.required else "")
        else:
            found = model.field_by_name.get(name) or next(each for each in model.unresolved if each.name == name)
            shape[name] = str(found.type)
    return shape


def roots_of(catalog: Catalog) -> dict[str, set[str]]:
    """The same of a catalog."""
    roots: dict[str, set[str]] = {"Query": set(), "Mutation": set(), "Subscription": set()}
    for operation in catalog.operations:
        roots[operation.root.value].add(operation.name)
    for model in catalog.models:
        names = model.operations
        roots["Query"] |= {names.get, names.list, *(index.query for index in model.indexes)} - {None}
        roots["Mutation"] |= {names.create, names.update, names.delete} - {None}
        roots["Subscription"] |= {*names.on_create, *names.on_update, *names.on_delete}
    return {root: names for root, names in roots.items() if names}
