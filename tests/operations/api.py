"""An API with custom operations, on a real database, and who calls it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.graphql.execute import UNKNOWN, GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.graphql.request import Origin
from service.operations.connect import Answer, Function, connect
from service.operations.plans import Plans
from service.operations.rows import Rows
from service.operations.run import CustomOperations


def user(name: str, *groups: str, organization: str | None = None) -> Principal:
    claims: dict[str, Any] = {
        "sub": f"sub-{name}",
        "username": name,
        "iss": "https://issuer.example",
        "cognito:groups": list(groups),
    }
    return Principal(
        Provider.USER_POOLS, claims | ({ORGANIZATION_CLAIM: organization} if organization is not None else {})
    )


MIA = user("mia", "Manager", organization="acme")
VIC = user("vic", organization="acme")
KEY = Principal(Provider.API_KEY, {ORGANIZATION_CLAIM: "acme"})


class Api:
    """Sends documents, and reaches the rows behind them with the service's rights."""

    def __init__(
        self,
        catalog: Catalog,
        database: Database,
        functions: Mapping[str, Function],
        answers: Mapping[Any, Answer] | None = None,
        owned: Database | None = None,
    ) -> None:
        """`owned` is the same database, as one who sees every row; where nobody is kept apart, that is everybody."""
        self.catalog = catalog
        self.database = database
        self.owned = owned or database
        repository = Repository(catalog, database, cursor_key=b"k" * 32)
        schema = light_schema(catalog)
        connected = {**connect(catalog, functions, {}), **(answers or {})}
        fallback = Fallback(repository, schema, CustomOperations(repository, connected))
        self.graphql = GraphQL(repository, schema, fallback, max_tokens=15_000, max_depth=25, max_roots=200)
        self.plans = Plans(repository)
        self.rows = self.rows_in("acme")

    def rows_in(self, organization: str) -> Rows:
        return Rows(self.plans, user("mia", "Manager", organization=organization), None).without_rules()

    def rows_of(self, principal: Principal) -> Rows:
        return Rows(self.plans, principal, self.graphql._classes.of(principal))

    async def send(
        self, query: str, variables: dict[str, Any] | None = None, caller: Principal = MIA, origin: Origin = UNKNOWN
    ) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(await self.graphql(caller, query, variables or {}, None, origin))
        return answer

    async def ask(self, query: str, variables: dict[str, Any] | None = None, caller: Principal = MIA) -> Any:
        """The data of an answer without errors."""
        answer = await self.send(query, variables, caller)
        assert "errors" not in answer, answer
        return answer["data"]

    async def fail(self, query: str, variables: dict[str, Any] | None = None, caller: Principal = MIA) -> list[Any]:
        """(type, message, path) of each error."""
        answer = await self.send(query, variables, caller)
        return [(each["errorType"], each["message"], each["path"]) for each in answer["errors"]]


async def stock(api: Api, product: str, lot: str, quantity: int, **more: Any) -> None:
    """A stock item in acme's warehouse w1."""
    await api.rows.create(
        "StockItem",
        {
            "warehouseId": "w1",
            "productId": product,
            "lot": lot,
            "organizationId": "acme",
            "quantity": quantity,
            **more,
        },
    )


async def product(api: Api, id_: str, organization: str = "acme", **more: Any) -> None:
    values = {"id": id_, "organizationId": organization, "sku": id_.upper(), "name": id_.title(), "price": 1.5}
    given = values | {"active": True, "ratings": [], "categoryId": "c1"} | more
    await api.rows_in(organization).create("Product", given)


def tables(catalog: Catalog) -> list[str]:
    """Every table with rows of the inventory, the trail among them where there is one."""
    return [model.table for model in (*catalog.models, *([AUDIT_ENTRY] if catalog.is_enforced else []))]


async def furnish(api: Api) -> None:
    """Two organizations: acme with a supplier, a warehouse and three products, other with one of each."""
    acme, other = api.rows, api.rows_in("other")
    await acme.create("Organization", {"id": "acme", "name": "Acme"})
    await other.create("Organization", {"id": "other", "name": "Other"})
    await acme.create("Category", {"id": "c1", "organizationId": "acme", "name": "Screws"})
    await acme.create("Supplier", {"id": "s1", "organizationId": "acme", "name": "Bolt & Co"})
    await other.create("Supplier", {"id": "s9", "organizationId": "other", "name": "Elsewhere"})
    await acme.create("Warehouse", {"id": "w1", "organizationId": "acme", "code": "W1", "name": "North"})
    await other.create("Warehouse", {"id": "w9", "organizationId": "other", "code": "W9", "name": "Far"})
    for each in ("p1", "p2", "p3"):
        await product(api, each)
    await product(api, "p9", "other", categoryId=None)
