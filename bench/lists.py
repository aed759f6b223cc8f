"""Every list that an API generates, through both doors, and how PostgreSQL reads it among many rows.

Of each model: its list, every index query and every relation to many in both directions, and every order that REST
allows; of each of them the first page and the next. What is asked is the plan of the one statement that the service
sends for it, as the role that policies bind, with who asks told as always.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import httpx2
import orjson

from service.auth.classes import CallerClasses
from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.model import Catalog, Field, Model, Provider
from service.db.connections.engine import Database, How
from service.db.connections.lanes import Lane
from service.db.repository import Repository
from service.db.schema.tables import version_column
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.rest.api import rest_routes
from service.rest.door import RestDoor
from service.rest.resources import Resource, resources_of

KEY = b"a key for the cursors of a bench"
ADMIN = Principal(
    Provider.USER_POOLS,
    {"sub": "ann", "username": "ann", "cognito:groups": ["Admin"], ORGANIZATION_CLAIM: "o1"},
)
VALUES = {
    "Boolean": "true",
    "AWSDate": "'2024-02-29'",
    "AWSTime": "'10:15'",
    "AWSTimestamp": "0",
    "AWSURL": "'https://example.com/'",
    "AWSIPAddress": "'10.0.0.1'",
    "AWSPhone": "'+1 555 0100'",
    "AWSJSON": "'{}'",
}
PAGE = 50


# ---------------------------------------------------------------- rows


@dataclass(frozen=True)
class Crowd:
    """Rows of each table, and their organizations; a value leads to one in `values` of an organization's rows."""

    rows: int
    organizations: int
    values: int


async def fill(superuser: Database, catalog: Catalog, crowd: Crowd, models: Sequence[str]) -> None:
    """Put rows into the tables of some models and into the audit trail, as nobody whom references or policies stop."""
    async with superuser.transaction() as transaction:
        await transaction.execute("SET LOCAL statement_timeout = 0; SET LOCAL session_replication_role = replica")
        for model in (*(catalog.model_by_name[name] for name in models), AUDIT_ENTRY):
            columns, values = zip(*_columns(model, catalog, crowd), strict=True)
            await transaction.execute(
                f"INSERT INTO {model.table} ({', '.join(columns)}) "
                f"SELECT {', '.join(values)} FROM generate_series(1, {crowd.rows}) AS n"
            )
    await superuser.execute_ddl("ANALYZE")


def _columns(model: Model, catalog: Catalog, crowd: Crowd) -> Iterator[tuple[str, str]]:
    """Column and expression in `n`."""
    for field in model.stored:
        value = _expression(model, field, catalog, crowd)
        if value is not None:
            yield field.column, value
    yield version_column(model), "1"


def _expression(model: Model, field: Field, catalog: Catalog, crowd: Crowd) -> str | None:
    kind = field.type.name
    value = f"n / {crowd.organizations} % {crowd.values}"
    texts = {
        "ID": f"'k' || n % {crowd.organizations} + {crowd.organizations} * ({value})",  # a row of the same organization
        "String": f"'v' || {value}",
        "AWSEmail": f"'v' || {value} || '@example.com'",
        "Int": "1 + n % 1000",
        "Float": "1 + n % 1000",
        "AWSDateTime": "timestamptz '2024-01-01' + n * interval '1 minute'",
    }
    if field == model.tenant:
        return "'o' || n" if model.key == (field.name,) else f"'o' || n % {crowd.organizations}"
    if kind in catalog.enum_by_name:
        choices = catalog.enum_by_name[kind].values
        return f"(ARRAY[{', '.join(repr(each) for each in choices)}])[1 + n / {crowd.organizations} % {len(choices)}]"
    if field.type.is_list:
        return "'{}'"
    if _is_one_rows(model, field):
        return "'k' || n"
    if kind in texts:
        return texts[kind]
    return VALUES[kind] if field.type.required else None


def _is_one_rows(model: Model, field: Field) -> bool:
    """Whether no two rows have the same value."""
    return field.name in {model.key[-1], *(index.hash for index in model.indexes if index.unique)}


def _asked(model: Model, name: str, catalog: Catalog) -> str:
    """A value of a field that some rows of the organization have."""
    field = model.field_by_name[name]
    if model.tenant is not None and name == model.tenant.name:
        return "o1"
    kind = field.type.name
    if kind in catalog.enum_by_name:
        return catalog.enum_by_name[kind].values[0]
    if _is_one_rows(model, field) or kind == "ID":
        return "k1"
    return {"AWSEmail": "v1@example.com", "AWSDateTime": "2024-01-01T00:01:00.000Z"}.get(kind, "v1")


# ---------------------------------------------------------------- what is asked


def documents(model: Model, catalog: Catalog) -> Iterator[str]:
    """The queries of GraphQL that list rows of a model, or what belongs to one of them."""
    key = ", ".join(f'{name}: "{_asked(model, name, catalog)}"' for name in model.key)
    yield f"query ($after: String) {{ {model.operations.list}(limit: {PAGE}, nextToken: $after) {_page(model)} }}"
    for direction in ("ASC", "DESC"):
        order = f"sortDirection: {direction}, limit: {PAGE}"
        if len(model.key) > 1:
            value = _literal(model, model.key[0], catalog)
            asked = f"{model.key[0]}: {value}, {order}, nextToken: $after"
            yield f"query ($after: String) {{ {model.operations.list}({asked}) {_page(model)} }}"
        for index in model.indexes:
            asked = f"{index.hash}: {_literal(model, index.hash, catalog)}, {order}, nextToken: $after"
            if index.query is not None:
                yield f"query ($after: String) {{ {index.query}({asked}) {_page(model)} }}"
        for relation in model.relations:
            if relation.is_many:
                inner = f"{relation.name}({order}) {_page(catalog.model_by_name[relation.target])}"
                yield f"{{ {model.operations.get}({key}) {{ {inner} }} }}"
                yield f"{{ {model.operations.list}(limit: 5) {{ items {{ {inner} }} nextToken }} }}"


def _page(model: Model) -> str:
    return f"{{ items {{ {model.key[-1]} }} nextToken }}"


def _literal(model: Model, name: str, catalog: Catalog) -> str:
    value = _asked(model, name, catalog)
    return value if model.field_by_name[name].type.name in catalog.enum_by_name else orjson.dumps(value).decode()


def paths(resource: Resource, by_model: dict[str, Resource], catalog: Catalog) -> Iterator[str]:
    """The same in REST: every order of every collection, where one value is asked for, too, and what is included."""
    model, collection = resource.model, f"/v1/{resource.name}?limit={PAGE}"
    yield collection
    yield from (f"{collection}&sort={order}" for order in _orders(resource.sortable()))
    for columns in resource.index_columns:
        led = [each for each in columns if model.tenant is None or each != model.tenant.name][:1]
        for name in led:
            asked = f"{collection}&{name}={quote(_asked(model, name, catalog))}"
            yield asked
            further = [each for each in resource.sortable(led) if each not in resource.sortable()]
            yield from (f"{asked}&sort={order}" for order in _orders(further))
    key = resource.key_in_path([_asked(model, name, catalog) for name in model.key])
    for child in resource.children:
        address = f"/v1/{resource.name}/{key}/{child.segment}?limit={PAGE}"
        yield address
        orders = by_model[child.target.name].sortable(child.relation.target_fields)
        yield from (f"{address}&sort={order}" for order in _orders(orders))
        yield f"/v1/{resource.name}?limit=5&include={child.relation.name}"


def _orders(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from (name, f"-{name}")


# ---------------------------------------------------------------- how it is read


class Reader:
    """Asks the lists of a database, and PostgreSQL how it reads them."""

    def __init__(self, catalog: Catalog, service: Database, client: httpx2.AsyncClient) -> None:
        self._catalog = catalog
        self._service = service
        self._client = client
        repository, light = Repository(catalog, service, cursor_key=KEY), light_schema(catalog)
        fallback = Fallback(repository, light)
        self._graphql = GraphQL(repository, light, fallback, max_tokens=15_000, max_depth=25, max_roots=200)
        self.examined = 0
        """How many pages have been looked at."""
        self._tenants = {each.table: each.tenant.column for each in (*catalog.models, AUDIT_ENTRY) if each.tenant}

    @classmethod
    @asynccontextmanager
    async def of(cls, catalog: Catalog, service: Database) -> AsyncIterator[Reader]:
        """One that asks as an Admin of `o1`; `service` is connected as the service is."""

        async def authenticate(_: object) -> Principal:
            return ADMIN

        repository = Repository(catalog, service, cursor_key=KEY)
        door = RestDoor(rest_routes(repository), authenticate, CallerClasses(catalog), max_body_bytes=1024)
        transport = httpx2.ASGITransport(door)
        async with httpx2.AsyncClient(transport=transport, base_url="http://offramp.bench") as client:
            yield cls(catalog, service, client)

    async def unfit(self, models: Sequence[str]) -> AsyncIterator[str]:
        """The lists of some models that read a table whole, sort an organization's rows, or look into others.

        Rows that a value or a range leads to may be sorted: that is PostgreSQL's choice, where it costs less.
        """
        resources = resources_of(self._catalog)
        by_model = {each.model.name: each for each in resources}
        for resource in resources:
            if resource.model.name in models:
                for document in documents(resource.model, self._catalog):
                    async for flaw in self._flaws(document, self._by_graphql):
                        yield flaw
            if resource.model.name in models or resource.model is AUDIT_ENTRY:
                for path in paths(resource, by_model, self._catalog):
                    async for flaw in self._flaws(path, self._by_rest):
                        yield flaw

    async def _flaws(self, asked: str, ask: Any) -> AsyncIterator[str]:
        """What is wrong with the plans of the first page and of the one after it, if there is one."""
        after: str | None = None
        for _ in range(2):
            with _watched() as sent:
                after = await ask(asked, after)
            ((sql, args, fresh_plan),) = sent
            self.examined += 1
            plan = await self._plan(sql, args, fresh_plan=fresh_plan)
            for flaw in self._flaws_of(plan):
                yield f"{asked}{' (next page)' if after else ''}: {flaw}"
            if after is None:
                return

    async def _by_graphql(self, document: str, after: str | None) -> str | None:
        """The next page's token."""
        answer = orjson.loads(await self._graphql(ADMIN, document, {"after": after}, None))
        assert "errors" not in answer, (document, answer)
        (page,) = answer["data"].values()
        return page.get("nextToken") if page and "$after" in document else None

    async def _by_rest(self, path: str, after: str | None) -> str | None:
        response = await self._client.get(path + (f"&cursor={after}" if after else ""))
        assert response.status_code == 200, (path, response.text)
        found: str | None = response.json()["page"]["next"]
        return found

    async def _plan(self, sql: str, args: Sequence[object], *, fresh_plan: bool) -> dict[str, Any]:
        """How PostgreSQL runs a statement: with its arguments or, if its plan is kept, with any."""
        async with self._service.transaction() as transaction:
            if fresh_plan:
                text = await transaction.fetch_value(f"EXPLAIN (FORMAT JSON) {sql}", args)
            else:
                await transaction.execute("SET LOCAL plan_cache_mode = force_generic_plan")
                await transaction.execute(f"PREPARE examined AS {sql}")
                nulls = f"({', '.join(['NULL'] * len(args))})" if args else ""
                text = await transaction.fetch_value(f"EXPLAIN (FORMAT JSON) EXECUTE examined{nulls}")
                await transaction.execute("DEALLOCATE examined")
        plan: dict[str, Any] = orjson.loads(text or "")[0]["Plan"]
        return plan

    def _flaws_of(self, plan: dict[str, Any]) -> Iterator[str]:
        nodes = list(_nodes(plan))
        scans = [each for each in nodes if "Relation Name" in each or each["Node Type"] == "Bitmap Index Scan"]
        if not scans:
            yield "no table is read"
        for each in scans:
            if each["Node Type"] == "Bitmap Heap Scan":
                continue  # its rows are those of the index below it
            table = each.get("Relation Name") or ""
            led_by = self._tenants.get(table, "organization_id")
            if not re.search(rf"\b{led_by} = ", each.get("Index Cond", "")):
                yield f"{each['Node Type']} on {table or each.get('Index Name')}, {each.get('Index Cond')}"
        for each in nodes:
            if each["Node Type"] == "Sort" and each["Plan Rows"] > PAGE and not self._is_a_part(each):
                yield f"{each['Plan Rows']} rows are sorted by {each['Sort Key']}"

    def _is_a_part(self, sort: dict[str, Any]) -> bool:
        """Whether what is sorted are the rows of one value or range, and not all that an organization has."""
        conditions = (each.get("Index Cond", "") for each in _nodes(sort))
        return any(set(re.findall(r"(\w+) [<>=]+ ", each)) - set(self._tenants.values()) for each in conditions)


@contextmanager
def _watched() -> Iterator[list[tuple[str, Sequence[object], bool]]]:
    """The statements that are sent meanwhile, their arguments, and whether they are planned for those."""
    sent: list[tuple[str, Sequence[object], bool]] = []
    original = Database.sent

    async def recorded(
        database: Database, lane: Lane, how: How, sql: str, args: Sequence[object], *, fresh_plan: bool = False
    ) -> object:
        sent.append((sql, args, fresh_plan))
        return await original(database, lane, how, sql, args, fresh_plan=fresh_plan)

    with patch.object(Database, "sent", recorded):
        yield sent


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)
