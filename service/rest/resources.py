"""The REST resources of a catalog: what each model is called, what can be done with it, and with which fields.

Everything of the REST door is derived from this: routes, validation and the OpenAPI document. It is plain data
and reads the catalog alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from urllib.parse import quote, unquote

from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.columns import snake_case
from service.catalog.model import Catalog, Field, Model, Operation, Relation, Root
from service.catalog.plurals import upper_first
from service.catalog.scalars import SCALARS
from service.db.schema.tables import access_paths

PREFIX = "/v1"
KEY_SEPARATOR = "~"
"""Between the parts of a composite key in a path. Inside a part it is written `%7E`, and a `/` is written `%2F`."""
TRANSACTIONS, OPERATIONS, PERMISSIONS, AUDIT_ENTRIES = "transactions", "operations", "permissions", "audit-entries"
RESERVED = frozenset({TRANSACTIONS, OPERATIONS, PERMISSIONS, AUDIT_ENTRIES, "openapi.json"})
"""First segments that are no model's. A model of such a plural is called after its name: `transaction-records`."""


class Action(StrEnum):
    """What can be done with a resource. Each has one method and one path, see `Endpoint`."""

    LIST = "list"
    SEARCH = "search"
    GET = "get"
    CREATE = "create"
    REPLACE = "replace"
    UPDATE = "update"
    DELETE = "delete"
    BATCH_CREATE = "batchCreate"
    BATCH_UPDATE = "batchUpdate"
    BATCH_DELETE = "batchDelete"


_ON_ITEM = {Action.GET: "GET", Action.REPLACE: "PUT", Action.UPDATE: "PATCH", Action.DELETE: "DELETE"}
_ON_COLLECTION = {Action.LIST: "GET", Action.CREATE: "POST"}
_OF_MANY = {Action.LIST, Action.SEARCH, Action.BATCH_CREATE, Action.BATCH_UPDATE, Action.BATCH_DELETE}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of a resource, as it stands in the OpenAPI document."""

    action: Action
    method: str
    path: str
    """The template: `/v1/products/{id}`, `/v1/stock-items/{warehouseId}~{productId}~{lot}`, `/v1/products:search`."""
    operation_id: str


@dataclass(frozen=True, slots=True)
class Child:
    """A hasMany of a resource as a collection of its own, to be read."""

    segment: str
    """The last part of its path: the relation's name, kebab-case."""
    relation: Relation
    target: Model
    path: str
    operation_id: str


@dataclass(frozen=True)
class Resource:
    """One model as REST sees it."""

    model: Model
    name: str
    """Its segment: plural, kebab-case."""
    endpoints: tuple[Endpoint, ...]
    children: tuple[Child, ...]
    creatable: tuple[Field, ...]
    """What the body of a create may hold, and of a replacement, where a key must be that of the path."""
    changeable: tuple[Field, ...]
    """What the body of a patch may hold: the same without the key."""
    filterable: tuple[Field, ...]
    """What may be asked about: values, but no embedded types."""
    index_columns: tuple[tuple[str, ...], ...]
    """For each index the fields it is sorted by, in order."""

    @cached_property
    def endpoint_by_action(self) -> dict[Action, Endpoint]:
        """What can be done, and how."""
        return {each.action: each for each in self.endpoints}

    def required_to_create(self) -> tuple[str, ...]:
        """The fields without which no row can be made: nothing supplies them if the body does not."""
        supplied = {self.model.timestamps.created, self.model.timestamps.updated}
        return tuple(
            each.name
            for each in self.creatable
            if (each.type.required or each.name in self.model.key)
            and each.default is None
            and each.name not in supplied
            and not (each.name == "id" and each.type.name in {"ID", "String"})
        )

    def sortable(self, fixed: Collection[str] = ()) -> tuple[str, ...]:
        """The fields that rows may be sorted by first, `fixed` being those that the filter holds to one value.

        These are the ones an index has the rows in order of; behind the first any may follow. A caller's rows are all
        of one organization, whose field leads the indexes and may be one that no API shows.
        """
        tenant = [self.model.tenant.name] if self.model.tenant else []
        led = (_led_by(columns, {*fixed, *tenant}) for columns in self.index_columns)
        return tuple(dict.fromkeys(name for names in led for name in names if name in self.model.field_by_name))

    def key_in_path(self, values: Sequence[str]) -> str:
        """The key of a row as a segment of a path: `w1~p1~lot%7E7`."""
        return KEY_SEPARATOR.join(quote(each, safe="").replace("~", "%7E") for each in values)

    def key_from_path(self, segment: str) -> tuple[str, ...] | None:
        """The texts of a key from a segment that is not decoded yet; None if no key is spelled so."""
        parts = segment.split(KEY_SEPARATOR) if len(self.model.key) > 1 else [segment]
        if len(parts) != len(self.model.key):
            return None
        try:
            return tuple(unquote(each, errors="strict") for each in parts)
        except UnicodeError:
            return None


def resources_of(catalog: Catalog) -> tuple[Resource, ...]:
    """The resources of a catalog, in its order; last the audit trail of one that keeps organizations apart."""
    segments = _distinct((each, _segment_of(each)) for each in catalog.models)
    found = [_resource(catalog, each, segments[each.name]) for each in catalog.models]
    return tuple([*found, _resource(catalog, AUDIT_ENTRY, AUDIT_ENTRIES)] if catalog.is_enforced else found)


def operation_path(operation: Operation) -> str:
    """The address of a custom operation: `/v1/operations/placePurchaseOrder`."""
    return f"{PREFIX}/{OPERATIONS}/{operation.name}"


def served_operations(catalog: Catalog) -> tuple[Operation, ...]:
    """The custom operations that REST has: queries (GET or POST) and mutations (POST), by one name the query."""
    by_name: dict[str, Operation] = {}
    for each in catalog.operations:
        if each.root is not Root.SUBSCRIPTION:
            by_name.setdefault(each.name, each)
    return tuple(by_name.values())


def is_any_json(field: Field) -> bool:
    """Whether a value is JSON of any kind, and not a text that holds it, as GraphQL has it everywhere."""
    return field.type.name == "AWSJSON" and not field.type.is_list and bool(field.column)


def kebab_case(name: str) -> str:
    """`PurchaseOrders` → `purchase-orders`."""
    return snake_case(name).strip("_").replace("_", "-")


def _segment_of(model: Model) -> str:
    plural = kebab_case(model.plural)
    return f"{kebab_case(model.name)}-records" if plural in RESERVED else plural


def _distinct(named: Iterable[tuple[Model, str]]) -> dict[str, str]:
    """Model name → segment; a model whose segment an earlier one has gets `-2`, `-3` and so on."""
    found: dict[str, str] = {}
    for model, wanted in named:
        segment, number = wanted, 1
        while segment in found.values() or segment in RESERVED:
            number += 1
            segment = f"{wanted}-{number}"
        found[model.name] = segment
    return found


def _resource(catalog: Catalog, model: Model, segment: str) -> Resource:
    written = tuple(each for each in model.fields if each.in_input)
    return Resource(
        model=model,
        name=segment,
        endpoints=tuple(_endpoints(model, segment)),
        children=tuple(_children(catalog, model, segment)),
        creatable=written,
        changeable=tuple(each for each in written if each.name not in model.key),
        filterable=tuple(
            each for each in model.fields if each.type.name in SCALARS or each.type.name in catalog.enum_by_name
        ),
        index_columns=tuple(_index_columns(catalog, model)),
    )


def _endpoints(model: Model, segment: str) -> Iterator[Endpoint]:
    collection = f"{PREFIX}/{segment}"
    item = f"{collection}/{key_template(model)}"
    for action in _actions(model):
        noun = upper_first(model.plural if action in _OF_MANY else model.name)
        if action in _ON_ITEM:
            method, path = _ON_ITEM[action], item
        elif action in _ON_COLLECTION:
            method, path = _ON_COLLECTION[action], collection
        else:
            method, path = "POST", f"{collection}:{action}"
        yield Endpoint(action, method, path, f"{action}{noun}")


def _actions(model: Model) -> Iterator[Action]:
    """What the model's author has left on. To replace a row is to create it or to update it."""
    on = model.operations
    if on.list:
        yield from (Action.LIST, Action.SEARCH)
    if on.get:
        yield Action.GET
    if on.create:
        yield from (Action.CREATE, Action.BATCH_CREATE)
    if on.create and on.update:
        yield Action.REPLACE
    if on.update:
        yield from (Action.UPDATE, Action.BATCH_UPDATE)
    if on.delete:
        yield from (Action.DELETE, Action.BATCH_DELETE)


def key_template(model: Model) -> str:
    """A key in the template of a path: `{id}`, `{warehouseId}~{productId}~{lot}`."""
    return KEY_SEPARATOR.join(f"{{{name}}}" for name in model.key)


def _children(catalog: Catalog, model: Model, segment: str) -> Iterator[Child]:
    if not model.operations.get:
        return
    for relation in model.relations:
        target = catalog.model_by_name[relation.target]
        if relation.is_many and target.operations.list:
            part = kebab_case(relation.name)
            path = f"{PREFIX}/{segment}/{key_template(model)}/{part}"
            yield Child(part, relation, target, path, f"list{upper_first(relation.name)}Of{upper_first(model.name)}")


def _index_columns(catalog: Catalog, model: Model) -> Iterator[tuple[str, ...]]:
    yield model.key
    for path in access_paths(model, catalog):
        # The rows of a joined key are in the order of a text that no field has.
        rest = () if path.is_joined else (each for each in model.key if each not in path.leading)
        yield (*path.leading, *rest)


def _led_by(columns: Sequence[str], fixed: Collection[str]) -> Iterator[str]:
    """The fields of an index that rows are in order of: the first that is not held to one value, and those before."""
    for name in columns:
        yield name
        if name not in fixed:
            return
