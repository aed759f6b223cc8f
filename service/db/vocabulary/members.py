"""The right-hand sides of a model's attributes: fields, keys, indexes, relations.

Each returns a description that the model's base class turns into a mapped column or relationship;
to a type checker it is whatever `Mapped[…]` the attribute says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from service.catalog.model import OnDelete, RelationKind, Rule

Names = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """One index on a field; names of attributes."""

    query: str | None
    sort: tuple[str, ...]
    name: str | None
    unique: bool


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A stored value."""

    indexes: tuple[IndexSpec, ...] = ()
    default: str | None = None
    access: tuple[Rule, ...] = ()
    api: str | None = None
    key: int | None = None
    """Its position in the primary key, from 1; 0 if that is where it stands among the key's fields."""
    in_input: bool = True
    stamp: Literal["created", "updated"] | None = None
    trailing: bool = False
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class RelationSpec:
    """A way to rows of another model; names of attributes."""

    kind: RelationKind
    fields: tuple[str, ...] | None
    target_fields: tuple[str, ...] | None
    index: str | Literal[False] | None
    access: tuple[Rule, ...]
    api: str | None
    on_delete: OnDelete = OnDelete.RESTRICT


@dataclass(frozen=True, slots=True)
class UnresolvedSpec:
    """A field that the API shows and nothing fills in."""

    api: str | None


@dataclass(frozen=True, slots=True)
class RootFields:
    """What a model calls its root fields, where that is not what Amplify would call them."""

    changes: dict[str, Any]


def index(query: str | None, *, sort: Names = (), name: str | None = None, unique: bool = False) -> IndexSpec:
    """Rows by this field, ordered by `sort`, asked for by `query` (None: not asked for by anyone).

    `name` is part of the API where two sort fields make a composite key. Without it an index on
    `category_id` is called `byCategory`. `unique`: in `enforced` integrity, no two rows of an organization
    have the same value of this field.
    """
    return IndexSpec(query, _tuple(sort), name, unique)


def field(
    *indexes: IndexSpec,
    default: object = None,
    access: Sequence[Rule] = (),
    api: str | None = None,
    trailing: bool = False,
    at_least: int | None = None,
) -> Any:
    """A field that needs more said than its type.

    `default` is what a create stores that leaves the field out. `access` adds to the model's rules:
    the field is closed to whom it does not name. `api` is its name in the API if that is not the
    attribute's in camelCase. `trailing` fields come after the timestamps, as Amplify shows keys it adds.
    `at_least` is the least number that tables in `enforced` integrity take.
    """
    return FieldSpec(indexes, default_text(default), tuple(access), api, trailing=trailing, at_least=at_least)


def key(
    *indexes: IndexSpec, position: int = 0, default: object = None, access: Sequence[Rule] = (), api: str | None = None
) -> Any:
    """A field of the primary key: the first is what rows are found by, the rest order them.

    `position`, from 1, is needed only if the fields do not stand in the key's order.
    """
    return FieldSpec(indexes, default_text(default), tuple(access), api, key=position)


def created(*, in_input: bool = False, access: Sequence[Rule] = (), api: str | None = None) -> Any:
    """The time of the create; `in_input` lets a caller set it."""
    return FieldSpec((), None, tuple(access), api, in_input=in_input, stamp="created")


def updated(*, in_input: bool = False, access: Sequence[Rule] = (), api: str | None = None) -> Any:
    """The time of the last write; `in_input` lets a caller set it."""
    return FieldSpec((), None, tuple(access), api, in_input=in_input, stamp="updated")


def set_by_server(*, api: str | None = None) -> Any:
    """A field that no input shows, such as an owner; it comes after the timestamps."""
    return FieldSpec(api=api, in_input=False, trailing=True)


def belongs_to(
    *fields: str,
    access: Sequence[Rule] = (),
    api: str | None = None,
    on_delete: OnDelete = OnDelete.RESTRICT,
) -> Any:
    """The row whose key these attributes hold.

    `on_delete` says what becomes of this row when that one is deleted, in `enforced` integrity.
    """
    return RelationSpec(RelationKind.BELONGS_TO, fields, None, None, tuple(access), api, on_delete)


def has_one(
    *fields: str,
    access: Sequence[Rule] = (),
    api: str | None = None,
    on_delete: OnDelete = OnDelete.RESTRICT,
) -> Any:
    """The row whose key these attributes hold; the other side is said to belong to this one."""
    return RelationSpec(RelationKind.HAS_ONE, fields, None, None, tuple(access), api, on_delete)


def has_many(
    *target_fields: str,
    by: Names | None = None,
    index: str | Literal[False] | None = None,
    access: Sequence[Rule] = (),
    api: str | None = None,
) -> Any:
    """The rows whose attributes hold this row's key.

    `by` names other attributes of this model if it is not the key they hold. `index` names the index
    of the other model that orders the rows, by default the first on these fields; False for none.
    """
    fields = None if by is None else _tuple(by)
    return RelationSpec(RelationKind.HAS_MANY, fields, target_fields, index, tuple(access), api)


def unresolved(*, api: str | None = None) -> Any:
    """A field whose type is a model although nothing leads there. The API shows it; it is always null."""
    return UnresolvedSpec(api)


def root_fields(**changes: str | Sequence[str] | None) -> RootFields:
    """Other names for a model's root fields, or None for one it has not.

    Of `get`, `list`, `create`, `update`, `delete`, and of `on_create`, `on_update`, `on_delete`,
    which may be several.
    """
    return RootFields(
        {name: _tuple(value or ()) if name.startswith("on_") else value for name, value in changes.items()}
    )


def default_text(value: object) -> str | None:
    """A default as the schema spells it: `True` is `true`."""
    if value is None or isinstance(value, str):
        return value if value is None else str(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tuple(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
