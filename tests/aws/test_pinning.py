"""Nothing that the service sends pins a connection of RDS Proxy, by either executor; nobody gets another's rows.

What is sent is read in PostgreSQL's own log, behind a pooler that gives each transaction another connection.
Source: Aurora user guide, "Avoiding pinning an RDS Proxy".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from graphql import OperationDefinitionNode, print_ast

from service.auth.principal import Principal
from service.catalog.model import Catalog, Provider
from service.db.engine import Database
from service.db.repository import Repository
from service.demo import demo_callers
from service.demo.people import DemoCaller
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.operations import FUNCTIONS
from service.operations.connect import connect
from service.operations.run import CustomOperations
from tests.aws.pooler import running_pooler
from tests.graphql.test_generated_documents import documents, smallest
from tests.parity.strawberry_only import StrawberryOnly

LONGEST = 16_000
"""Bytes of a statement: a longer one pins, says the guide (16 KB)."""
SENT = re.compile(r"LOG:  (?:(statement)|(?:parse|bind|execute) (\S+)): (.*)", re.DOTALL)
PINS_AT_THE_START = re.compile(
    r"\s*(SET|RESET|DISCARD|PREPARE|EXECUTE|DEALLOCATE|DECLARE|FETCH|LISTEN|UNLISTEN|LOAD|CREATE\s+TEMP)\b",
    re.IGNORECASE,
)
PINS_ANYWHERE = re.compile(r"\b(set_config|nextval|setval|pg_advisory_(un)?lock(_all)?)\s*\(", re.IGNORECASE)
OF_THE_POOLER = "SET client_encoding="
"""What pgbouncer itself sends when it gives a connection to another client."""


def pins(name: str, statement: str) -> bool:
    """Whether a statement, sent under a name, keeps a session from going to another client."""
    return (
        name not in {"", "<unnamed>"}
        or PINS_AT_THE_START.match(statement) is not None
        or PINS_ANYWHERE.search(statement) is not None
        or len(statement.encode()) > LONGEST
    )


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("lane_1", "SELECT 1"),
        ("", "SET statement_timeout = 1"),
        ("", "SELECT set_config('jit', 'off', false)"),
        ("", "SELECT pg_advisory_unlock_all()"),
        ("", f"SELECT '{'x' * LONGEST}'"),
    ],
)
def test_the_audit_sees_what_pins(name: str, statement: str):
    assert pins(name, statement)


@dataclass
class Asked:
    """The shipped service behind the pooler, with both of its executors."""

    executors: tuple[GraphQL, GraphQL]
    database: Database
    log: Path

    async def ask(self, executor: int, caller: DemoCaller, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The answer, as the caller gets it."""
        claims = {"sub": caller.sub, "username": caller.username, "cognito:groups": list(caller.groups)}
        principal = Principal(Provider.USER_POOLS, claims | {"custom:organizationId": caller.organization})
        return orjson.loads(await self.executors[executor](principal, query, variables or {}, None))

    def sent_since(self, mark: int) -> list[tuple[str, str]]:
        """The name and the text of each statement that PostgreSQL got after a place in its log."""
        text = self.log.read_bytes()[mark:].decode(errors="replace")
        records = re.split(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", text, flags=re.MULTILINE)
        statements = [(found[2] or "", found[3]) for each in records if (found := SENT.search(each))]
        return [each for each in statements if not each[1].startswith(OF_THE_POOLER)]


@pytest.fixture(scope="module")
def pooled_url(served_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_pooler(served_url, tmp_path_factory.mktemp("pooler")) as pooler:
        yield pooler.url


@pytest.fixture(scope="module")
async def asked(url: str, pooled_url: str, enforced: Catalog) -> AsyncIterator[Asked]:
    folder = parse_qs(urlsplit(url).query).get("host", [""])[0]
    if not (log := Path(folder) / "server.log").is_file():
        pytest.skip("What PostgreSQL gets is read in the log of the embedded server, and this is another one.")
    admin = Database.connect(url, size=1)
    await admin.execute_ddl(f"ALTER DATABASE {urlsplit(url).path[1:]} SET log_statement = 'all'")
    database = Database.connect(pooled_url, size=4, behind_proxy=True)
    repository = Repository(enforced, database, cursor_key=b"k" * 32)
    schema = light_schema(enforced)
    fallback = Fallback(repository, schema, CustomOperations(repository, connect(enforced, FUNCTIONS, {})))
    limits = {"max_tokens": 15_000, "max_depth": 25, "max_roots": 200}
    both = (GraphQL(repository, schema, fallback, **limits), StrawberryOnly(repository, schema, fallback, **limits))
    yield Asked(both, database, log)
    await database.close()
    await admin.execute_ddl(f"ALTER DATABASE {urlsplit(url).path[1:]} RESET log_statement")
    await admin.close()


async def test_i18_no_request_pins_a_connection(asked: Asked, enforced: Catalog):
    schema = light_schema(enforced)
    nodes: list[OperationDefinitionNode] = [
        each.values[1] for kind in ("queries", "mutations") for each in documents("inventory", kind)
    ]
    mark = asked.log.stat().st_size
    for executor in (0, 1):
        for caller in (demo_callers().admin, demo_callers().viewer):
            for node in nodes:
                await asked.ask(executor, caller, print_ast(node), smallest(schema, node))
    sent = asked.sent_since(mark)
    assert len(sent) > 250
    assert [each for each in sent if pins(*each)] == []


async def test_nobody_gets_anothers_rows(asked: Asked):
    """Callers of two organizations on two connections, many of whom give up at some moment."""
    query = "{ listProducts(limit: 20) { items { organizationId } } }"
    mutation = "mutation ($i: UpdateOrganizationInput!) { updateOrganization(input: $i) { users { items { id } } } }"
    chance = Random(5)
    answered: list[set[str]] = []

    async def one(caller: DemoCaller) -> None:
        try:
            async with asyncio.timeout(chance.choice((None, None, 0.001, 0.003, 0.01))):
                if chance.random() < 0.2:
                    await asked.ask(0, caller, mutation, {"i": {"id": caller.organization}})
                    return
                answer = await asked.ask(chance.choice((0, 1)), caller, query)
        except TimeoutError:
            return
        answered.append({row["organizationId"] for row in answer["data"]["listProducts"]["items"]})
        assert answered[-1] == {caller.organization}

    for _ in range(60):
        await asyncio.gather(*(one(chance.choice((demo_callers().admin, demo_callers().outsider))) for _ in range(4)))
    assert len(answered) > 60
