"""Why a purchase order is not placed or received: a code for each reason."""

from __future__ import annotations

from service.errors import ConditionFailed, Invalid, ServiceError


class OrderRefused(ServiceError):
    """A purchase order was refused, and nothing of it was done. `info` has the code, and the line if it is a line's."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        where = {} if line is None else {"line": line}
        super().__init__(message if line is None else f"Line {line}: {message}", info={"code": self.code, **where})


class EmptyOrder(OrderRefused, Invalid):
    """A purchase order, or a delivery, has no lines."""

    code = "empty_order"


class TooManyLines(OrderRefused, Invalid):
    """A purchase order, or a delivery, has more lines than are taken at once."""

    code = "too_many_lines"


class InvalidNumber(OrderRefused, Invalid):
    """The number of a purchase order is blank."""

    code = "invalid_number"


class InvalidQuantity(OrderRefused, Invalid):
    """The quantity in a line of a purchase order is no whole number, not positive, or too large."""

    code = "invalid_quantity"


class InvalidPrice(OrderRefused, Invalid):
    """The price in a line of a purchase order is no number, negative, or too large."""

    code = "invalid_price"


class UnknownSupplier(OrderRefused, Invalid):
    """The organization has no such supplier."""

    code = "unknown_supplier"


class UnknownWarehouse(OrderRefused, Invalid):
    """The organization has no such warehouse."""

    code = "unknown_warehouse"


class UnknownProduct(OrderRefused, Invalid):
    """The organization has no such product."""

    code = "unknown_product"


class InactiveProduct(OrderRefused, Invalid):
    """The product is not active, or has been discontinued."""

    code = "inactive_product"


class DuplicateNumber(OrderRefused, ConditionFailed):
    """The organization has a purchase order with that number."""

    code = "duplicate_number"


class WrongStatus(OrderRefused, ConditionFailed):
    """The status of a purchase order does not allow it."""

    code = "wrong_status"


class NoWarehouse(OrderRefused, Invalid):
    """The purchase order names no warehouse that goods could go to."""

    code = "no_warehouse"


class UnknownLine(OrderRefused, Invalid):
    """The purchase order has no line with that number."""

    code = "unknown_line"


class AmbiguousLine(OrderRefused, Invalid):
    """The purchase order has several lines with that number."""

    code = "ambiguous_line"


class OverReceipt(OrderRefused, Invalid):
    """More goods are to be received than the line has left."""

    code = "over_receipt"


class ForeignLot(OrderRefused, Invalid):
    """A lot of that name is another organization's; `legacy` integrity alone knows such a thing."""

    code = "foreign_lot"
