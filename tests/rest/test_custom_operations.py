"""Custom operations through REST: the functions, the rights and the refusals of GraphQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.auth.principal import Principal
from service.catalog.model import Catalog, Integrity, Provider
from service.operations import FUNCTIONS
from service.operations.connect import connect
from service.operations.run import CustomOperations
from tests.conftest import MakeDatabase
from tests.operations.api import KEY, MIA, VIC, Api, furnish, stock
from tests.rest.calls import Rest, rest_of

ORDER = {
    "input": {
        "organizationId": "acme",
        "number": "PO-1",
        "supplierId": "s1",
        "warehouseId": "w1",
        "lines": [{"productId": "p1", "quantity": 3, "unitPrice": 1.5}],
    }
}


@pytest.fixture
async def rest(
    inventory: Catalog, enforced: Catalog, integrity: Integrity, make_database: MakeDatabase
) -> AsyncIterator[Rest]:
    catalog = enforced if integrity is Integrity.ENFORCED else inventory
    async with rest_of(catalog, make_database) as made:
        await furnish(Api(catalog, made.database, FUNCTIONS))
        yield made


@pytest.fixture
def connected(rest: Rest) -> Rest:
    custom = CustomOperations(rest.repository, connect(rest.catalog, FUNCTIONS, {}))
    return rest.with_custom(custom)


async def test_a_mutation_is_a_post(connected: Rest):
    response = await connected.send("POST", "/v1/operations/placePurchaseOrder", ORDER, caller=MIA)
    assert response.status_code == 200, response.text
    order = response.json()["data"]
    assert (order["number"], order["status"], order["owner"]) == ("PO-1", "SUBMITTED", "mia")
    assert order == await connected.get(f"/v1/purchase-orders/{order['id']}", caller=MIA)
    again = await connected.refused(409, "POST", "/v1/operations/placePurchaseOrder", ORDER, caller=MIA)
    assert (again["code"], again["type"]) == ("duplicate_number", "/errors/duplicate_number")


async def test_a_refusal_says_which_line_it_is_about(connected: Rest):
    order = {"input": ORDER["input"] | {"lines": [{"productId": "none", "quantity": 1, "unitPrice": 1}]}}
    refused = await connected.refused(400, "POST", "/v1/operations/placePurchaseOrder", order, caller=MIA)
    assert (refused["code"], refused["line"]) == ("unknown_product", 1)


async def test_a_mutation_that_is_sent_twice_happens_once(connected: Rest):
    key = {"idempotency-key": "order-1"}
    answers = [
        await connected.send("POST", "/v1/operations/placePurchaseOrder", ORDER, caller=MIA, headers=key)
        for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotent-replayed"] == "true"


async def test_a_query_is_a_get_or_a_post(connected: Rest):
    api = Api(connected.catalog, connected.database, FUNCTIONS)
    await stock(api, "p1", "a", 1, reorderPoint=10)
    asked = {"organizationId": "acme", "limit": 5}
    got = await connected.get("/v1/operations/reorderSuggestions?organizationId=acme&limit=5", caller=VIC)
    posted = await connected.send("POST", "/v1/operations/reorderSuggestions", asked, caller=VIC)
    assert got == posted.json()
    assert [each["product"]["sku"] for each in got["data"]] == ["P1"]


@pytest.mark.parametrize(
    ("caller", "status"), [(VIC, 403), (KEY, 403), (MIA, 200), (Principal(Provider.USER_POOLS), 403)]
)
async def test_the_rules_of_the_operation_hold(connected: Rest, caller: Principal, status: int):
    response = await connected.send("POST", "/v1/operations/placePurchaseOrder", ORDER, caller=caller)
    assert response.status_code == status


async def test_everything_that_is_wrong_with_the_arguments(connected: Rest):
    path = "/v1/operations/placePurchaseOrder"
    body: Any = {"inptu": {}, "input": {"number": 5, "lines": [{"productId": "p1", "quantity": "x", "price": 1}]}}
    assert await connected.flaws("POST", path, body, caller=MIA) == [
        ("/inptu", "unknown_field"),
        ("/input/organizationId", "required"),
        ("/input/supplierId", "required"),
        ("/input/warehouseId", "required"),
        ("/input/number", "wrong_value"),
        ("/input/lines/0/unitPrice", "required"),
        ("/input/lines/0/quantity", "wrong_value"),
        ("/input/lines/0/price", "unknown_field"),
    ]
    lenient = {"prefer": "handling=lenient"}
    more = {"inptu": {}, "input": ORDER["input"] | {"colour": "red"}}
    made = await connected.send("POST", path, more, caller=MIA, headers=lenient)
    assert (made.status_code, made.headers["preference-applied"]) == (200, "handling=lenient"), made.text
    query = "/v1/operations/reorderSuggestions"
    assert await connected.flaws("GET", f"{query}?limit=x&limt=2", caller=MIA) == [
        ("limt", "unknown_parameter"),
        ("organizationId", "required"),
        ("limit", "wrong_value"),
    ]


async def test_what_nothing_answers(rest: Rest):
    problem = await rest.refused(501, "POST", "/v1/operations/placePurchaseOrder", ORDER, caller=MIA)
    assert problem["code"] == "not_connected"
    await rest.refused(404, "POST", "/v1/operations/nope", {}, caller=MIA)
    await rest.refused(404, "GET", "/v1/operations", caller=MIA)
    await rest.refused(405, "GET", "/v1/operations/placePurchaseOrder", caller=MIA)
