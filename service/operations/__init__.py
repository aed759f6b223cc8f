"""Custom operations: the root fields of the schema that no model generates, and the functions behind them.

A function is connected by a line in `FUNCTIONS`, and by nothing else. `docs/custom-operations.md` says how
to write one.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.operations.connect import Function
from service.operations.orders import place_purchase_order, receive_purchase_order
from service.operations.stock import reorder_suggestions

FUNCTIONS: Mapping[str, Function] = {
    "placePurchaseOrder": place_purchase_order,
    "receivePurchaseOrder": receive_purchase_order,
    "reorderSuggestions": reorder_suggestions,
}
"""By the name of the operation in the schema."""
