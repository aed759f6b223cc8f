"""Why an order is not placed or received: the code, the line and the reason; and nothing has been written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from service.auth.principal import Principal
from service.catalog.model import Root
from service.errors import ServiceError
from service.graphql.execute import UNKNOWN
from service.operations.call import Call
from service.operations.orders import HIGHEST_PRICE, MOST_LINES, MOST_UNITS, place_purchase_order
from tests.operations.api import MIA, Api, product, stock, user
from tests.operations.ordering import PLACE, RECEIVE, counted, order, place, received, versions

CONDITION = "DynamoDB:ConditionalCheckFailedException"


async def refusal(api: Api, query: str, variables: dict[str, Any], caller: Principal = MIA) -> tuple[Any, ...]:
    """errorType, errorInfo and message of the one error of a request that has written nothing."""
    before = await versions(api)
    answer = await api.send(query, variables, caller)
    (error,) = answer["errors"]
    assert await versions(api) == before
    return error["errorType"], error["errorInfo"], error["message"]


def line(product_id: str = "p1", quantity: Any = 1, price: Any = 1) -> dict[str, Any]:
    return {"productId": product_id, "quantity": quantity, "unitPrice": price}


@pytest.fixture
async def furnished(api: Api) -> Api:
    """With stock that an order would change, and products that cannot be ordered."""
    for each in ("p1", "p2"):
        await stock(api, each, "a", 3)
    await product(api, "p5", active=False)
    await product(api, "p6", discontinuedAt="2020-01-01T00:00:00Z")
    await product(api, "p7", discontinuedAt="2999-01-01T00:00:00Z")
    return api


@pytest.mark.parametrize(
    ("given", "code", "at", "message"),
    [
        ({"number": " "}, "invalid_number", None, "The number must not be blank."),
        ({"lines": []}, "empty_order", None, "There must be at least one line."),
        ({"lines": [line()] * 1_001}, "too_many_lines", None, "There must be at most 1000 lines, not 1001."),
        ({"lines": [line()] * 4_000}, "too_many_lines", None, "There must be at most 1000 lines, not 4000."),
        (
            {"lines": [line(), line(quantity=0)]}, "invalid_quantity", 2,
            "Line 2: the quantity must be a whole number from 1 to 1000000, not 0.",
        ),
        (
            {"lines": [line(quantity=-1)]}, "invalid_quantity", 1,
            "Line 1: the quantity must be a whole number from 1 to 1000000, not -1.",
        ),
        (
            {"lines": [line(quantity=2**31 - 1)]}, "invalid_quantity", 1,
            "Line 1: the quantity must be a whole number from 1 to 1000000, not 2147483647.",
        ),
        (
            {"lines": [line(), line(), line(price=-0.01)]}, "invalid_price", 3,
            "Line 3: the price must be a number from 0 to 1000000000, not -0.01.",
        ),
        (
            {"lines": [line(price=1e308)]}, "invalid_price", 1,
            "Line 1: the price must be a number from 0 to 1000000000, not 1e+308.",
        ),
        ({"supplierId": "s0"}, "unknown_supplier", None, "The organization 'acme' has no supplier 's0'."),
        ({"supplierId": "s9"}, "unknown_supplier", None, "The organization 'acme' has no supplier 's9'."),
        ({"warehouseId": "w9"}, "unknown_warehouse", None, "The organization 'acme' has no warehouse 'w9'."),
        (
            {"lines": [line(), line("p0")]}, "unknown_product", 2,
            "Line 2: the organization 'acme' has no product 'p0'.",
        ),
        (
            {"lines": [line(), line("p9"), line("p0")]}, "unknown_product", 2,
            "Line 2: the organization 'acme' has no product 'p9'.",
        ),
        (
            {"lines": [line("p7"), line("p5")]}, "inactive_product", 2,
            "Line 2: the product 'p5' is inactive or discontinued.",
        ),
        ({"lines": [line("p6")]}, "inactive_product", 1, "Line 1: the product 'p6' is inactive or discontinued."),
    ],
)  # fmt: skip
async def test_an_order_is_not_placed(
    furnished: Api, given: dict[str, Any], code: str, at: int | None, message: str
) -> None:
    info = {"code": code} | ({} if at is None else {"line": at})
    assert await refusal(furnished, PLACE, order(**given)) == (code, info, message)


@pytest.mark.parametrize(
    "value",
    ["1.5", "1e30", '"1"', "true", "2147483648", "-2147483649"],
)
async def test_a_quantity_that_is_no_int_is_refused_before_anything_runs(furnished: Api, value: str) -> None:
    document = (
        'mutation { placePurchaseOrder(input: {organizationId: "acme", number: "1", supplierId: "s1", '
        f'warehouseId: "w1", lines: [{{productId: "p1", quantity: {value}, unitPrice: 1}}]}}) {{ id }} }}'
    )
    before = await versions(furnished)
    answer = await furnished.send(document)
    assert answer["data"] is None
    assert len(answer["errors"]) == 1
    assert await versions(furnished) == before


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [
        (float("nan"), 1, "invalid_quantity"),
        (1.0, 1, "invalid_quantity"),
        (True, 1, "invalid_quantity"),
        (MOST_UNITS + 1, 1, "invalid_quantity"),
        (1, float("nan"), "invalid_price"),
        (1, float("inf"), "invalid_price"),
        (1, -float("inf"), "invalid_price"),
        (1, 10**400, "invalid_price"),
        (1, HIGHEST_PRICE + 1, "invalid_price"),
    ],
)
async def test_what_no_document_can_say_is_refused_too(furnished: Api, quantity: Any, price: Any, code: str) -> None:
    """Another door may call the function."""
    before = await versions(furnished)
    operation = next(
        each for each in furnished.plans.repository.catalog.operations if each.name == "placePurchaseOrder"
    )
    assert operation.root is Root.MUTATION
    call = Call(operation, {}, MIA, UNKNOWN, furnished.rows_of(MIA))
    with pytest.raises(ServiceError) as caught:
        await place_purchase_order(call, order(lines=[line("p1", quantity, price)])["i"])
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert caught.value.info == {"code": code, "line": 1}
    assert await versions(furnished) == before


async def test_a_number_is_not_used_twice(furnished: Api) -> None:
    await place(furnished)
    message = "The organization 'acme' has an order with the number '1'."
    assert await refusal(furnished, PLACE, order()) == (CONDITION, {"code": "duplicate_number"}, message)


async def test_another_organization_is_refused(furnished: Api) -> None:
    message = "Not Authorized to access placePurchaseOrder on type Mutation"
    given = order(organizationId="other", supplierId="s9", warehouseId="w9")
    assert await refusal(furnished, PLACE, given) == ("Unauthorized", None, message)


async def test_what_the_database_cannot_hold_at_the_end_undoes_all_of_it(furnished: Api) -> None:
    await stock(furnished, "p3", "a", 0, onOrder=2**31 - 5)
    given = order(lines=[line("p1", 5), line("p3", 10)])
    assert await refusal(furnished, PLACE, given) == ("invalid", None, "A number is too large.")


async def test_the_largest_order_is_placed(furnished: Api) -> None:
    lines = [line("p1", MOST_UNITS, HIGHEST_PRICE), line("p2", 1, 0), *[line("p1")] * (MOST_LINES - 2)]
    data = await furnished.ask(PLACE, order(lines=lines))
    assert data["placePurchaseOrder"]["total"] == 10**15 + 998
    (item,) = await furnished.rows.list("StockItem", {"productId": {"eq": "p1"}})
    assert item["onOrder"] == MOST_UNITS + 998


@pytest.mark.parametrize(
    ("lines", "code", "at", "message"),
    [
        ([], "empty_order", None, "There must be at least one line."),
        ([(1, 1)] * 1_001, "too_many_lines", None, "There must be at most 1000 lines, not 1001."),
        ([(1, 0)], "invalid_quantity", 1, "Line 1: the quantity must be a whole number from 1 to 1000000, not 0."),
        (
            [(1, 1), (2, -3)], "invalid_quantity", 2,
            "Line 2: the quantity must be a whole number from 1 to 1000000, not -3.",
        ),
        ([(1, 1), (3, 1)], "unknown_line", 3, "Line 3: the order has no such line."),
        ([(1, 11)], "over_receipt", 1, "Line 1: 10 of 10 are left to receive, not 11."),
        ([(1, 1), (2, 6)], "over_receipt", 2, "Line 2: 5 of 5 are left to receive, not 6."),
        ([(2, 1), (1, 6, "a"), (1, 5, "b")], "over_receipt", 1, "Line 1: 10 of 10 are left to receive, not 11."),
    ],
)  # fmt: skip
async def test_goods_are_not_received(
    furnished: Api, lines: Sequence[Any], code: str, at: int | None, message: str
) -> None:
    placed = await place(furnished)
    info = {"code": code} | ({} if at is None else {"line": at})
    assert await refusal(furnished, RECEIVE, received(placed, *lines)) == (code, info, message)


async def test_h7_goods_arrive_only_for_an_order_that_waits_for_them(furnished: Api) -> None:
    placed = await place(furnished)
    info = {"code": "wrong_status"}
    for status in ("DRAFT", "CANCELLED", "RECEIVED"):
        await furnished.rows.update("PurchaseOrder", {"id": placed, "status": status})
        message = f"The order is {status}; goods can arrive for one that is SUBMITTED or APPROVED."
        assert await refusal(furnished, RECEIVE, received(placed, (1, 1))) == (CONDITION, info, message)
    await furnished.rows.update("PurchaseOrder", {"id": placed, "status": "APPROVED"})
    await furnished.ask(RECEIVE, received(placed, (1, 10), (2, 5)))
    message = "The order is RECEIVED; goods can arrive for one that is SUBMITTED or APPROVED."
    assert await refusal(furnished, RECEIVE, received(placed, (1, 10), (2, 5))) == (CONDITION, info, message)


async def test_an_order_that_legacy_data_left_odd(furnished: Api) -> None:
    placed = await place(furnished)
    (item, _) = await furnished.rows.list("PurchaseOrderItem")
    again = {name: item[name] for name in ("organizationId", "purchaseOrderId", "productId", "quantity", "unitPrice")}
    await furnished.rows.create("PurchaseOrderItem", again | {"lineNumber": 1})
    await furnished.rows.create("PurchaseOrderItem", again | {"lineNumber": 2})
    code, info, message = await refusal(furnished, RECEIVE, received(placed, (1, 1)))
    assert (code, info["code"]) == ("ambiguous_line", "ambiguous_line")
    assert message == f"Line {info['line']}: the order has several lines with this number."
    await furnished.rows.update("PurchaseOrder", {"id": placed, "warehouseId": None})
    message = "The order names no warehouse to put the goods into."
    assert await refusal(furnished, RECEIVE, received(placed, (1, 1))) == (
        "no_warehouse", {"code": "no_warehouse"}, message
    )  # fmt: skip


async def test_an_order_of_another_organization_is_like_one_that_is_not_there(furnished: Api) -> None:
    placed = await place(furnished)
    stranger = user("sam", "Manager", organization="other")
    for id_ in (placed, "nothing"):
        refused = await refusal(furnished, RECEIVE, received(id_, (1, 1)), stranger)
        assert refused == ("not_found", None, f"There is no purchase order '{id_}'.")


async def test_a_lot_of_another_organization_is_left_alone(furnished: Api) -> None:
    """Where organizations are kept apart, each has a lot of that name; else the delivery is undone."""
    other = furnished.rows_in("other")
    if furnished.catalog.is_enforced:
        await other.create("Warehouse", {"id": "w1", "organizationId": "other", "code": "W", "name": "Theirs"})
        await product(furnished, "p2", "other", categoryId=None)
    lot = {"warehouseId": "w1", "productId": "p2", "lot": "x", "organizationId": "other", "quantity": 3}
    await other.create("StockItem", lot)
    placed = await place(furnished)
    delivery = received(placed, (1, 1), (2, 1, "x"))
    if furnished.catalog.is_enforced:
        await furnished.ask(RECEIVE, delivery)
        assert (await counted(furnished, "p2"))["x"] == (1, 0)
    else:
        message = "A lot of that name belongs to another organization."
        assert await refusal(furnished, RECEIVE, delivery) == ("foreign_lot", {"code": "foreign_lot"}, message)
    assert (await other.get("StockItem", "w1", "p2", "x"))["quantity"] == 3


async def test_what_an_order_refers_to_stays(furnished: Api) -> None:
    """Rows that others refer to, and references to nothing, are refused where references are enforced."""
    boss = user("boss", "Admin", organization="acme")
    placed = await place(furnished)
    remove = 'mutation { deleteSupplier(input: {id: "s1"}) { id } }'
    point = f'mutation {{ updatePurchaseOrder(input: {{id: "{placed}", supplierId: "s9"}}) {{ id }} }}'
    if not furnished.catalog.is_enforced:
        assert await furnished.ask(point, caller=boss) == {"updatePurchaseOrder": {"id": placed}}
        assert await furnished.ask(remove, caller=boss) == {"deleteSupplier": {"id": "s1"}}
        return
    kept, dangling = "Another row still refers to this one.", "supplierId refers to a row that does not exist."
    for document, message in ((remove, kept), (point, dangling)):
        assert await refusal(furnished, document, {}, boss) == (CONDITION, None, message)
    assert await furnished.rows.find("Supplier", "s1") is not None
