"""Requests that mean harm: refused in words, at once, with nothing run and nothing told; the next one is served."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog, Integrity
from service.errors import Invalid, Limited
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY, Api, api_of, user
from tests.integrity import ORGANIZATION

TELLTALE = re.compile(
    r"asyncpg|sqlalchemy|Traceback|psycopg|SELECT CAST|pg_|\.py\b|relation \"|column \"|syntax error at", re.IGNORECASE
)


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase, enforced: Catalog, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(enforced, make_database, integrity, lanes=2) as made:
        await made.create("Organization", {"id": ORGANIZATION, "name": "o"})
        rows = [
            {"id": f"p{n}", "organizationId": ORGANIZATION, "sku": f"s{n}", "name": f"n{n}", "price": n}
            for n in range(3)
        ]
        await made.create("Supplier", {"id": "s", "organizationId": ORGANIZATION, "name": "s"})
        await made.create("Product", *({**each, "active": True, "ratings": []} for each in rows))
        yield made


@pytest.fixture(autouse=True)
async def unharmed(api: Api) -> AsyncIterator[None]:
    """Whatever was asked, the rows are all there, no connection is lost and none is left in a transaction."""
    yield
    assert len((await api.data("{ listProducts { items { id } } }"))["listProducts"]["items"]) == 3
    state = "SELECT count(*) FILTER (WHERE state LIKE 'idle in%') AS open, count(*) AS all FROM pg_stat_activity"
    (row,) = await api.sql(f"{state} WHERE datname = current_database()")
    assert row["open"] == 0
    assert row["all"] <= (3 if api.catalog.is_enforced else 2)  # and the one that plants rows


async def refusal(
    api: Api, query: str, variables: Any = None, name: str | None = None, caller: Principal = ADMIN
) -> str:
    """The one message of a refusal before anything ran."""
    with api.watched() as sent:
        try:
            body = await api.ask(query, variables, caller, name)
        except (Invalid, Limited) as error:
            message = error.message
        else:
            assert body["data"] is None
            assert 1 <= len(body["errors"]) <= 11
            message = " ".join(each["message"] for each in body["errors"])
    assert sent == []
    assert len(message) < 5_000
    assert not TELLTALE.search(message)
    return message


# ---------------------------------------------------------------- which operation

TWO = 'query a { ...c } mutation b { deleteProduct(input: {id: "p0"}) { id } } fragment c on Query { __typename }'


@pytest.mark.parametrize("name", [None, "", "c", "nope", "a ", "A", "__typename", "' OR 1=1 --", "a\0"])
async def test_an_operation_must_be_named(api: Api, name: str | None):
    assert "operation" in await refusal(api, TWO, name=name)


async def test_a_named_operation_is_the_one_that_runs(api: Api):
    assert (await api.ask(TWO, name="a"))["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    "query",
    [
        "query a { __typename } query a { __typename }",
        "{ __typename } query a { __typename }",
        "{ __typename } { __typename }",
        "fragment f on Query { __typename }",
        "type Query { x: Int }",
        "query a { __typename } type Query { x: Int }",
        "query a { __typename } extend type Query { x: Int }",
        "schema { query: Product }",
        "{}", "{ }", "# only a comment", " ", "\ufeff", "null", "query", "mutation { }",
        "{ listProducts { items { } } }",
        "{ __typename", "}", "{ a: }", '{ getProduct(id: "', "\0", "{ \0 }", "{ \ud800 }", "{ é }",
        "query ($é: Int) { __typename }",
    ],
)  # fmt: skip
async def test_documents_that_are_none(api: Api, query: str):
    await refusal(api, query, name="a" if "query a" in query else None)


async def test_a_subscription_is_told_where_it_is_not_served(api: Api):
    assert "Subscriptions" in await refusal(api, "subscription { onCreateProduct { id } }")


# ---------------------------------------------------------------- variables

GET = "query ($id: ID!) { getProduct(id: $id) { id } }"


async def test_variables_nobody_declared_are_ignored(api: Api):
    given = {"id": "p0", "extra": [{"deep": {}}], "__proto__": {"admin": True}, "": 1}
    assert (await api.data(GET, given))["getProduct"] == {"id": "p0"}


@pytest.mark.parametrize("value", [None, {}, [], {"id": "p0"}, ["p0"], True, 1.5, {"toString": "x"}, {"$ne": ""}])
async def test_an_id_is_no_object(api: Api, value: Any):
    await refusal(api, GET, {"id": value})


FILTER = "query ($f: ModelProductFilterInput) { listProducts(filter: $f) { items { id } } }"


@pytest.mark.parametrize(
    "filter_",
    [
        {"name) or (1": {"eq": "x"}}, {"__class__": {"eq": "x"}}, {"organization_id": {"eq": "x"}},
        {"category": {"id": {"eq": "x"}}},
        {"name": {"in": ["x"]}}, {"name": {"eq": {"eq": "x"}}}, {"name": {"$gt": ""}}, {"name": "x"},
        {"name": {"__proto__": "x"}},
        {"name": {"eq; drop table products": "x"}}, {"dimensions": {"width": {"eq": 1}}}, "name = 'x'",
        [["name", "eq", "x"]],
        {"and": "x"}, {"not": [{"name": {"eq": "x"}}, {}]}, {"name": {"attributeType": "text); --"}},
        {"price": {"between": "1"}},
        {"price": {"eq": "1 or 1=1"}}, {"active": {"eq": "true"}}, {"active": {"gt": True}}, {"unit": {"eq": "each"}},
        {"unit": {"contains": "EA"}}, {"name": {"size": 3}}, {"name": {"size": {"eq": "3"}}}, {"syncedAt": {"eq": 1.5}},
    ],
    ids=str,
)  # fmt: skip
async def test_a_filter_asks_only_what_there_is(api: Api, filter_: Any):
    await refusal(api, FILTER, {"f": filter_})


@pytest.mark.parametrize(
    "direction", ["asc", "DESC; --", "asc nulls first; --", "ASC,(select 1)", 1, True, "", ["ASC"], {}]
)
async def test_a_direction_is_one_of_two(api: Api, direction: Any):
    query = 'query ($d: ModelSortDirection) { productsByCategory(categoryId: "c", sortDirection: $d) { items { id } } }'
    await refusal(api, query, {"d": direction})


# ---------------------------------------------------------------- too much


async def test_a_filter_beyond_all_measure_is_refused(api: Api):
    deep: dict[str, Any] = {"price": {"eq": 1}}
    for level in range(500):
        deep = {"not": deep} if level % 2 else {"or": [deep]}
    wide = {"or": [{"name": {"eq": str(n)}} for n in range(1_500)]}
    for given, what in ((deep, "levels|nested too deeply"), (wide, "more than 1000 conditions")):
        body = None
        with api.watched() as sent:
            try:
                body = await api.ask(FILTER, {"f": given})
            except Limited as error:
                assert re.search(what, error.message)  # noqa: PT017  it may come either way
        if body is not None:
            assert body["data"] in (None, {"listProducts": None})
            assert re.search(what, body["errors"][0]["message"])
        assert sent == []


async def test_a_filter_nested_in_the_document_is_refused(api: Api):
    for depth in (21, 100, 190):
        deep = "{not: " * depth + "{}" + "}" * depth
        with api.watched() as sent:
            body = await api.ask(f"{{ listProducts(filter: {deep}) {{ items {{ id }} }} }}")
        assert body["data"] == {"listProducts": None}
        assert "more than 20 levels" in body["errors"][0]["message"]
        assert sent == []


async def test_a_thousand_conditions_are_answered(api: Api):
    names = [{"name": {"eq": f"n{n}"}} for n in range(1_000)]
    found = await api.data(FILTER, {"f": {"or": names}})
    assert len(found["listProducts"]["items"]) == 3


async def test_a_hundred_thousand_values_are_refused(api: Api):
    tags = ["x"] * 100_000
    message = await refusal(api, FILTER, {"f": {"name": {"between": tags}}})
    assert message == "The variables hold more than 20000 values."


DEEP = """query ($l: Int) { listOrganizations(limit: $l) { items {
  categories(limit: $l) { items { products(limit: $l) { items { id } } } }
} } }"""


TOO_MANY_ROWS = (
    "The limits of lists within lists multiply to more than 100000000 rows (OFFRAMP_MAX_ROWS). Ask for smaller pages."
)


@pytest.mark.parametrize(
    ("limit", "allowed"), [(None, True), (100, True), (464, True), (465, False), (1_000, False), (2**31 - 1, False)]
)
async def test_limits_within_limits_multiply(api: Api, limit: int | None, allowed: bool):  # noqa: FBT001
    with api.watched() as sent:
        body = await api.ask(DEEP, {"l": limit})
    if allowed:
        assert body == {"data": {"listOrganizations": {"items": [{"categories": {"items": []}}]}}}
    else:
        assert body["data"] == {"listOrganizations": None}
        assert [(each["errorType"], each["message"]) for each in body["errors"]] == [("limited", TOO_MANY_ROWS)]
        assert sent == []


async def test_the_largest_pages_of_two_levels_are_what_old_frontends_ask_for(api: Api):
    query = "{ listCategories(limit: 100000) { items { id products(limit: 100000) { items { id } } } } }"
    assert await api.data(query) == {"listCategories": {"items": []}}


async def test_eight_levels_without_limits_are_no_matter(api: Api):
    selection = "id"
    for _ in range(8):
        selection = f"id children {{ items {{ {selection} }} nextToken }}"
    assert await api.data(f"{{ listCategories(limit: 1000) {{ items {{ {selection} }} }} }}") == {
        "listCategories": {"items": []}
    }


# ---------------------------------------------------------------- injection

HOSTILE = [
    "' OR 1=1 --", "'; DROP TABLE products; --", "x', true); select 1; --", "$1", "$$; select 1; $$", "\\'",
    "%27", '"; --',
    "1; select pg_sleep(9)", "{{7*7}}", "${jndi:ldap://x}", "\x1b[31m", "a\r\nb",
    "' || (select version()) || '", "*/ x /*",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_is_text_wherever_it_stands(api: Api, text: str):
    assert (await api.data(GET, {"id": text}))["getProduct"] is None
    for operator in ("eq", "ge", "contains", "beginsWith", "notContains"):
        given = {"or": [{"name": {operator: text}}], "tags": {"notContains": text}, "not": {"sku": {"eq": text}}}
        assert "errors" not in await api.ask(FILTER, {"f": given})
    query = "query ($k: ID!) { productsByCategory(categoryId: $k, price: {ge: 1}) { items { id } } }"
    assert (await api.data(query, {"k": text}))["productsByCategory"] == {"items": []}
    errors = await api.errors("query ($t: String) { listProducts(nextToken: $t) { nextToken } }", {"t": text})
    assert [each[1] for each in errors] == ["InvalidNextToken"]
    change = "mutation ($i: UpdateProductInput!) { updateProduct(input: $i) { id } }"
    assert "errors" in await api.ask(change, {"i": {"id": text, "name": text}})


@pytest.mark.parametrize("text", [*HOSTILE, "Admin' OR '1'='1", "::", "#"])
async def test_claims_are_text_too(api: Api, text: str):
    """Names and groups come from a token, but a pool lets people choose them."""
    hostile = Principal(ADMIN.provider, {"sub": text, "username": text, "cognito:groups": [text]})
    for query, expected in (
        ("{ listPurchaseOrders { items { id } } }", {"listPurchaseOrders": {"items": []}}),
        ("{ listUsers { items { id } } }", {"listUsers": {"items": []}}),
        ('{ getPurchaseOrder(id: "x") { id } }', {"getPurchaseOrder": None}),
    ):
        assert await api.ask(query, caller=hostile) == {"data": expected}
    order = "mutation ($i: CreatePurchaseOrderInput!) { createPurchaseOrder(input: $i) { id owner } }"
    given = {"id": "o", "organizationId": ORGANIZATION, "number": "1", "status": "DRAFT", "supplierId": "s"}
    created = (await api.data(order, {"i": given}, hostile))["createPurchaseOrder"]
    assert created["id"] == "o"
    (row,) = await api.sql("SELECT owner FROM purchase_orders")
    assert row["owner"] == f"{text}::{text}"
    mine = (await api.data("{ listPurchaseOrders { items { id } } }", caller=hostile))["listPurchaseOrders"]["items"]
    assert mine == [{"id": "o"}]
    theirs = await api.data("{ listPurchaseOrders { items { id } } }", caller=user("somebody"))
    assert theirs["listPurchaseOrders"]["items"] == []
    await api.sql("TRUNCATE purchase_orders CASCADE")
    of_that_organization = Principal(ADMIN.provider, {**ADMIN.claims, ORGANIZATION_CLAIM: text})
    products = (await api.data("{ listProducts { items { id } } }", caller=of_that_organization))["listProducts"]
    assert len(products["items"]) == (0 if api.catalog.is_enforced else 3)


# ---------------------------------------------------------------- introspection

INTROSPECTIONS = [
    "{ __schema { types { name } } }",
    '{ __type(name: "Product") { name } }',
    "{ a: __schema { __typename } }",
    "{ ...f } fragment f on Query { ... { __schema { queryType { name } } } }",
    '{ getProduct(id: "p0") { id } __schema { __typename } }',
]


@pytest.mark.parametrize("query", INTROSPECTIONS)
async def test_introspection_can_be_switched_off(make_database: MakeDatabase, api: Api, query: str):
    assert "errors" not in await api.ask(query)
    async with api_of(
        "type T @model @auth(rules: [{ allow: private }]) { id: ID! }", make_database, introspection=False
    ) as closed:
        query = query.replace("getProduct", "getT").replace("Product", "T")
        body = await closed.ask(query)
        assert body == {
            "data": None,
            "errors": [
                {"path": None, "locations": body["errors"][0]["locations"], "message": "Introspection is switched off."}
            ],
        }
        assert await closed.data('{ __typename getT(id: "x") { __typename } }') == {"__typename": "Query", "getT": None}
        for wrong in ("{ getU(id: 1) { id } }", "{ getT(idd: 1) { id } }", "{ getT(id: 1) { idd } }"):
            assert "Did you mean" not in str(await closed.ask(wrong))


# ---------------------------------------------------------------- surprises


class Surprise(Exception):
    """What nobody has thought of."""


async def test_what_nobody_has_thought_of_is_masked_and_takes_nothing_else_with_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def fail(*_: Any, **__: Any) -> None:
        raise Surprise("SELECT secret FROM pg_authid")

    monkeypatch.setattr(api.database, "fetch_value", fail)
    for query in (
        GET,
        f"{GET[:-1]} __schema {{ __typename }} }}",
        f"{GET[:-1]} also: listProducts {{ __typename }} }}",
    ):
        caplog.clear()
        body = await api.ask(query, {"id": "p0"})
        assert body["data"].pop("getProduct") is None
        assert None not in body["data"].values()
        (error,) = body["errors"]
        assert (error["path"], error["errorType"]) == (["getProduct"], "InternalFailure")
        assert "secret" not in json.dumps(body)
        (record,) = [each for each in caplog.records if each.exc_info]
        assert record.request_id in error["message"]
    monkeypatch.undo()


async def test_a_statement_that_takes_too_long_fails_alone(api: Api):
    """The time limit of the database holds, the field is null, and the others are there."""
    await api.sql("CREATE FUNCTION slow(text) RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(3) IS NOT NULL'")
    await api.sql("ALTER TABLE suppliers RENAME TO suppliers_kept")
    await api.sql("CREATE VIEW suppliers AS SELECT * FROM suppliers_kept WHERE slow(id)")
    await api.sql("GRANT SELECT ON suppliers TO PUBLIC")
    for lane in [await api.database._lanes.take() for _ in range(2)]:
        await lane.driver.execute("SET statement_timeout = '200ms'")
        api.database._lanes.give(lane)
    try:
        body = await api.ask("{ listSuppliers { items { id } } listProducts { items { id } } }")
        assert body["data"]["listSuppliers"] is None
        assert len(body["data"]["listProducts"]["items"]) == 3
        assert [(each["path"], each["message"]) for each in body["errors"]] == [
            (["listSuppliers"], "The database took too long to answer.")
        ]
    finally:
        await api.sql("DROP VIEW suppliers")
        await api.sql("ALTER TABLE suppliers_kept RENAME TO suppliers")
        await api.sql("DROP FUNCTION slow")


async def test_who_may_not_learns_nothing_of_what_is_there(api: Api):
    """A denied root says the same of a row that exists and of one that does not."""
    for query in (
        "query ($id: ID!) { getUser(id: $id) { id } }",
        "mutation ($id: ID!) { deleteProduct(input: {id: $id}) { id } }",
    ):
        answers = [await api.ask(query, {"id": id_}, KEY) for id_ in ("p0", "nope")]
        assert answers[0] == answers[1]
