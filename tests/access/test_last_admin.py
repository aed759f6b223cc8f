"""An organization keeps its last Admin: over both doors, in a batch, and when two remove each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
import pytest

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from tests.conftest import MakeDatabase
from tests.graphql.api import user
from tests.rest.calls import Rest, rest_of

DELETE = "mutation ($i: DeleteUserRoleInput!) { deleteUserRole(input: $i) { id } }"
SUSPENDED = {"status": "SUSPENDED"}
AWAY = {
    "the role is deleted": ("DELETE", "/v1/user-roles/ann-is-Admin", None),
    "it becomes another": ("PATCH", "/v1/user-roles/ann-is-Admin", {"roleId": "Viewer"}),
    "it becomes another's": ("PATCH", "/v1/user-roles/ann-is-Admin", {"userId": "vic", "roleId": "Viewer"}),
    "it has ended": ("PATCH", "/v1/user-roles/ann-is-Admin", {"expiresOn": "2020-01-01"}),
    "the user is suspended": ("PATCH", "/v1/users/ann", SUSPENDED),
    "the role is called otherwise": ("PATCH", "/v1/roles/Admin", {"name": "Chief"}),
}
ROWS = (
    "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, $1, now(), now())",
    (
        "INSERT INTO roles (organization_id, id, name, created_at, updated_at) "
        "SELECT $1, name, name, now(), now() FROM unnest(ARRAY['Admin', 'Viewer']) AS name"
    ),
    (
        "INSERT INTO users (organization_id, id, cognito_sub, email, status, created_at, updated_at) "
        "SELECT $1, name, 'sub-' || name, name, 'ACTIVE', now(), now() FROM unnest(ARRAY['ann', 'ben', 'vic']) AS name"
    ),
    (
        "INSERT INTO user_roles (organization_id, id, user_id, role_id, created_at, updated_at) "
        "SELECT $1, name || '-is-' || role, name, role, now(), now() "
        "FROM (VALUES ('ann', 'Admin'), ('vic', 'Viewer')) AS given (name, role)"
    ),
)
WAITING = "SELECT FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
_numbers = count()


@dataclass
class Company:
    """An organization of a test's own: ann is its Admin, ben is a user, vic a Viewer."""

    id: str
    rest: Rest
    superuser: Database
    graphql: GraphQL

    @property
    def admin(self) -> Principal:
        """Somebody whose token says that they are Admin, so that the rules allow them everything."""
        return user("root", "Admin", **{ORGANIZATION_CLAIM: self.id})

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status of an answer and, of a refusal, the code."""
        answer = await self.rest.send(method, path, body, caller=self.admin)
        return answer.status_code, answer.json()["code"] if answer.status_code >= 400 else ""

    async def make_admin(self, name: str, **values: Any) -> None:
        """Give somebody the role."""
        given = {"id": f"{name}-is-Admin", "organizationId": self.id, "userId": name, "roleId": "Admin"}
        assert await self.send("POST", "/v1/user-roles", given | values) == (201, "")

    async def admins(self) -> set[str]:
        """Who has the role, whatever it is worth."""
        rows = await self.superuser.fetch_rows(
            "SELECT user_id FROM user_roles WHERE organization_id = $1 AND role_id = 'Admin'", [self.id]
        )
        return {row[0] for row in rows}


@pytest.fixture(scope="module")
async def served(enforced: Catalog, make_database: MakeDatabase) -> AsyncIterator[tuple[Rest, Database, GraphQL]]:
    urls: list[str] = []

    async def make(catalog: Catalog | None = None) -> str:
        urls.append(await make_database(catalog))
        return urls[-1]

    async with rest_of(enforced, make) as rest:
        superuser = Database.connect(urls[0], size=1)
        light = light_schema(enforced)
        limits = {"max_tokens": 15_000, "max_depth": 25, "max_roots": 200}
        yield rest, superuser, GraphQL(rest.repository, light, Fallback(rest.repository, light), **limits)
        await superuser.close()


@pytest.fixture
async def company(served: tuple[Rest, Database, GraphQL]) -> Company:
    rest, superuser, graphql = served
    organization = f"company-{next(_numbers)}"
    for each in ROWS:
        await superuser.fetch_rows(each, [organization], writes=True)
    return Company(organization, rest, superuser, graphql)


@pytest.mark.parametrize("away", AWAY)
async def test_f20_the_last_admin_stays(company: Company, away: str):
    assert await company.send(*AWAY[away]) == (409, "last_admin")
    assert await company.admins() == {"ann"}
    if away != "the role is called otherwise":  # which takes it from everybody
        await company.make_admin("ben")
        assert (await company.send(*AWAY[away]))[1] == ""


async def test_f20_it_is_said_over_graphql_with_what_to_do(company: Company):
    body = orjson.loads(await company.graphql(company.admin, DELETE, {"i": {"id": "ann-is-Admin"}}, None))
    (error,) = body["errors"]
    assert error["errorType"] == "LastAdminException"
    assert error["message"] == "This would leave the organization without an Admin. Make somebody else Admin first."
    assert await company.admins() == {"ann"}


@pytest.mark.parametrize(
    ("counts", "change"),
    [
        (False, {"status": "SUSPENDED"}),
        (True, {"status": "INVITED"}),
    ],
)
async def test_f20_who_is_not_let_in_does_not_count(company: Company, *, counts: bool, change: dict[str, Any]):
    await company.make_admin("ben")
    assert await company.send("PATCH", "/v1/users/ben", change) == (200, "")
    assert await company.send(*AWAY["the role is deleted"]) == ((204, "") if counts else (409, "last_admin"))


async def test_f20_a_role_that_has_ended_does_not_count(company: Company):
    await company.make_admin("ben", expiresOn="2020-01-01")
    assert await company.send(*AWAY["the role is deleted"]) == (409, "last_admin")
    assert await company.send("DELETE", "/v1/user-roles/ben-is-Admin") == (204, "")


async def test_f20_others_may_come_and_go(company: Company):
    assert await company.send("PATCH", "/v1/users/vic", SUSPENDED) == (200, "")
    assert await company.send("DELETE", "/v1/user-roles/vic-is-Viewer") == (204, "")
    assert await company.send("PATCH", "/v1/roles/Viewer", {"name": "Guest"}) == (200, "")
    assert await company.send("PATCH", "/v1/users/ann", {"phone": "+49 30 123456"}) == (200, "")


async def test_f20_where_tokens_alone_say_who_is_admin_nothing_is_refused(company: Company):
    await company.superuser.fetch_rows(
        "DELETE FROM user_roles WHERE organization_id = $1 AND role_id = 'Admin'", [company.id], writes=True
    )
    await test_f20_others_may_come_and_go(company)


async def test_f20_in_a_transaction_the_next_admin_comes_first(company: Company):
    given = {"id": "ben-is-Admin", "organizationId": company.id, "userId": "ben", "roleId": "Admin"}
    come = {"method": "POST", "path": "/v1/user-roles", "body": given}
    go = {"method": "DELETE", "path": "/v1/user-roles/ann-is-Admin"}
    assert await company.send("POST", "/v1/transactions", {"operations": [go, come]}) == (409, "last_admin")
    assert await company.admins() == {"ann"}
    assert await company.send("POST", "/v1/transactions", {"operations": [come, go]}) == (200, "")
    assert await company.admins() == {"ben"}


async def test_f20_a_batch_that_removes_all_removes_none(company: Company):
    await company.make_admin("ben")
    keys = [{"key": {"id": f"{name}-is-Admin"}} for name in ("ann", "ben")]
    assert await company.send("POST", "/v1/user-roles:batchDelete", {"requests": keys}) == (409, "last_admin")
    assert await company.admins() == {"ann", "ben"}


async def test_f20_of_two_who_remove_each_other_one_stays(company: Company):
    """Whether they meet or not: the second waits for the first, and then looks who is left."""
    for _ in range(10):
        if "ben" not in await company.admins():
            await company.make_admin("ben")
        if "ann" not in await company.admins():
            await company.make_admin("ann")
        answers = await asyncio.gather(
            company.send("DELETE", "/v1/user-roles/ann-is-Admin"), company.send("PATCH", "/v1/users/ben", SUSPENDED)
        )
        assert sorted(answers) in ([(200, ""), (409, "last_admin")], [(204, ""), (409, "last_admin")])
        await company.superuser.fetch_rows(
            "UPDATE users SET status = 'ACTIVE' WHERE organization_id = $1", [company.id], writes=True
        )


async def test_f20_the_second_waits_for_the_first(company: Company):
    await company.make_admin("ben")
    repository = company.rest.repository
    async with repository.transaction(company.admin) as first:
        await first.fetch_rows("DELETE FROM user_roles WHERE id = 'ann-is-Admin' RETURNING id")
        second = asyncio.create_task(company.send("DELETE", "/v1/user-roles/ben-is-Admin"))
        async with asyncio.timeout(5):
            while not await company.superuser.fetch_rows(WAITING):  # noqa: ASYNC110  PostgreSQL has no event for us
                await asyncio.sleep(0.01)
    assert await second == (409, "last_admin")
    assert await company.admins() == {"ben"}


async def test_whoever_runs_the_service_may_take_an_organization_apart(company: Company):
    await company.superuser.fetch_rows("DELETE FROM user_roles WHERE organization_id = $1", [company.id], writes=True)
    assert await company.admins() == set()
