"""Fields with rules of their own: read, written, deleted; and plans that are kept for callers who differ.

Expected values are AppSync's, written down by hand: none is computed from the rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any

import pytest

from service.catalog.model import Integrity
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY, VIEWER, Api, api_of, user
from tests.graphql.rules import ANN, BEN, SDL, denied, empty


@pytest.fixture(scope="module")
async def shared_api(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database, integrity) as made:
        yield made


@pytest.fixture
async def api(shared_api: Api) -> AsyncIterator[Api]:
    yield shared_api
    await empty(shared_api)


# ---------------------------------------------------------------- fields

PRIVATE = "secret needed codes born inner { a } inners { b a } friend { id } fans { items { id } nextToken }"


@pytest.fixture
async def people(api: Api) -> Api:
    moment = "2024-02-29T10:15:30Z"
    await api.create("Note", {"id": "n"}, caller=ANN)
    for caller, id_ in ((ANN, "a"), (BEN, "b")):
        await api.create(
            "Person",
            {
                "id": id_, "name": id_, "needed": "x", "codes": ["1", None], "born": moment, "noteId": "n",
                "inner": {"a": "i"}, "inners": [{"b": 1.5}], "friendId": "a", "helpers": ["ben"],
            },
            caller=caller,
        )  # fmt: skip
    await api.sql("UPDATE people SET secret = 's-' || id")
    return api


async def test_an_owner_reads_the_fields_that_are_theirs(people: Api):
    person = (await people.data(f'{{ getPerson(id: "a") {{ id {PRIVATE} }} }}', caller=ANN))["getPerson"]
    assert person == {
        "id": "a",
        "secret": "s-a",
        "needed": "x",
        "codes": ["1", None],
        "born": "2024-02-29T10:15:30.000Z",
        "inner": {"a": "i"},
        "inners": [{"b": 1.5, "a": None}],
        "friend": {"id": "a"},
        "fans": {"items": [{"id": "a"}, {"id": "b"}], "nextToken": None},
    }


@pytest.mark.parametrize(
    "field", ["secret", "codes", "born", "inner { a }", "inners { b }", "friend { id }", "fans { nextToken }"]
)
async def test_a_field_that_is_denied_is_null_and_the_rest_is_there(people: Api, field: str):
    name = field.partition(" ")[0]
    body = await people.ask(f"{{ listPeople {{ items {{ id x: {field} name }} nextToken }} }}", caller=BEN)
    rows = body["data"]["listPeople"]["items"]
    assert [(each["id"], each["name"]) for each in rows] == [("a", "a"), ("b", "b")]
    assert rows[0]["x"] is None
    assert rows[1]["x"] is not None
    assert [(each["path"], each["errorType"], each["message"]) for each in body["errors"]] == [
        (["listPeople", "items", 0, "x"], "Unauthorized", f"Not Authorized to access {name} on type Person")
    ]
    assert body["errors"][0]["locations"] == [{"line": 1, "column": 27, "sourceName": None}]


async def test_a_required_field_that_is_denied_takes_its_row_with_it(people: Api):
    body = await people.ask("{ listPeople { items { id needed } nextToken } }", caller=BEN)
    assert body["data"] == {"listPeople": {"items": [None, {"id": "b", "needed": "x"}], "nextToken": None}}
    assert [each["path"] for each in body["errors"]] == [["listPeople", "items", 0, "needed"]]
    body = await people.ask('{ getPerson(id: "a") { id needed } }', caller=BEN)
    assert body["data"] == {"getPerson": None}
    assert [each["message"] for each in body["errors"]] == ["Not Authorized to access needed on type Person"]


async def test_a_static_rule_of_a_field(people: Api):
    query = '{ a: getPerson(id: "a") { secret } }'
    assert await people.data(query, caller=ADMIN) == {"a": {"secret": "s-a"}}
    for caller in (BEN, KEY):
        assert [each[0] for each in await people.errors(query, caller=caller)] == [["a", "secret"]]


async def test_owners_of_a_field_may_be_others_than_those_of_the_row(people: Api):
    await people.sql("UPDATE people SET plan = 'p'")
    assert (await people.data('{ getPerson(id: "a") { plan } }', caller=BEN))["getPerson"] == {"plan": "p"}
    assert (await people.ask('{ getPerson(id: "a") { plan } }', caller=ANN))["data"] == {"getPerson": {"plan": None}}


async def test_a_mutation_shows_no_field_with_rules_of_its_own(people: Api):
    query = """mutation { updatePerson(input: {id: "a", name: "z"}) {
      name secret codes born inner { a } inners { a } note { id }
    } }"""
    changed = (await people.data(query, caller=ANN))["updatePerson"]
    # Nor a row of a model with other rules: whoever listens to this one need not be allowed to see that.
    assert changed == {
        "name": "z", "secret": None, "codes": None, "born": None, "inner": None, "inners": None, "note": None,
    }  # fmt: skip
    body = await people.ask('mutation { updatePerson(input: {id: "a"}) { id needed } }', caller=ANN)
    assert body["data"] == {"updatePerson": None}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"secret": "x"}, "Unauthorized on [secret]"),
        ({"codes": ["x"], "name": "y"}, "Unauthorized on [codes]"),
        ({"codes": None}, "Unauthorized on [codes]"),
        ({"inner": {"a": "x"}}, "Unauthorized on [inner]"),
        ({"plan": "x", "helpers": ["ben"]}, "Unauthorized on [plan]"),
    ],
)
async def test_a_new_row_holds_no_field_that_its_maker_may_not_write(people: Api, given: dict[str, Any], message: str):
    query = "mutation ($i: CreatePersonInput!) { createPerson(input: $i) { id } }"
    input_ = {"id": "c", "name": "c", "needed": "x", "owner": "ben", **given}
    assert await people.errors(query, {"i": input_}, ANN) == [(["createPerson"], "Unauthorized", message)]
    assert await people.sql("SELECT id FROM people WHERE id = 'c'") == []


async def test_a_change_touches_no_field_that_its_maker_may_not_write(people: Api):
    query = "mutation ($i: UpdatePersonInput!) { updatePerson(input: $i) { id } }"
    before = await people.sql("SELECT * FROM people WHERE id = 'a' OR id = 'b'")
    for given, caller in (({"secret": "x"}, BEN), ({"codes": None, "name": "y"}, BEN), ({"plan": "x"}, ANN)):
        body = await people.ask(query, {"i": {"id": "a", **given}}, caller)
        assert body["data"] == {"updatePerson": None}
        assert body["errors"][0]["errorType"] == "Unauthorized"
    assert await people.errors(query, {"i": {"id": "a", "secret": "x"}}, KEY) == [denied("updatePerson", "Mutation")]
    assert await people.sql("SELECT * FROM people WHERE id = 'a' OR id = 'b'") == before
    await people.data(query, {"i": {"id": "a", "secret": "x", "codes": []}}, ANN)


async def test_who_may_not_have_every_field_may_not_delete(people: Api):
    query = 'mutation { deletePerson(input: {id: "a"}) { id } }'
    for caller in (BEN, ADMIN, VIEWER, ANN):  # ann owns the row, but not its plan
        assert await people.errors(query, caller=caller) == [denied("deletePerson", "Mutation")]
    await people.sql("UPDATE people SET helpers = '{ann}', friend_id = NULL")
    assert (await people.data(query, caller=ANN))["deletePerson"] == {"id": "a"}


# ---------------------------------------------------------------- kept plans

EVERYTHING = f"""query ($id: ID!) {{
  getPerson(id: $id) {{ id name {PRIVATE} note {{ id text }} }}
  listNotes {{ items {{ id owner text }} nextToken }}
  getNote(id: "n") {{ id }}
}}"""


async def test_a_kept_plan_gives_each_caller_what_a_fresh_one_would(people: Api):
    callers = {"ann": ANN, "ben": BEN, "admin": ADMIN, "key": KEY}
    fresh: dict[str, Any] = {}
    for name, caller in callers.items():  # each asks a document of their own first
        fresh[name] = await people.ask(f"{EVERYTHING} # {name}", {"id": "a"}, caller)
    assert len({str(each) for each in fresh.values()}) == 4
    for number, order in enumerate(permutations(callers)):
        for name in (*order, *order):
            body = await people.ask(f"{EVERYTHING} # {number}", {"id": "a"}, callers[name])
            body_of = {"data": body["data"], "errors": body.get("errors")}
            assert body_of == {"data": fresh[name]["data"], "errors": fresh[name].get("errors")}, (name, order)


async def test_a_group_that_no_rule_names_shares_the_plan_of_those_without_it(people: Api):
    query = '{ getPerson(id: "a") { id } } # shared'
    kept = people.graphql._compilations
    before = len(kept)
    for caller in (user("a"), user("b", "Nobody"), user("c", "Whoever", "Anyone")):
        await people.data(query, caller=caller)
    assert len(kept) == before + 1
    await people.data(query, caller=ADMIN)
    assert len(kept) == before + 2


# ---------------------------------------------------------------- asking about them


@pytest.mark.parametrize(
    "given",
    [
        {"secret": {"beginsWith": "s-"}},
        {"not": {"secret": {"eq": "another"}}},
        {"or": [{"id": {"eq": "nobody"}}, {"and": [{"secret": {"attributeExists": True}}]}]},
    ],
)
async def test_what_may_not_be_read_may_not_be_asked_about(people: Api, given: dict[str, Any]):
    """AppSync lets a filter find out what a selection is refused. Here a row says nothing of a field it hides."""
    query = "query ($f: ModelPersonFilterInput) { listPeople(filter: $f) { items { id } } }"
    for caller, seen in ((ADMIN, ["a", "b"]), (ANN, ["a"]), (BEN, ["b"]), (VIEWER, [])):
        found = await people.data(query, {"f": given}, caller=caller)
        assert [each["id"] for each in found["listPeople"]["items"]] == seen
    body = await people.ask(query, {"f": given}, caller=KEY)
    assert body["data"] == {"listPeople": None}
    assert [(each["errorType"], each["message"]) for each in body["errors"]] == [
        ("Unauthorized", "Unauthorized on [secret]")
    ]


async def test_nor_by_the_condition_of_a_write(people: Api):
    query = 'mutation ($c: ModelPersonConditionInput) { updatePerson(input: {id: "a"}, condition: $c) { id } }'
    given = {"c": {"secret": {"eq": "s-a"}}}
    assert await people.data(query, given, caller=ANN) == {"updatePerson": {"id": "a"}}
    body = await people.ask(query, given, caller=BEN)
    assert body["errors"][0]["errorType"] == "DynamoDB:ConditionalCheckFailedException"
