"""The bound: hand-written SQL that gives JSON, asyncpg, no framework, nothing checked.

It knows the benchmark's six requests and looks at their variables alone. Lists run on connections that
plan each statement for its values, because PostgreSQL's kept plan for `q2` is several times slower.
"""

from __future__ import annotations

import os
from typing import Any

import asyncpg
import orjson

_PRODUCT = (
    "id, name, sku, description, price, cost, unit, status, quantity, "
    """to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt" """
)
GET = f"select row_to_json(t)::text from (select {_PRODUCT} from products where id = $1) t"
_PAGE = """
select json_build_object('items', coalesce(json_agg(t), '[]'), 'nextToken',
  case when count(*) = {limit} then (array_agg(t.id))[{limit}] end)::text
from (select {product} from products where {where} order by id limit {limit}) t"""
IN_RANGE = _PAGE.format(
    limit=100, product=_PRODUCT, where="category_id = $1 and price >= $2 and price <= $3 and id > $4"
)
OF_ORGANIZATION = _PAGE.format(limit="{limit}", product=_PRODUCT, where="organization_id = $1 and id > $2")
ORDERS = """
select json_build_object('items', coalesce(json_agg(t), '[]'))::text from (
  select o.id, o.order_number as "orderNumber", o.status, o.total,
    to_char(o.ordered_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "orderedAt",
    (select row_to_json(s) from (select id, name, email from suppliers where id = o.supplier_id) s) as supplier,
    (select json_build_object('items', coalesce(json_agg(i), '[]')) from (
      select i.id, i.quantity, i.unit_price as "unitPrice",
        (select row_to_json(p) from (select id, name, sku, price from products where id = i.product_id) p) as product
      from purchase_order_items i where i.purchase_order_id = o.id order by i.id limit 100) i) as items
  from purchase_orders o where o.organization_id = $1 order by o.id limit 50) t"""
CREATE = f"""
with t as (insert into products(id, organization_id, category_id, name, sku, description, price, cost, unit, status,
    quantity, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now(), now()) returning *)
select row_to_json(t)::text from (select {_PRODUCT} from t) t"""
DELETE = """
with t as (delete from products where id = $1 returning *) select row_to_json(t)::text from (select id from t) t"""

_HEADERS = [(b"content-type", b"application/json")]


class Raw:
    """The ASGI application."""

    def __init__(self) -> None:
        self.by_key: asyncpg.Pool
        self.lists: asyncpg.Pool

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body")
        request = orjson.loads(body)
        answer = b'{"data":{%s}}' % await self._answer(request["query"], request["variables"])
        length = (b"content-length", b"%d" % len(answer))
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, length]})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        url = os.environ["DATABASE_URL"]
        custom = {"plan_cache_mode": "force_custom_plan"}
        self.by_key = await asyncpg.create_pool(url, min_size=1, max_size=10, reset=_as_it_is)
        self.lists = await asyncpg.create_pool(url, min_size=1, max_size=10, reset=_as_it_is, server_settings=custom)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, query: str, given: dict[str, Any]) -> bytes:
        if "createProduct" in query:
            created = await self.by_key.fetchval(CREATE, *_new(given["input"]))
            deleted = await self.by_key.fetchval(DELETE, given["gone"]["id"])
            return f'"createProduct":{created},"deleteProduct":{deleted}'.encode()
        if "getProduct" in query:
            return f'"getProduct":{await self.by_key.fetchval(GET, given["id"])}'.encode()
        if "listPurchaseOrders" in query:
            orders = await self.by_key.fetchval(ORDERS, given["filter"]["organizationId"]["eq"])
            return f'"listPurchaseOrders":{orders}'.encode()
        return f'"listProducts":{await self._products(given)}'.encode()

    async def _products(self, given: dict[str, Any]) -> str:
        after = given.get("nextToken") or ""
        chosen = given["filter"]
        if "categoryId" in chosen:
            low, high = map(float, chosen["price"]["between"])
            return await self.lists.fetchval(IN_RANGE, chosen["categoryId"]["eq"], low, high, after)
        statement = OF_ORGANIZATION.format(limit=int(given["limit"]))
        return await self.lists.fetchval(statement, chosen["organizationId"]["eq"], after)


async def _as_it_is(_: asyncpg.Connection) -> None:
    """Nothing is set on the sessions, so nothing has to be reset, which would be one more round trip."""


def _new(given: dict[str, Any]) -> list[Any]:
    names = ("id", "organizationId", "categoryId", "name", "sku", "description", "price", "cost", "unit", "status")
    return [*(given[name] for name in names), given["quantity"]]


app = Raw()
