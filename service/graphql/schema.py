"""The catalog as a Strawberry schema: what the product publishes, and the executor of last resort.

Every type, field and argument comes from the same shapes as the light schema. Strawberry's definitions
are made directly, not from annotations: a catalog has no Python classes to annotate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, cast

import strawberry
from graphql import GraphQLError, parse_const_value, value_from_ast_untyped
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions.disable_validation import DisableValidation
from strawberry.schema.config import StrawberryConfig
from strawberry.schema_directive import Location
from strawberry.types import ExecutionContext
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from service.catalog.model import Catalog, EnumType, Root
from service.graphql.roots import RootField
from service.graphql.scalars import SCALAR_TYPES, guard_built_in_scalars
from service.graphql.shapes import Directive, FieldShape, InputShape, ObjectShape, Outline, Shape
from service.graphql.types import outline

Resolve = Callable[[RootField, strawberry.Info, dict[str, Any]], Awaitable[Any]]
"""Answers a root field. The arguments are those that were given: an absent one is no key, null is None."""


def strawberry_schema(catalog: Catalog, resolve: Resolve | None = None) -> strawberry.Schema:
    """The schema of a catalog; the same SDL as `light_schema`. Building it takes up to a second.

    Root fields are answered by `resolve`. Every other field reads its parent, a mapping, by its key in
    the response, and raises what it finds there if that is an exception. What it executes must be valid: documents
    are validated once, on the light schema.
    """
    guard_built_in_scalars()
    shapes = outline(catalog)
    types = _Types(shapes, resolve)
    query, mutation, subscription = (types.classes.get(root) for root in Root)
    return _Schema(
        query=cast("type", query),
        mutation=mutation,
        subscription=subscription,
        types=[types.classes[name] for name in shapes.always],
        config=StrawberryConfig(auto_camel_case=False, scalar_map=_SCALARS),
        extensions=[DisableValidation],
    )


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: a caller's mistake belongs in the answer, and a bug is logged by who masks it."""


class _RootStrawberryField(StrawberryField):
    """A root field, answered by the schema's `resolve`."""

    is_basic_field = False  # a basic field gets neither info nor arguments
    root: RootField
    resolve: Resolve | None = None

    # Strawberry passes `args` and `kwargs` by name. Ours has no base resolver, so `args` is always empty.
    def get_result(self, source: Any, info: strawberry.Info | None, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002
        """What `resolve` answers; without one, what the root value holds."""
        if self.resolve is None or info is None:
            return _read(source, info)
        return self.resolve(self.root, info, kwargs)


class _MemberStrawberryField(StrawberryField):
    """A field of a row, of a page or of an embedded object."""

    is_basic_field = False

    def get_result(self, source: Any, info: strawberry.Info | None, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002
        """The value under the response key, where the plan has put it for these very arguments."""
        return _read(source, info)


def _read(source: Any, info: strawberry.Info | None) -> Any:
    value = source.get(info.path.key) if info is not None and isinstance(source, Mapping) else None
    if isinstance(value, Exception):
        raise value
    return value


_LOCATIONS = [Location.OBJECT, Location.FIELD_DEFINITION]


def _directive_class(name: str) -> type:
    return strawberry.schema_directive(locations=_LOCATIONS, name=name)(type(name, (), {}))


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], name="aws_subscribe")
class _Subscribe:
    mutations: list[str | None] | None


_DIRECTIVES = {
    name: _directive_class(name)
    for name in ("aws_api_key", "aws_iam", "aws_oidc", "aws_lambda", "aws_cognito_user_pools")
}


def _directives(applied: tuple[Directive, ...]) -> list[object]:
    return [
        _Subscribe(mutations=list(each.mutations)) if each.mutations else _DIRECTIVES[each.name]() for each in applied
    ]


_BUILT_IN: dict[str, Any] = {"ID": strawberry.ID, "String": str, "Int": int, "Float": float, "Boolean": bool}
_AWS: dict[str, type] = {name: type(name, (), {}) for name in SCALAR_TYPES if name not in _BUILT_IN}
_SCALARS: dict[object, ScalarDefinition] = {
    class_: ScalarDefinition(
        name=name,
        description=None,
        specified_by_url=None,
        serialize=None,
        parse_value=None,
        parse_literal=None,
        implementation=SCALAR_TYPES[name],
    )
    for name, class_ in _AWS.items()
}


class _Types:
    """A class for every shape, with Strawberry's definition on it.

    All classes are there before the first gets its fields, so that fields can refer to any of them.
    """

    def __init__(self, shapes: Outline, resolve: Resolve | None) -> None:
        self._resolve = resolve
        self._annotations: dict[str, StrawberryAnnotation] = {}
        self.classes: dict[str, Any] = {**_BUILT_IN, **_AWS}
        self.classes |= {name: _class(shape) for name, shape in shapes.shapes.items()}
        for name, shape in shapes.shapes.items():
            if not isinstance(shape, EnumType):
                fields = self._inputs(shape) if isinstance(shape, InputShape) else self._fields(shape)
                self.classes[name].__strawberry_definition__.fields = fields

    def _fields(self, shape: ObjectShape) -> list[StrawberryField]:
        return [self._field(name, each) for name, each in shape.fields().items()]

    def _field(self, name: str, shape: FieldShape) -> StrawberryField:
        root = shape.origin.get("operation")
        kind = _MemberStrawberryField if root is None else _RootStrawberryField
        field = kind(
            python_name=name,
            graphql_name=name,
            type_annotation=self._annotation(shape.type),
            directives=_directives(shape.directives),
        )
        field.arguments = [self._argument(each, spelled) for each, spelled in shape.arguments.items()]
        if isinstance(field, _RootStrawberryField):
            field.root, field.resolve = cast("RootField", root), self._resolve
        return field

    def _argument(self, name: str, spelled: str) -> StrawberryArgument:
        type_, _, default = spelled.partition(" = ")
        return StrawberryArgument(name, name, self._annotation(type_), default=_default(default))

    def _inputs(self, shape: InputShape) -> list[StrawberryField]:
        return [self._input(name, spelled) for name, spelled in shape.fields().items()]

    def _input(self, name: str, spelled: str) -> StrawberryField:
        type_, _, default = spelled.partition(" = ")
        return StrawberryField(name, name, self._annotation(type_), default=_default(default))

    def _annotation(self, spelled: str) -> StrawberryAnnotation:
        if spelled not in self._annotations:
            self._annotations[spelled] = StrawberryAnnotation(self._type(spelled))
        return self._annotations[spelled]

    def _type(self, spelled: str) -> Any:
        if not spelled.endswith("!"):
            return StrawberryOptional(self._type(f"{spelled}!"))
        inner = spelled[:-1]
        return StrawberryList(self._type(inner[1:-1])) if inner.startswith("[") else self.classes[inner]


def _default(literal: str) -> object:
    """The value of a default; UNSET for none, so that an argument that is not given stays absent."""
    return value_from_ast_untyped(parse_const_value(literal)) if literal else strawberry.UNSET


def _class(shape: Shape) -> type:
    """A class that carries Strawberry's definition of the shape, still without fields."""
    if isinstance(shape, EnumType):
        # Members are numbered because a value such as `mro` cannot be the name of one.
        members = [(f"value_{number}", value) for number, value in enumerate(shape.values)]
        enum = StrEnum(shape.name, members)  # type: ignore[misc]  # mypy wants a literal name
        values = [EnumValue(value, value) for value in shape.values]
        definition = StrawberryEnumDefinition(enum, shape.name, values, description=None)
        enum.__strawberry_definition__ = definition  # type: ignore[attr-defined]
        return enum
    class_ = type(shape.name, (), {})
    is_input = isinstance(shape, InputShape)
    class_.__strawberry_definition__ = StrawberryObjectDefinition(  # type: ignore[attr-defined]
        name=shape.name,
        is_input=is_input,
        is_interface=False,
        origin=class_,
        description=None if isinstance(shape, InputShape) else shape.description,
        interfaces=[],
        extend=False,
        directives=() if isinstance(shape, InputShape) else _directives(shape.directives),
        is_type_of=None,
        resolve_type=None,
        fields=[],
        from_input=_as_given if is_input else None,
    )
    return class_


def _as_given(_class: type, value: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """The input as graphql-core has coerced it: a dict of what was given."""
    return value
