"""The bases of what is in an API beside models: structures, inputs, and custom operations.

class GeoPoint(Structure):
    lat: float
    lon: float

class NearbyWarehouses(Query[list[Warehouse]]):
    access = (allow.signed_in(),)

    around: GeoPointInput
    limit: int | None
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from service.catalog.model import Root, Rule
from service.catalog.plurals import lower_first
from service.db.vocabulary.annotations import api_name as plain_name

Returned = TypeVar("Returned")


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """What is said of a value beside its type."""

    api: str | None = None
    default: str | None = None
    access: tuple[Rule, ...] = ()


def value(*, api: str | None = None, default: str | None = None, access: tuple[Rule, ...] = ()) -> Any:
    """A value that needs more said than its type; `default` is in GraphQL's spelling: `"hi"` with its quotes."""
    return ValueSpec(api, default, access)


class _Values:
    """A class whose annotations are named values of the API."""

    @classmethod
    def api_name(cls) -> str:
        """The name of the type in the API."""
        return plain_name(cls.__name__)

    @classmethod
    def values(cls) -> Mapping[str, tuple[str, ValueSpec]]:
        """Attribute → the text of its annotation and what else is said, in order."""
        return {
            name: (annotation, cls.__dict__.get(name, ValueSpec()))
            for name, annotation in inspect.get_annotations(cls).items()
            if not annotation.startswith("ClassVar")
        }


class Structure(_Values):
    """Values that belong together: embedded in a model as jsonb, or returned by a custom operation."""


class Input(_Values):
    """An argument of a custom operation that holds several values."""


class Operation(_Values, Generic[Returned]):
    """A root field that no model brings: its annotations are its arguments, its parameter its type.

    It is called in the API as the class with a small first letter.
    """

    root: ClassVar[Root]
    api: ClassVar[str | None] = None
    """Its name in the API if that is not the class's."""
    access: ClassVar[tuple[Rule, ...]] = ()
    function: ClassVar[str | None] = None
    """The Lambda function that answered it on Amplify."""
    listens_to: ClassVar[tuple[str, ...]] = ()
    """For a subscription: the mutations whose results it passes on."""

    @classmethod
    def api_name(cls) -> str:
        """The name of the root field."""
        return cls.api or lower_first(super().api_name())


class Query(Operation[Returned]):
    """A custom query."""

    root = Root.QUERY


class Mutation(Operation[Returned]):
    """A custom mutation."""

    root = Root.MUTATION


class Subscription(Operation[Returned]):
    """A custom subscription."""

    root = Root.SUBSCRIPTION
