"""What a model class says of its attributes, and the mapped columns and relationships made of it."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import ColumnElement, PrimaryKeyConstraint, and_
from sqlalchemy.orm import (
    DeclarativeBase,
    MappedColumn,
    RelationshipProperty,
    foreign,
    mapped_column,
    relationship,
    remote,
)

from service.catalog.model import TypeRef
from service.db.schema.tables import sql_type
from service.db.vocabulary.annotations import api_name, type_from_annotation
from service.db.vocabulary.members import FieldSpec, RelationSpec, UnresolvedSpec
from service.db.vocabulary.structures import Structure

Spec = FieldSpec | RelationSpec | UnresolvedSpec


@dataclass(frozen=True, slots=True)
class Member:
    """One attribute of a model as it was written."""

    attribute: str
    spec: Spec
    annotation: Any
    """What `Mapped[…]` holds: evaluated for a field, the text for everything else."""
    inherited: bool = False

    @property
    def is_trailing(self) -> bool:
        """Whether it stands after the timestamps."""
        return isinstance(self.spec, FieldSpec) and self.spec.trailing

    @property
    def is_inherited_stamp(self) -> bool:
        """Whether it is a timestamp that a base brings, which goes after the model's own attributes."""
        return self.inherited and isinstance(self.spec, FieldSpec) and self.spec.stamp is not None

    @property
    def target(self) -> str:
        """The name of the class that a relation leads to: `Product` of `list[Product]`."""
        names = [node.id for node in ast.walk(ast.parse(str(self.annotation))) if isinstance(node, ast.Name)]
        return next(name for name in names if name != "list")

    @property
    def is_optional(self) -> bool:
        """Whether the annotation of a relation ends in `| None`."""
        return str(self.annotation).endswith("| None")


def members_of(cls: type[DeclarativeBase]) -> tuple[Member, ...]:
    """The attributes of a model class, in the order of the API."""
    found: tuple[Member, ...] = getattr(cls, "api_members", ())
    return found


def arranged_members(cls: type[DeclarativeBase]) -> tuple[Member, ...]:
    """Inherited attributes, the class's own, inherited timestamps, and what is to come after those."""
    own = list(_own_members(cls))
    mine = {each.attribute for each in own}
    inherited = [
        Member(each.attribute, each.spec, each.annotation, inherited=True)
        for base in cls.__bases__
        for each in getattr(base, "api_members", ())
        if each.attribute not in mine
    ]
    members = [*inherited, *own]
    leading = [each for each in members if not each.is_trailing and not each.is_inherited_stamp]
    stamps = [each for each in members if each.is_inherited_stamp]
    return (*leading, *stamps, *(each for each in members if each.is_trailing))


def _own_members(cls: type[DeclarativeBase]) -> Iterator[Member]:
    """The `Mapped` attributes of the class's body, taken out of it: SQLAlchemy gets finished columns."""
    for attribute, annotation in inspect.get_annotations(cls).items():
        if not str(annotation).startswith(("Mapped[", "sqlalchemy.orm.base.Mapped[")):
            continue
        spec = cls.__dict__.get(attribute, FieldSpec())
        if attribute in cls.__dict__:
            delattr(cls, attribute)
        del cls.__annotations__[attribute]
        if isinstance(spec, FieldSpec):
            yield Member(attribute, spec, _evaluated(cls, attribute, annotation))
        else:
            yield Member(attribute, spec, _text(annotation))


def _evaluated(cls: type[DeclarativeBase], attribute: str, annotation: Any) -> Any:
    if not isinstance(annotation, str):
        return get_args(annotation)[0]
    try:
        return get_args(eval(annotation, vars(sys.modules[cls.__module__])))[0]  # noqa: S307  the file's own text
    except NameError as error:
        raise TypeError(
            f"{cls.__name__}.{attribute}: {error.name} is not imported, or it is a model: "
            "write belongs_to, has_one or has_many"
        ) from None


def _text(annotation: Any) -> str:
    text = str(annotation)
    return text[text.index("[") + 1 : -1]


def map_members(cls: type[DeclarativeBase]) -> None:
    """Gives a class the columns and relationships that its attributes describe."""
    fields = [each for each in members_of(cls) if isinstance(each.spec, FieldSpec)]
    for member in fields:
        setattr(cls, member.attribute, _column(member))
    for member in members_of(cls):
        if isinstance(member.spec, RelationSpec):
            setattr(cls, member.attribute, _relationship(member, member.spec))
    keys = key_members(cls)
    if keys != [each for each in fields if each in keys] and "__table_args__" not in cls.__dict__:
        cls.__table_args__ = (PrimaryKeyConstraint(*(api_name(each.attribute) for each in keys)),)


def key_members(cls: type[DeclarativeBase]) -> list[Member]:
    """The fields of the primary key in its order."""
    keys = [each for each in members_of(cls) if isinstance(each.spec, FieldSpec) and each.spec.key is not None]
    return sorted(keys, key=lambda each: getattr(each.spec, "key", 0))


def _column(member: Member) -> MappedColumn[Any]:
    is_key = isinstance(member.spec, FieldSpec) and member.spec.key is not None
    type_ = type_from_annotation(member.annotation)
    return mapped_column(
        api_name(member.attribute),
        sql_type(type_, embedded=_is_embedded(member, type_)),
        primary_key=is_key,
        nullable=not is_key,
    )


def _is_embedded(member: Member, type_: TypeRef) -> bool:
    return any(issubclass(each, Structure) and each.api_name() == type_.name for each in _classes(member.annotation))


def _classes(annotation: Any) -> Iterator[type]:
    """The classes anywhere in an annotation."""
    if isinstance(annotation, type):
        yield annotation
    for each in get_args(annotation):
        yield from _classes(each)


def _relationship(member: Member, spec: RelationSpec) -> RelationshipProperty[Any]:
    """A relationship to read by: joined on the key, never loaded by accident, never written through."""

    def condition() -> ColumnElement[bool]:
        """The join, made when all classes are mapped: the target may come after this one."""
        own: type[DeclarativeBase] = found.parent.class_
        target = next(each.class_ for each in own.registry.mappers if each.class_.__name__ == member.target)
        pairs = zip(*_matched(own, target, spec), strict=True)
        if spec.target_fields is None:
            return and_(*(foreign(getattr(own, mine)) == remote(getattr(target, its)) for mine, its in pairs))
        return and_(*(getattr(own, mine) == foreign(remote(getattr(target, its))) for mine, its in pairs))

    found: RelationshipProperty[Any] = relationship(
        member.target,
        primaryjoin=condition,
        viewonly=True,
        lazy="raise",
        uselist=spec.target_fields is not None,
    )
    return found


def _matched(
    own: type[DeclarativeBase], target: type[DeclarativeBase], spec: RelationSpec
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The attributes of both sides that must be equal, in order."""
    if spec.target_fields is None:
        fields = spec.fields or ()
        return fields, tuple(each.attribute for each in key_members(target))[: len(fields)]
    keys = tuple(each.attribute for each in key_members(own))
    return spec.fields or keys[: len(spec.target_fields)], spec.target_fields
