"""What the function behind a custom operation is given, and how it says which row it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.auth.principal import Principal
from service.catalog.model import Operation
from service.graphql.request import Origin
from service.operations.rows import Rows


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a custom operation. The operation's own rules have let the caller in."""

    operation: Operation
    arguments: Mapping[str, Any]
    """By their names in the schema; one that was not given is not there. AWSDateTime and AWSDate are Python's."""
    principal: Principal
    origin: Origin
    """The headers of the request."""
    rows: Rows
    """The rows of the models, as the caller may read and write them."""


@dataclass(frozen=True, slots=True, init=False)
class Row:
    """A row to answer with: what the caller selected of it is read by its key, with the caller's rights."""

    model: str
    key: tuple[Any, ...]

    def __init__(self, model: str, *key: Any) -> None:
        """`Row("StockItem", warehouse_id, product_id, lot)`: the model, and its key in the order of the schema."""
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "key", key)
