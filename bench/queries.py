"""What is asked: six requests as an Amplify client sends them, and the same in PostGraphile's words.

Aliases give PostGraphile's answers Amplify's shape, so that all answers can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.data import key

UNIQUE = "@@UUID@@"
"""In a body: replaced by a new id for each request."""
DEEP_PAGE, PAGE = 999, 50
ORGANIZATION = key("org", 0)

_FIELDS = "id name sku description price cost unit status quantity createdAt"
_ROW_ID = _FIELDS.replace("id name", "id: rowId name")


@dataclass(frozen=True, slots=True)
class Query:
    """One question in one dialect."""

    text: str
    variables: Sequence[dict[str, Any]]
    """Asked in turn."""

    def bodies(self, **more: Any) -> list[str]:
        """The request bodies, with `more` among the variables."""
        return [json.dumps({"query": self.text, "variables": each | more}) for each in self.variables]


_LIST = (
    "query ListProducts($filter: ModelProductFilterInput, $limit: Int, $nextToken: String) "
    "{ listProducts(filter: $filter, limit: $limit, nextToken: $nextToken) { items { %s } nextToken } }"
)
_NEW = {
    "id": UNIQUE,
    "organizationId": ORGANIZATION,
    "categoryId": key("cat", 3),
    "name": "New",
    "sku": "SKU-NEW",
    "description": "A new product",
    "price": 10.5,
    "cost": 5.25,
    "unit": "EA",
    "status": "ACTIVE",
    "quantity": 3,
}
_RANGES = [(key("cat", i % 20), 50 + i % 100) for i in range(500)]
_IDS = [key("prod", i * 199 % 100_000) for i in range(500)]

AMPLIFY = {
    "q1": Query(
        f"query GetProduct($id: ID!) {{ getProduct(id: $id) {{ {_FIELDS} }} }}", [{"id": each} for each in _IDS]
    ),
    "q2": Query(
        _LIST % _FIELDS,
        [
            {"filter": {"categoryId": {"eq": category}, "price": {"between": [low, 900]}}, "limit": 100}
            for category, low in _RANGES
        ],
    ),
    "q3": Query(
        "query ListPurchaseOrders($filter: ModelPurchaseOrderFilterInput, $limit: Int) "
        "{ listPurchaseOrders(filter: $filter, limit: $limit) { items { id orderNumber status total orderedAt "
        "supplier { id name email } items { items { id quantity unitPrice product { id name sku price } } } } } }",
        [{"filter": {"organizationId": {"eq": key("org", i)}}, "limit": PAGE} for i in range(10)],
    ),
    "q4": Query(
        "mutation CreateDelete($input: CreateProductInput!, $gone: DeleteProductInput!) "
        f"{{ createProduct(input: $input) {{ {_FIELDS} }} deleteProduct(input: $gone) {{ id }} }}",
        [{"input": _NEW, "gone": {"id": UNIQUE}}],
    ),
    "q5": Query(_LIST % _FIELDS, [{"filter": {"organizationId": {"eq": ORGANIZATION}}, "limit": PAGE}]),
}
"""The questions; q5b is q5 with the cursor of its last page but one."""

AMPLIFY_IDS = Query(_LIST % "id", [{"filter": {"organizationId": {"eq": ORGANIZATION}}}])
"""The ids of q5, to get to a deep page in few steps."""

_ALL_PRODUCTS = (
    "query ListProducts($of: String!, $limit: Int, $nextToken: Cursor) { listProducts: allProducts"
    "(condition: {organizationId: $of}, first: $limit, after: $nextToken, orderBy: [ROW_ID_ASC]) "
    "{ items: nodes { %s } pageInfo { nextToken: endCursor } } }"
)

POSTGRAPHILE = {
    "q1": Query(
        f"query GetProduct($id: String!) {{ getProduct: productByRowId(rowId: $id) {{ {_ROW_ID} }} }}",
        AMPLIFY["q1"].variables,
    ),
    "q2": Query(
        "query ListProducts($of: String!, $low: Float!, $high: Float!, $limit: Int) { listProducts: allProducts("
        "filter: {categoryId: {equalTo: $of}, price: {greaterThanOrEqualTo: $low, lessThanOrEqualTo: $high}}, "
        f"first: $limit, orderBy: [ROW_ID_ASC]) {{ items: nodes {{ {_ROW_ID} }} "
        "pageInfo { nextToken: endCursor } } }",
        [{"of": category, "low": low, "high": 900, "limit": 100} for category, low in _RANGES],
    ),
    "q3": Query(
        "query ListPurchaseOrders($of: String!, $limit: Int) { listPurchaseOrders: allPurchaseOrders(condition: "
        "{organizationId: $of}, first: $limit, orderBy: [ROW_ID_ASC]) { items: nodes { id: rowId orderNumber status "
        "total orderedAt supplier: supplierBySupplierId { id: rowId name email } items: "
        "purchaseOrderItemsByPurchaseOrderId(first: 100, orderBy: [ROW_ID_ASC]) { items: nodes { id: rowId quantity "
        "unitPrice product: productByProductId { id: rowId name sku price } } } } } }",
        [{"of": key("org", i), "limit": PAGE} for i in range(10)],
    ),
    "q4": Query(
        "mutation CreateDelete($input: CreateProductInput!, $gone: DeleteProductByRowIdInput!) { createProduct("
        f"input: $input) {{ product {{ {_ROW_ID} }} }} deleteProduct: deleteProductByRowId(input: $gone) "
        "{ product { id: rowId } } }",
        [{"input": {"product": {"rowId": UNIQUE, **_NEW}}, "gone": {"rowId": UNIQUE}}],
    ),
    "q5": Query(_ALL_PRODUCTS % _ROW_ID, [{"of": ORGANIZATION, "limit": PAGE}]),
}
del POSTGRAPHILE["q4"].variables[0]["input"]["product"]["id"]

POSTGRAPHILE_IDS = Query(_ALL_PRODUCTS % "id: rowId", [{"of": ORGANIZATION}])
