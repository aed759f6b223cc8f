"""The order flow of the shipped inventory, through the API."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from service.db import purchase_orders
from service.db.security.context import TELL
from service.operations.rows import Rows
from tests.operations.api import KEY, MIA, VIC, Api, product, stock, user
from tests.operations.ordering import PLACE, RECEIVE, counted, order, place, received


async def entries(api: Api) -> Counter[tuple[str, ...]]:
    """How many entries the trail has of each actor, action and kind of row."""
    rows = await api.owned.fetch_rows("SELECT actor, actor_name, action, entity_type FROM audit_entry")
    return Counter(tuple(row) for row in rows)


class TestPlacing:
    async def test_the_order_and_its_lines_are_there_and_counted_as_on_order(self, api: Api) -> None:
        await stock(api, "p1", "b", 7, onOrder=1)
        await stock(api, "p1", "a", 3)
        query = """mutation($i: PlacePurchaseOrderInput!) { placePurchaseOrder(input: $i) {
          number status total owner notes expectedOn orderedAt createdAt
          organization { name } supplier { name } warehouse { code }
          items(sortDirection: DESC) { items { lineNumber quantity unitPrice receivedQuantity product { sku } } }
        } }"""
        data = await api.ask(query, order(notes="soon", expectedOn="2026-12-24"))
        placed = data["placePurchaseOrder"]
        assert placed.pop("orderedAt")[:4] == placed.pop("createdAt")[:4]
        assert placed == {
            "number": "1",
            "status": "SUBMITTED",
            "total": 11.0,
            "owner": "mia",
            "notes": "soon",
            "expectedOn": "2026-12-24",
            "organization": {"name": "Acme"},
            "supplier": {"name": "Bolt & Co"},
            "warehouse": {"code": "W1"},
            "items": {
                "items": [
                    {"lineNumber": 2, "quantity": 5, "unitPrice": 2, "receivedQuantity": 0, "product": {"sku": "P2"}},
                    {
                        "lineNumber": 1,
                        "quantity": 10,
                        "unitPrice": 0.1,
                        "receivedQuantity": 0,
                        "product": {"sku": "P1"},
                    },
                ]
            },
        }
        assert await counted(api, "p1") == {"a": (3, 10), "b": (7, 1)}
        assert await counted(api, "p2") == {}

    async def test_the_total_is_exact(self, api: Api) -> None:
        """Of floats, 3 * 0.1 is 0.30000000000000004, and that twice is 0.6000000000000001."""
        lines = [{"productId": "p1", "quantity": 3, "unitPrice": 0.1}] * 2
        for taken, total in ((1, 0.3), (2, 0.6)):
            placed = await api.ask(PLACE, order(number=str(taken), lines=lines[:taken]))
            assert placed["placePurchaseOrder"]["total"] == total

    async def test_its_entries_in_the_trail_name_who_placed_and_who_received_it(self, api: Api) -> None:
        """The operation writes with more rights than its caller has, and in the caller's name."""
        if not api.catalog.is_enforced:
            pytest.skip("there is no trail in legacy integrity")
        await stock(api, "p1", "a", 3)
        await api.owned.execute_ddl("TRUNCATE audit_entry")
        placed = await place(api)
        assert await entries(api) == Counter(
            {
                ("sub-mia", "mia", "CREATE", "PurchaseOrder"): 1,
                ("sub-mia", "mia", "CREATE", "PurchaseOrderItem"): 2,
                ("sub-mia", "mia", "UPDATE", "StockItem"): 1,
            }
        )
        await api.owned.execute_ddl("TRUNCATE audit_entry")
        await api.ask(RECEIVE, received(placed, (1, 10), (2, 5)), user("max", "Manager", organization="acme"))
        assert await entries(api) == Counter(
            {
                ("sub-max", "max", "UPDATE", "PurchaseOrder"): 1,
                ("sub-max", "max", "UPDATE", "PurchaseOrderItem"): 2,
                ("sub-max", "max", "UPDATE", "StockItem"): 1,
                ("sub-max", "max", "CREATE", "StockItem"): 2,
            }
        )

    async def test_a_number_is_used_once_in_an_organization(self, api: Api) -> None:
        await place(api)
        failed = (
            "DynamoDB:ConditionalCheckFailedException",
            "The organization 'acme' has an order with the number '1'.",
        )
        assert await api.fail(PLACE, order()) == [(*failed, ["placePurchaseOrder"])]
        boss = user("boss", "Admin", organization="other")
        lines = [{"productId": "p9", "quantity": 1, "unitPrice": 1}]
        there = order(organizationId="other", supplierId="s9", warehouseId="w9", lines=lines)
        assert (await api.ask(PLACE, there, boss))["placePurchaseOrder"]["number"] == "1"

    async def test_of_eight_at_once_with_one_number_one_is_placed(self, api: Api) -> None:
        await stock(api, "p1", "a", 0)
        answers = await asyncio.gather(*(api.send(PLACE, order()) for _ in range(8)))
        assert sum("errors" not in each for each in answers) == 1
        assert len(await api.rows.list("PurchaseOrder")) == 1
        assert await counted(api, "p1") == {"a": (0, 10)}

    async def test_orders_at_once_in_opposite_order_of_products_are_all_counted(self, api: Api) -> None:
        for each in ("p1", "p2", "p3"):
            await stock(api, each, "a", 0)
        lines = [{"productId": each, "quantity": 1, "unitPrice": 1} for each in ("p1", "p2", "p3")]
        orders = [order(str(number), lines[:: 1 if number % 2 else -1]) for number in range(5)]
        answers = await asyncio.gather(*(api.send(PLACE, each) for each in orders))
        assert [each["errors"] for each in answers if "errors" in each] == []
        assert [await counted(api, each) for each in ("p1", "p2", "p3")] == [{"a": (0, 5)}] * 3

    @pytest.mark.parametrize("caller", [VIC, KEY])
    async def test_only_managers_may(self, api: Api, caller: Any) -> None:
        message = "Not Authorized to access placePurchaseOrder on type Mutation"
        assert await api.fail(PLACE, order(), caller) == [("Unauthorized", message, ["placePurchaseOrder"])]


class TestReceiving:
    async def test_goods_go_into_stock_by_lot_and_off_what_is_on_order(self, api: Api) -> None:
        await stock(api, "p1", "b", 7)
        placed = await place(api)
        await stock(api, "p1", "a", 1, onOrder=2)
        assert await counted(api, "p1") == {"a": (1, 2), "b": (7, 10)}
        query = RECEIVE.replace("{ id status }", "{ status items { items { lineNumber receivedQuantity } } }")
        data = await api.ask(query, received(placed, (1, 2, "b"), (1, 4, "c"), (2, 1)))
        assert data["receivePurchaseOrder"] == {
            "status": "SUBMITTED",
            "items": {"items": [{"lineNumber": 1, "receivedQuantity": 6}, {"lineNumber": 2, "receivedQuantity": 1}]},
        }
        assert await counted(api, "p1") == {"a": (1, 0), "b": (9, 6), "c": (4, 0)}
        assert await counted(api, "p2") == {"1": (1, 0)}

    async def test_the_order_is_received_when_nothing_is_left(self, api: Api) -> None:
        placed = await place(api)
        assert await api.ask(RECEIVE, received(placed, (1, 10))) == {
            "receivePurchaseOrder": {"id": placed, "status": "SUBMITTED"}
        }
        assert await api.ask(RECEIVE, received(placed, (2, 3), (2, 2, "x"))) == {
            "receivePurchaseOrder": {"id": placed, "status": "RECEIVED"}
        }

    async def test_two_at_once_of_one_line_never_receive_too_much(self, api: Api) -> None:
        await stock(api, "p1", "1", 0)
        placed = await place(api)
        answers = await asyncio.gather(*(api.send(RECEIVE, received(placed, (1, 4))) for _ in range(5)))
        failed = [each["errors"][0]["message"] for each in answers if "errors" in each]
        assert failed == ["Line 1: 2 of 10 are left to receive, not 4."] * 3
        assert await counted(api, "p1") == {"1": (8, 2)}
        (line,) = await api.rows.list("PurchaseOrderItem", {"lineNumber": {"eq": 1}})
        assert line["receivedQuantity"] == 8

    async def test_deliveries_of_several_orders_at_once_are_all_counted(self, api: Api) -> None:
        for each in ("p1", "p2"):
            await stock(api, each, "m", 0)
        orders = [await place(api, number=str(number)) for number in range(6)]
        deliveries = [
            received(id_, *[(1, 10, f"l{at % 3}"), (2, 5, f"l{at % 2}")][:: 1 if at % 2 else -1])
            for at, id_ in enumerate(orders)
        ]
        answers = await asyncio.gather(*(api.send(RECEIVE, each) for each in deliveries))
        assert [each["errors"] for each in answers if "errors" in each] == []
        assert await counted(api, "p1") == {"l0": (20, 0), "l1": (20, 0), "l2": (20, 0), "m": (0, 0)}
        assert await counted(api, "p2") == {"l0": (15, 0), "l1": (15, 0), "m": (0, 0)}

    async def test_the_guard_holds_without_the_lock(self, api: Api) -> None:
        """The statement itself refuses what is too much, whoever else has changed the line."""
        placed = await place(api)
        async with api.rows.transaction() as rows:
            lines = await purchase_orders.locked_lines(rows.connection, "acme", placed)
            line = next(each for each in lines if each.number == 1)
            assert await purchase_orders.receive(rows.connection, "other", {line.id: 1}) == 0
            assert await purchase_orders.receive(rows.connection, "acme", {line.id: 11}) == 0
            assert await purchase_orders.receive(rows.connection, "acme", {line.id: 10}) == 1
            assert await purchase_orders.receive(rows.connection, "acme", {line.id: 1}) == 0


class TestSuggestions:
    QUERY = """query($n: Int) { reorderSuggestions(organizationId: "acme", limit: $n) {
      warehouseId quantity product { sku } } }"""

    async def test_what_is_at_or_below_its_reorder_point_comes_most_urgent_first(self, api: Api) -> None:
        await stock(api, "p1", "a", 4, reorderPoint=10)
        await stock(api, "p1", "b", 6, reserved=1, onOrder=1)
        await stock(api, "p2", "a", 2, reorderPoint=10, reserved=1)
        await stock(api, "p3", "a", 11, reorderPoint=10)
        await product(api, "p4", active=False)
        await stock(api, "p4", "a", 0, reorderPoint=10)
        if not api.catalog.is_enforced:  # which refuses to stock what the organization has not
            await stock(api, "p9", "a", 0, reorderPoint=10)
            await stock(api, "p0", "a", 0, reorderPoint=10)
        expected = [
            {"warehouseId": "w1", "quantity": 19, "product": {"sku": "P2"}},
            {"warehouseId": "w1", "quantity": 10, "product": {"sku": "P1"}},
        ]
        assert await api.ask(self.QUERY, caller=VIC) == {"reorderSuggestions": expected}
        assert await api.ask(self.QUERY, {"n": 1}, VIC) == {"reorderSuggestions": expected[:1]}

    async def test_it_takes_one_statement_and_one_for_the_products(self, api: Api) -> None:
        for each in ("p1", "p2", "p3"):
            await stock(api, each, "a", 0, reorderPoint=1)
        sent: list[str] = []
        api.database.observer = sent.append
        query = """{ reorderSuggestions(organizationId: "acme") {
          product { name category { name products(limit: 2) { items { stockItems { items { lot } } } } } } } }"""
        data = await api.ask(query)
        api.database.observer = None
        told = [sql for sql in sent if sql == TELL]  # who asks, where that is enforced
        assert (len(sent), len(told)) == ((3, 1) if api.catalog.is_enforced else (2, 0))
        category = {"name": "Screws", "products": {"items": [{"stockItems": {"items": [{"lot": "a"}]}}] * 2}}
        assert data["reorderSuggestions"] == [
            {"product": {"name": name, "category": category}} for name in ("P1", "P2", "P3")
        ]

    async def test_another_organization_or_an_odd_limit_is_refused(self, api: Api) -> None:
        query = 'query { reorderSuggestions(organizationId: "other") { quantity } }'
        refused = ("Unauthorized", "Not Authorized to access reorderSuggestions on type Query", ["reorderSuggestions"])
        assert await api.fail(query) == [refused]
        if not api.catalog.is_enforced:
            assert await api.ask(query, caller=user("una")) == {"reorderSuggestions": []}
        (failed,) = await api.fail(self.QUERY, {"n": 0})
        assert failed[:2] == ("invalid", "Limit must be greater than or equal to 1")


async def test_named_statements_have_the_rights_of_the_rows_they_run_with(api: Api) -> None:
    """Where policies hold, a viewer cannot lock lines; the service can, in a viewer's transaction, too."""
    placed = await place(api)

    async def lines(rows: Rows) -> int:
        return len(await purchase_orders.locked_lines(rows.connection, "acme", placed))

    async with api.rows_of(VIC).transaction() as rows:
        assert await lines(rows) == (0 if api.catalog.is_enforced else 2)
        assert await rows.without_rules().in_transaction(lines) == 2


async def test_a_document_mixes_generated_and_custom_mutations_in_order(api: Api) -> None:
    """Each field is a transaction of its own: what comes before one that fails stays, what comes after runs."""
    document = """mutation($i: PlacePurchaseOrderInput!, $s: CreateStockItemInput!) {
      stock: createStockItem(input: $s) { onOrder }
      first: placePurchaseOrder(input: $i) { status }
      again: placePurchaseOrder(input: $i) { status }
      seen: updateStockItem(input: {warehouseId: "w1", productId: "p1", lot: "a", reserved: 1}) { onOrder reserved }
    }"""
    item = {"warehouseId": "w1", "productId": "p1", "lot": "a", "organizationId": "acme", "quantity": 0}
    answer = await api.send(document, {**order(), "s": item}, MIA)
    assert answer["data"] == {
        "stock": {"onOrder": 0},
        "first": {"status": "SUBMITTED"},
        "again": None,
        "seen": {"onOrder": 10, "reserved": 1},
    }
    assert [each["path"] for each in answer["errors"]] == [["again"]]
    mixed = """{ listWarehouses { __typename of: __typename items { code } } __typename
      reorderSuggestions(organizationId: "acme") { __typename } warehouse: getWarehouse(id: "w1") { name } }"""
    others = [] if api.catalog.is_enforced else [{"code": "W9"}]
    assert await api.ask(mixed) == {
        "listWarehouses": {
            "__typename": "ModelWarehouseConnection",
            "of": "ModelWarehouseConnection",
            "items": [{"code": "W1"}, *others],
        },
        "__typename": "Query",
        "reorderSuggestions": [],
        "warehouse": {"name": "North"},
    }


class TestBesideTheFlow:
    async def test_the_generated_mutation_sets_any_status_and_counts_nothing(self, api: Api) -> None:
        await stock(api, "p1", "a", 3)
        placed = await place(api, lines=[{"productId": "p1", "quantity": 5, "unitPrice": 1}])
        update = "mutation($i: UpdatePurchaseOrderInput!) { updatePurchaseOrder(input: $i) { status } }"
        for status in ("CANCELLED", "RECEIVED"):
            await api.ask(update, {"i": {"id": placed, "status": status}})
            assert await counted(api, "p1") == {"a": (3, 5)}
            assert (await api.fail(RECEIVE, received(placed, (1, 2))))[0][0] is not None
        await api.ask(update, {"i": {"id": placed, "status": "APPROVED"}})
        answer = await api.ask(RECEIVE, received(placed, (1, 5, "a")))
        assert answer["receivePurchaseOrder"]["status"] == "RECEIVED"
        assert await counted(api, "p1") == {"a": (8, 0)}
