"""Mapped classes → catalog: the one place where what a model file says becomes what the service knows."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib import import_module
from types import ModuleType
from typing import Any, get_args

from service.catalog.audit_entry import refuse_namesakes
from service.catalog.columns import camel_case
from service.catalog.indexes import index_on
from service.catalog.model import (
    Catalog,
    EnumType,
    Field,
    Index,
    InputType,
    Integrity,
    Model,
    ObjectType,
    Operation,
    Relation,
    Rule,
    Timestamps,
    TypeRef,
)
from service.catalog.plurals import plural_of, short_index_name, standard_operations
from service.db.vocabulary.annotations import api_name, type_from_annotation
from service.db.vocabulary.declarative import Record
from service.db.vocabulary.mapping import Member, key_members
from service.db.vocabulary.members import FieldSpec, RelationSpec, UnresolvedSpec
from service.db.vocabulary.structures import Input, Structure, ValueSpec
from service.db.vocabulary.structures import Operation as OperationBase

Classes = dict[str, type[Record]]


def catalog_from_models(package: str = "service.db.models") -> Catalog:
    """The catalog of a package of models: its `MODULES`, its `types` and its `operations`.

    Errors: `TypeError` or `ValueError`, naming the class and attribute, for what makes no sense.
    """
    root = import_module(package)
    types_, operations = (import_module(f"{package}.{name}") for name in ("types", "operations"))
    modules = [import_module(f"{package}.{name}") for name in root.MODULES]
    found = [each for module in modules for each in _defined(module, Record)]
    classes = {each.__name__: each for each in found if not each.__dict__.get("__abstract__")}
    tenant = getattr(root, "TENANT", None)
    models = [_model(each, classes, tenant) for each in classes.values()]
    catalog = Catalog(
        models=(*(each for each in models if not each.is_join), *(each for each in models if each.is_join)),
        enums=tuple(_enum(each) for each in _defined(types_, StrEnum)),
        objects=tuple(_object(each, classes) for each in _defined(types_, Structure)),
        inputs=tuple(
            InputType(each.api_name(), tuple(field for field, _ in _fields(each, classes)))
            for each in _defined(operations, Input)
        ),
        operations=tuple(_operation(each, classes) for each in _defined(operations, OperationBase)),
        default_provider=root.DEFAULT_PROVIDER,
        integrity=Integrity.LEGACY if tenant is None else Integrity.ENFORCED,
    )
    refuse_namesakes(catalog)
    return catalog


def _defined(module: ModuleType, base: type[Any]) -> Iterator[type[Any]]:
    """The classes of a kind that a module defines itself, in its order."""
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, base) and each.__module__ == module.__name__:
            yield each


def attribute_api_name(attribute: str, given: str | None) -> str:
    """The API's name of an attribute: the given one, else its own in camelCase."""
    return given or camel_case(api_name(attribute))


class _Names:
    """Attribute → API name for one model, with an error that says where a name came from."""

    def __init__(self, cls: type[Record]) -> None:
        self.cls = cls
        self.known = {each.attribute: attribute_api_name(each.attribute, each.spec.api) for each in cls.api_members}

    def __call__(self, attribute: str) -> str:
        try:
            return self.known[attribute]
        except KeyError:
            raise ValueError(f"{self.cls.__name__} has no attribute {attribute}, which it names") from None

    def all(self, attributes: Iterable[str]) -> tuple[str, ...]:
        return tuple(self(each) for each in attributes)


def _model(cls: type[Record], classes: Classes, tenant: str | None) -> Model:
    names = _Names(cls)
    name = api_name(cls.__name__)
    plural = cls.plural or plural_of(name)
    return Model(
        name=name,
        plural=plural,
        table=cls.__tablename__,
        fields=tuple(_field(each, each.spec, names) for each in cls.api_members if isinstance(each.spec, FieldSpec)),
        key=names.all(each.attribute for each in key_members(cls)),
        operations=dataclasses.replace(standard_operations(name, plural), **cls.operations.changes),
        relations=tuple(
            _relation(each, each.spec, names, classes)
            for each in cls.api_members
            if isinstance(each.spec, RelationSpec)
        ),
        indexes=tuple(_indexes(cls, names)),
        rules=_rules(cls.access, names),
        timestamps=Timestamps(_stamp(cls, "created", names), _stamp(cls, "updated", names)),
        unresolved=tuple(_unresolved(each, names) for each in cls.api_members if isinstance(each.spec, UnresolvedSpec)),
        order=names.all(each.attribute for each in cls.api_members),
        names_key=cls.names_key or names.all(each.attribute for each in key_members(cls)) != ("id",),
        is_join=cls.is_join,
        module=cls.__module__.rpartition(".")[2],
        description=inspect.cleandoc(cls.__doc__) if cls.__doc__ else None,
        tenant=_tenant(cls, cls.tenant or tenant, names),
    )


def _tenant(cls: type[Record], attribute: str | None, names: _Names) -> Field | None:
    """The field that holds the organization; one of its own, which no API shows, where the class has none."""
    if attribute is None:
        return None
    for each in cls.api_members:
        if each.attribute == attribute and isinstance(each.spec, FieldSpec):
            return _field(each, each.spec, names)
    return Field(camel_case(attribute), TypeRef("ID", required=True), attribute, in_input=False)


def _field(member: Member, spec: FieldSpec, names: _Names) -> Field:
    return Field(
        names(member.attribute),
        type_from_annotation(member.annotation),
        api_name(member.attribute),
        default=spec.default,
        rules=_rules(spec.access, names),
        in_input=spec.in_input,
        at_least=spec.at_least,
    )


def _relation(member: Member, spec: RelationSpec, names: _Names, classes: Classes) -> Relation:
    target = classes.get(member.target)
    if target is None:
        raise ValueError(f"{names.cls.__name__}.{member.attribute} leads to {member.target}, which is no model")
    own_keys = [each.attribute for each in key_members(names.cls)]
    its_keys = [each.attribute for each in key_members(target)]
    if spec.target_fields is None:
        fields = spec.fields or ()
        target_fields: tuple[str, ...] = tuple(its_keys[: len(fields)])
    else:
        target_fields = spec.target_fields
        fields = spec.fields or tuple(own_keys[: len(target_fields)])
    target_names = _Names(target)
    return Relation(
        names(member.attribute),
        spec.kind,
        api_name(target.__name__),
        names.all(fields),
        target_names.all(target_fields),
        index=_followed_index(spec, target, target_names),
        required=not member.is_optional and spec.target_fields is None,
        rules=_rules(spec.access, names),
        on_delete=spec.on_delete,
    )


def _followed_index(spec: RelationSpec, target: type[Record], names: _Names) -> str | None:
    """The index of a hasMany: the one it names, else the first of the target that finds rows by its fields."""
    if spec.target_fields is None or spec.index is False:
        return None
    indexes = list(_indexes(target, names))
    if spec.index is None:
        found = index_on(indexes, names.all(spec.target_fields))
        return found.name if found else None
    if all(spec.index != each.name for each in indexes):
        raise ValueError(f"{target.__name__} has no index {spec.index}, which a has_many follows")
    return spec.index


def _indexes(cls: type[Record], names: _Names) -> Iterator[Index]:
    for member in cls.api_members:
        if isinstance(member.spec, FieldSpec):
            for each in member.spec.indexes:
                hash_ = names(member.attribute)
                name = each.name or short_index_name(hash_)
                yield Index(name, hash_, names.all(each.sort), each.query, each.unique)


def _stamp(cls: type[Record], stamp: str, names: _Names) -> str | None:
    found = (each for each in cls.api_members if isinstance(each.spec, FieldSpec) and each.spec.stamp == stamp)
    return next((names(each.attribute) for each in found), None)


def _rules(rules: Iterable[Rule], names: _Names) -> tuple[Rule, ...]:
    """The rules with the names of attributes turned into names of the API."""
    return tuple(
        dataclasses.replace(
            rule,
            owner_field=rule.owner_field and names(rule.owner_field),
            groups_field=rule.groups_field and names(rule.groups_field),
        )
        for rule in rules
    )


def _unresolved(member: Member, names: _Names) -> Field:
    text = str(member.annotation)
    is_list = text.startswith("list[")
    type_ = TypeRef(
        api_name(member.target),
        required=not member.is_optional,
        is_list=is_list,
        element_required=is_list and "| None]" not in text,
    )
    return Field(names(member.attribute), type_, in_input=False)


def _enum(cls: type[StrEnum]) -> EnumType:
    return EnumType(api_name(cls.__name__), tuple(each.value for each in cls))


def _fields(cls: type[Structure | Input | OperationBase[Any]], classes: Classes) -> Iterator[tuple[Field, Any]]:
    """The values of a class as fields, and the evaluated annotation of each."""
    scope = vars(sys.modules[cls.__module__]) | classes
    for attribute, (annotation, spec) in cls.values().items():
        evaluated = eval(annotation, scope)  # noqa: S307  the file's own text
        yield _value(attribute, evaluated, spec), evaluated


def _value(attribute: str, annotation: Any, spec: ValueSpec) -> Field:
    return Field(
        attribute_api_name(attribute, spec.api),
        type_from_annotation(annotation),
        default=spec.default,
        rules=spec.access,
    )


def _object(cls: type[Structure], classes: Classes) -> ObjectType:
    models = {api_name(name) for name in classes}
    fields = [field for field, _ in _fields(cls, classes)]
    return ObjectType(
        cls.api_name(),
        fields=tuple(each for each in fields if each.type.name not in models),
        relations=tuple(each for each in fields if each.type.name in models),
        order=tuple(each.name for each in fields),
    )


def _operation(cls: type[OperationBase[Any]], classes: Classes) -> Operation:
    (returned,) = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
    return Operation(
        cls.root,
        cls.api_name(),
        type_from_annotation(returned),
        arguments=tuple(field for field, _ in _fields(cls, classes)),
        function=cls.function,
        rules=cls.access,
        mutations=cls.listens_to,
    )
