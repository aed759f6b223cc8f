"""Reads: one statement for each root field, however deep; arguments on every level; names of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.catalog.model import Catalog, Integrity
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY, VIEWER, Api, api_of
from tests.integrity import ORGANIZATION

OWN = {"organizationId": ORGANIZATION}


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase, enforced: Catalog, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(enforced, make_database, integrity) as made:
        await _fill(made)
        yield made


async def _fill(api: Api) -> None:
    await api.create("Organization", {"id": ORGANIZATION, "name": "One"})
    for depth in range(9):
        for number in range(3):
            parent = f"c{depth - 1}-0" if depth else None
            row = {"id": f"c{depth}-{number}", "name": f"n{number}", "position": number, "parentId": parent}
            await api.create("Category", {**row, **OWN})
    for number in range(4):  # what refers to all of these comes after them
        row = {"id": f"p{number}", "sku": f"s{number}", "name": f"p{number}", "price": number / 2, "active": True}
        await api.create("Product", {**row, "ratings": [], "categoryId": "c8-0", **OWN})
        await api.create("Warehouse", {"id": f"w{number}", "code": f"w{number}", "name": "w", **OWN})
    for number in range(4):
        stock = [
            {"warehouseId": f"w{number}", "productId": f"p{each}", "lot": "l", "quantity": each} for each in range(4)
        ]
        await api.create("StockItem", *({**each, **OWN} for each in stock))


# ---------------------------------------------------------------- statements


async def test_a_read_is_one_statement_however_deep(api: Api):
    selection = "id"
    for _ in range(8):
        selection = f"id children {{ items {{ {selection} }} nextToken }} parent {{ id parent {{ name }} }}"
    with api.watched() as sent:
        root = (await api.data(f'{{ getCategory(id: "c0-0") {{ {selection} }} }}'))["getCategory"]
    assert len(sent) == 1
    for depth in range(8):
        assert [each["id"] for each in root["children"]["items"]] == [f"c{depth + 1}-{number}" for number in range(3)]
        assert all(each["parent"]["id"] == root["id"] for each in root["children"]["items"] if "parent" in each)
        root = root["children"]["items"][0]


async def test_every_level_has_arguments_of_its_own(api: Api):
    selection, variables, declared = "id name", {}, []
    for level in range(8, 0, -1):
        declared.append(
            f"$f{level}: ModelCategoryFilterInput $l{level}: Int $d{level}: ModelSortDirection $t{level}: String"
        )
        selection = (
            f"id children(filter: $f{level}, limit: $l{level}, sortDirection: $d{level}, nextToken: $t{level},"
            f" position: {{ge: 0}}) {{ items {{ {selection} }} nextToken }}"
        )
        variables |= {f"f{level}": {"position": {"ne": 1}}, f"l{level}": 1, f"d{level}": "ASC", f"t{level}": None}
    query = f'query ({" ".join(declared)}) {{ getCategory(id: "c0-0") {{ {selection} }} }}'
    with api.watched() as sent:
        first = (await api.data(query, variables))["getCategory"]
    assert len(sent) == 1
    last = first
    for level in range(1, 9):
        tokens = last["children"]["nextToken"]
        assert tokens is not None
        assert [each["id"] for each in last["children"]["items"]] == [f"c{level}-0"]
        last = last["children"]["items"][0]
    deepest = first
    for _ in range(7):
        deepest = deepest["children"]["items"][0]
    again = (await api.data(query, {**variables, "t8": deepest["children"]["nextToken"]}))["getCategory"]
    for _ in range(7):
        again = again["children"]["items"][0]
    assert again["children"] == {"items": [{"id": "c8-2", "name": "n2"}], "nextToken": None}
    turned = (await api.data(query, {**variables, "d1": "DESC"}))["getCategory"]["children"]
    assert [each["id"] for each in turned["items"]] == ["c1-2"]


async def test_each_root_field_is_one_statement(api: Api):
    query = """{
      a: getProduct(id: "p1") { id category { id products { items { id } nextToken } } }
      b: getProduct(id: "p2") { id category { id products { items { id } nextToken } } }
      listWarehouses { items { id stockItems { items { lot product { id category { parent { id } } } } } } }
      c: productsByCategory(categoryId: "c8-0", sortDirection: DESC, limit: 2) { items { id } nextToken }
      __typename
      d: productBySku(sku: "s3") { items { id } }
      nothing: getProduct(id: "nope") { id }
    }"""
    with api.watched() as sent:
        data = await api.data(query)
    assert len(sent) == 6
    assert list(data) == ["a", "b", "listWarehouses", "c", "__typename", "d", "nothing"]
    assert data["a"]["id"] == "p1"
    assert data["b"]["id"] == "p2"
    assert [each["id"] for each in data["c"]["items"]] == ["p3", "p2"]
    assert data["d"] == {"items": [{"id": "p3"}]}
    assert data["nothing"] is None
    assert data["__typename"] == "Query"
    assert [len(each["stockItems"]["items"]) for each in data["listWarehouses"]["items"]] == [4] * 4


async def test_the_same_document_sends_the_same_text(api: Api):
    query = """query ($id: ID! $limit: Int $filter: ModelStockItemFilterInput) {
      getWarehouse(id: $id) { stockItems(limit: $limit, filter: $filter) { items { lot } } }
    }"""
    with api.watched() as sent:
        for number in range(4):
            for limit in (1, 2):
                given = {"id": f"w{number}", "limit": limit, "filter": {"quantity": {"ge": number}}}
                await api.data(query, given)
    assert len(sent) == 8
    assert len(set(sent)) == 1


@pytest.mark.parametrize(
    "query",
    [
        '{ getStockItem(warehouseId: "w1", productId: "p1", lot: "l") { __typename quantity } }',
        """{
          listStockItems(warehouseId: "w1", productIdLot: {eq: {productId: "p1", lot: "l"}}) {
            items { __typename quantity }
          }
        }""",
        '{ stockItemsByWarehouse(warehouseId: "w1", quantity: {eq: 1}) { items { __typename quantity } } }',
        '{ listStockItems(filter: {warehouseId: {eq: "w1"}, quantity: {eq: 1}}) { items { __typename quantity } } }',
    ],
)
async def test_one_row_by_every_way_to_it(api: Api, query: str):
    (found,) = (await api.data(query)).values()
    assert found.get("items", [found]) == [{"__typename": "StockItem", "quantity": 1}]


@pytest.mark.parametrize(
    ("argument", "missing"),
    [("sortDirection: DESC", "argument 'warehouseId'"), ('productIdLot: {eq: {productId: "p1"}}', "'warehouseId'")],
)
async def test_what_orders_a_key_needs_the_key(api: Api, argument: str, missing: str):
    name = argument.partition(":")[0]
    errors = await api.errors(f"{{ listStockItems({argument}) {{ items {{ lot }} }} }}")
    message = f"When providing argument '{name}' you must also provide {missing}."
    assert errors == [(["listStockItems"], "InvalidArgumentsError", message)]


# ---------------------------------------------------------------- selections


async def test_fragments_directives_and_merging(api: Api):
    query = """
    query ($yes: Boolean!, $no: Boolean = false) {
      getProduct(id: "p1") { ...basics category { id } ...more ... on Product { price @skip(if: $yes) } ... { sku } }
      again: getProduct(id: "p1") @include(if: $no) { id }
      getProduct(id: "p1") { category { name @include(if: $yes) } ... @skip(if: $no) { active } }
    }
    fragment basics on Product { id name category { ...deep } }
    fragment more on Product { category { parent { id } ...deep } name ...basics }
    fragment deep on Category { position parent { ...up } }
    fragment up on Category { name }
    """
    data = await api.data(query, {"yes": True})
    assert data == {
        "getProduct": {
            "id": "p1",
            "name": "p1",
            "category": {"position": 0, "parent": {"name": "n0", "id": "c7-0"}, "id": "c8-0", "name": "n0"},
            "sku": "s1",
            "active": True,
        }
    }
    assert list(data["getProduct"]) == ["id", "name", "category", "sku", "active"]
    data = await api.data(query, {"yes": False, "no": True})
    assert list(data) == ["getProduct", "again"]
    assert data["getProduct"]["price"] == 0.5
    assert "active" not in data["getProduct"]


async def test_skip_and_include_together(api: Api):
    for skip in (True, False):
        for include in (True, False):
            query = """query ($skip: Boolean! $include: Boolean!) {
              getProduct(id: "p1") { sku id @skip(if: $skip) @include(if: $include) }
            }"""
            data = await api.data(query, {"skip": skip, "include": include})
            written = query.replace("$skip: Boolean! $include: Boolean!", "$x: Boolean = true")
            written = written.replace("$skip", str(skip).lower()).replace("$include", str(include).lower())
            assert await api.data(written.replace("sku", "sku @include(if: $x)")) == data
            assert ("id" in data["getProduct"]) is (include and not skip)


async def test_nothing_may_be_left_of_a_selection(api: Api):
    query = """{
      getProduct(id: "p1") { id @skip(if: true) category { id @include(if: false) } }
      listProducts { items { id @skip(if: true) } }
    }"""
    data = await api.data(query)
    assert data == {"getProduct": {"category": {}}, "listProducts": {"items": [{}] * 4}}
    assert await api.data('{ getProduct(id: "p1") @skip(if: true) { id } }') == {}
    assert await api.data("{ listProducts { items @skip(if: true) { id } } }") == {"listProducts": {}}


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('query ($b: String) { getProduct(id: "p1") { id @skip(if: $b) } }', {}),
        ('query ($b: Boolean) { getProduct(id: "p1") { id @skip(if: $b) } }', {}),
        ('{ getProduct(id: "p1") { id @skip(if: $b) } }', {}),
        ('{ getProduct(id: "p1") { id @skip } }', {}),
        ('{ getProduct(id: "p1") { id @skip(if: "true") } }', {}),
        ('query ($b: Boolean!) { getProduct(id: "p1") { id @skip(if: $b) } }', {}),
        ('query ($b: Boolean!) { getProduct(id: "p1") { id @skip(if: $b) } }', {"b": None}),
        ('query ($b: Boolean!) { getProduct(id: "p1") { id @skip(if: $b) } }', {"b": "true"}),
        ('{ getProduct(id: "p1") { ' + "id " + "@skip(if: true) " * 60 + "} }", {}),
        ('query ($b: Boolean = true) { getProduct(id: "p1") { id @skip(if: $b) } }', {"b": None}),
    ],
)
async def test_directives_used_wrongly(api: Api, query: str, variables: dict[str, Any]):
    body = await api.ask(query, variables)
    assert body["data"] in (None, {"getProduct": None})
    assert body["errors"]


LONG = "a" * 63
WORDS = [
    "select", "table", "user", "order", "null", "true", "id", "ctid", "xmin", "__x", "_", "value", "n", "r1", "t1",
    "p0", "w", "row", "json", LONG, "A", "a1B2", "constructor", "__proto__", "items", "nextToken",
]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
async def test_a_response_may_have_any_name(api: Api, word: str):
    query = f"""{{ {word}: getCategory(id: "c0-0") {{
      {word}: name x: id
      y: children(limit: 1) {{ {word}: items {{ {word}: name }} x: nextToken }}
      z: parent {{ {word}: id }}
    }} }}"""
    found = (await api.data(query))[word]
    assert found[word] == "n0"
    assert list(found) == [word, "x", "y", "z"]
    assert found["y"][word] == [{word: "n0"}]
    query = f"""{{
      getCategory(id: "c1-0") {{ {word}: parent {{ {word}: id }} }}
      listProducts(limit: 1) {{ items {{ {word}: stockItems {{ items {{ lot }} }} }} }}
    }}"""
    found = await api.data(query)
    assert found["getCategory"] == {word: {word: "c0-0"}}
    assert len(found["listProducts"]["items"][0][word]["items"]) == 4


async def test_names_that_differ_only_in_case_or_late(api: Api):
    same = "b" * 62
    query = f'{{ getProduct(id: "p1") {{ aa: sku AA: name {same}x: id {same}y: price }} }}'
    assert (await api.data(query))["getProduct"] == {"aa": "s1", "AA": "p1", f"{same}x": "p1", f"{same}y": 0.5}


@pytest.mark.parametrize("length", [64, 65, 200])
async def test_a_long_name_is_a_name(api: Api, length: int):
    name = "c" * length
    query = f"""{{ {name}: getProduct(id: "p1") {{ id {name}: sku {name}2: name {name}3: category {{ {name}: id }} }}
      listProducts(limit: 1) {{ {name}: items {{ {name}: id {name}4: description }} {name}5: nextToken }}
    }}"""
    data = await api.data(query)
    assert data[name] == {"id": "p1", name: "s1", f"{name}2": "p1", f"{name}3": {name: "c8-0"}}
    assert data["listProducts"][name] == [{name: "p0", f"{name}4": None}]
    assert data["listProducts"][f"{name}5"] is not None


@pytest.mark.parametrize("count", [25, 26])
async def test_pages_of_one_list_under_many_names(api: Api, count: int):
    """PostgreSQL takes a hundred arguments to a function."""
    query = (
        "{ listProducts(limit: 1) { " + " ".join(f"i{n}: items {{ id }} t{n}: nextToken" for n in range(count)) + " } }"
    )
    if count > 25:
        assert await api.errors(query) == [
            (
                ["listProducts"],
                "limited",
                "A page is asked for more than 50 things. Ask for its items and its token once.",
            )
        ]
        return
    page = (await api.data(query))["listProducts"]
    assert len(page) == 50
    assert all(page[f"i{n}"] == [{"id": "p0"}] for n in range(count))


async def test_many_names_of_one_field(api: Api):
    names = [f"a{number}" for number in range(1_601)]
    query = '{ getProduct(id: "p1") { %s } }'
    data = await api.data(query % " ".join(f"{name}: sku" for name in names[1:]))
    assert data["getProduct"] == dict.fromkeys(names[1:], "s1")
    assert await api.errors(query % " ".join(f"{name}: sku" for name in names)) == [
        (["getProduct"], "limited", "A selection has more than 1600 fields.")
    ]


# ---------------------------------------------------------------- who asks


async def test_a_relation_closed_to_the_mode_is_null_with_an_error(api: Api):
    body = await api.ask('{ getProduct(id: "p1") { id stockItems { items { lot } } category { id } } }', caller=KEY)
    assert body["data"] == {"getProduct": {"id": "p1", "stockItems": None, "category": {"id": "c8-0"}}}
    assert [(each["path"], each["message"]) for each in body["errors"]] == [
        (["getProduct", "stockItems"], "Not Authorized to access stockItems on type Product")
    ]


async def test_fifty_requests_on_five_lanes(api: Api):
    query = "query ($id: ID!) { getWarehouse(id: $id) { id stockItems { items { warehouseId quantity } nextToken } } }"

    async def one(number: int) -> None:
        id_ = f"w{number % 4}"
        caller = ADMIN if number % 2 else VIEWER
        for _ in range(5):
            found = (await api.data(query, {"id": id_}, caller))["getWarehouse"]
            assert found["id"] == id_
            assert [each["warehouseId"] for each in found["stockItems"]["items"]] == [id_] * 4

    await asyncio.gather(*(one(number) for number in range(50)))


async def test_a_request_of_many_root_fields_leaves_lanes_to_others(api: Api):
    query = "{" + " ".join(f'a{n}: getProduct(id: "p{n % 4}") {{ id }}' for n in range(200)) + "}"
    waiting: list[int] = []
    lanes = api.database._lanes
    api.database.observer = lambda _: waiting.append(len(lanes._waiting))
    try:
        assert await api.data(query) == {f"a{n}": {"id": f"p{n % 4}"} for n in range(200)}
    finally:
        api.database.observer = None
    assert waiting == [0] * 200
