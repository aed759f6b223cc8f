"""What a root field takes and returns, spelled as in SDL."""

from __future__ import annotations

from service.catalog import names
from service.catalog.model import Access, Catalog, Index, Model
from service.graphql import inputs
from service.graphql.roots import RootField

PAGE = {"limit": "Int", "nextToken": "String"}
"""The arguments of everything that gives a page of rows."""

_INPUTS = {"create": names.create_input, "update": names.update_input, "delete": names.delete_input}


def signature(catalog: Catalog, root: RootField) -> tuple[str, dict[str, str]]:
    """The type and the arguments of a root field."""
    if root.operation is not None:
        arguments = {each.name: inputs.typed_with_default(each) for each in root.operation.arguments}
        return str(root.operation.type), arguments
    if root.model is None:
        raise ValueError(f"the root field {root.name} has neither a model nor an operation")
    model = root.model
    match root.kind:
        case "get":
            return model.name, inputs.key_fields(model)
        case "list":
            return names.list_connection(model.name), _list_arguments(catalog, model)
        case "index" if root.index is not None:
            return names.connection(model.name), _index_arguments(catalog, model, root.index)
        case "subscription":
            owners = dict.fromkeys(_listening_owners(model), "String")
            return model.name, {"filter": names.subscription_filter_input(model.name)} | owners
        case kind:
            input_ = f"{_INPUTS[kind](model.name)}!"
            return model.name, {"input": input_, "condition": names.condition_input(model.name)}


def sort_argument(catalog: Catalog, model: Model, index: Index | None) -> dict[str, str]:
    """The argument for the sort keys of an index, or with None of the primary key; empty if there are none."""
    sort = model.key[1:] if index is None else index.sort
    if not sort:
        return {}
    if len(sort) > 1:
        return {names.composite_key_argument(sort): names.composite_key_condition_input(model, index)}
    operand = inputs.key_operand(catalog, inputs.key_type(model, sort[0]))
    return {sort[0]: names.key_condition_input(operand)}


def _list_arguments(catalog: Catalog, model: Model) -> dict[str, str]:
    arguments = {"filter": names.list_filter_input(model.name)} | PAGE
    if model.key == ("id",) and not model.names_key:
        return arguments
    key = {model.key[0]: inputs.key_type(model, model.key[0])} | sort_argument(catalog, model, None)
    return key | arguments | {"sortDirection": "ModelSortDirection"}


def _index_arguments(catalog: Catalog, model: Model, index: Index) -> dict[str, str]:
    key = {index.hash: f"{inputs.key_type(model, index.hash)}!"} | sort_argument(catalog, model, index)
    return key | {"sortDirection": "ModelSortDirection", "filter": names.filter_input(model.name)} | PAGE


def _listening_owners(model: Model) -> list[str]:
    """Owner fields a subscriber may name; a list of owners cannot be compared with an argument."""
    listening = [rule for rule in inputs.all_rules(model) if Access.LISTEN in rule.access]
    owners = inputs.owner_fields(listening)
    return [each for each in owners if each in model.field_by_name and not model.field_by_name[each].type.is_list]
