"""The catalog: everything the service knows about an API, as frozen data.

A catalog is derived from the mapped classes in `service/db/models/` or made by the importer from
an Amplify schema. It holds no SQLAlchemy and no GraphQL object, so it can be packaged as data and
read at start-up in a millisecond. Names in it are API names (camelCase) unless they say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property


class Allow(StrEnum):
    """Who a rule speaks of. Source: Amplify Gen 1, "Customize authorization rules"."""

    OWNER = "owner"
    GROUPS = "groups"
    PRIVATE = "private"
    PUBLIC = "public"
    CUSTOM = "custom"


class Provider(StrEnum):
    """How the caller proved who they are: one of AppSync's authorization modes."""

    USER_POOLS = "userPools"
    API_KEY = "apiKey"
    IAM = "iam"
    OIDC = "oidc"
    FUNCTION = "function"


class Access(StrEnum):
    """One thing a rule can allow. `read` in a schema stands for the five that read."""

    GET = "get"
    LIST = "list"
    SYNC = "sync"
    LISTEN = "listen"
    SEARCH = "search"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


READ = frozenset({Access.GET, Access.LIST, Access.SYNC, Access.LISTEN, Access.SEARCH})
EVERYTHING = frozenset(Access)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `@auth` rule. A caller may do something if any rule of the model allows it."""

    allow: Allow
    provider: Provider = Provider.USER_POOLS
    access: frozenset[Access] = EVERYTHING
    groups: tuple[str, ...] = ()
    """Static groups: the caller must be in one of them."""
    groups_field: str | None = None
    """Dynamic groups: the field of the row that names the groups (a string or a list of them)."""
    group_claim: str = "cognito:groups"
    owner_field: str | None = None
    """The field of the row that names its owner or, if it is a list, its owners."""
    identity_claim: str = "sub::username"
    """Which claims of the caller an owner value is compared with, joined by `::`."""

    @property
    def is_dynamic(self) -> bool:
        """Whether the answer depends on the row, not on the caller alone."""
        return self.owner_field is not None or self.groups_field is not None


@dataclass(frozen=True, slots=True)
class TypeRef:
    """The type of a field, argument or input field: `[String!]!` is `("String", True, True, True)`."""

    name: str
    required: bool = False
    is_list: bool = False
    element_required: bool = False

    @property
    def nullable(self) -> TypeRef:
        """The same type where null is allowed."""
        return replace(self, required=False)

    def __str__(self) -> str:
        inner = f"[{self.name}{'!' if self.element_required else ''}]" if self.is_list else self.name
        return inner + ("!" if self.required else "")


@dataclass(frozen=True, slots=True)
class Field:
    """A stored value of a model, or a value inside an embedded type."""

    name: str
    type: TypeRef
    column: str = ""
    """The column's name in PostgreSQL; empty inside an embedded type, which is one jsonb column."""
    default: str | None = None
    """The text of `@default(value: …)`: applied by a create that leaves the field out or sends null."""
    rules: tuple[Rule, ...] = ()
    """Rules of the field itself; empty means the model's rules alone decide."""
    in_input: bool = True
    """False for what the server sets alone: an undeclared owner, createdAt, updatedAt."""
    at_least: int | None = None
    """The least number that the table takes in `enforced` integrity."""


class OnDelete(StrEnum):
    """What becomes of a row when the one it refers to is deleted, in `enforced` integrity."""

    RESTRICT = "restrict"
    """The other row cannot be deleted."""
    SET_NULL = "set null"
    CASCADE = "cascade"


class RelationKind(StrEnum):
    """What a relation yields: one row, or a connection of rows."""

    BELONGS_TO = "belongsTo"
    HAS_ONE = "hasOne"
    HAS_MANY = "hasMany"


@dataclass(frozen=True, slots=True)
class Relation:
    """A field of a model that leads to rows of another, matched `fields` to `target_fields` in order."""

    name: str
    kind: RelationKind
    target: str
    fields: tuple[str, ...]
    """Fields of this model."""
    target_fields: tuple[str, ...]
    """Fields of the target that must equal them."""
    index: str | None = None
    """For a hasMany: the target's index it follows, whose sort keys order it; None if it has none."""
    required: bool = False
    rules: tuple[Rule, ...] = ()
    on_delete: OnDelete = OnDelete.RESTRICT

    @property
    def is_many(self) -> bool:
        """Whether the field is a connection."""
        return self.kind is RelationKind.HAS_MANY


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: rows are found by `hash` and ordered by `sort`."""

    name: str
    hash: str
    sort: tuple[str, ...] = ()
    query: str | None = None
    """The name of its query; None if the API has none for it."""
    unique: bool = False
    """Whether, in `enforced` integrity, no two rows of an organization have the same `hash`."""


@dataclass(frozen=True, slots=True)
class Timestamps:
    """The fields the server stamps; None where the model has switched one off."""

    created: str | None = "createdAt"
    updated: str | None = "updatedAt"


@dataclass(frozen=True, slots=True)
class Operations:
    """The names of a model's generated root fields; None where the model has switched one off."""

    get: str | None = None
    list: str | None = None
    create: str | None = None
    update: str | None = None
    delete: str | None = None
    on_create: tuple[str, ...] = ()
    on_update: tuple[str, ...] = ()
    on_delete: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """One `@model`: a table, its API and who may use it. Field order is the order of the SDL."""

    name: str
    plural: str
    """The name of many, as in `listProducts`: `Products`."""
    table: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    """The primary key: the hash field, then the sort fields."""
    operations: Operations
    relations: tuple[Relation, ...] = ()
    indexes: tuple[Index, ...] = ()
    rules: tuple[Rule, ...] = ()
    timestamps: Timestamps = Timestamps()
    unresolved: tuple[Field, ...] = ()
    """Fields whose type is a model although no relation leads there: the SDL shows them, no input
    takes them, no column holds them, and they are always null."""
    order: tuple[str, ...] = ()
    """Names of fields, relations and unresolved fields in the order in which the SDL shows them."""
    names_key: bool = False
    """Whether the author wrote `@primaryKey`; the list query then takes the key, even a plain `id`."""
    is_join: bool = False
    """Made by `@manyToMany`, not written by anybody."""
    module: str = "models"
    """The part of the product it belongs to: its file in `service/db/models/`."""
    description: str | None = None
    tenant: Field | None = None
    """The field that says which organization a row belongs to; None in `legacy` integrity. If it is not one of
    `fields`, no API shows it, and the server fills it in."""

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        """Every field that has a column: those of the API, and a tenant that is not one of them."""
        return self.fields if self.tenant is None or self.tenant in self.fields else (*self.fields, self.tenant)

    @cached_property
    def stored_by_name(self) -> dict[str, Field]:
        """Name → field with a column."""
        return {each.name: each for each in self.stored}

    @cached_property
    def field_by_name(self) -> dict[str, Field]:
        """API name → field."""
        return {each.name: each for each in self.fields}

    @cached_property
    def relation_by_name(self) -> dict[str, Relation]:
        """API name → relation."""
        return {each.name: each for each in self.relations}

    @cached_property
    def index_by_name(self) -> dict[str, Index]:
        """Index name → index."""
        return {each.name: each for each in self.indexes}


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enum of the API. Stored as text."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type that is no model: embedded in one (stored as jsonb), or returned by a custom operation.

    `relations` are fields whose type is a model, which only a custom operation can fill in.
    """

    name: str
    fields: tuple[Field, ...]
    relations: tuple[Field, ...] = ()
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputType:
    """An input that somebody wrote by hand, for a custom operation."""

    name: str
    fields: tuple[Field, ...]


class Root(StrEnum):
    """The root types of a GraphQL schema."""

    QUERY = "Query"
    MUTATION = "Mutation"
    SUBSCRIPTION = "Subscription"


@dataclass(frozen=True, slots=True)
class Operation:
    """A custom query, mutation or subscription: a root field that no model generates."""

    root: Root
    name: str
    type: TypeRef
    arguments: tuple[Field, ...] = ()
    function: str | None = None
    """The Lambda function behind it, as the schema spells it: `placePurchaseOrder-${env}`."""
    rules: tuple[Rule, ...] = ()
    mutations: tuple[str, ...] = ()
    """For a custom subscription: the mutations it listens to."""


class Integrity(StrEnum):
    """What the tables refuse. `legacy` allows what DynamoDB allowed.

    `enforced` keeps organizations apart, references whole, and values to their types.
    """

    LEGACY = "legacy"
    ENFORCED = "enforced"


@dataclass(frozen=True)
class Catalog:
    """A whole API. The order of everything is the order of the schema it came from."""

    models: tuple[Model, ...]
    enums: tuple[EnumType, ...] = ()
    objects: tuple[ObjectType, ...] = ()
    inputs: tuple[InputType, ...] = ()
    operations: tuple[Operation, ...] = ()
    default_provider: Provider = Provider.USER_POOLS
    """The mode that needs no directive: a type without `@aws_…` is open to it alone."""
    integrity: Integrity = field(default=Integrity.LEGACY)

    @property
    def is_enforced(self) -> bool:
        """Whether the tables keep organizations apart."""
        return self.integrity is Integrity.ENFORCED

    def as_legacy(self) -> Catalog:
        """The same API on tables that refuse nothing."""
        return replace(self, models=tuple(map(_unconstrained, self.models)), integrity=Integrity.LEGACY)

    @cached_property
    def model_by_name(self) -> dict[str, Model]:
        """Type name → model."""
        return {each.name: each for each in self.models}

    @cached_property
    def enum_by_name(self) -> dict[str, EnumType]:
        """Type name → enum."""
        return {each.name: each for each in self.enums}

    @cached_property
    def object_by_name(self) -> dict[str, ObjectType]:
        """Type name → embedded or returned type."""
        return {each.name: each for each in self.objects}


def _unconstrained(model: Model) -> Model:
    return replace(
        model,
        fields=tuple(replace(each, at_least=None) for each in model.fields),
        relations=tuple(replace(each, on_delete=OnDelete.RESTRICT) for each in model.relations),
        indexes=tuple(replace(each, unique=False) for each in model.indexes),
        tenant=None,
    )
