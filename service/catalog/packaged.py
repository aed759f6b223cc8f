"""The catalog as data: what a package ships, so that a start reads one file and maps no class.

**Shape** of the JSON: an object with the version of this form, the distinct rules, and the members
of `Catalog` by name. Every other dataclass is a row of its values in the order of its members;
a rule is its number, a type is its GraphQL text.
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from importlib.resources import files
from typing import Any

import orjson

from service.catalog.audit_entry import refuse_namesakes
from service.catalog.model import (
    Access,
    Allow,
    Catalog,
    EnumType,
    Field,
    Index,
    InputType,
    Integrity,
    Model,
    ObjectType,
    OnDelete,
    Operation,
    Operations,
    Provider,
    Relation,
    RelationKind,
    Root,
    Rule,
    Timestamps,
    TypeRef,
)

VERSION = 2
"""Of the form. A file of another version is refused: it is made anew by packaging, never migrated."""


def shipped() -> Catalog:
    """The catalog of the models in `service/db/models/`, as packaged beside this module."""
    return load(files("service.catalog").joinpath("inventory.json").read_bytes())


def dump(catalog: Catalog) -> bytes:
    """A catalog as JSON, the same bytes for the same catalog."""
    rules = list(dict.fromkeys(_rules_in(catalog)))
    numbers = {rule: number for number, rule in enumerate(rules)}
    content = {each.name: _plain(getattr(catalog, each.name), numbers) for each in dataclasses.fields(catalog)}
    content = {"version": VERSION, "rules": [_row(rule, numbers) for rule in rules], **content}
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def load(data: bytes) -> Catalog:
    """The catalog of such JSON.

    Errors: `ValueError` if it is of another version, or names something as the audit trail beside it is named.
    """
    content = orjson.loads(data)
    if content.get("version") != VERSION:
        raise ValueError(f"The packaged catalog is of version {content.get('version')}, not {VERSION}: package it anew")
    read = _Reader(content["rules"])
    catalog = Catalog(
        models=tuple(read.model(row) for row in content["models"]),
        enums=tuple(EnumType(name, tuple(values)) for name, values in content["enums"]),
        objects=tuple(read.object(row) for row in content["objects"]),
        inputs=tuple(InputType(name, read.fields(rows)) for name, rows in content["inputs"]),
        operations=tuple(read.operation(row) for row in content["operations"]),
        default_provider=Provider(content["default_provider"]),
        integrity=Integrity(content["integrity"]),
    )
    refuse_namesakes(catalog)
    return catalog


def _rules_in(value: Any) -> list[Rule]:
    """All rules anywhere in a value, in order."""
    if isinstance(value, Rule):
        return [value]
    if isinstance(value, tuple):
        return [rule for each in value for rule in _rules_in(each)]
    if dataclasses.is_dataclass(value):
        return [rule for each in dataclasses.fields(value) for rule in _rules_in(getattr(value, each.name))]
    return []


def _plain(value: Any, numbers: dict[Rule, int]) -> Any:
    if isinstance(value, Rule):
        return numbers[value]
    if isinstance(value, TypeRef):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each, numbers) for each in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Enum):
        return value.value
    return _row(value, numbers) if dataclasses.is_dataclass(value) else value


def _row(value: Any, numbers: dict[Rule, int]) -> list[Any]:
    return [_plain(getattr(value, each.name), numbers) for each in dataclasses.fields(value)]


def type_from_text(text: str) -> TypeRef:
    """`[String!]!` → the type; the reverse of `str(type)`."""
    required = text.endswith("!")
    inner = text.removesuffix("!")
    if not inner.startswith("["):
        return TypeRef(inner, required)
    element = inner[1:-1]
    return TypeRef(element.removesuffix("!"), required, is_list=True, element_required=element.endswith("!"))


class _Reader:
    """Rows → dataclasses; equal rules and types are one object, which is what makes it quick."""

    def __init__(self, rules: list[list[Any]]) -> None:
        self.rules = tuple(_rule(row) for row in rules)
        self.types: dict[str, TypeRef] = {}

    def type(self, text: str) -> TypeRef:
        found = self.types.get(text)
        if found is None:
            found = self.types[text] = type_from_text(text)
        return found

    def rules_of(self, numbers: list[int]) -> tuple[Rule, ...]:
        return tuple([self.rules[number] for number in numbers])

    def fields(self, rows: list[list[Any]]) -> tuple[Field, ...]:
        return tuple([self.field(row) for row in rows])

    def field(self, row: list[Any]) -> Field:
        name, type_, column, default, rules, *rest = row
        return Field(name, self.type(type_), column, default, self.rules_of(rules) if rules else (), *rest)

    def relation(self, row: list[Any]) -> Relation:
        """The relation of a row; it may have rules of its own, and tables that enforce it say what a delete does."""
        name, kind, target, fields, target_fields, index, required, rules, on_delete = row
        return Relation(
            name,
            RelationKind(kind),
            target,
            tuple(fields),
            tuple(target_fields),
            index,
            required,
            self.rules_of(rules),
            OnDelete(on_delete),
        )

    def model(self, row: list[Any]) -> Model:
        """The model of a row, with all its fields, relations and indexes."""
        (
            name, plural, table, fields, key, operations, relations, indexes, rules, timestamps, unresolved, order,
            names_key, is_join, module, description, tenant,
        ) = row  # fmt: skip
        return Model(
            name=name,
            plural=plural,
            table=table,
            fields=self.fields(fields),
            key=tuple(key),
            operations=_operations(operations),
            relations=tuple([self.relation(each) for each in relations]),
            indexes=tuple([Index(index, hash_, tuple(sort), *rest) for index, hash_, sort, *rest in indexes]),
            rules=self.rules_of(rules),
            timestamps=Timestamps(*timestamps),
            unresolved=self.fields(unresolved),
            order=tuple(order),
            names_key=names_key,
            is_join=is_join,
            module=module,
            description=description,
            tenant=self.field(tenant) if tenant else None,
        )

    def object(self, row: list[Any]) -> ObjectType:
        name, fields, relations, order = row
        return ObjectType(name, self.fields(fields), self.fields(relations), tuple(order))

    def operation(self, row: list[Any]) -> Operation:
        """The custom operation of a row."""
        root, name, type_, arguments, function, rules, mutations = row
        return Operation(
            Root(root),
            name,
            self.type(type_),
            self.fields(arguments),
            function,
            self.rules_of(rules),
            tuple(mutations),
        )


def _operations(row: list[Any]) -> Operations:
    get, list_, create, update, delete, on_create, on_update, on_delete = row
    return Operations(get, list_, create, update, delete, tuple(on_create), tuple(on_update), tuple(on_delete))


def _rule(row: list[Any]) -> Rule:
    allow, provider, access, groups, *rest = row
    return Rule(Allow(allow), Provider(provider), frozenset(map(Access, access)), tuple(groups), *rest)
