"""`/v1/permissions` says what a person wrote by hand in `tests/access/permissions.txt`, and of fields what is so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog, Provider
from service.rest.openapi.document import openapi_document
from tests.conftest import MakeDatabase
from tests.graphql.api import KEY
from tests.rest.calls import Rest, rest_of
from tests.rest.companies import ADMIN_OF_A, MANAGER_OF_A, VIEWER_OF_A, A
from tests.rest.library import ANN

PERMISSIONS = "/v1/permissions"
TABLE = Path(__file__).parents[1] / "access" / "permissions.txt"
HEAD, *LINES = [line.split() for line in TABLE.read_text().splitlines() if line and line[0] != "#"]
ROLES = {
    "Admin": ADMIN_OF_A,
    "Manager": MANAGER_OF_A,
    "Viewer": VIEWER_OF_A,
    "key": Principal(Provider.API_KEY, {ORGANIZATION_CLAIM: A}),
}
OPERATIONS = ("get", "list", "create", "update", "delete")


@pytest.fixture(scope="module")
async def rest(enforced: Catalog, make_database: MakeDatabase) -> AsyncIterator[Rest]:
    async with rest_of(enforced, make_database) as rest:
        yield rest


async def of(rest: Rest, caller: Principal) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a caller is told: about each model, and the whole."""
    whole = await rest.get(PERMISSIONS, caller=caller)
    return {each["model"]: each for each in whole["models"]}, whole


def letter(operation: str, extent: str) -> str:
    """As the table has it: G is every row, g one's own."""
    return {"yes": operation[0].upper(), "own": operation[0], "no": "-"}[extent]


@pytest.mark.parametrize("role", ROLES)
async def test_it_is_the_table_that_a_person_wrote(rest: Rest, role: str):
    told, _ = await of(rest, ROLES[role])
    column = HEAD.index(role)
    shown = {name: "".join(letter(each, told[name][each]) for each in OPERATIONS) for name in told}
    assert shown.pop("AuditEntry") == ("GL---" if role == "Admin" else "-----")
    assert shown == {line[0]: line[column] for line in LINES}


async def test_it_says_where_the_rows_are_and_who_asks(rest: Rest, enforced: Catalog):
    told, whole = await of(rest, MANAGER_OF_A)
    assert whole["caller"] == {"provider": "userPools", "organization": A, "groups": ["Manager"]}
    assert list(told) == [*(each.name for each in enforced.models), "AuditEntry"]
    assert told["StockItem"]["path"] == "/v1/stock-items"
    for each in told.values():
        options = await rest.send("OPTIONS", each["path"])
        assert options.status_code == 204, each
    _, of_a_key = await of(rest, ROLES["key"])
    assert of_a_key["caller"] == {"provider": "apiKey", "organization": A, "groups": []}


async def test_fields_with_rules_of_their_own(rest: Rest):
    salary = {name: (await of(rest, ROLES[name]))[0]["User"]["fields"]["salary"] for name in ("Admin", "Manager")}
    assert salary == {
        "Admin": {"read": "yes", "create": "yes", "update": "yes"},
        "Manager": {"read": "no", "create": "no", "update": "no"},
    }


async def test_operations_that_may_be_called(rest: Rest):
    called = {}
    for role in ROLES:
        operations = (await of(rest, ROLES[role]))[1]["operations"]
        assert all(each["path"] == f"/v1/operations/{each['operation']}" for each in operations)
        called[role] = {each["operation"]: each["call"] for each in operations}
    assert called == {
        "Admin": dict.fromkeys(called["Admin"], "yes"),
        "Manager": dict.fromkeys(called["Admin"], "yes"),
        "Viewer": {"placePurchaseOrder": "no", "receivePurchaseOrder": "no", "reorderSuggestions": "yes"},
        "key": dict.fromkeys(called["Admin"], "no"),
    }


async def test_an_imported_schema_has_them_too(library: Rest):
    told, whole = await of(library, ANN)
    assert whole["caller"] == {"provider": "userPools", "organization": None, "groups": []}
    assert told["Book"]["fields"] == {
        "cost": {"read": "no", "create": "no", "update": "no"},
        "remark": {"read": "own", "create": "own", "update": "own"},
    }
    assert [told["Diary"][each] for each in OPERATIONS] == ["own"] * 5
    assert [told["Transaction"][each] for each in OPERATIONS] == ["yes", "yes", "yes", "no", "no"]
    told, whole = await of(library, KEY)
    assert [told["Book"][each] for each in OPERATIONS] == ["yes", "yes", "no", "no", "no"]


async def test_it_asks_nothing_of_the_database_and_is_not_sent_twice(rest: Rest):
    with rest.watched() as statements:
        answer = await rest.send("GET", PERMISSIONS, caller=ADMIN_OF_A)
        known = {"if-none-match": answer.headers["etag"]}
        assert (await rest.send("GET", PERMISSIONS, caller=ADMIN_OF_A, headers=known)).status_code == 304
        assert (await rest.send("GET", PERMISSIONS, caller=VIEWER_OF_A, headers=known)).status_code == 200
    assert statements == []


async def test_who_is_not_known_is_told_nothing_and_nothing_can_be_asked(rest: Rest):
    await rest.refused(401, "GET", PERMISSIONS, caller=None)
    assert await rest.flaws("GET", f"{PERMISSIONS}?model=User", caller=ADMIN_OF_A) == [("model", "unknown_parameter")]
    await rest.refused(405, "POST", PERMISSIONS, {}, caller=ADMIN_OF_A)


async def test_a_model_of_that_name_is_beside_it(make_database: MakeDatabase):
    schema = "type Permission @model @auth(rules: [{ allow: private }]) { id: ID! }"
    async with rest_of(schema, make_database) as rest:
        told, _ = await of(rest, ANN)
        assert told["Permission"]["path"] == "/v1/permission-records"
        assert (await rest.get("/v1/permission-records", caller=ANN))["data"] == []


def test_it_is_described(enforced: Catalog):
    document = openapi_document(enforced)
    assert set(document["paths"][PERMISSIONS]) == {"get"}
    described = document["components"]["schemas"]["rest.Permissions"]["properties"]["models"]["items"]
    assert set(described["properties"]) == {"model", "path", "fields", *OPERATIONS}
