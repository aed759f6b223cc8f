"""Awkward schemas: reserved words for names, long names, names that clash, fields that lead nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.catalog.model import Integrity
from tests.conftest import MakeDatabase
from tests.graphql.api import Api, api_of

LONG = "aVeryLongNameThatGoesOnAndOnAndOnUntilPostgreSQLHasLongStoppedReadingIt"
SDL = f"""
type User @model @auth(rules: [{{ allow: private }}]) {{
  id: ID!
  select: String @index(name: "bySelect", queryField: "where", sortKeyFields: ["order"])
  order: Int
  group: String
  table: [String]
  user: String
  end: AWSDate
  limit: Int
  and: String
  or: Int
  not: Boolean
  items: String
  nextToken: String
  xmin: Int
  ctid: String
  value: Float
  n: Int
  {LONG}One: String
  {LONG}Two: String
  {LONG}Id: ID @index(name: "byLong", queryField: "{LONG}Query")
  {LONG}Parent: User @belongsTo(fields: ["{LONG}Id"])
  {LONG}Children: [User] @hasMany(indexName: "byLong", fields: ["id"])
  fooBar: String
  foo_bar: String
  FooBar: String
  _private: String
  lost: Order
  losts: [Order]
  box: Box
}}
type Order @model @auth(rules: [{{ allow: private }}]) {{ id: ID! from: String }}
type Box {{ type: String order: [Int!] key: String! user: User inner: [Case!] }}
type Case {{ when: Int! }}
type todo @model @auth(rules: [{{ allow: private }}]) {{ id: ID! case: String }}
"""

WORDS = {
    "select": "s", "order": 1, "group": "g", "table": ["t"], "user": "u", "end": "2024-02-29", "limit": 5, "and": "a",
    "or": 2, "not": True, "items": "i", "nextToken": "n", "xmin": 3, "ctid": "c", "value": 0.5, "n": 4,
    f"{LONG}One": "1", f"{LONG}Two": "2", f"{LONG}Id": "u", "fooBar": "x", "foo_bar": "y", "FooBar": "z",
    "_private": "p",
}  # fmt: skip


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database, integrity) as made:
        await made.create(
            "User", {"id": "u", **WORDS, "box": {"type": "t", "order": [1], "key": "k", "inner": [{"when": 1}]}}
        )
        yield made


ALL = " ".join(WORDS)


async def test_every_word_is_a_name(api: Api):
    row = {"id": "u", **WORDS}
    assert (await api.data(f'{{ getUser(id: "u") {{ id {ALL} }} }}'))["getUser"] == row
    page = (await api.data(f"{{ listUsers {{ items {{ id {ALL} }} nextToken }} }}"))["listUsers"]
    assert page == {"items": [row], "nextToken": None}
    page = (
        await api.data(f'{{ where(select: "s", order: {{ge: 1}}, limit: 1) {{ items {{ id {ALL} }} nextToken }} }}')
    )["where"]
    assert page == {"items": [row], "nextToken": None}
    query = f"mutation ($i: UpdateUserInput!) {{ updateUser(input: $i) {{ id {ALL} }} }}"
    changed = (await api.data(query, {"i": {"id": "u", "order": 9, "group": "h", f"{LONG}Two": "3"}}))["updateUser"]
    assert changed == {**row, "order": 9, "group": "h", f"{LONG}Two": "3"}
    await api.data(query, {"i": row})


@pytest.mark.parametrize("name", [each for each in WORDS if each not in {"and", "or", "not"}])
async def test_every_word_can_be_filtered_by(api: Api, name: str):
    value = WORDS[name]
    operand = {"contains": value[0]} if isinstance(value, list) else {"eq": value}
    query = "query ($f: ModelUserFilterInput) { listUsers(filter: $f) { items { id } } }"
    assert (await api.data(query, {"f": {name: operand}}))["listUsers"]["items"] == [{"id": "u"}]


async def test_relations_of_long_names(api: Api):
    query = f"""{{ getUser(id: "u") {{
      {LONG}Parent {{ id {LONG}Children {{ items {{ {LONG}One }} nextToken }} }}
    }} {LONG}Query({LONG}Id: "u") {{ items {{ {LONG}Two }} }} }}"""
    data = await api.data(query)
    assert data["getUser"][f"{LONG}Parent"] == {
        "id": "u",
        f"{LONG}Children": {"items": [{f"{LONG}One": "1"}], "nextToken": None},
    }
    assert data[f"{LONG}Query"] == {"items": [{f"{LONG}Two": "2"}]}


async def test_a_field_that_leads_nowhere_is_null(api: Api):
    query = """{ getUser(id: "u") {
      id lost { id from } losts { id } box { key user { id } type order inner { when __typename } }
    } }"""
    assert (await api.data(query))["getUser"] == {
        "id": "u",
        "lost": None,
        "losts": None,
        "box": {"key": "k", "user": None, "type": "t", "order": [1], "inner": [{"when": 1, "__typename": "Case"}]},
    }


async def test_a_model_that_begins_with_a_small_letter(api: Api):
    created = await api.data('mutation { createTodo(input: {id: "t", case: "c"}) { __typename case } }')
    assert created["createTodo"] == {"__typename": "todo", "case": "c"}
    assert (await api.data("{ listTodos { __typename items { case } } }"))["listTodos"] == {
        "__typename": "ModelTodoConnection",
        "items": [{"case": "c"}],
    }
