"""Python annotations ↔ types of the API: `list[Email | None]` is `[AWSEmail]!`.

`str`, `int`, `float` and `bool` are String, Int, Float and Boolean; the aliases below are the other
scalars; an enum, a structure or a model is the type of its name.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from service.catalog.model import TypeRef


@dataclass(frozen=True, slots=True)
class TypeName:
    """Marks a Python type as what the API calls so: a scalar, or a type that a model generates."""

    name: str


ID: TypeAlias = Annotated[str, TypeName("ID")]
Date: TypeAlias = Annotated[date, TypeName("AWSDate")]
DateTime: TypeAlias = Annotated[datetime, TypeName("AWSDateTime")]
Email: TypeAlias = Annotated[str, TypeName("AWSEmail")]
IPAddress: TypeAlias = Annotated[str, TypeName("AWSIPAddress")]
JSON: TypeAlias = Annotated[Any, TypeName("AWSJSON")]
Phone: TypeAlias = Annotated[str, TypeName("AWSPhone")]
Time: TypeAlias = Annotated[str, TypeName("AWSTime")]
Timestamp: TypeAlias = Annotated[int, TypeName("AWSTimestamp")]
URL: TypeAlias = Annotated[str, TypeName("AWSURL")]

BUILT_IN = {str: "String", int: "Int", float: "Float", bool: "Boolean"}
"""Python types that are a scalar without a mark."""


def api_name(name: str) -> str:
    """A class's or attribute's name without the underscore that keeps it apart from a word of Python."""
    return name.removesuffix("_") if name != "_" else name


def type_from_annotation(annotation: Any) -> TypeRef:
    """The type of the API that an evaluated annotation stands for.

    Errors: `TypeError` for an annotation that has no such type.
    """
    inner, optional = _without_none(annotation)
    if get_origin(inner) is not list:
        return TypeRef(_name(inner), required=not optional)
    element, element_optional = _without_none(get_args(inner)[0])
    return TypeRef(_name(element), required=not optional, is_list=True, element_required=not element_optional)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """The annotation without `| None`, and whether it had that."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    others = [each for each in get_args(annotation) if each is not types.NoneType]
    if len(others) != 1:
        raise TypeError(f"{annotation} is several types; the API knows one per field")
    return others[0], True


def _name(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, TypeName):
                return mark.name
    if annotation in BUILT_IN:
        return BUILT_IN[annotation]
    if isinstance(annotation, type):
        return api_name(annotation.__name__)
    raise TypeError(f"{annotation} is no type of the API")
