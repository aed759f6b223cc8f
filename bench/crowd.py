"""Callers of several organizations on few connections, many of whom give up, and the books that say what each was told.

Every organization has rows of the same keys, so that only who asks tells them apart. Everything that is written says by
whom: afterwards the rows and the audit trail must be what the books say. `pooled.py` runs it for a hundred thousand
requests, the suite for some seconds.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.errors import ServiceError
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema

ORGANIZATIONS = tuple(f"o{number}" for number in range(5))
CALLERS = 3
"""Of each organization."""
PRODUCTS = 20
SECONDS = 0.06
"""How long a statement may take: the role says so, as it has to behind a proxy."""
TIMED_OUT = "ExecutionTimeout"
EXPECTED = {TIMED_OUT, "timed_out", "unavailable", "outcome_unknown"}
"""What callers are told when their statement waits too long, or its connection is ended."""

ROWS = f"""
INSERT INTO organizations (id, name, created_at, updated_at)
    SELECT o, 'of ' || o, now(), now() FROM unnest('{{{",".join(ORGANIZATIONS)}}}'::text[]) AS o;
INSERT INTO categories (organization_id, id, name, created_at, updated_at)
    SELECT id, 'c' || n, 'of ' || id, now(), now() FROM organizations, generate_series(0, 3) AS n;
INSERT INTO products (organization_id, id, sku, name, price, active, ratings, category_id, created_at, updated_at)
    SELECT id, 'p' || n, 's', 'of ' || id, n, true, '{{}}', 'c' || n % 4, now(), now()
    FROM organizations, generate_series(0, {PRODUCTS - 1}) AS n;
"""

_PRODUCT = "organizationId name category { organizationId name }"
READS = (
    f"query ($id: ID!) {{ getProduct(id: $id) {{ {_PRODUCT} }} }}",
    f"{{ listProducts(limit: 50) {{ items {{ {_PRODUCT} }} nextToken }} }}",
    f'{{ productsByCategory(categoryId: "c1", price: {{ ge: 0 }}) {{ items {{ {_PRODUCT} }} }} }}',
    f"{{ listCategories {{ items {{ organizationId name products {{ items {{ {_PRODUCT} }} }} }} }} }}",
)
CREATE = "mutation ($i: CreateSupplierInput!) { createSupplier(input: $i) { organizationId } }"
UPDATE = "mutation ($i: UpdateProductInput!) { updateProduct(input: $i) { organizationId name } }"
# Leads back to what it wrote: two statements in a transaction.
REREAD = """mutation ($i: UpdateCategoryInput!) { updateCategory(input: $i) {
  organizationId name products { items { organizationId category { organizationId name } } } } }"""
ALL_PRODUCTS = "SELECT organization_id, name FROM products"
LEFT_OVER = f"{ALL_PRODUCTS} UNION ALL SELECT current_setting('app.organization', true), ''"


@dataclass
class Books:
    """What was asked, and what came of it."""

    answered: int = 0
    given_up: int = 0
    unasked: int = 0
    """Statements for which nobody said who asks."""
    killed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    tried: set[str] = field(default_factory=set)
    """The marks of all writes: organization, caller and a number."""
    written: set[str] = field(default_factory=set)
    """The marks of those whose callers were told that it is done."""
    strange: list[str] = field(default_factory=list)
    """What somebody was shown of another organization."""


class Instance:
    """The service with connections of its own, as one Lambda function has it."""

    def __init__(self, catalog: Catalog, url: str, size: int) -> None:
        self.database = Database.connect(url, size=size, behind_proxy=True)
        self.repository = Repository(catalog, self.database, cursor_key=b"k" * 32)
        schema = light_schema(catalog)
        fallback = Fallback(self.repository, schema)
        self.graphql = GraphQL(self.repository, schema, fallback, max_tokens=15_000, max_depth=25, max_roots=200)


class Caller:
    """Somebody of an organization, who asks and now and then gives up."""

    def __init__(self, organization: str, number: int, books: Books) -> None:
        self.organization = organization
        self.sub = f"{organization}-u{number}"
        claims = {"sub": self.sub, "username": self.sub, "cognito:groups": ["Admin"], ORGANIZATION_CLAIM: organization}
        self._principal = Principal(Provider.USER_POOLS, claims)
        self._books = books
        self._chance = random.Random(self.sub)

    async def work(self, instances: Sequence[Instance], turns: Iterator[int]) -> None:
        """Ask as long as there are turns."""
        for turn in turns:
            patience = self._chance.choice((None, None, None, self._chance.uniform(0, 0.02)))
            try:
                async with asyncio.timeout(patience):
                    await self._ask(self._chance.choice(instances), turn)
            except TimeoutError:
                self._books.given_up += 1
            except ServiceError as error:
                self._books.refused[error.code] += 1
            else:
                self._books.answered += 1

    async def _ask(self, instance: Instance, turn: int) -> None:
        what, mark = self._chance.random(), f"{self.organization}:{self.sub}:{turn}"
        key, name = f"p{self._chance.randrange(PRODUCTS)}", f"of {self.organization} by {mark}"
        if what < 0.6:
            await self._send(instance, self._chance.choice(READS), id=key)
        elif what < 0.7:
            async with instance.repository.transaction(self._principal) as transaction:
                found = await transaction.fetch_rows(ALL_PRODUCTS)
            self._look([{"organizationId": row[0], "name": row[1]} for row in found])
            assert len(found) == PRODUCTS
        elif what < 0.85:
            await self._write(instance, UPDATE, mark, {"id": key, "name": name})
        elif what < 0.95:
            await self._write(instance, REREAD, mark, {"id": f"c{turn % 4}", "name": name})
        else:
            made = {"id": mark, "organizationId": self.organization, "name": name}
            await self._write(instance, CREATE, mark, made)

    async def _write(self, instance: Instance, document: str, mark: str, given: dict[str, Any]) -> None:
        self._books.tried.add(mark)
        if await self._send(instance, document, i=given):
            self._books.written.add(mark)

    async def _send(self, instance: Instance, document: str, **variables: Any) -> bool:
        """Whether it was answered without an error."""
        used = {name: value for name, value in variables.items() if f"${name}" in document}
        answer = orjson.loads(await instance.graphql(self._principal, document, used, None))
        self._look(answer["data"])
        for error in answer.get("errors", ()):
            self._books.refused[(error["errorInfo"] or {}).get("code") or error["errorType"]] += 1
        return "errors" not in answer

    def _look(self, answer: object) -> None:
        self._books.strange += [f"{self.sub} saw {each}" for each in strangers_in(answer, self.organization)]


def strangers_in(answer: object, organization: str) -> list[str]:
    """What in an answer is of another organization: its id, or a name that says whose it is."""
    if isinstance(answer, list):
        return [found for each in answer for found in strangers_in(each, organization)]
    if not isinstance(answer, dict):
        return []
    own = [
        str(answer[name])
        for name, sign in (("organizationId", organization), ("name", f"of {organization}"))
        if name in answer and not f"{answer[name]} ".startswith(f"{sign} ")
    ]
    return own + [found for each in answer.values() for found in strangers_in(each, organization)]


async def ask_without_context(url: str, books: Books, turns: Iterator[int]) -> None:
    """Ask for everybody's rows without saying who asks, on connections that others have just used: there are none."""
    database = Database.connect(url, size=2, behind_proxy=True)
    for _ in turns:
        try:
            found = await database.fetch_rows(LEFT_OVER)
        except ServiceError as error:
            books.refused[error.code] += 1
            continue
        books.unasked += 1
        books.strange += [f"nobody saw {row[0]}" for row in found if row[0]]
    await database.close()


async def disturb(superuser: Database, books: Books, turns: Iterator[int]) -> None:
    """Hold rows for longer than anybody may wait, and end a connection that is being used."""
    for turn in turns:
        async with superuser.transaction() as transaction:
            await transaction.fetch_rows("SELECT FROM products WHERE id = $1 FOR UPDATE", [f"p{turn % PRODUCTS}"])
            await asyncio.sleep(SECONDS * 1.5)
        books.killed += len(await superuser.fetch_rows(_KILL, writes=True))


_KILL = """\
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = 'app_rw' AND datname = current_database() AND state <> 'idle' LIMIT 1"""

_ASTRAY = " UNION ALL ".join(
    f"SELECT '{table} ' || organization_id || ' ' || name FROM {table} "
    "WHERE name !~ ('^of ' || organization_id || '( by |$)')"
    for table in ("products", "categories", "suppliers")
)

_TRAIL = """\
SELECT organization_id || ':' || actor AS who, split_part(after ->> 'name', ' by ', 2) AS mark
FROM audit_entry WHERE provider = 'userPools'"""


async def differences(superuser: Database, books: Books) -> list[str]:
    """Where rows and trail are not what the books say, a line each."""
    wrong = [f"astray: {row[0]}" for row in await superuser.fetch_rows(_ASTRAY)]
    seen: Counter[str] = Counter()
    for who, mark in await superuser.fetch_rows(_TRAIL):
        seen[mark] += 1
        if mark.rpartition(":")[0] != who:
            wrong.append(f"the trail has {who} where {mark} wrote")
    wrong += [f"{mark} was written {times} times" for mark, times in seen.items() if times > 1]
    wrong += [f"{mark} is in the trail, and nobody wrote it" for mark in seen.keys() - books.tried]
    wrong += [f"{mark} was told that it is written, and it is not in the trail" for mark in books.written - seen.keys()]
    return wrong


@asynccontextmanager
async def furnished(url: str) -> AsyncIterator[Database]:
    """The rows of every organization in the tables of `url`, a superuser's, for as long as the block runs."""
    superuser = Database.connect(url, size=2)
    await superuser.execute_ddl(ROWS)
    await superuser.execute_ddl(
        "DO $$ BEGIN EXECUTE format('ALTER ROLE app_rw IN DATABASE %I SET statement_timeout = "
        f"''{SECONDS * 1000:.0f}ms''', current_database()); END $$"
    )
    yield superuser
    await superuser.close()


async def mingle(
    catalog: Catalog, pooled_url: str, superuser: Database, requests: int, *, instances: int = 4, size: int = 4
) -> Books:
    """Everybody asks at once, through a pooler, until so many requests have been made; the books of it."""
    books, turns = Books(), iter(range(requests))
    running = [Instance(catalog, pooled_url, size) for _ in range(instances)]
    callers = [Caller(each, number, books) for each in ORGANIZATIONS for number in range(CALLERS)]
    aside = [
        asyncio.create_task(disturb(superuser, books, iter(range(requests)))),
        asyncio.create_task(ask_without_context(pooled_url, books, iter(range(requests)))),
    ]
    await asyncio.gather(*(each.work(running, turns) for each in callers))
    for each in aside:
        each.cancel()
    await asyncio.gather(*aside, return_exceptions=True)
    for instance in running:
        await instance.database.close()
    return books
