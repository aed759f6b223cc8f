from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest

from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.demo import demo_callers, load_demo
from service.demo.maker import Row, Rows
from service.demo.rows import demo_rows


@pytest.fixture(scope="module")
def rows() -> Rows:
    return demo_rows()


def keyed(rows: list[Row], *names: str) -> set[tuple[object, ...]]:
    return {tuple(row[name] for name in names) for row in rows}


def test_the_data_is_the_same_on_every_machine(rows: Rows):
    assert demo_rows() == rows
    digest = hashlib.sha256(repr(sorted(rows.items())).encode()).hexdigest()
    assert digest.startswith("0f55b888"), "the demo data changed: ids and counts in docs and tests may have, too"


def test_there_is_enough_of_everything(rows: Rows):
    assert {name: len(each) for name, each in rows.items()} == {
        "Organization": 3,
        "Role": 9,
        "User": 16,
        "UserRole": 16,
        "Category": 78,
        "Supplier": 26,
        "Product": 550,
        "ProductSupplier": 1037,
        "Warehouse": 7,
        "StockItem": 1320,
        "PurchaseOrderItem": 392,
        "PurchaseOrder": 130,
        "AuditLog": 275,
    }


def test_every_field_has_a_value_somewhere_and_no_row_has_another(rows: Rows, enforced: Catalog):
    for model in enforced.models:
        found = {name for row in rows[model.name] for name, value in row.items() if value is not None}
        assert found == {each.name for each in model.stored}, model.name


def test_enum_values_are_of_their_enum_and_all_statuses_occur(rows: Rows, inventory: Catalog):
    for model in inventory.models:
        for field in model.fields:
            if enum := inventory.enum_by_name.get(field.type.name):
                assert {row[field.name] for row in rows[model.name]} - {None} <= set(enum.values)
    statuses = inventory.enum_by_name["PurchaseOrderStatus"].values
    assert {row["status"] for row in rows["PurchaseOrder"]} == set(statuses)


def test_references_lead_to_rows_of_the_same_company(rows: Rows, inventory: Catalog):
    home = {row.get("id"): row.get("organizationId", row.get("id")) for each in rows.values() for row in each}
    for model in inventory.models:
        assert len(keyed(rows[model.name], *model.key)) == len(rows[model.name]), f"two {model.name} with one key"
        for relation in (each for each in model.relations if not each.is_many):
            (name,) = relation.fields
            targets = {row["id"] for row in rows[relation.target]}
            for row in rows[model.name]:
                if (reference := row[name]) is not None:
                    assert reference in targets
                    assert home[reference] == row.get("organizationId", home[reference])
    pairs = [(home[row["productId"]], home[row["supplierId"]]) for row in rows["ProductSupplier"]]
    assert all(product == supplier for product, supplier in pairs)


def test_orders_have_owners_in_all_three_forms(rows: Rows):
    users = {row["cognitoSub"]: row for row in rows["User"]}
    names = {row["owner"].split("::")[1] for row in users.values()}
    owners = [row["owner"] for row in rows["PurchaseOrder"]]
    assert sum("::" in each for each in owners) == 104
    assert sum(each in users for each in owners) == 13
    assert sum(each in names for each in owners) == 13


async def test_it_is_loaded_once(empty_database: Database, inventory: Catalog, rows: Rows):
    callers = await load_demo(empty_database, inventory)
    assert callers == await load_demo(empty_database, inventory) == demo_callers()
    for model in inventory.models:
        count = await empty_database.fetch_value(f"SELECT count(*)::text FROM {model.table}")
        assert count == str(len(rows[model.name]))
    product = rows["Product"][1]
    stored = await empty_database.fetch_row("SELECT * FROM products WHERE id = $1", [product["id"]])
    assert stored is not None
    assert (stored["name"], stored["ratings"], stored["created_at"]) == (
        product["name"],
        product["ratings"],
        product["createdAt"],
    )
    assert await empty_database.fetch_value("SELECT metadata->>'colour' FROM products WHERE id = $1", [product["id"]])
    assert await empty_database.fetch_value("SELECT opens_at FROM warehouses LIMIT 1") == "06:00:00"


async def test_a_database_in_use_is_left_alone(empty_database: Database, inventory: Catalog):
    await empty_database.execute_ddl("INSERT INTO organizations (id) VALUES ('mine')")
    await load_demo(empty_database, inventory)
    assert await empty_database.fetch_value("SELECT count(*)::text FROM products") == "0"


async def test_the_tree_of_categories_is_five_deep(rows: Rows):
    parents = {row["id"]: row["parentId"] for row in rows["Category"]}

    def depth(key: str) -> int:
        parent = parents[key]
        return 1 + (depth(parent) if parent else 0)

    assert max(map(depth, parents)) == 5


def test_callers_are_people_of_the_data(rows: Rows):
    callers = demo_callers()
    people = {row["cognitoSub"]: row for row in rows["User"]}
    for each in callers.everyone:
        assert people[each.sub]["owner"] == f"{each.sub}::{each.username}"
        assert people[each.sub]["organizationId"] == each.organization
    assert [each.groups for each in callers.everyone] == [("Admin",), ("Manager",), ("Viewer",), ("Admin",)]
    assert len({each.organization for each in callers.everyone[:3]}) == 1
    assert callers.outsider.organization != callers.admin.organization


def test_rows_are_changed_after_they_are_made(rows: Rows):
    for each in rows.values():
        for row in each:
            moments = [row[name] for name in ("createdAt", "updatedAt", "createdOn", "updatedOn") if name in row]
            assert all(first <= second for first, second in pairwise(moments))
