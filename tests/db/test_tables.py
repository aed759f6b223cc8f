from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from service.catalog.model import (
    Catalog,
    Field,
    Index,
    Integrity,
    Model,
    ObjectType,
    Operations,
    Relation,
    RelationKind,
    TypeRef,
)
from service.db.connections.engine import Database
from service.db.plans.plan import Create
from service.db.repository import _broken
from service.db.schema.functions import datetime_text, joined
from service.db.schema.tables import Tables, access_paths, column_type, tables_from_catalog
from tests.conftest import MakeDatabase


def field(name: str, type_name: str = "String", *, is_list: bool = False) -> Field:
    return Field(name, TypeRef(type_name, is_list=is_list), column=name)


def model(name: str, *fields: Field, key: tuple[str, ...] = ("id",), **more: Any) -> Model:
    return Model(name, f"{name}s", name.lower(), fields, key, Operations(), **more)


ORDERS = Catalog(
    models=(
        model(
            "Sale",
            field("id", "ID"),
            field("shop", "ID"),
            field("state"),
            field("day", "AWSDate"),
            field("at", "AWSDateTime"),
            field("amount", "Float"),
            field("line", "Int"),
            field("paid", "Boolean"),
            indexes=(Index("all", "shop", ("state", "day", "at", "amount", "line", "paid")),),
        ),
    )
)


@pytest.mark.parametrize(
    ("type_name", "is_list", "expected"),
    [
        ("ID", False, 'TEXT COLLATE "C"'),
        ("AWSPhone", False, 'TEXT COLLATE "C"'),
        ("Colour", False, 'TEXT COLLATE "C"'),
        ("Int", False, "INTEGER"),
        ("AWSTimestamp", False, "BIGINT"),
        ("Float", False, "DOUBLE PRECISION"),
        ("AWSDate", False, "DATE"),
        ("AWSTime", False, 'TEXT COLLATE "C"'),
        ("AWSDateTime", False, "TIMESTAMP(3) WITH TIME ZONE"),
        ("AWSJSON", False, "JSON"),
        ("Place", False, "JSONB"),
        ("Place", True, "JSONB"),
        ("String", True, "TEXT[]"),
        ("Colour", True, "TEXT[]"),
        ("AWSDate", True, "TEXT[]"),
        ("AWSDateTime", True, "TEXT[]"),
        ("AWSJSON", True, "TEXT[]"),
        ("Int", True, "INTEGER[]"),
        ("Float", True, "DOUBLE PRECISION[]"),
        ("Boolean", True, "BOOLEAN[]"),
        ("AWSTimestamp", True, "BIGINT[]"),
    ],
)
def test_every_kind_of_field_has_its_column_type(type_name: str, is_list: bool, expected: str):  # noqa: FBT001
    catalog = Catalog(models=(), objects=(ObjectType("Place", ()),))
    found = column_type(field("x", type_name, is_list=is_list), catalog)
    assert found.compile(PGDialect_asyncpg()) == expected


def test_a_table_is_made_when_it_is_asked_for_and_once(inventory: Catalog):
    tables = Tables(inventory)
    assert [*tables.metadata.tables] == []
    assert tables["Product"] is tables["Product"]
    assert [*tables.metadata.tables] == ["products"]
    assert len(tables) == len([*tables]) == 13


def test_the_inventory_has_an_index_for_every_query_and_reference(inventory: Catalog):
    stock_items = inventory.model_by_name["StockItem"]
    assert [each.name(stock_items) for each in access_paths(stock_items, inventory)] == [
        "stock_items_warehouse_id_quantity_idx",
        "stock_items_product_id_quantity_idx",
        "stock_items_warehouse_id_product_id_lot_joined_idx",
    ]
    warehouses = tables_from_catalog(inventory).tables["warehouses"]
    assert {each.name for each in warehouses.indexes} == {
        "warehouses_manager_id_idx",
        "warehouses_organization_id_code_idx",
    }


def test_a_reference_followed_from_the_other_side_alone_is_indexed():
    parent = model(
        "Parent", field("id", "ID"), relations=(Relation("kids", RelationKind.HAS_MANY, "Kid", ("id",), ("parentId",)),)
    )
    kid = model("Kid", field("id", "ID"), field("parentId", "ID"))
    catalog = Catalog(models=(parent, kid))
    assert [each.equal for each in access_paths(kid, catalog)] == [("parentId",)]
    assert access_paths(parent, catalog) == []


def test_index_names_are_cut_to_postgresqls_limit_and_stay_apart():
    long = "a" * 40
    kinds = model(
        "Kind",
        *(field(name) for name in ("id", f"{long}_x", f"{long}_y", "a", "a_b", "b_c", "c")),
        indexes=(
            Index("1", f"{long}_x", (f"{long}_y",)),
            Index("2", f"{long}_y", (f"{long}_x",)),
            Index("3", "a_b", ("c",)),
            Index("4", "a", ("b_c",)),
            Index("5", "a", ("b_c",)),
        ),
    )
    names = [str(each.name) for each in tables_from_catalog(Catalog(models=(kinds,))).tables["kind"].indexes]
    assert len(names) == len(set(names)) == 4
    assert max(map(len, names)) == 63
    assert "kind_a_b_c_idx" in names
    assert "kind_a_b_c_idx_2" in names


def test_a_foreign_key_that_refuses_leads_to_the_field_that_refers(enforced: Catalog):
    to_sale = Relation("sale", RelationKind.BELONGS_TO, "Sale", ("saleOfLongAgo" * 5,), ("id",))
    long = model("Long", field("id", "ID"), field("saleOfLongAgo" * 5, "ID"), relations=(to_sale,))
    few = replace(ORDERS, models=(*ORDERS.models, long), integrity=Integrity.ENFORCED)
    named = []
    for catalog in (enforced, few):
        for each in catalog.models:
            for key in tables_from_catalog(catalog).tables[each.table].foreign_key_constraints:
                refers = _broken(Create(each, {}, ()), str(key.name)).field
                assert refers is not None, key.name
                assert each.stored_by_name[refers].column in key.column_keys
                named.append(refers)
    assert "categoryId" in named
    assert named[-1] == "saleOfLongAgo" * 5


async def test_only_key_columns_are_required(database: Database):
    rows = await database.fetch_rows(
        "SELECT table_name || '.' || column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_name NOT IN ('id', 'row_version') "
        "AND table_name <> 'idempotency_key' ORDER BY 1"
    )
    assert [row[0] for row in rows] == ["stock_items.lot", "stock_items.product_id", "stock_items.warehouse_id"]


async def test_a_joined_key_is_the_text_dynamodb_would_hold_and_its_index_is_used(make_database: MakeDatabase):
    database = Database.connect(await make_database(ORDERS), size=1)
    sale = ORDERS.models[0]
    table = Tables(ORDERS)["Sale"]
    key = joined(table, [sale.field_by_name[each] for each in sale.indexes[0].sort])
    text = str(select(key).where(table.c.shop == "s1").order_by(key).compile(dialect=PGDialect_asyncpg()))
    await database.execute_ddl(
        "INSERT INTO sale SELECT 'i' || n, 's1', 'OPEN', date '2024-02-29', "
        "timestamptz '2026-11-22 19:14:18.7105+01', n + 0.5, n, true FROM generate_series(1, 3000) n; ANALYZE sale"
    )
    assert await database.fetch_value(f"{text} LIMIT 1", ["s1"]) == (
        "OPEN#2024-02-29#2026-11-22T18:14:18.711Z#1.5#1#true"  # rounded to milliseconds when it was stored
    )
    plan = "\n".join(row[0] for row in await database.fetch_rows(f"EXPLAIN {text} LIMIT 5", ["s1"]))
    assert "Index" in plan
    assert "Sort" not in plan
    await database.close()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22 18:14:18.71Z", "2026-11-22T18:14:18.710Z"),
        ("2024-02-29 23:59:59.999999+05:30", "2024-02-29T18:29:59.999Z"),
        ("0001-01-01 00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31 23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ],
)
async def test_a_datetime_reads_the_same_whatever_the_session(database: Database, value: str, expected: str):
    output = select(datetime_text(Tables(ORDERS)["Sale"].c["at"])).compile(dialect=PGDialect_asyncpg())
    expression = str(output).removeprefix("SELECT ").split(" AS ")[0].replace("sale.at", f"timestamptz '{value}'")
    async with database.transaction() as transaction:
        await transaction.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
        assert await transaction.fetch_value(f"SELECT aws_datetime('{value}')") == expected
        assert await transaction.fetch_value(f"SELECT {expression}") == expected
        await transaction.execute("SET LOCAL DateStyle = 'German, DMY'")
        assert await transaction.fetch_value("SELECT aws_date('2024-02-29')") == "2024-02-29"


async def test_text_is_ordered_by_its_bytes(database: Database):
    values = ["10", "9", "Apple", "app", "z", "élan"]
    await database.execute_ddl('CREATE TABLE words (id text COLLATE "C")')
    async with database.transaction() as transaction:
        await transaction.copy("words", ["id"], [(each,) for each in reversed(values)])
        rows = await transaction.fetch_rows("SELECT id FROM words ORDER BY id")
    await database.execute_ddl("DROP TABLE words")
    assert [row[0] for row in rows] == values == sorted(values, key=str.encode)
