"""Every name that Amplify generates for a model, spelled here and nowhere else.

Old clients name these types in the variables of their documents, so a name is part of the contract.
Source: what Amplify's transformers emit. They capitalise a model's name in some of these names and
leave it as written in others; a model called `todo` has a `CreateTodoInput` and a `ModeltodoConnection`.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.catalog.model import Index, Model
from service.catalog.plurals import joined, upper_first


def connection(model: str) -> str:
    """The type of a page of an index query or a hasMany field: `ModelProductConnection`."""
    return f"Model{model}Connection"


def list_connection(model: str) -> str:
    """The type of a page of a list, the same unless the model's name begins with a small letter."""
    return f"Model{upper_first(model)}Connection"


def filter_input(model: str) -> str:
    """The type of `filter` on an index query or a hasMany field: `ModelProductFilterInput`."""
    return f"Model{model}FilterInput"


def list_filter_input(model: str) -> str:
    """The type of `filter` on a list, the same unless the model's name begins with a small letter."""
    return f"Model{upper_first(model)}FilterInput"


def condition_input(model: str) -> str:
    """The type of `condition` on mutations: `ModelProductConditionInput`."""
    return f"Model{upper_first(model)}ConditionInput"


def subscription_filter_input(model: str) -> str:
    """The type of `filter` on subscriptions: `ModelSubscriptionProductFilterInput`."""
    return f"ModelSubscription{upper_first(model)}FilterInput"


def create_input(model: str) -> str:
    """The type of `input` on create: `CreateProductInput`."""
    return f"Create{upper_first(model)}Input"


def update_input(model: str) -> str:
    """The type of `input` on update: `UpdateProductInput`."""
    return f"Update{upper_first(model)}Input"


def delete_input(model: str) -> str:
    """The type of `input` on delete: `DeleteProductInput`."""
    return f"Delete{upper_first(model)}Input"


def embedded_input(embedded: str) -> str:
    """The input form of an embedded type: `AddressInput`."""
    return f"{upper_first(embedded)}Input"


def operators_input(operand: str) -> str:
    """The operators on one field of a filter: `ModelStringInput`, or `ModelColourInput` of an enum."""
    return f"Model{operand}Input"


def list_operators_input(enum: str) -> str:
    """The operators on a field that is a list of an enum: `ModelColourListInput`."""
    return f"Model{enum}ListInput"


def subscription_operators_input(operand: str) -> str:
    """The operators on one field of a subscription's filter: `ModelSubscriptionStringInput`."""
    return f"ModelSubscription{operand}Input"


def key_condition_input(operand: str) -> str:
    """The type of a sort key argument: `ModelStringKeyConditionInput`."""
    return f"Model{operand}KeyConditionInput"


def composite_key_argument(fields: Sequence[str]) -> str:
    """The one argument that stands for two or more sort keys: `entityIdOccurredAt`."""
    return joined(*fields)


def composite_key_input(model: Model, index: Index | None) -> str:
    """The values of a composite sort key: `ModelAuditLogByEntityCompositeKeyInput`; None means the primary key."""
    return f"Model{model.name}{_index_part(index)}CompositeKeyInput"


def composite_key_condition_input(model: Model, index: Index | None) -> str:
    """The type of a composite sort key argument: `ModelAuditLogByEntityCompositeKeyConditionInput`."""
    return f"Model{model.name}{_index_part(index)}CompositeKeyConditionInput"


def implied_key(model: str, relation: str, key: str) -> str:
    """The foreign key that a relation without `fields` adds: `postCommentsId`."""
    return joined(model, relation, key)


def _index_part(index: Index | None) -> str:
    return "Primary" if index is None else upper_first(index.name)
