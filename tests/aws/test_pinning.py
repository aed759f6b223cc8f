"""Nothing that the service sends pins a connection of RDS Proxy, through either door and by either executor.

What is sent is read in PostgreSQL's own log, behind a pooler that gives each transaction another connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from graphql import OperationDefinitionNode, print_ast

from service.auth.principal import Principal
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.demo import demo_callers
from service.demo.people import DemoCaller
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.operations import FUNCTIONS
from service.operations.connect import connect
from service.operations.run import CustomOperations
from tests.aws.pooler import pooler_before
from tests.aws.sent import LONGEST, ServerLog, logging_everything, pins
from tests.graphql.test_generated_documents import documents, smallest
from tests.parity.strawberry_only import StrawberryOnly
from tests.rest.calls import Rest, rest_on


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("lane_1", "SELECT 1"),
        ("", "SET statement_timeout = 1"),
        ("", "SELECT set_config('jit', 'off', false)"),
        ("", "SELECT pg_advisory_unlock_all()"),
        ("", "SELECT pg_try_advisory_lock_shared(1)"),
        ("", "CREATE TEMPORARY TABLE t (id text)"),
        ("", "SELECT 1 INTO TEMP t"),
        ("", f"SELECT '{'x' * LONGEST}'"),
    ],
)
def test_the_audit_sees_what_pins(name: str, statement: str):
    assert pins(name, statement)


def test_a_lock_of_the_transaction_does_not_pin():
    assert not pins("", "SELECT pg_try_advisory_xact_lock(1)")


def principal_of(caller: DemoCaller) -> Principal:
    """A caller as their token would say."""
    claims = {"sub": caller.sub, "username": caller.username, "cognito:groups": list(caller.groups)}
    return Principal(Provider.USER_POOLS, claims | {"custom:organizationId": caller.organization})


@dataclass
class Asked:
    """The shipped service behind the pooler, with both of its executors."""

    executors: tuple[GraphQL, GraphQL]
    rest: Rest
    log: ServerLog

    async def ask(self, executor: int, caller: DemoCaller, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The answer, as the caller gets it."""
        return orjson.loads(await self.executors[executor](principal_of(caller), query, variables or {}, None))


@pytest.fixture(scope="module")
def pooled_url(served_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pooler_before(served_url, tmp_path_factory.mktemp("pooler")) as pooler:
        yield pooler.url


@pytest.fixture(scope="module")
async def asked(url: str, pooled_url: str, enforced: Catalog) -> AsyncIterator[Asked]:
    database = Database.connect(pooled_url, size=4, behind_proxy=True)
    repository = Repository(enforced, database, cursor_key=b"k" * 32)
    schema = light_schema(enforced)
    custom = CustomOperations(repository, connect(enforced, FUNCTIONS, {}))
    fallback = Fallback(repository, schema, custom)
    limits = {"max_tokens": 15_000, "max_depth": 25, "max_roots": 200}
    both = (GraphQL(repository, schema, fallback, **limits), StrawberryOnly(repository, schema, fallback, **limits))
    async with logging_everything(url) as log, rest_on(enforced, database, custom=custom) as rest:
        yield Asked(both, rest, log)
    await database.close()


async def test_i18_no_request_pins_a_connection(asked: Asked, enforced: Catalog):
    schema = light_schema(enforced)
    nodes: list[OperationDefinitionNode] = [
        each.values[1] for kind in ("queries", "mutations") for each in documents("inventory", kind)
    ]
    mark = asked.log.mark()
    for executor in (0, 1):
        for caller in (demo_callers().admin, demo_callers().viewer):
            for node in nodes:
                await asked.ask(executor, caller, print_ast(node), smallest(schema, node))
    sent = asked.log.sent_since(mark)
    assert len(sent) > 250
    assert [each for each in sent if pins(*each)] == []


async def test_i18_no_request_over_rest_pins_a_connection(asked: Asked):
    """Every kind of request that REST has, sent once and, with a key of idempotency, again."""
    caller = demo_callers().admin
    admin, key = principal_of(caller), {"idempotency-key": "k1"}
    goods = {"organizationId": caller.organization, "sku": "PIN", "name": "Pin", "price": 1, "ratings": [1.5, 2]}
    await asked.rest.send("DELETE", "/v1/products/pin", caller=admin)
    mark = asked.log.mark()
    for method, path, body in (
        ("GET", "/v1/products?limit=3&include=category", None),
        ("GET", "/v1/products?price[gt]=5&sort=name", None),
        ("POST", "/v1/products:search", {"filter": {"tags": {"contains": "x"}}}),
        ("POST", "/v1/products", goods | {"id": "pin"}),
        ("GET", "/v1/products/pin", None),
        ("PATCH", "/v1/products/pin", {"ratings": [3.5]}),
        ("PUT", "/v1/products/pin", goods | {"price": 2}),
        ("GET", "/v1/categories/none/products?limit=2", None),
        ("POST", "/v1/products:batchUpdate", {"requests": [{"key": {"id": "pin"}, "body": {"price": 3}}]}),
        ("POST", "/v1/transactions", {"operations": [{"method": "DELETE", "path": "/v1/products/pin"}]}),
        ("GET", f"/v1/operations/reorderSuggestions?organizationId={caller.organization}", None),
        ("GET", "/v1/audit-entries?limit=3", None),
        ("GET", "/v1/products/none", None),
    ):
        for _ in range(2):
            answer = await asked.rest.send(method, path, body, caller=admin, headers=key if method == "POST" else {})
            assert answer.status_code in {200, 201, 404}, answer.text
    sent = asked.log.sent_since(mark)
    assert len(sent) > 40
    assert [each for each in sent if pins(*each)] == []
