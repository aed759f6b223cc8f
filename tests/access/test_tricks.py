"""Ways around the rules that are about no one model: by what is remembered, counted, referred to or asked too often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import asyncpg
import orjson
import pytest

from service import allowance
from service.allowance import ALLOWANCE, Allowance
from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog
from service.db import purchase_orders
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.repository import Repository
from service.graphql.fallback import MOST_AT_ONCE
from tests.access.conftest import CALLERS, THEIR_ADMIN, World, of
from tests.access.organizations import BOTH, OURS, OWNER, THEIRS
from tests.graphql.api import user
from tests.rest.calls import Rest, rest_on

ADMIN, MANAGER, VIEWER = CALLERS["Admin"], CALLERS["Manager"], of(OURS, "olive", "Viewer")


@pytest.fixture(scope="module")
async def service(shared_url: str) -> AsyncIterator[Database]:
    database = Database.connect(embedded.url_as(shared_url, "app_rw"), size=5)
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def rest(enforced: Catalog, service: Database) -> AsyncIterator[Rest]:
    async with rest_on(enforced, service) as rest:
        yield rest


@pytest.fixture
def world(with_predicates: World, service: Database) -> World:
    with_predicates.repository.database = service
    return with_predicates


# ---------------------------------------------------------------- a field that is closed

CLOSED: dict[str, Any] = {"salary": {"gt": 1}}
FILTERS: dict[str, Any] = {
    "one in place of a list": {"and": CLOSED},
    "any of one": {"or": CLOSED},
    "deep": {"not": {"or": [{"and": [{"not": CLOSED}]}]}},
    "whether it is there": {"salary": {"attributeExists": True}},
    "of which type": {"salary": {"attributeType": "number"}},
    "nothing of it": {"salary": {}},
    "beside one that is open": {"email": {"ne": "x"}, "or": [{"email": {"ne": "x"}}, CLOSED]},
}


@pytest.mark.parametrize("what", FILTERS)
async def test_a_closed_field_is_not_asked_about_in_other_words(world: World, service: Database, what: str):
    """In a list, in a list of an organization's, and by whether a change is made."""
    for type_, document in (
        ("ModelUserFilterInput", "query ($f: %s) { listUsers(filter: $f) { items { id } } }"),
        (
            "[ModelUserFilterInput]",
            "query ($f: %s) { listOrganizations { items { users(filter: { or: $f }) { items { id } } } } }",
        ),
        (
            "ModelUserConditionInput",
            'mutation ($f: %s) { updateUser(input: { id: "ours-1", phone: "+1 555 0123" }, condition: $f) { id } }',
        ),
    ):
        error = await world.error(service, document % type_, MANAGER, f=FILTERS[what])
        assert error == ("Unauthorized", "Unauthorized on [salary]")


ASKED = "filter=" + quote('{"or":[{"not":{"salary":{"eq":1}}}]}')


@pytest.mark.parametrize(
    "query",
    [
        "salary[gt]=1", "salary[exists]=true", ASKED,
        "sort=email,-salary", "fields=salary", "include=roles.user&fields=id,roles.user.salary",
    ],
)  # fmt: skip
async def test_nor_in_rest(rest: Rest, query: str):
    for path in ("/v1/users", f"/v1/organizations/{OURS}/users"):
        problem = await rest.refused(403, "GET", f"{path}?{query}", caller=MANAGER)
        assert problem["detail"] == "Unauthorized on [salary]"


async def test_nor_by_referring_to_it_nor_by_writing_the_row_anew(rest: Rest):
    change = {"method": "PATCH", "path": "/v1/users/ours-1", "body": {"phone": "+1 555 0124"}, "as": "u"}
    copied = {"method": "POST", "path": "/v1/categories", "body": {"organizationId": OURS, "name": "$u.salary"}}
    body = {"operations": [change, copied]}
    assert await rest.flaws("POST", "/v1/transactions", body, caller=MANAGER) == [
        ("/operations/1/body/name", "unknown_reference")
    ]
    row = await rest.get("/v1/users/ours-1", caller=MANAGER)
    assert "salary" not in row
    kept = {name: value for name, value in row.items() if name not in {"id", "createdAt", "updatedAt"}}
    assert (await rest.send("PUT", "/v1/users/ours-1", kept, caller=MANAGER)).status_code == 200
    assert (await rest.get("/v1/users/ours-1?fields=salary", caller=ADMIN))["salary"] == 1.5


# ---------------------------------------------------------------- somebody else's name


async def test_whoever_is_called_what_an_owner_is_stored_as_owns_nothing(rest: Rest):
    """People choose their user names, and `sub::username` of a colleague is no secret."""
    path, organization = "/v1/purchase-orders/ours-0", {ORGANIZATION_CLAIM: OURS}
    for name in (OWNER, f"{OWNER}::eve", "OLIVE", "olive"):
        stranger = user("eve", **{"username": name, **organization})
        assert (await rest.send("GET", path, caller=stranger)).status_code == 403, name
        assert (await rest.get("/v1/purchase-orders", caller=stranger))["data"] == []
    assert (await rest.send("GET", path, caller=CALLERS["owner"])).status_code == 200


# ---------------------------------------------------------------- what was remembered for somebody else


async def test_a_cursor_of_one_door_is_none_of_the_others(rest: Rest, world: World, service: Database):
    """Nor one of another organization's at either."""
    document = "query ($t: String) { listProducts(limit: 1, nextToken: $t) { items { id } nextToken } }"
    tokens = {
        caller: (await world.data(service, document, CALLERS.get(caller, THEIR_ADMIN)))["listProducts"]["nextToken"]
        for caller in ("Admin", "theirs")
    }
    path = "/v1/products?limit=1&fields=id&cursor="
    theirs = (await rest.get(path.partition("&cursor")[0], caller=THEIR_ADMIN))["page"]["next"]
    for cursor in (*tokens.values(), theirs):
        problem = await rest.refused(400, "GET", path + cursor, caller=ADMIN)
        assert problem["code"] == "cursor_mismatch"
    for token in (theirs, tokens["theirs"]):
        assert (await world.error(service, document, ADMIN, t=token))[0] == "InvalidNextToken"


@pytest.mark.parametrize("condition", [{"if-match": "*"}, {"if-match": '"1"'}, {"if-none-match": '"1"'}])
async def test_a_version_says_nothing_of_a_row_of_theirs(rest: Rest, condition: dict[str, str]):
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None), ("PUT", _product())):
        if method == "PUT" and "if-match" not in condition:
            continue
        about = [
            await rest.send(method, f"/v1/products/{name}", body, caller=ADMIN, headers=condition)
            for name in ("theirs-0", "missing")
        ]
        assert {each.status_code for each in about} == {412 if method == "PUT" else 404}
        assert about[0].json()["code"] == about[1].json()["code"]


async def test_a_key_of_theirs_is_free_to_be_put(rest: Rest):
    theirs = await rest.get("/v1/products/theirs-1", caller=THEIR_ADMIN)
    for _ in range(2):
        put = await rest.send("PUT", "/v1/products/theirs-1", _product(), caller=ADMIN)
    assert (put.status_code, put.json()["organizationId"]) == (200, OURS)
    assert (await rest.send("DELETE", "/v1/products/theirs-1", caller=ADMIN)).status_code == 204
    assert await rest.get("/v1/products/theirs-1", caller=THEIR_ADMIN) == theirs


def _product(**more: Any) -> dict[str, Any]:
    return {"organizationId": OURS, "sku": "S", "name": "n", "price": 1, "ratings": [], **more}


async def test_an_organization_is_not_made_beside_ones_own_nor_over_anothers(rest: Rest):
    for method, path, body, status in (
        ("POST", "/v1/organizations", {"name": "new"}, 409),  # its id is the caller's, whatever is left out
        ("POST", "/v1/organizations", {"id": THEIRS, "name": "new"}, 403),
        ("PUT", f"/v1/organizations/{THEIRS}", {"name": "new"}, 403),
        ("PATCH", f"/v1/organizations/{THEIRS}", {"name": "new"}, 404),
        ("DELETE", f"/v1/organizations/{THEIRS}", None, 404),
        ("DELETE", f"/v1/organizations/{OURS}", None, 409),
    ):
        assert (await rest.send(method, path, body, caller=ADMIN)).status_code == status, (method, path)
    assert [each["id"] for each in (await rest.get("/v1/organizations", caller=ADMIN))["data"]] == [OURS]


# ---------------------------------------------------------------- the orders of two organizations


async def test_whoever_holds_the_stock_of_one_organization_keeps_no_other_waiting(service: Database):
    """Both have a warehouse and a product of the same ids."""
    ordered = [(BOTH, 1)]

    async def order(organization: str, then: asyncio.Future[None]) -> None:
        async with service.transaction() as transaction:
            await transaction.fetch_row("SELECT app_context($1, 'service', '{}')", [organization])
            await purchase_orders.raise_on_order(transaction, organization, BOTH, ordered)
            if not then.done():
                then.set_result(None)
                await asyncio.wait_for(asyncio.shield(theirs_done), 10)

    ours_holds = asyncio.get_running_loop().create_future()
    theirs_done = asyncio.get_running_loop().create_future()
    ours = asyncio.create_task(order(OURS, ours_holds))
    await ours_holds
    finished = asyncio.get_running_loop().create_future()
    finished.set_result(None)
    try:
        await order(THEIRS, finished)
    finally:
        theirs_done.set_result(None)
        await ours


# ---------------------------------------------------------------- asked too often


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lets a request be answered little, as the outermost layer would let it be answered much."""
    monkeypatch.setattr(allowance, "MOST_BYTES", 50_000)
    ALLOWANCE.set(Allowance())
    return 50_000


@pytest.mark.parametrize("beside", ["", "__schema { queryType { name } }"])
async def test_a_large_row_is_not_shown_two_hundred_times(world: World, service: Database, small: int, beside: str):
    """By neither executor; a change that is not told of is not made."""
    await world.data(service, _change("preferences: $p", "$p: AWSJSON"), ADMIN, p=orjson.dumps("x" * 20_000).decode())
    ALLOWANCE.set(Allowance())
    reads = " ".join(f'a{number}: getUser(id: "ours-1") {{ preferences }}' for number in range(100))
    answer = await world.graphql(ADMIN, f"{{ {beside} {reads} }}", {}, None)
    assert small < len(answer) < small + 8 * 20_000 + 100 * 300
    assert orjson.loads(answer)["errors"][-1]["errorType"] == "limited"
    ALLOWANCE.set(Allowance())
    writes = " ".join(
        f'a{number}: updateUser(input: {{ id: "ours-1", lastName: "{number}" }}) {{ preferences }}'
        for number in range(20)
    )
    done = orjson.loads(await world.graphql(ADMIN, f"mutation {{ {writes} }}", {}, None))["data"]
    ALLOWANCE.set(Allowance())
    (last,) = (await world.data(service, '{ getUser(id: "ours-1") { lastName } }', ADMIN))["getUser"].values()
    assert int(last) == max(number for number in range(20) if done[f"a{number}"]) < 19
    await world.data(service, _change("preferences: null", ""), ADMIN)


def _change(what: str, variables: str) -> str:
    declared = f"({variables})" if variables else ""
    return f'mutation {declared} {{ updateUser(input: {{ id: "ours-1", {what} }}) {{ id }} }}'


async def test_nor_is_it_by_a_transaction(rest: Rest, small: int):
    large = {"method": "PATCH", "path": "/v1/users/ours-0", "body": {"preferences": "x" * 20_000}}
    again = [{"method": "PATCH", "path": "/v1/users/ours-0", "body": {}}] * 499
    problem = await rest.refused(413, "POST", "/v1/transactions", {"operations": [large, *again]}, caller=ADMIN)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("limited", f"/operations/{small // 20_000 + 1}")
    ALLOWANCE.set(Allowance())
    assert (await rest.get("/v1/users/ours-0", caller=ADMIN))["preferences"] != "x" * 20_000


async def test_rows_of_rows_do_not_grow_without_end(rest: Rest):
    """Whoever may write one JSON value of their own could otherwise have any memory filled with a short request."""
    path = "/v1/users/ours-0"
    operations: list[dict[str, Any]] = [{"method": "PATCH", "path": path, "body": {"preferences": "lol"}, "as": "a0"}]
    for number in range(30):
        body = {"preferences": [f"$a{number}.preferences"] * 10}
        operations.append({"method": "PATCH", "path": path, "body": body, "as": f"a{number + 1}"})
    problem = await rest.refused(400, "POST", "/v1/transactions", {"operations": operations}, caller=VIEWER)
    (flaw,) = problem["errors"]
    assert (flaw["code"], flaw["pointer"].rpartition("/")[0]) == ("too_large", "/operations/6/body/preferences")


async def test_introspection_beside_many_fields_leaves_connections_to_others(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Strawberry begins with all root fields at once."""
    running, most = 0, 0
    run = Repository.run

    async def counted(*arguments: Any) -> str | None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await run(*arguments)
        finally:
            running -= 1

    monkeypatch.setattr(Repository, "run", counted)
    fields = " ".join(f"a{number}: listRoles {{ items {{ id }} }}" for number in range(40))
    answer = orjson.loads(await world.graphql(ADMIN, f"{{ __schema {{ queryType {{ name }} }} {fields} }}", {}, None))
    assert "errors" not in answer
    assert most == MOST_AT_ONCE


# ---------------------------------------------------------------- the role that serves, asked directly


async def test_neither_statistics_nor_errors_tell_of_rows(shared_url: str):
    """What a statement could learn of theirs without reading a row of theirs."""
    service = await asyncpg.connect(embedded.url_as(shared_url, "app_rw"))
    try:
        assert await service.fetchval("SELECT count(*) FROM pg_stats WHERE schemaname = 'public'") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute("SELECT rolpassword FROM pg_authid")
        async with service.transaction():
            await service.execute(f"SELECT app_context('{OURS}', 'service', '{{}}')")
            # Division by zero, if it were tried on a row of theirs before the policy leaves it out.
            divided = "SELECT count(*) FROM products WHERE 1 / (length(organization_id) - length($1)) = 1"
            assert await service.fetchval(f"{divided} AND organization_id = $1", THEIRS) == 0
            over = "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, 'x', now(), now())"
            for statement in (f"{over} ON CONFLICT DO NOTHING", "UPDATE products SET organization_id = $1"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
                    async with service.transaction():
                        await service.execute(statement, THEIRS)
                assert THEIRS not in str(refused.value)
    finally:
        await service.close()


def test_everybody_here_is_who_the_test_says(enforced: Catalog):
    """The rules that these tests are about: a salary is for Admins, a user's own row is theirs to change."""
    user = enforced.model_by_name["User"]
    assert [rule.groups for rule in user.field_by_name["salary"].rules] == [("Admin",)]
    callers: tuple[Principal, ...] = (ADMIN, MANAGER, VIEWER)
    assert [each.groups() for each in callers] == [("Admin",), ("Manager",), ("Viewer",)]
