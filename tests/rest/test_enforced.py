"""REST on tables that keep organizations apart and references whole, as the role that serves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.auth.principal import ORGANIZATION_CLAIM
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.idempotency import Scope, Taken, find
from service.rest.openapi.document import openapi_document
from service.rest.resources import resources_of
from tests.conftest import MakeDatabase
from tests.graphql.api import user
from tests.integrity import served
from tests.rest.calls import Rest, rest_of, rest_on
from tests.rest.companies import ADMIN_OF_A, ADMIN_OF_B, ADMINS, A, B, found, product


@pytest.fixture(scope="module")
async def rest(enforced: Catalog, make_database: MakeDatabase) -> AsyncIterator[Rest]:
    async with rest_of(enforced, make_database) as rest:
        await found(rest)
        yield rest


async def names_of(rest: Rest, organization: str) -> set[str]:
    """The products of an organization."""
    return {each["id"] for each in (await rest.get("/v1/products", caller=ADMINS[organization]))["data"]}


# ---------------------------------------------------------------- organizations


async def test_the_same_key_is_a_row_of_each_organization(rest: Rest):
    changed = await rest.send("PATCH", "/v1/products/tent", {"price": 77}, caller=ADMIN_OF_A)
    assert changed.json()["price"] == 77
    assert (await rest.get("/v1/products/tent", caller=ADMIN_OF_B))["price"] == 5


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_row_of_another_organization_is_refused(rest: Rest, method: str):
    path = "/v1/products" if method == "POST" else "/v1/products/tent"
    body = {"organizationId": B} if method == "PATCH" else product(B, "tent", sku="OTHER")
    problem = await rest.refused(403, method, path, body, caller=ADMIN_OF_A)
    assert (problem["code"], problem["detail"]) == ("forbidden", "Unauthorized on [organizationId]")
    assert (await rest.get("/v1/products/tent", caller=ADMIN_OF_A))["organizationId"] == A


async def test_a_replacement_stays_where_it_is(rest: Rest):
    body = product(A, "stays")
    assert (await rest.send("PUT", "/v1/products/stays", body, caller=ADMIN_OF_A)).status_code == 201
    replaced = await rest.send("PUT", "/v1/products/stays", body | {"name": "new"}, caller=ADMIN_OF_A)
    assert (replaced.status_code, replaced.json()["organizationId"], replaced.json()["name"]) == (200, A, "new")


async def test_a_batch_with_one_row_of_another_organization_does_nothing(rest: Rest):
    requests = {"requests": [{"body": product(A, "one")}, {"body": product(B, "two")}]}
    await rest.refused(403, "POST", "/v1/products:batchCreate", requests, caller=ADMIN_OF_A)
    assert not {"one", "two"} & (await names_of(rest, A) | await names_of(rest, B))


async def test_a_transaction_writes_within_the_organization(rest: Rest):
    operations = [
        {"method": "POST", "path": "/v1/categories", "as": "c", "body": {"organizationId": A, "name": "Camping"}},
        {"method": "POST", "path": "/v1/products", "body": product(A, "stove", categoryId="$c.id")},
    ]
    done = await rest.send("POST", "/v1/transactions", {"operations": operations}, caller=ADMIN_OF_A)
    assert [each["status"] for each in done.json()["results"]] == [201, 201]
    shown = await rest.get("/v1/products/stove?include=category", caller=ADMIN_OF_A)
    assert shown["category"]["name"] == "Camping"
    theirs = {"operations": [{"method": "DELETE", "path": "/v1/products/stove"}]}
    await rest.refused(404, "POST", "/v1/transactions", theirs, caller=ADMIN_OF_B)
    assert "stove" in await names_of(rest, A)


# ---------------------------------------------------------------- what the tables refuse

TAKEN = "Another row has a value that no two rows may share."
NO_ROW = "supplierId refers to a row that does not exist."
ORDERS, PRODUCTS = "/v1/purchase-orders", "/v1/products"
BROKEN = {
    "a reference to nothing": (ORDERS, 409, "condition_failed", NO_ROW, {"supplierId": "no-such"}),
    "another organization's row": (ORDERS, 409, "condition_failed", NO_ROW, {"supplierId": "of-b"}),
    "a number that is taken": (ORDERS, 409, "condition_failed", TAKEN, {"number": "PO-TAKEN"}),
    "no enum's value": (ORDERS, 400, "validation_failed", "Must be one of DRAFT, ", {"status": "LOST"}),
    "nothing where something must be": (ORDERS, 400, "validation_failed", "number is required.", {"number": None}),
    "less than nothing": (PRODUCTS, 400, "validation_failed", "Must be at least 0.", {"price": -1}),
}


def order(key: str, **more: object) -> dict[str, object]:
    """The body of a purchase order of A."""
    return {"id": key, "organizationId": A, "number": f"PO-{key}", "supplierId": "s1", "status": "DRAFT"} | more


@pytest.fixture(scope="module")
async def supplied(rest: Rest) -> Rest:
    """With a supplier each, and an order."""
    for organization, key in ((A, "s1"), (B, "of-b")):
        body = {"id": key, "organizationId": organization, "name": "Nordlys"}
        assert (await rest.send("POST", "/v1/suppliers", body, caller=ADMINS[organization])).status_code == 201
    taken = await rest.send("POST", ORDERS, order("taken", number="PO-TAKEN"), caller=ADMIN_OF_A)
    assert taken.status_code == 201, taken.text
    return rest


@pytest.mark.parametrize("broken", BROKEN)
async def test_what_the_tables_refuse_is_a_problem_in_plain_words(supplied: Rest, broken: str):
    path, status, code, detail, values = BROKEN[broken]
    body = (order("broken") if path == ORDERS else product(A, "broken")) | values
    for method, at, sent in (
        ("POST", path, body),
        ("PUT", f"{path}/broken", body),
        ("POST", f"{path}:batchCreate", {"requests": [{"body": body}]}),
        ("POST", "/v1/transactions", {"operations": [{"method": "POST", "path": path, "body": body}]}),
    ):
        problem = await supplied.refused(status, method, at, sent, caller=ADMIN_OF_A)
        assert problem["code"] == code, (method, at, problem)
        assert problem["detail"].startswith(detail), (method, at, problem)
        if detail == NO_ROW:
            assert [each["pointer"].rpartition("/")[2] for each in problem["errors"]] == ["supplierId"]
    await supplied.refused(404, "GET", f"{path}/broken", caller=ADMIN_OF_A)


async def test_the_part_of_a_batch_that_refers_to_nothing_is_pointed_to(supplied: Rest):
    bodies = [order("whole"), order("broken", supplierId="of-b")]
    batch = {"requests": [{"body": each} for each in bodies]}
    problem = await supplied.refused(409, "POST", f"{ORDERS}:batchCreate", batch, caller=ADMIN_OF_A)
    assert [each["pointer"] for each in problem["errors"]] == ["/requests/1/body/supplierId"]
    operations = [{"method": "POST", "path": ORDERS, "body": each} for each in bodies]
    problem = await supplied.refused(409, "POST", "/v1/transactions", {"operations": operations}, caller=ADMIN_OF_A)
    assert [each["pointer"] for each in problem["errors"]] == ["/operations/1/body/supplierId"]
    gone = [{"method": "DELETE", "path": "/v1/suppliers/s1"}]
    problem = await supplied.refused(409, "POST", "/v1/transactions", {"operations": gone}, caller=ADMIN_OF_A)
    assert problem["detail"] == "Another row still refers to this one."
    apart = await supplied.send("POST", f"{ORDERS}:batchCreate", batch | {"atomic": False}, caller=ADMIN_OF_A)
    whole, broken = apart.json()["results"]
    assert (whole["status"], broken["status"], broken["problem"]["detail"]) == (201, 409, NO_ROW)


async def test_a_change_is_refused_as_a_create_is(supplied: Rest):
    made = await supplied.send("POST", ORDERS, order("changed"), caller=ADMIN_OF_A)
    for values, detail in (({"number": "PO-TAKEN"}, TAKEN), ({"supplierId": "of-b"}, NO_ROW)):
        problem = await supplied.refused(409, "PATCH", f"{ORDERS}/changed", values, caller=ADMIN_OF_A)
        assert (problem["code"], problem["detail"]) == ("condition_failed", detail)
    shown = await supplied.send("GET", f"{ORDERS}/changed", caller=ADMIN_OF_A)
    assert (shown.json(), shown.headers["etag"]) == (made.json(), made.headers["etag"])


@pytest.mark.parametrize(
    ("rule", "values", "detail"),
    [
        ("ALTER COLUMN description SET NOT NULL", {"description": None}, "A required value is missing."),
        (
            "ADD CONSTRAINT products_description_check CHECK (description <> 'no')",
            {"description": "no"},
            "A value is not one of those that are allowed.",
        ),
    ],
    ids=["NOT NULL", "CHECK"],
)
async def test_what_the_tables_alone_refuse_is_a_problem_that_names_the_field(
    enforced: Catalog, make_database: MakeDatabase, rule: str, values: dict[str, object], detail: str
):
    """A rule that somebody gave a table and not the schema, so that nothing notices before PostgreSQL does."""
    owner = Database.connect(url := await make_database(enforced), size=1)
    await owner.execute_ddl("ALTER TABLE products " + rule)
    await owner.close()
    database = served(url, enforced, size=2)
    async with rest_on(enforced, database) as rest:
        organization = await rest.send("POST", "/v1/organizations", {"id": A, "name": A}, caller=ADMIN_OF_A)
        assert organization.status_code == 201
        made = await rest.send("POST", PRODUCTS, product(A, "good", description="yes"), caller=ADMIN_OF_A)
        assert made.status_code == 201
        body = product(A, "bad") | values
        change = {"method": "PATCH", "path": f"{PRODUCTS}/good", "body": values}
        for method, path, sent, pointer in (
            ("POST", PRODUCTS, body, "/description"),
            ("PUT", f"{PRODUCTS}/bad", body, "/description"),
            ("PATCH", f"{PRODUCTS}/good", values, "/description"),
            ("POST", f"{PRODUCTS}:batchCreate", {"requests": [{"body": body}]}, "/requests/0/body/description"),
            ("POST", "/v1/transactions", {"operations": [change]}, "/operations/0/body/description"),
        ):
            problem = await rest.refused(400, method, path, sent, caller=ADMIN_OF_A)
            assert (problem["code"], problem["detail"]) == ("invalid", detail), (method, path)
            assert problem["errors"] == [{"pointer": pointer, "code": "invalid", "detail": detail}], (method, path)
        one_of_two = {"atomic": False, "requests": [{"body": body}, {"body": product(A, "fine", description="yes")}]}
        done = (await rest.send("POST", f"{PRODUCTS}:batchCreate", one_of_two, caller=ADMIN_OF_A)).json()["results"]
        assert [each["status"] for each in done] == [400, 201]
        assert done[0]["problem"]["errors"][0]["pointer"] == "/requests/0/body/description"
        rows = (await rest.get(f"{PRODUCTS}?fields=id,description&sort=id", caller=ADMIN_OF_A))["data"]
        assert rows == [{"id": "fine", "description": "yes"}, {"id": "good", "description": "yes"}]
    await database.close()


async def test_a_key_that_is_taken_is_said_to_be(supplied: Rest):
    problem = await supplied.refused(409, "POST", ORDERS, order("taken"), caller=ADMIN_OF_A)
    assert problem["code"] == "already_exists"


async def test_a_row_that_others_refer_to_stays(rest: Rest):
    for path, body in (
        ("/v1/categories", {"id": "used", "organizationId": A, "name": "Used"}),
        ("/v1/products", product(A, "using", categoryId="used")),
    ):
        assert (await rest.send("POST", path, body, caller=ADMIN_OF_A)).status_code == 201
    problem = await rest.refused(409, "DELETE", "/v1/categories/used", caller=ADMIN_OF_A)
    assert (problem["code"], problem["detail"]) == ("condition_failed", "Another row still refers to this one.")
    assert (await rest.get("/v1/categories/used", caller=ADMIN_OF_A))["name"] == "Used"


# ---------------------------------------------------------------- versions, and keys of idempotency


async def test_a_change_that_does_not_come_through_rest_counts_as_a_version(rest: Rest):
    made = await rest.send("POST", PRODUCTS, product(A, "versioned"), caller=ADMIN_OF_A)
    async with rest.repository.transaction(ADMIN_OF_A) as transaction:
        await transaction.execute("UPDATE products SET price = 6 WHERE id = 'versioned'")
    stale = {"if-match": made.headers["etag"]}
    await rest.refused(412, "PATCH", f"{PRODUCTS}/versioned", {"price": 7}, caller=ADMIN_OF_A, headers=stale)
    await rest.refused(412, "DELETE", f"{PRODUCTS}/versioned", caller=ADMIN_OF_A, headers=stale)
    now = await rest.send(
        "GET", f"{PRODUCTS}/versioned", caller=ADMIN_OF_A, headers={"if-none-match": stale["if-match"]}
    )
    assert (now.status_code, now.json()["price"]) == (200, 6)
    fresh = {"if-match": now.headers["etag"]}
    gone = await rest.send("DELETE", f"{PRODUCTS}/versioned", caller=ADMIN_OF_A, headers=fresh)
    assert gone.status_code == 204


async def test_a_reference_that_is_emptied_with_its_target_counts_as_a_version(rest: Rest):
    user = {"id": "leaves", "organizationId": A, "cognitoSub": "sub-leaves", "email": "l@a.example", "status": "ACTIVE"}
    assert (await rest.send("POST", "/v1/users", user, caller=ADMIN_OF_A)).status_code == 201
    warehouse = {"id": "led", "organizationId": A, "code": "LED", "name": "Led", "managerId": "leaves"}
    made = await rest.send("POST", "/v1/warehouses", warehouse, caller=ADMIN_OF_A)
    assert (await rest.send("DELETE", "/v1/users/leaves", caller=ADMIN_OF_A)).status_code == 204
    stale = {"if-match": made.headers["etag"]}
    await rest.refused(412, "PATCH", "/v1/warehouses/led", {"name": "x"}, caller=ADMIN_OF_A, headers=stale)
    now = await rest.send("GET", "/v1/warehouses/led", caller=ADMIN_OF_A)
    assert (now.json()["managerId"], now.headers["etag"] != made.headers["etag"]) == (None, True)


async def test_a_key_of_idempotency_is_its_organizations_own(rest: Rest):
    key = {"idempotency-key": "the-same-for-both"}
    for organization, admin in ADMINS.items():
        body = product(organization, "once")
        first, again = [await rest.send("POST", "/v1/products", body, caller=admin, headers=key) for _ in range(2)]
        assert [first.status_code, again.status_code] == [201, 201], first.text
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        assert again.content == first.content
    other = product(A, "another")
    assert (await rest.refused(422, "POST", "/v1/products", other, caller=ADMIN_OF_A, headers=key))[
        "code"
    ] == "idempotency_key_reused"
    assert await rest.sql("SELECT key FROM idempotency_key") == []  # nobody said who asks


async def test_a_key_that_is_under_way_in_one_organization_is_free_in_another(rest: Rest):
    """For one and the same user, as someone is whose tokens name the organization."""
    of_a, of_b = (Scope(each, "userPools sub-ada", "POST", "/v1/products", "under-way") for each in (A, B))
    transaction = rest.repository.transaction
    async with transaction(ADMIN_OF_A) as first, transaction(ADMIN_OF_B) as second, transaction(ADMIN_OF_A) as third:
        assert await find(first, of_a) is None
        assert await find(second, of_b) is None
        with pytest.raises(Taken):
            await find(third, of_a)


async def test_an_answer_given_in_a_role_is_not_given_again_without_it(rest: Rest):
    key, path = {"idempotency-key": "until-demoted"}, "/v1/users"
    person = {"organizationId": A, "cognitoSub": "s-1", "email": "s1@example.com", "status": "ACTIVE", "salary": 4321}
    made = await rest.send("POST", path, person, caller=ADMIN_OF_A, headers=key)
    assert (made.status_code, made.json()["salary"]) == (201, 4321)
    for groups in (("Manager",), ()):
        demoted = user("ada", *groups, **{ORGANIZATION_CLAIM: A})
        problem = await rest.refused(422, "POST", path, person, caller=demoted, headers=key)
        assert problem["code"] == "idempotency_key_reused"
    again = await rest.send("POST", path, person, caller=ADMIN_OF_A, headers=key)
    assert (again.content, again.headers["idempotent-replayed"]) == (made.content, "true")


async def test_a_refused_write_keeps_no_key(rest: Rest):
    key = {"idempotency-key": "refused-at-first"}
    wrong = product(A, "kept", categoryId="not-yet")
    await rest.refused(409, "POST", "/v1/products", wrong, caller=ADMIN_OF_A, headers=key)
    made = await rest.send("POST", "/v1/products", product(A, "kept"), caller=ADMIN_OF_A, headers=key)
    assert made.status_code == 201, made.text


# ---------------------------------------------------------------- orders, and what is not shown


async def test_rows_are_sorted_by_what_follows_the_organization_in_an_index(rest: Rest):
    page = await rest.get("/v1/products?sort=-sku&fields=sku&limit=1000", caller=ADMIN_OF_A)
    skus = [each["sku"] for each in page["data"]]
    assert len(skus) > 1
    assert skus == sorted(skus, reverse=True)
    problem = await rest.refused(400, "GET", "/v1/products?sort=description", caller=ADMIN_OF_A)
    [error] = problem["errors"]
    assert error["code"] == "no_index"
    assert "may be id, organizationId, name, sku, categoryId;" in error["detail"]


async def test_the_join_models_organization_is_nobodys_to_see(supplied: Rest, enforced: Catalog):
    [resource] = [each for each in resources_of(enforced) if each.name == "product-suppliers"]
    assert resource.model.tenant is not None
    hidden = resource.model.tenant.name
    assert resource.sortable() == ("id", "productId", "supplierId")
    body = {"id": "ps1", "productId": "tent", "supplierId": "s1"}
    made = await supplied.send("POST", "/v1/product-suppliers", body, caller=ADMIN_OF_A)
    assert (made.status_code, set(made.json())) == (201, {"id", "productId", "supplierId", "createdAt", "updatedAt"})
    assert (await supplied.get("/v1/product-suppliers?sort=productId", caller=ADMIN_OF_A))["data"] == [made.json()]
    assert (await supplied.get("/v1/product-suppliers", caller=ADMIN_OF_B))["data"] == []
    for asked in (f"sort={hidden}", f"fields={hidden}", f"{hidden}={A}"):
        await supplied.refused(400, "GET", f"/v1/product-suppliers?{asked}", caller=ADMIN_OF_A)
    await supplied.refused(400, "POST", "/v1/product-suppliers", body | {hidden: A}, caller=ADMIN_OF_A)
    schemas = openapi_document(enforced)["components"]["schemas"]
    for name in ("ProductSupplier", "ProductSupplier.Create", "ProductSupplier.Filter"):
        assert hidden not in schemas[name]["properties"]
