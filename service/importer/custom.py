"""What a schema holds beside models: enums, types, inputs, and custom root fields."""

from __future__ import annotations

from graphql import (
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    ObjectTypeDefinitionNode,
    print_ast,
)

from service.catalog.model import EnumType, Field, InputType, ObjectType, Operation, Provider, Root
from service.importer.directives import find, find_all, string, strings, type_of
from service.importer.flags import Flags
from service.importer.read import Document
from service.importer.rules import mode_rules, rules_of, static_rules

RESOLVED_BY = ("http", "predictions", "sql", "conversation", "generation")
"""Directives that give a root field a resolver which has no counterpart here."""


def enum_type(node: EnumTypeDefinitionNode) -> EnumType:
    """An enum with its values in order."""
    return EnumType(node.name.value, tuple(each.name.value for each in node.values or ()))


def object_type(node: ObjectTypeDefinitionNode, models: set[str], flags: Flags) -> ObjectType:
    """A type that is no model; fields that are models are kept apart."""
    fields = [Field(each.name.value, type_of(each.type), rules=rules_of(each, flags)) for each in node.fields or ()]
    return ObjectType(
        node.name.value,
        fields=tuple(each for each in fields if each.type.name not in models),
        relations=tuple(each for each in fields if each.type.name in models),
        order=tuple(each.name for each in fields),
    )


def input_type(node: InputObjectTypeDefinitionNode) -> InputType:
    """An input that somebody wrote."""
    return InputType(node.name.value, tuple(_argument(each) for each in node.fields or ()))


def operations(document: Document, flags: Flags, default_provider: Provider) -> tuple[Operation, ...]:
    """All custom root fields: queries, then mutations, then subscriptions."""
    return tuple(
        _operation(root, node, document, flags, default_provider)
        for root, nodes in document.roots.items()
        for node in nodes
    )


def _operation(
    root: Root, node: FieldDefinitionNode, document: Document, flags: Flags, default_provider: Provider
) -> Operation:
    function, subscribe = find(node, "function"), find(node, "aws_subscribe")
    if root is not Root.SUBSCRIPTION:
        _notice_resolver(root, node, document)
    rules = rules_of(node, flags)
    if len(find_all(node, "function")) > 1:
        document.notice(f"{root}.{node.name.value} chains functions: only the first is kept.", node, needs_person=True)
    if static_rules(rules) != rules:
        document.notice(
            f"{root}.{node.name.value}: rules about owners and group fields do not work on a root field, "
            "in Amplify neither; they are left out.",
            node,
        )
    return Operation(
        root,
        node.name.value,
        type_of(node.type),
        arguments=tuple(_argument(each) for each in node.arguments or ()),
        function=string(function, "name") if function else None,
        rules=static_rules(rules) + mode_rules(node, default_provider),
        mutations=strings(subscribe, "mutations") if subscribe else (),
    )


def _notice_resolver(root: Root, node: FieldDefinitionNode, document: Document) -> None:
    if find(node, "function"):
        return
    named = next((f"@{name}" for name in RESOLVED_BY if find(node, name)), None)
    how = f"is answered by {named}" if named else "has its resolver outside the schema"
    document.notice(f"{root}.{node.name.value} {how}: write it as a Python function.", node, needs_person=True)


def _argument(node: InputValueDefinitionNode) -> Field:
    default = print_ast(node.default_value) if node.default_value else None
    return Field(node.name.value, type_of(node.type), default=default)
