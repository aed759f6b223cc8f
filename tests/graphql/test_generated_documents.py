"""Every document that Amplify's code generator wrote for the two example backends runs here.

Reads are run by an Admin with the smallest variables the document takes and must come back without
an error. Writes are run by an Admin and by somebody in no group, against a hand-kept table of who may.
On enforced tables there is, before anything else, a row of every model that the documents refer to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    parse,
    print_ast,
    type_from_ast,
)

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog, Integrity, Provider
from service.catalog.packaged import shipped
from service.db.connections.engine import Database
from service.db.repository import Repository
from service.demo import load_demo
from service.graphql.execute import GraphQL
from service.graphql.fallback import Fallback
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl
from service.operations import FUNCTIONS
from service.operations.connect import connect
from service.operations.run import CustomOperations
from tests.access.organizations import plant
from tests.conftest import MakeDatabase
from tests.integrity import in_integrity, served

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "contracts" / "data"
SCHEMAS = {
    "inventory": ROOT / "graphql" / "amplify.graphql",
    "erp": ROOT / "tests" / "importer" / "cases" / "erp" / "in.graphql",
}
SAMPLES: dict[str, Any] = {
    "ID": "an-id",
    "String": "text",
    "Int": 7,
    "Float": 1.5,
    "Boolean": True,
    "AWSDate": "2024-02-29",
    "AWSTime": "10:15:30.000Z",
    "AWSDateTime": "2024-01-31T10:15:30.123Z",
    "AWSTimestamp": 1706696130,
    "AWSEmail": "a@example.com",
    "AWSJSON": '{"a":1}',
    "AWSURL": "https://example.com/",
    "AWSPhone": "+4930123456",
    "AWSIPAddress": "192.0.2.1",
}
OWN = {ORGANIZATION_CLAIM: SAMPLES["ID"]}
ADMIN = Principal(Provider.USER_POOLS, {"sub": "sub-1", "username": "ada", "cognito:groups": ["Admin"], **OWN})
NOBODY = Principal(Provider.USER_POOLS, {"sub": "sub-2", "username": "nora", **OWN})

NOT_FOR_ADMIN = {"updateAuditLog", "deleteAuditLog"}
"""In both schemas audit logs can be written once, by anybody signed in, and never changed."""
FOR_NOBODY = {
    "inventory": {"createAuditLog", "createUser", "createPurchaseOrder"},
    "erp": {
        *("createAuditLog", "createNotification", "createPurchaseRequisition", "createQuote", "createSalesOrder"),
        *("createLead", "createContact", "createOpportunity", "createActivity", "createTicket", "createTicketComment"),
        *("createLeaveRequest", "createTimesheet", "createTimesheetEntry", "createExpenseClaim", "createTask"),
    },
}
"""What a caller without groups may write: logs, and rows they will own. Nobody may change a row that is not there."""
NOT_WHERE_ENFORCED = {("inventory", "createOrganization"), ("erp", "createOrganization"), ("inventory", "createUser")}
"""What the tables refuse, moreover: an organization other than one's own, whose id is taken, and, where users say who
is who, a user who is made by somebody else than an Admin."""


def may(caller: Principal, schema: str, name: str, *, enforced: bool) -> bool:
    """Whether a caller may write that."""
    if enforced and (schema, name) in NOT_WHERE_ENFORCED:
        return name == "createUser" and caller is ADMIN
    return name not in NOT_FOR_ADMIN if caller is ADMIN else name in FOR_NOBODY[schema]


def documents(schema: str, kind: str) -> Iterator[Any]:
    text = (DATA / schema / "operations" / f"{kind}.graphql").read_text()
    for definition in parse(text).definitions:
        assert isinstance(definition, OperationDefinitionNode)
        assert definition.name is not None
        yield pytest.param(schema, definition, id=f"{schema}-{definition.name.value}")


class Api:
    """One served schema."""

    def __init__(self, catalog: Catalog, database: Database) -> None:
        self.schema = light_schema(catalog)
        self.is_enforced = catalog.is_enforced
        repository = Repository(catalog, database, cursor_key=b"k" * 32)
        custom = CustomOperations(repository, connect(catalog, FUNCTIONS, {}))
        fallback = Fallback(repository, self.schema, custom)
        self._run = GraphQL(repository, self.schema, fallback, max_tokens=15_000, max_depth=25, max_roots=200)

    async def send(self, caller: Principal, node: OperationDefinitionNode, variables: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(await self._run(caller, print_ast(node), variables, None))
        return answer


@pytest.fixture(scope="module")
async def apis(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[dict[str, Api]]:
    made: dict[str, Api] = {}
    databases: list[Database] = []
    for name, path in SCHEMAS.items():
        catalog = shipped() if name == "inventory" else catalog_from_sdl(path.read_text())
        catalog = in_integrity(catalog, integrity)
        url = await make_database(catalog)
        owned = Database.connect(url, size=1)
        if name == "inventory":
            await load_demo(owned, catalog)
        if catalog.is_enforced:
            await plant(owned, catalog, SAMPLES["ID"], [SAMPLES["ID"]])
        await owned.close()
        databases.append(served(url, catalog, size=2))
        made[name] = Api(catalog, databases[-1])
    yield made
    for database in databases:
        await database.close()


def smallest(schema: GraphQLSchema, node: OperationDefinitionNode) -> dict[str, Any]:
    """A value for each variable that needs one, and null for the others, as the clients send them."""
    variables: dict[str, Any] = {}
    for definition in node.variable_definitions or ():
        type_: Any = type_from_ast(schema, definition.type)
        variables[definition.variable.name.value] = sample(type_) if is_non_null_type(type_) else None
    return variables


def sample(type_: Any) -> Any:
    type_ = get_nullable_type(type_)
    if is_list_type(type_):
        return [sample(type_.of_type)]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        return {name: sample(each.type) for name, each in type_.fields.items() if is_non_null_type(each.type)}
    return SAMPLES[type_.name]


@pytest.mark.parametrize(("schema", "node"), [*documents("inventory", "queries"), *documents("erp", "queries")])
async def test_a_read_runs_clean(apis: dict[str, Api], schema: str, node: OperationDefinitionNode) -> None:
    api = apis[schema]
    answer = await api.send(ADMIN, node, smallest(api.schema, node))
    assert "errors" not in answer, answer["errors"]


@pytest.mark.parametrize(("schema", "node"), [*documents("inventory", "mutations"), *documents("erp", "mutations")])
async def test_a_write_answers_as_the_rules_say(
    apis: dict[str, Api], schema: str, node: OperationDefinitionNode
) -> None:
    api = apis[schema]
    name = node.selection_set.selections[0].name.value
    if name in {"placePurchaseOrder", "receivePurchaseOrder"}:
        return  # tests/operations
    variables = smallest(api.schema, node)
    for caller in (ADMIN, NOBODY):
        if name.startswith("create") and "id" in api.schema.type_map[f"C{name[1:]}Input"].fields:
            variables["input"]["id"] = f"{name}-{caller.sub}"
        answer = await api.send(caller, node, variables)
        allowed = may(caller, schema, name, enforced=api.is_enforced)
        assert (name, caller.sub, refused(answer, name)) == (name, caller.sub, not allowed)


def refused(answer: dict[str, Any], name: str) -> bool:
    """Whether the rules refused the field, and not the lack of a row."""
    errors = [error for error in answer.get("errors", ()) if error["path"] == [name]]
    if not errors:
        return False
    assert errors[0]["errorType"] in {"Unauthorized", "DynamoDB:ConditionalCheckFailedException"}, answer
    return errors[0]["errorType"] == "Unauthorized"
