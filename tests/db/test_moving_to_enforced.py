"""From `legacy` tables to `enforced` ones without a pause: code for either serves from the revision between."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog
from service.db.comparison.differences import differences
from service.db.comparison.structure import Kind, structure_of
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.migrations import upgrade
from service.db.readiness import migration_problem, serving_problem
from tests.conftest import MakeDatabase
from tests.db.legacy_rows import fill
from tests.graphql.api import Api, api_on, user

ANN, MO = (user(name, group, **{ORGANIZATION_CLAIM: "o1"}) for name, group in (("ann", "Admin"), ("mo", "Manager")))
PRODUCT = {"sku": "made", "name": "Made", "price": 1.5, "active": True, "ratings": [], "categoryId": "c2"}


@pytest.fixture
async def url(make_database: MakeDatabase) -> str:
    """A database with rows at the second revision, as the role that serves."""
    url = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, url, "0001")
    await fill(url, 100)
    await asyncio.to_thread(upgrade.upgrade, url, "0002")
    return url


async def works(api: Api, caller: Principal, made: str) -> None:
    """Make, find, change and delete a product, its supplier and what is in stock."""

    async def ask(query: str, given: dict[str, Any] | None = None) -> Any:
        return await api.data(query, {"input": given} if given else None, caller)

    await ask("mutation ($input: CreateProductInput!) { createProduct(input: $input) { id } }",
              PRODUCT | {"id": made, "organizationId": "o1"})  # fmt: skip
    linked = await ask(
        "mutation ($input: CreateProductSupplierInput!) { createProductSupplier(input: $input) { id } }",
        {"productId": made, "supplierId": "s2"},
    )
    await ask("mutation ($input: CreateStockItemInput!) { createStockItem(input: $input) { lot } }",
              {"warehouseId": "w2", "productId": made, "lot": "a", "organizationId": "o1", "quantity": 3})  # fmt: skip
    body = f'getProduct(id: "{made}") {{ name category {{ name }} suppliers {{ items {{ supplier {{ name }} }} }} }}'
    found = await ask(f'{{ {body} listStockItems(warehouseId: "w2", limit: 1000) {{ items {{ quantity lot }} }} }}')
    assert found["getProduct"] == {
        "name": "Made",
        "category": {"name": "Category 2"},
        "suppliers": {"items": [{"supplier": {"name": "Supplier 2"}}]},
    }
    assert {"quantity": 3, "lot": "a"} in found["listStockItems"]["items"]
    changed = await ask("mutation ($input: UpdateProductInput!) { updateProduct(input: $input) { price } }",
                        {"id": made, "price": 2})  # fmt: skip
    assert changed["updateProduct"] == {"price": 2}
    again = {"input": PRODUCT | {"id": made, "organizationId": "o1"}}
    exists = await api.errors(
        "mutation ($input: CreateProductInput!) { createProduct(input: $input) { id } }", again, caller
    )
    assert [each[1] for each in exists] == ["DynamoDB:ConditionalCheckFailedException"]
    remove = "mutation ($input: Delete{0}Input!) {{ delete{0}(input: $input) {{ __typename }} }}"
    await ask(remove.format("StockItem"), {"warehouseId": "w2", "productId": made, "lot": "a"})
    await ask(remove.format("ProductSupplier"), {"id": linked["createProductSupplier"]["id"]})
    await ask(remove.format("Product"), {"id": made})


async def test_old_and_new_code_serve_at_once_from_the_revision_between(
    url: str, inventory: Catalog, enforced: Catalog
):
    serving = url_as(url, "app_rw")
    async with api_on(serving, inventory) as old, api_on(serving, enforced) as new:
        await works(old, ANN, "by-old")
        change = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { cognitoSub } }"
        given = {"input": {"id": "u2", "cognitoSub": "another"}}
        assert await old.data(change, given, ANN) == {"updateUser": {"cognitoSub": "another"}}
        await works(new, ANN, "by-new")
        await asyncio.to_thread(upgrade.upgrade, url)
        await works(new, ANN, "by-new")
        gone = await old.data("{ listProducts { items { id } } }", caller=ANN)
        assert gone == {"listProducts": {"items": []}}  # nobody has told whose rows it may see


async def test_new_code_keeps_organizations_apart_and_leaves_a_trail_before_the_policies_do(
    url: str, enforced: Catalog
):
    async with api_on(url_as(url, "app_rw"), enforced) as api:
        seen = await api.data("{ listProducts(limit: 1000) { items { organizationId } } }", caller=ANN)
        assert {each["organizationId"] for each in seen["listProducts"]["items"]} == {"o1"}
        assert await api.data('{ getProduct(id: "p1") { id } }', caller=ANN) == {"getProduct": None}
        await works(api, ANN, "audited")
        taken = {"input": {"id": "u2", "cognitoSub": "sub-mo"}}
        errors = await api.errors("mutation ($input: UpdateUserInput!) { updateUser(input: $input) { id } }", taken, MO)
        assert [each[1] for each in errors] == ["Unauthorized"]
    connection = await asyncpg.connect(url)
    trail = "SELECT actor || ' ' || action FROM audit_entry WHERE entity_id = 'audited' ORDER BY occurred_at"
    said = [row[0] for row in await connection.fetch(trail)]
    assert said == ["sub-ann CREATE", "sub-ann UPDATE", "sub-ann DELETE"]
    await connection.close()


async def test_a_service_is_ready_at_the_revision_between_and_says_that_there_is_more_to_migrate(url: str):
    database = Database.connect(url_as(url, "app_rw"), size=1)
    assert await serving_problem(database) is None
    assert await migration_problem(database) is not None
    await database.close()


async def test_what_was_enforced_can_be_undone_with_rows_in_it(url: str, make_database: MakeDatabase):
    expanded = await structure_of(url)
    await asyncio.to_thread(upgrade.upgrade, url)
    await asyncio.to_thread(upgrade.downgrade, url, "0002")
    assert differences(await structure_of(url), expanded) == []
    await asyncio.to_thread(upgrade.downgrade, url, "0001")
    fresh = await make_database(None)
    await asyncio.to_thread(upgrade.upgrade, fresh, "0001")
    remaining = differences(await structure_of(url), await structure_of(fresh))
    # The owner stays, and the rights that it has given.
    assert {each.key.kind for each in remaining} == {Kind.OWNER, Kind.RIGHTS}
