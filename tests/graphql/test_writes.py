"""Writes: what is stored, what is given back, what is refused, and how many statements that takes."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from service.catalog.model import Integrity
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, Api, api_of, user
from tests.integrity import seated
from tests.parity.strawberry_only import StrawberryOnly

SDL = """
enum Mood { GOOD BAD }
type Extra { note: String! size: Float }
type Task @model @auth(rules: [{ allow: private }]) {
  id: ID!
  title: String!
  done: Boolean! @default(value: "false")
  weight: Int @default(value: "3")
  ratio: Float @default(value: "0.5")
  mood: Mood @default(value: "GOOD")
  due: AWSDate @default(value: "2024-02-29")
  seen: AWSDateTime @default(value: "2024-02-29T10:15:30+05:30")
  stamp: AWSTimestamp @default(value: "7")
  json: AWSJSON @default(value: "{\\"a\\":1}")
  tags: [String]
  extra: Extra
  parentId: ID @index(name: "byParent", sortKeyFields: ["title"])
  parent: Task @belongsTo(fields: ["parentId"])
  children: [Task] @hasMany(indexName: "byParent", fields: ["id"])
  listId: ID @index(name: "byList")
  list: TaskList @belongsTo(fields: ["listId"])
}
type TaskList @model @auth(rules: [{ allow: private }]) {
  id: ID!
  name: String
  tasks: [Task] @hasMany(indexName: "byList", fields: ["id"])
}
type Bare @model(timestamps: null) @auth(rules: [{ allow: private }]) { id: ID! a: String b: String }
type Stamped @model(timestamps: { createdAt: "madeAt", updatedAt: "changedAt" }) @auth(rules: [{ allow: private }]) {
  id: ID!
  madeAt: AWSDateTime
  changedAt: AWSTimestamp
  a: String
}
type Pair @model @auth(rules: [{ allow: private }]) {
  left: String! @primaryKey(sortKeyFields: ["right", "at"])
  right: Int!
  at: AWSDateTime!
  a: String
}
type Kept @model @auth(rules: [{ allow: owner }]) { id: ID! a: Int }
"""

FAILED = "DynamoDB:ConditionalCheckFailedException"
NOW = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


@pytest.fixture(scope="module")
async def shared_api(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database, integrity) as made:
        yield made


@pytest.fixture
async def api(shared_api: Api) -> AsyncIterator[Api]:
    yield shared_api
    await shared_api.sql(f"TRUNCATE {', '.join(model.table for model in shared_api.catalog.models)}")


CREATE = "mutation ($i: CreateTaskInput! $c: ModelTaskConditionInput) { createTask(input: $i, condition: $c) { %s } }"
UPDATE = "mutation ($i: UpdateTaskInput! $c: ModelTaskConditionInput) { updateTask(input: $i, condition: $c) { %s } }"
DELETE = "mutation ($i: DeleteTaskInput! $c: ModelTaskConditionInput) { deleteTask(input: $i, condition: $c) { %s } }"
TASK = {"id": "t", "title": "x", "done": True}


# ---------------------------------------------------------------- what is filled in


@pytest.mark.parametrize("given", [{}, dict.fromkeys(["weight", "ratio", "mood", "due", "seen", "stamp", "json"])])
async def test_a_create_fills_in_what_was_left_out_or_null(api: Api, given: dict[str, Any]):
    fields = "id title weight ratio mood due seen stamp json createdAt updatedAt"
    task = (await api.data(CREATE % fields, {"i": {"title": "x", "done": True, **given}}))["createTask"]
    assert uuid.UUID(task.pop("id")).version == 4
    created = task.pop("createdAt")
    assert NOW.match(created)
    assert task.pop("updatedAt") == created
    assert task == {
        "title": "x", "weight": 3, "ratio": 0.5, "mood": "GOOD", "due": "2024-02-29",
        "seen": "2024-02-29T04:45:30.000Z", "stamp": 7, "json": '{"a":1}',
    }  # fmt: skip


async def test_an_update_fills_in_nothing_but_its_time_and_version(api: Api):
    await api.data(CREATE % "id", {"i": {**TASK, "seen": None, "due": "2025-01-01"}})
    before = (await api.sql("SELECT * FROM tasks"))[0]
    await asyncio.sleep(0.002)
    change = {"i": {"id": "t", "weight": None, "json": None, "due": None}}
    task = (await api.data(UPDATE % "weight json due mood createdAt updatedAt", change))["updateTask"]
    assert (task["weight"], task["json"], task["due"], task["mood"]) == (None, None, None, "GOOD")
    assert task["updatedAt"] > task["createdAt"]
    after = (await api.sql("SELECT * FROM tasks"))[0]
    changed = {name for name in before.keys() if before[name] != after[name]}  # noqa: SIM118  a Record iterates values
    assert changed == {"weight", "json", "due", "updated_at", "row_version"}


async def test_an_update_of_nothing_changes_nothing(api: Api):
    """A model without timestamps has nothing to set then, and must keep all it has."""
    await api.create("Bare", {"id": "b", "a": "1", "b": "2"})
    changed = await api.data('mutation { updateBare(input: {id: "b"}) { id a b } }')
    assert changed["updateBare"] == {"id": "b", "a": "1", "b": "2"}
    assert [row[0] for row in await api.sql("SELECT row_version FROM bares WHERE id = 'b'")] == [2]
    changed = await api.data('mutation { updateBare(input: {id: "b", a: "3"}) { id a b } }')
    assert changed["updateBare"] == {"id": "b", "a": "3", "b": "2"}
    errors = await api.errors('mutation { updateBare(input: {id: "nope"}) { id } }')
    assert [each[1] for each in errors] == [FAILED]


async def test_a_change_behind_the_apis_back_is_another_version(api: Api):
    await api.create("Bare", {"id": "behind", "a": "1"})
    await api.sql("UPDATE bares SET a = '2', row_version = 1 WHERE id = 'behind'")
    assert [row[0] for row in await api.sql("SELECT row_version FROM bares WHERE id = 'behind'")] == [2]


async def test_declared_timestamps_are_the_clients_if_it_gives_them(api: Api):
    given = {"id": "s", "madeAt": "2001-01-01T00:00:00Z"}
    created = await api.data(
        "mutation ($i: CreateStampedInput!) { createStamped(input: $i) { madeAt changedAt } }", {"i": given}
    )
    assert created["createStamped"]["madeAt"] == "2001-01-01T00:00:00.000Z"
    assert created["createStamped"]["changedAt"] > 1_700_000_000
    given = {"id": "s", "changedAt": 5}
    changed = await api.data(
        "mutation ($i: UpdateStampedInput!) { updateStamped(input: $i) { madeAt changedAt } }", {"i": given}
    )
    assert changed["updateStamped"] == {"madeAt": "2001-01-01T00:00:00.000Z", "changedAt": 5}


@pytest.mark.parametrize(
    "name", ["createdAt", "updatedAt", "owner", "__typename", "_version", "parent", "children", "nope"]
)
async def test_what_is_no_input_cannot_be_written(api: Api, name: str):
    for query in (CREATE, UPDATE):
        body = await api.ask(query % "id", {"i": {**TASK, name: "x"}})
        assert body["data"] is None
    assert await api.sql("SELECT id FROM tasks") == []


# ---------------------------------------------------------------- keys


async def test_a_key_of_three_parts(api: Api):
    key = {"left": "l", "right": -1, "at": "2024-02-29T10:00:00+01:00"}
    shown = {"left": "l", "right": -1, "at": "2024-02-29T09:00:00.000Z", "a": None}
    create = "mutation ($i: CreatePairInput!) { createPair(input: $i) { left right at a } }"
    assert (await api.data(create, {"i": key}))["createPair"] == shown
    update = "mutation ($i: UpdatePairInput!) { updatePair(input: $i) { left right at a } }"
    assert (await api.data(update, {"i": {**key, "a": "1"}}))["updatePair"] == {**shown, "a": "1"}
    get = "query ($l: String! $r: Int! $a: AWSDateTime!) { getPair(left: $l, right: $r, at: $a) { a } }"
    assert (await api.data(get, {"l": "l", "r": -1, "a": "2024-02-29T09:00:00Z"}))["getPair"] == {"a": "1"}
    assert (await api.data(get, {"l": "l", "r": 1, "a": "2024-02-29T09:00:00Z"}))["getPair"] is None
    for given in ({**key, "right": 1}, {**key, "at": "2024-02-29T10:00:00.001+01:00"}):
        assert [each[1] for each in await api.errors(update, {"i": given})] == [FAILED]
    delete = "mutation ($i: DeletePairInput!) { deletePair(input: $i) { left a } }"
    assert (await api.data(delete, {"i": key}))["deletePair"] == {"left": "l", "a": "1"}
    assert await api.sql("SELECT 1 FROM pairs") == []


async def test_an_id_that_exists_is_not_created_again(api: Api):
    await api.data(CREATE % "id", {"i": TASK})
    body = await api.ask(CREATE % "id", {"i": {**TASK, "title": "other"}})
    assert body["data"] == {"createTask": None}
    assert [(each["errorType"], each["message"]) for each in body["errors"]] == [
        (FAILED, "The conditional request failed")
    ]
    assert (await api.sql("SELECT title FROM tasks"))[0]["title"] == "x"


async def test_of_many_creates_with_one_id_one_succeeds(api: Api):
    bodies = await asyncio.gather(*(api.ask(CREATE % "title", {"i": {**TASK, "title": str(n)}}) for n in range(20)))
    made = [body["data"]["createTask"] for body in bodies if "errors" not in body]
    assert len(made) == 1
    assert [row["title"] for row in await api.sql("SELECT title FROM tasks")] == [made[0]["title"]]


# ---------------------------------------------------------------- conditions

CONDITIONS: list[tuple[dict[str, Any] | None, bool]] = [
    (None, True), ({}, True), ({"title": {"eq": "x"}}, True), ({"title": {"eq": "y"}}, False),
    ({"title": {"ne": "y"}}, True), ({"weight": {"between": [1, 3]}}, True), ({"weight": {"gt": 3}}, False),
    ({"tags": {"contains": "a"}}, True), ({"tags": {"contains": "z"}}, False), ({"mood": {"eq": "GOOD"}}, True),
    ({"listId": {"attributeExists": False}}, True), ({"listId": {"attributeExists": True}}, False),
    ({"or": [{"title": {"eq": "y"}}, {"done": {"eq": True}}]}, True), ({"not": {"done": {"eq": True}}}, False),
    ({"and": [{"done": {"eq": True}}, {"title": {"beginsWith": "y"}}]}, False),
    ({"seen": {"beginsWith": "2024-02"}}, True),
    ({"due": {"lt": "2024-03"}}, True), ({"title": {"size": {"eq": 1}}}, True), ({"createdAt": {"gt": "2024"}}, True),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS, ids=[str(each[0]) for each in CONDITIONS])
async def test_a_change_under_a_condition(api: Api, condition: dict[str, Any] | None, holds: bool):  # noqa: FBT001
    await api.data(CREATE % "id", {"i": {**TASK, "tags": ["a"]}})
    for query, name in ((UPDATE, "updateTask"), (DELETE, "deleteTask")):
        given = {"id": "t"} if query is DELETE else {"id": "t", "ratio": 2.5}
        body = await api.ask(query % "id", {"i": given, "c": condition})
        assert body["data"] == {name: {"id": "t"} if holds else None}
        assert [each["errorType"] for each in body.get("errors", [])] == ([] if holds else [FAILED])
    rows = await api.sql("SELECT ratio FROM tasks")
    assert [row["ratio"] for row in rows] == ([] if holds else [0.5])


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"title": {"attributeExists": False}}, True),
        ({"title": {"ne": "x"}}, True),
        ({"title": {"eq": "x"}}, False),
        ({"not": {"title": {"eq": "x"}}}, True),
        ({"title": {"attributeExists": True}}, False),
        ({"weight": {"between": [0, 9]}}, False),
        ({}, True),
    ],
)
async def test_a_create_under_a_condition_asks_about_nothing(api: Api, condition: dict[str, Any], holds: bool):  # noqa: FBT001
    given = {"i": {**TASK, "tags": ["a"], "extra": {"note": "n"}, "seen": "2024-02-29T10:00:00Z"}, "c": condition}
    body = await api.ask(CREATE % "id tags extra { note } seen json mood", given)
    if holds:
        assert body["data"]["createTask"] == {
            "id": "t", "tags": ["a"], "extra": {"note": "n"}, "seen": "2024-02-29T10:00:00.000Z", "json": '{"a":1}',
            "mood": "GOOD",
        }  # fmt: skip
    else:
        assert [each["errorType"] for each in body["errors"]] == [FAILED]
    assert len(await api.sql("SELECT 1 FROM tasks")) == holds


async def test_of_many_changes_under_one_condition_one_succeeds(api: Api):
    await api.data(CREATE % "id", {"i": TASK})
    bodies = await asyncio.gather(
        *(
            api.ask(UPDATE % "title", {"i": {"id": "t", "title": f"n{n}"}, "c": {"title": {"eq": "x"}}})
            for n in range(20)
        )
    )
    assert sum("errors" not in body for body in bodies) == 1


# ---------------------------------------------------------------- what is given back


async def test_a_write_shows_the_row_as_it_is_now_wherever_it_stands(api: Api):
    await api.create("TaskList", {"id": "l", "name": "n"})
    await api.data(CREATE % "id", {"i": {**TASK, "listId": "l"}})
    fields = "title list { name tasks { items { id title } nextToken } } parent { title } children { items { title } }"
    given = {"id": "c", "title": "c", "done": False, "parentId": "t", "listId": "l"}
    created = (await api.data(CREATE % fields, {"i": given}))["createTask"]
    assert created == {
        "title": "c",
        "list": {
            "name": "n",
            "tasks": {"items": [{"id": "c", "title": "c"}, {"id": "t", "title": "x"}], "nextToken": None},
        },
        "parent": {"title": "x"},
        "children": {"items": []},
    }
    changed = (await api.data(UPDATE % fields, {"i": {"id": "t", "title": "new", "parentId": "t"}}))["updateTask"]
    assert changed["title"] == "new"
    assert changed["parent"] == {"title": "new"}
    assert changed["children"] == {"items": [{"title": "c"}, {"title": "new"}]}
    assert [each["title"] for each in changed["list"]["tasks"]["items"]] == ["c", "new"]
    if api.catalog.is_enforced:
        kept = "Another row still refers to this one."
        assert await api.errors(DELETE % "id", {"i": {"id": "t"}}) == [(["deleteTask"], FAILED, kept)]
    await api.data(DELETE % "id", {"i": {"id": "c"}})
    gone = (await api.data(DELETE % fields, {"i": {"id": "t"}}))["deleteTask"]
    assert gone["title"] == "new"
    assert gone["list"]["name"] == "n"


async def test_a_page_in_the_answer_to_a_write_has_a_token_that_is_good(api: Api):
    await api.create("TaskList", {"id": "l"})
    await api.create("Task", *({"id": f"t{n}", "title": f"{n}", "done": True, "listId": "l"} for n in range(3)))
    query = 'mutation { updateTaskList(input: {id: "l"}) { tasks(limit: 2) { items { id } nextToken } } }'
    page = (await api.data(query))["updateTaskList"]["tasks"]
    assert [each["id"] for each in page["items"]] == ["t0", "t1"]
    rest = 'query ($t: String) { getTaskList(id: "l") { tasks(nextToken: $t) { items { id } nextToken } } }'
    assert (await api.data(rest, {"t": page["nextToken"]}))["getTaskList"]["tasks"] == {
        "items": [{"id": "t2"}],
        "nextToken": None,
    }


async def test_a_null_that_must_not_be_is_an_error_after_the_write_or_refused_by_the_table(api: Api):
    await api.data(CREATE % "id", {"i": TASK})
    if api.catalog.is_enforced:
        errors = await api.errors(UPDATE % "id title", {"i": {"id": "t", "title": None}})
        assert errors == [(["updateTask"], "invalid", "title: A required value is missing.")]
        repository, schema = api.graphql._repository, api.graphql._schema
        limits = {"max_tokens": 15_000, "max_depth": 25, "max_roots": 200}
        strawberry = StrawberryOnly(repository, schema, api.fallback, **limits)
        by_hand = await strawberry(
            seated(ADMIN, api.catalog), UPDATE % "id title", {"i": {"id": "t", "title": None}}, None
        )
        assert orjson.loads(by_hand)["errors"][0]["message"] == "title: A required value is missing."
        assert (await api.sql("SELECT title FROM tasks"))[0]["title"] == "x"
        return
    body = await api.ask(UPDATE % "id title", {"i": {"id": "t", "title": None}})
    assert body["data"] == {"updateTask": None}
    assert [(each["path"], each["message"]) for each in body["errors"]] == [
        (
            ["updateTask", "title"],
            "Cannot return null for non-nullable type: 'String' within parent 'Task' (/updateTask/title)",
        )
    ]
    assert (await api.sql("SELECT title FROM tasks"))[0]["title"] is None
    assert (await api.data(UPDATE % "id", {"i": {"id": "t"}}))["updateTask"] == {"id": "t"}


# ---------------------------------------------------------------- statements


@pytest.mark.parametrize(
    ("query", "given", "statements"),
    [
        (CREATE % "id title list { name }", {"i": {**TASK, "id": "new"}}, 1),
        (CREATE % "id children { items { id } }", {"i": {**TASK, "id": "new"}}, 2),
        (UPDATE % "id list { name }", {"i": {"id": "t", "weight": 1}}, 1),
        (UPDATE % "id parent { id }", {"i": {"id": "t", "weight": 1}}, 2),
        (UPDATE % "id list { tasks { items { id } } }", {"i": {"id": "t"}, "c": {"title": {"eq": "x"}}}, 2),
        (UPDATE % "id", {"i": {"id": "t"}, "c": {"title": {"eq": "no"}}}, 1),
        (DELETE % "id parent { id } children { items { id } } list { tasks { items { id } } }", {"i": {"id": "t"}}, 1),
    ],
)
async def test_how_many_statements_a_write_is(api: Api, query: str, given: dict[str, Any], statements: int):
    await api.data(CREATE % "id", {"i": TASK})
    with api.watched() as sent:
        await api.ask(query, given)
    assert len(sent) == statements


async def test_only_a_refused_change_under_a_condition_and_rules_of_rows_asks_again(api: Api):
    ann = user("ann")
    await api.create("Kept", {"id": "k", "a": 1}, caller=ann)
    update = 'mutation ($c: ModelKeptConditionInput) { updateKept(input: {id: "k"}, condition: $c) { id } }'
    for caller, condition, statements, kind in (
        (ann, {"a": {"eq": 1}}, 1, None),
        (ann, {"a": {"eq": 2}}, 2, FAILED),
        (user("ben"), {"a": {"eq": 1}}, 2, "Unauthorized"),
        (user("ben"), None, 1, "Unauthorized"),
    ):
        with api.watched() as sent:
            body = await api.ask(update, {"c": condition}, caller)
        assert len(sent) == statements
        assert [each["errorType"] for each in body.get("errors", [])] == ([kind] if kind else [])


# ---------------------------------------------------------------- several at once


async def test_fields_of_a_mutation_run_in_order_each_on_its_own(api: Api):
    """As in AppSync: one that fails takes none of the others with it."""
    query = """mutation {
      a: createTask(input: {id: "t", title: "1", done: true}) { title }
      b: updateTask(input: {id: "t", title: "2"}) { title }
      c: createTask(input: {id: "t", title: "3", done: true}) { title }
      d: updateTask(input: {id: "t", weight: 1}, condition: {title: {eq: "2"}}) { title weight }
      e: deleteTask(input: {id: "nope"}) { id }
      __typename
      f: deleteTask(input: {id: "t"}) { title weight }
    }"""
    body = await api.ask(query)
    assert body["data"] == {
        "a": {"title": "1"},
        "b": {"title": "2"},
        "c": None,
        "d": {"title": "2", "weight": 1},
        "e": None,
        "__typename": "Mutation",
        "f": {"title": "2", "weight": 1},
    }
    assert [(each["path"], each["errorType"]) for each in body["errors"]] == [(["c"], FAILED), (["e"], FAILED)]
    assert await api.sql("SELECT 1 FROM tasks") == []


async def test_a_mutation_has_only_so_many_fields(api: Api):
    """Which is checked before the first of them runs."""
    query = (
        "mutation {"
        + " ".join(f'a{n}: createTask(input: {{title: "x", done: true}}) {{ id }}' for n in range(201))
        + "}"
    )
    with pytest.raises(Exception, match="more than 200 root fields"):
        await api.ask(query)
    assert await api.sql("SELECT 1 FROM tasks") == []


async def test_fifty_writers_on_five_lanes(api: Api):
    async def one(number: int) -> None:
        id_ = f"t{number}"
        fields = "id title children { items { id } } parent { id }"
        made = await api.data(CREATE % fields, {"i": {"id": id_, "title": id_, "done": True, "parentId": id_}})
        assert made["createTask"] == {
            "id": id_,
            "title": id_,
            "children": {"items": [{"id": id_}]},
            "parent": {"id": id_},
        }
        changed = await api.data(UPDATE % fields, {"i": {"id": id_, "title": f"{id_}!"}})
        assert changed["updateTask"]["title"] == f"{id_}!"

    await asyncio.gather(*(one(number) for number in range(50)))
    assert len(await api.sql("SELECT 1 FROM tasks WHERE title LIKE '%!'")) == 50
