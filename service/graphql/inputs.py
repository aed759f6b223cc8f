"""The input types that a catalog implies: what may be written, filtered by, and asked of an index.

Source: the compiled SDL of Amplify's model, index, relational and auth transformers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from service.catalog import names
from service.catalog.model import Allow, Catalog, Field, Index, InputType, Model, ObjectType, Provider, Rule
from service.catalog.scalars import SCALARS
from service.graphql.implied import ImpliedKeys
from service.graphql.shapes import InputShape

_COMPARE = ("ne", "eq", "le", "lt", "ge", "gt")
_TEXT = ("contains", "notContains", "between", "beginsWith")
_OPERATORS = {
    "String": (*_COMPARE, *_TEXT),
    "Int": (*_COMPARE, "between"),
    "Float": (*_COMPARE, "between"),
    "Boolean": ("ne", "eq"),
    "ID": (*_COMPARE, *_TEXT),
}
"""The operators by operand type, but for those on the attribute itself."""
_LISTS = frozenset({"between", "in", "notIn"})
_TEXTS = frozenset({"String", "ID"})
_STAMP_TYPES = frozenset({"AWSDateTime", "String"})
_CLIENT_IDS = frozenset({"ID", "String"})


def key_operand(catalog: Catalog, type_name: str) -> str:
    """The type that a sort key of this type is compared as. Enums compare as text."""
    return "String" if type_name in catalog.enum_by_name else SCALARS[type_name].operand


def common_inputs() -> Iterator[InputShape]:
    """The input types that every Amplify API has, whatever its models."""
    yield InputShape("AmplifyAIConversationTurnErrorInput", lambda: {"errorType": "String!", "message": "String!"})
    for operand in _OPERATORS:
        yield InputShape(names.operators_input(operand), partial(_operators, operand))
    for operand in _OPERATORS:
        yield InputShape(names.subscription_operators_input(operand), partial(_subscription_operators, operand))
    yield InputShape("ModelSizeInput", lambda: _typed((*_COMPARE, "between"), "Int"))


def key_condition_inputs() -> Iterator[InputShape]:
    """The conditions on a single sort key."""
    for operand in ("String", "ID", "Int", "Float"):
        text = ("between", "beginsWith") if operand in _TEXTS else ("between",)
        fields = _typed(("eq", "le", "lt", "ge", "gt", *text), operand)
        yield InputShape(names.key_condition_input(operand), partial(dict, fields))


def enum_inputs(catalog: Catalog) -> Iterator[InputShape]:
    """The operators on a field that is an enum, and on one that is a list of it."""
    for enum in catalog.enums:
        one, many = enum.name, f"[{enum.name}]"
        yield InputShape(names.operators_input(one), partial(dict, {"eq": one, "ne": one}))
        yield InputShape(
            names.list_operators_input(one),
            partial(dict, {"eq": many, "ne": many, "contains": one, "notContains": one}),
        )


def embedded_input(catalog: Catalog, embedded: ObjectType) -> InputShape:
    """The input form of an embedded type, whose nested types are inputs too."""
    return InputShape(
        names.embedded_input(embedded.name),
        lambda: {each.name: _input_type(catalog, each, required=each.type.required) for each in embedded.fields},
    )


def written_input(written: InputType) -> InputShape:
    """An input that somebody wrote by hand, as it was written."""
    return InputShape(written.name, lambda: {each.name: typed_with_default(each) for each in written.fields})


def typed_with_default(argument: Field) -> str:
    """The type of a hand-written argument or input field, with its default if it has one."""
    return str(argument.type) if argument.default is None else f"{argument.type} = {argument.default}"


def model_inputs(catalog: Catalog, implied: ImpliedKeys, model: Model) -> Iterator[InputShape]:
    """All inputs of one model."""
    related, listed = names.filter_input(model.name), names.list_filter_input(model.name)
    yield InputShape(related, lambda: _declared_filter_fields(catalog, model, related))
    if model.operations.list:
        yield InputShape(listed, lambda: filter_fields(catalog, model))
    yield InputShape(names.condition_input(model.name), lambda: condition_fields(catalog, model))
    yield InputShape(names.create_input(model.name), lambda: create_fields(catalog, model))
    yield InputShape(names.update_input(model.name), lambda: update_fields(catalog, model))
    yield InputShape(names.delete_input(model.name), lambda: key_fields(model))
    yield InputShape(
        names.subscription_filter_input(model.name), lambda: subscription_filter_fields(catalog, implied, model)
    )
    for index, sort in _sort_keys(model):
        if len(sort) > 1:
            yield from _composite_inputs(model, index, sort)


def key_condition_names(catalog: Catalog) -> Iterator[str]:
    """The conditions on sort keys that the SDL has: one for each key, whether or not a query takes it."""
    for model in catalog.models:
        for index, sort in _sort_keys(model):
            if len(sort) > 1:
                yield names.composite_key_condition_input(model, index)
            else:
                yield names.key_condition_input(key_operand(catalog, key_type(model, sort[0])))


def _sort_keys(model: Model) -> Iterator[tuple[Index | None, tuple[str, ...]]]:
    keys = ((None, model.key[1:]), *((index, index.sort) for index in model.indexes))
    return ((index, sort) for index, sort in keys if sort)


def key_type(model: Model, key: str) -> str:
    """The type of a key field where it is an argument or in an input."""
    return model.field_by_name[key].type.name


def key_fields(model: Model) -> dict[str, str]:
    """The arguments that name one row. An `id` that nobody made a key by hand is an `ID`, whatever its type."""
    if model.key == ("id",) and not model.names_key:
        return {"id": "ID!"}
    return {key: f"{key_type(model, key)}!" for key in model.key}


def filter_fields(catalog: Catalog, model: Model) -> dict[str, str]:
    """What a list can be filtered by: values, not relations nor embedded types. `id` is always there."""
    name = names.list_filter_input(model.name)
    fields = _operator_fields(catalog, model)
    fields.setdefault("id", names.operators_input("ID"))
    return fields | {"and": f"[{name}]", "or": f"[{name}]", "not": name}


def _declared_filter_fields(catalog: Catalog, model: Model, name: str) -> dict[str, str]:
    """The filter of a model that has no list: without the timestamps that the author did not write."""
    fields = _operator_fields(catalog, model)
    for stamp in (model.timestamps.created, model.timestamps.updated):
        if stamp in model.field_by_name and not model.field_by_name[stamp].in_input:
            fields.pop(stamp)
    return fields | {"and": f"[{name}]", "or": f"[{name}]", "not": name}


def condition_fields(catalog: Catalog, model: Model) -> dict[str, str]:
    """What a mutation can be made to depend on: as a filter, without the key."""
    name = names.condition_input(model.name)
    fields = _operator_fields(catalog, model)
    for key in {"id", *model.key}:
        fields.pop(key, None)
    return fields | {"and": f"[{name}]", "or": f"[{name}]", "not": name}


def create_fields(catalog: Catalog, model: Model) -> dict[str, str]:
    """Required as in the model, but for an `id` and declared timestamps, which the server can supply."""
    stamps = {model.timestamps.created, model.timestamps.updated}

    def required(field: Field) -> bool:
        supplied = (field.name == "id" and field.type.name in _CLIENT_IDS) or (
            field.name in stamps and field.type.name in _STAMP_TYPES
        )
        return field.type.required and not supplied

    return {each.name: _input_type(catalog, each, required=required(each)) for each in model.fields if each.in_input}


def update_fields(catalog: Catalog, model: Model) -> dict[str, str]:
    """The key is required, nothing else is."""
    return {
        each.name: f"{each.type.name}!" if each.name in model.key else _input_type(catalog, each, required=False)
        for each in model.fields
        if each.in_input
    }


def subscription_filter_fields(catalog: Catalog, implied: ImpliedKeys, model: Model) -> dict[str, str]:
    """What a subscriber can filter by. Owners and group fields are left to the access rules.

    AppSync allows one condition for each field and Amplify needs it for the rule; an owner field
    comes back, with the operators of a list filter.
    """
    rules = list(all_rules(model))
    name = names.subscription_filter_input(model.name)
    fields = {}
    for each in implied.subscribed(model):
        operand = "String" if each.type.name in catalog.enum_by_name else _operand(each)
        if operand:
            fields[each.name] = names.subscription_operators_input(operand)
    fields.setdefault("id", names.subscription_operators_input("ID"))
    for rule in rules:
        if rule.provider in {Provider.USER_POOLS, Provider.OIDC}:
            fields.pop(rule.owner_field or rule.groups_field or "", None)
    fields |= {"and": f"[{name}]", "or": f"[{name}]"}
    for owner in owner_fields(rules):
        fields.setdefault(owner, names.operators_input("String"))
    return fields


def owner_fields(rules: list[Rule]) -> list[str]:
    """The owner fields that rules name, each once."""
    return list(dict.fromkeys(each.owner_field for each in rules if each.allow is Allow.OWNER and each.owner_field))


def all_rules(model: Model) -> Iterator[Rule]:
    """The rules of a model, then those of its fields."""
    yield from model.rules
    for field in model.fields:
        yield from field.rules
    for relation in model.relations:
        yield from relation.rules


def _operand(field: Field) -> str | None:
    scalar = SCALARS.get(field.type.name)
    return scalar.operand if scalar else None


def _operator_fields(catalog: Catalog, model: Model) -> dict[str, str]:
    fields = {}
    for each in model.fields:
        operand = _operand(each)
        if operand:
            fields[each.name] = names.operators_input(operand)
        elif each.type.name in catalog.enum_by_name:
            spell = names.list_operators_input if each.type.is_list else names.operators_input
            fields[each.name] = spell(each.type.name)
    return fields


def _input_type(catalog: Catalog, field: Field, *, required: bool) -> str:
    type_ = field.type
    name = names.embedded_input(type_.name) if type_.name in catalog.object_by_name else type_.name
    spelled = f"[{name}!]" if type_.element_required else f"[{name}]" if type_.is_list else name
    return f"{spelled}!" if required else spelled


def _composite_inputs(model: Model, index: Index | None, sort: tuple[str, ...]) -> Iterator[InputShape]:
    value = names.composite_key_input(model, index)
    conditions = _typed(("eq", "le", "lt", "ge", "gt", "between", "beginsWith"), value)
    yield InputShape(names.composite_key_condition_input(model, index), partial(dict, conditions))
    *first, last = sort
    types = {each: key_type(model, each) for each in first}
    # Amplify turns only the last of the fields into the type it is compared as.
    last_type = key_type(model, last)
    types[last] = SCALARS[last_type].operand if last_type in SCALARS else last_type
    yield InputShape(value, partial(dict, types))


def _typed(operators: tuple[str, ...], type_name: str) -> dict[str, str]:
    return {each: f"[{type_name}]" if each in _LISTS else type_name for each in operators}


def _operators(operand: str) -> dict[str, str]:
    fields = _typed(_OPERATORS[operand], operand) | {
        "attributeExists": "Boolean",
        "attributeType": "ModelAttributeTypes",
    }
    return fields | {"size": "ModelSizeInput"} if operand in _TEXTS else fields


def _subscription_operators(operand: str) -> dict[str, str]:
    fields = _typed(_OPERATORS[operand], operand)
    return fields if operand == "Boolean" else fields | _typed(("in", "notIn"), operand)
