"""Who sees and changes which rows: every kind of rule, in every operation, on rows that exist and rows that do not.

Expected values are AppSync's, written down by hand: none is computed from the rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any

import pytest

from service.auth.principal import Principal
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY, VIEWER, Api, api_of, user

SDL = """
type Inner { a: String b: Float }
type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Admin"] }]) {
  id: ID!
  text: String
  boardId: ID @index(name: "byBoard", queryField: "notesByBoard", sortKeyFields: ["text"])
  board: Board @belongsTo(fields: ["boardId"])
}
type Board @model @auth(rules: [{ allow: private }]) {
  id: ID!
  pinnedId: ID
  pinned: Note @hasOne(fields: ["pinnedId"])
  notes: [Note] @hasMany(indexName: "byBoard", fields: ["id"])
}
type Shared @model @auth(rules: [
  { allow: owner, ownerField: "editors" }
  { allow: groups, groups: ["Admin"], operations: [read] }
]) {
  id: ID!
  text: String
  editors: [String]
}
type Team @model @auth(rules: [
  { allow: groups, groupsField: "team" }
  { allow: groups, groupsField: "readers", operations: [read] }
  { allow: groups, groups: ["Admin"], operations: [create, read] }
]) {
  id: ID!
  text: String
  team: String
  readers: [String]
}
type Claimed @model @auth(rules: [
  { allow: groups, groups: ["boss"], groupClaim: "roles" }
  { allow: groups, groupsField: "crew", groupClaim: "crews" }
]) { id: ID! crew: String }
type Mine @model @auth(rules: [{ allow: owner, identityClaim: "custom:tenant" }]) { id: ID! text: String }
type Named @model @auth(rules: [{ allow: owner, ownerField: "by", identityClaim: "username" }]) { id: ID! by: String }
type Person @model @auth(rules: [{ allow: private }, { allow: public, provider: apiKey, operations: [read] }]) {
  id: ID!
  owner: String
  name: String!
  secret: String @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Admin"] }])
  needed: String! @auth(rules: [{ allow: owner }, { allow: private, operations: [create, update] }])
  codes: [String] @auth(rules: [{ allow: owner }])
  born: AWSDateTime @auth(rules: [{ allow: owner }])
  inner: Inner @auth(rules: [{ allow: owner }])
  inners: [Inner] @auth(rules: [{ allow: owner }])
  helpers: [String]
  plan: String @auth(rules: [{ allow: owner, ownerField: "helpers" }])
  noteId: ID
  note: Note @hasOne(fields: ["noteId"])
  friendId: ID @index(name: "byFriend")
  friend: Person @belongsTo(fields: ["friendId"]) @auth(rules: [{ allow: owner }])
  fans: [Person] @hasMany(indexName: "byFriend", fields: ["id"]) @auth(rules: [{ allow: owner }])
}
type Partial @model @auth(rules: [
  { allow: private, operations: [get] }
  { allow: owner, operations: [create, list] }
  { allow: groups, groups: ["Editors"], operations: [update] }
]) { id: ID! text: String }
"""

ANN, BEN = user("ann"), user("ben")
EDITOR = user("ed", "Editors")


@pytest.fixture(scope="module")
async def shared_api(make_database: MakeDatabase) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database) as made:
        yield made


@pytest.fixture
async def api(shared_api: Api) -> AsyncIterator[Api]:
    yield shared_api
    tables = ", ".join(model.table for model in shared_api.catalog.models)
    await shared_api.sql(f"TRUNCATE {tables}")


def denied(field: str, parent: str) -> tuple[Any, str, str]:
    return ([field], "Unauthorized", f"Not Authorized to access {field} on type {parent}")


FAILED = "DynamoDB:ConditionalCheckFailedException"

# ---------------------------------------------------------------- owners

OWNERS = [
    ("both halves", "sub-ann::ann"), ("the sub alone", "sub-ann"), ("the name alone", "ann"),
]  # fmt: skip
STRANGERS = [
    ("another", "sub-ben::ben"), ("nobody", None), ("empty", ""), ("a prefix", "sub-an"), ("longer", "sub-ann::ann2"),
    ("halves of two", "sub-ben::ann"), ("the other way round", "ann::sub-ann"), ("capitals", "ANN"), ("spaces", "ann "),
    ("a pattern", "%"), ("the separator", "::"), ("open", "sub-ann::"), ("three", "x::sub-ann::ann"),
]  # fmt: skip


@pytest.mark.parametrize("owner", [each[1] for each in OWNERS], ids=[each[0] for each in OWNERS])
async def test_an_owner_may_do_everything_to_their_row(api: Api, owner: str):
    await api.sql("INSERT INTO notes (id, owner, text) VALUES ('n', $1, 't')", owner)
    row = {"id": "n", "owner": "sub-ann" if owner == "sub-ann" else "ann"}
    assert (await api.data('{ getNote(id: "n") { id owner } }', caller=ANN))["getNote"] == row
    assert (await api.data("{ listNotes { items { id owner } } }", caller=ANN))["listNotes"]["items"] == [row]
    changed = await api.data('mutation { updateNote(input: {id: "n", text: "u"}) { id owner } }', caller=ANN)
    assert changed["updateNote"] == row
    assert (await api.data('mutation { deleteNote(input: {id: "n"}) { id owner } }', caller=ANN))["deleteNote"] == row


@pytest.mark.parametrize("owner", [each[1] for each in STRANGERS], ids=[each[0] for each in STRANGERS])
async def test_to_others_a_row_is_denied_and_in_lists_it_is_not_there(api: Api, owner: str | None):
    await api.sql("INSERT INTO notes (id, owner, text, board_id) VALUES ('n', $1, 't', 'b')", owner)
    before = await api.sql("SELECT xmin, * FROM notes")
    assert await api.errors('{ getNote(id: "n") { id } }', caller=ANN) == [denied("getNote", "Query")]
    for query in (
        "{ listNotes { items { id } nextToken } }",
        '{ notesByBoard(boardId: "b") { items { id } nextToken } }',
    ):
        (page,) = (await api.data(query, caller=ANN)).values()
        assert page == {"items": [], "nextToken": None}
    for query, name in (
        ('mutation { updateNote(input: {id: "n", text: "u"}) { id } }', "updateNote"),
        ('mutation { updateNote(input: {id: "n"}, condition: {text: {eq: "t"}}) { id } }', "updateNote"),
        ('mutation { updateNote(input: {id: "n"}, condition: {text: {eq: "no"}}) { id } }', "updateNote"),
        ('mutation { deleteNote(input: {id: "n"}) { id } }', "deleteNote"),
        ('mutation { deleteNote(input: {id: "n"}, condition: {text: {ne: "t"}}) { id } }', "deleteNote"),
    ):
        assert await api.errors(query, caller=ANN) == [denied(name, "Mutation")]
    assert await api.sql("SELECT xmin, * FROM notes") == before


async def test_who_owns_nothing_cannot_tell_a_missing_row_from_a_denied_one_by_writing(api: Api):
    for query, name in (
        ('mutation { updateNote(input: {id: "nope", text: "u"}) { id } }', "updateNote"),
        ('mutation { deleteNote(input: {id: "nope"}) { id } }', "deleteNote"),
        ('mutation { deleteNote(input: {id: "nope"}, condition: {text: {eq: "t"}}) { id } }', "deleteNote"),
    ):
        assert await api.errors(query, caller=ANN) == [denied(name, "Mutation")]
    assert await api.data('{ getNote(id: "nope") { id } }', caller=ANN) == {"getNote": None}


async def test_a_static_group_learns_that_a_row_is_missing(api: Api):
    errors = await api.errors('mutation { updateNote(input: {id: "nope"}) { id } }', caller=ADMIN)
    assert [(path, kind) for path, kind, _ in errors] == [(["updateNote"], FAILED)]
    assert errors[0][2].startswith("The conditional request failed")


async def test_a_false_condition_on_an_own_row_is_said_to_be_one(api: Api):
    await api.create("Note", {"id": "n", "text": "t"}, caller=ANN)
    for operation in ("updateNote", "deleteNote"):
        query = f'mutation {{ {operation}(input: {{id: "n"}}, condition: {{text: {{eq: "no"}}}}) {{ id }} }}'
        assert [each[:2] for each in await api.errors(query, caller=ANN)] == [([operation], FAILED)]


async def test_a_new_row_belongs_to_who_made_it(api: Api):
    created = await api.data('mutation { createNote(input: {id: "n"}) { owner } }', caller=ANN)
    assert created["createNote"] == {"owner": "ann"}
    assert [row["owner"] for row in await api.sql("SELECT owner FROM notes")] == ["sub-ann::ann"]
    # Also where another rule has allowed it already.
    created = await api.data('mutation { createNote(input: {id: "m"}) { owner } }', caller=ADMIN)
    assert created["createNote"] == {"owner": "root"}


async def test_an_api_key_has_no_rule_here(api: Api):
    await api.create("Note", {"id": "n"}, caller=ANN)
    for query, name, parent in (
        ('{ getNote(id: "n") { id } }', "getNote", "Query"),
        ("{ listNotes { items { id } } }", "listNotes", "Query"),
        ('mutation { createNote(input: {id: "x"}) { id } }', "createNote", "Mutation"),
        ('mutation { updateNote(input: {id: "n"}) { id } }', "updateNote", "Mutation"),
        ('mutation { deleteNote(input: {id: "n"}) { id } }', "deleteNote", "Mutation"),
    ):
        body = await api.ask(query, caller=KEY)
        assert body["data"] == {name: None}
        assert await api.errors(query, caller=KEY) == [denied(name, parent)]


async def test_a_caller_without_a_name_is_nobody(api: Api):
    """A token without sub and username must not match a row without an owner."""
    for number, owner in enumerate((None, "", "::", "None")):
        await api.sql("INSERT INTO notes (id, owner) VALUES ($1, $2)", f"n{number}", owner)
    for claims in ({}, {"sub": "", "username": ""}, {"sub": None}, {"sub": 5, "username": ["ann"]}):
        nobody = Principal(ANN.provider, claims)
        assert (await api.data("{ listNotes { items { id } } }", caller=nobody))["listNotes"]["items"] == []
        assert await api.errors('{ getNote(id: "n0") { id } }', caller=nobody) == [denied("getNote", "Query")]
        assert await api.errors('mutation { createNote(input: {id: "x"}) { id } }', caller=nobody) == [
            denied("createNote", "Mutation")
        ]


# ---------------------------------------------------------------- several owners


async def test_each_of_several_owners_is_one(api: Api):
    await api.sql(
        "INSERT INTO shareds (id, editors) VALUES ('a', '{sub-ann::ann,ben}'), ('b', '{ben}'), ('e', '{}'), ('n', NULL)"
    )
    rows = (await api.data("{ listShareds { items { id editors } } }", caller=ANN))["listShareds"]["items"]
    assert rows == [{"id": "a", "editors": ["ann", "ben"]}]
    rows = (await api.data("{ listShareds { items { id editors } } }", caller=ADMIN))["listShareds"]["items"]
    assert rows == [
        {"id": "a", "editors": ["ann", "ben"]},
        {"id": "b", "editors": ["ben"]},
        {"id": "e", "editors": []},
        {"id": "n", "editors": None},
    ]
    for id_ in "ben":
        caller = ANN if id_ != "b" else user("cy")
        assert await api.errors(f'{{ getShared(id: "{id_}") {{ id }} }}', caller=caller) == [
            denied("getShared", "Query")
        ]
    changed = await api.data('mutation { updateShared(input: {id: "a", editors: ["cy"]}) { editors } }', caller=BEN)
    assert changed["updateShared"] == {"editors": ["cy"]}
    assert await api.errors('mutation { updateShared(input: {id: "a"}) { id } }', caller=BEN) == [
        denied("updateShared", "Mutation")
    ]


CREATES = [
    ("absent", {}, ["sub-ann::ann"]),
    ("themselves", {"editors": ["ann"]}, ["ann"]),
    ("themselves and another", {"editors": ["ben", "sub-ann"]}, ["ben", "sub-ann"]),
    ("another", {"editors": ["ben"]}, None),
    ("nobody", {"editors": []}, None),
    ("null", {"editors": None}, None),
    ("a null", {"editors": [None]}, None),
]


@pytest.mark.parametrize(("given", "stored"), [each[1:] for each in CREATES], ids=[each[0] for each in CREATES])
async def test_a_new_row_must_name_its_maker_among_its_owners(
    api: Api, given: dict[str, Any], stored: list[str] | None
):
    query = "mutation ($i: CreateSharedInput!) { createShared(input: $i) { id } }"
    body = await api.ask(query, {"i": {"id": "s", **given}}, ANN)
    assert ("errors" in body) is (stored is None)
    rows = await api.sql("SELECT editors FROM shareds")
    assert [row["editors"] for row in rows] == ([] if stored is None else [stored])


# ---------------------------------------------------------------- groups


@pytest.mark.parametrize(
    ("caller", "read", "changed"),
    [
        (user("a", "red"), ["1", "2"], ["1", "2"]),
        (user("a", "blue"), ["2", "3"], []),
        (user("a", "red", "blue"), ["1", "2", "3"], ["1", "2"]),
        (user("a", "re"), [], []),
        (user("a", "RED"), [], []),
        (user("a", ""), ["5"], ["5"]),
        (user("a"), [], []),
        (user("a", **{"cognito:groups": "red"}), ["1", "2"], ["1", "2"]),
        (user("a", **{"cognito:groups": ["red", 5, None]}), ["1", "2"], ["1", "2"]),
        (user("a", **{"cognito:groups": {"red": True}}), [], []),
        (user("a", roles=["red"]), [], []),
    ],
)
async def test_groups_that_a_row_names(api: Api, caller: Principal, read: list[str], changed: list[str]):
    await api.sql(
        "INSERT INTO teams (id, team, readers) VALUES ('1', 'red', NULL), ('2', 'red', '{green,blue}'),"
        " ('3', NULL, '{blue}'), ('4', NULL, '{}'), ('5', '', NULL), ('6', 'green', '{green}')"
    )
    found = await api.data("{ listTeams { items { id } nextToken } }", caller=caller)
    assert [each["id"] for each in found["listTeams"]["items"]] == read
    for id_ in "123456":
        body = await api.ask(f'{{ getTeam(id: "{id_}") {{ id }} }}', caller=caller)
        assert body["data"]["getTeam"] == ({"id": id_} if id_ in read else None)
        assert ("errors" in body) is (id_ not in read)
        body = await api.ask(f'mutation {{ updateTeam(input: {{id: "{id_}", text: "x"}}) {{ id }} }}', caller=caller)
        assert ("errors" in body) is (id_ not in changed)
    stored = await api.sql("SELECT id FROM teams WHERE text = 'x' ORDER BY id")
    assert [row["id"] for row in stored] == changed


async def test_a_new_row_must_name_a_group_of_its_maker(api: Api):
    query = "mutation ($i: CreateTeamInput!) { createTeam(input: $i) { id } }"
    red = user("a", "red")
    for given, allowed in (
        ({"team": "red"}, True),
        ({"team": "blue"}, False),
        ({"readers": ["red"]}, False),
        ({}, False),
    ):
        body = await api.ask(query, {"i": given}, red)
        assert ("errors" not in body) is allowed, given
    await api.data(query, {"i": {"team": "any"}}, ADMIN)


async def test_groups_by_another_claim(api: Api):
    await api.sql("INSERT INTO claimeds (id, crew) VALUES ('1', 'x'), ('2', 'y')")
    for caller, expected in (
        (user("a", roles=["boss"]), ["1", "2"]),
        (user("a", roles="boss"), ["1", "2"]),
        (user("a", "boss"), []),
        (user("a", crews=["x"]), ["1"]),
        (user("a", "x", roles=["x"]), []),
        (user("a", crews=["x", "y"], roles=["bos"]), ["1", "2"]),
    ):
        found = await api.data("{ listClaimeds { items { id } } }", caller=caller)
        assert [each["id"] for each in found["listClaimeds"]["items"]] == expected, caller.claims


# ---------------------------------------------------------------- other identities


async def test_an_owner_by_another_claim(api: Api):
    acme, rival = user("a", **{"custom:tenant": "acme"}), user("acme", **{"custom:tenant": "rival"})
    created = await api.data('mutation { createMine(input: {id: "m"}) { owner } }', caller=acme)
    assert created["createMine"] == {"owner": "acme"}
    assert (await api.data('{ getMine(id: "m") { id } }', caller=acme))["getMine"] == {"id": "m"}
    for other in (rival, user("acme"), user("a", **{"custom:tenant": ["acme"]})):
        assert await api.errors('{ getMine(id: "m") { id } }', caller=other) == [denied("getMine", "Query")]
        assert (await api.data("{ listMines { items { id } } }", caller=other))["listMines"]["items"] == []


async def test_an_owner_by_name_is_shown_whole(api: Api):
    await api.sql("INSERT INTO nameds (id, by) VALUES ('1', 'ann'), ('2', 'sub-ann'), ('3', 'sub-ann::ann')")
    found = await api.data("{ listNameds { items { id by } } }", caller=ANN)
    assert found["listNameds"]["items"] == [{"id": "1", "by": "ann"}]
    token = user("x", **{"cognito:username": "ann"})
    id_token = Principal(token.provider, {each: token.claims[each] for each in ("sub", "cognito:username")})
    found = await api.data("{ listNameds { items { id } } }", caller=id_token)
    assert found["listNameds"]["items"] == [{"id": "1"}]


# ---------------------------------------------------------------- relations


async def test_through_a_relation_one_sees_what_one_sees_directly(api: Api):
    await api.create("Board", {"id": "b", "pinnedId": "nb"}, caller=ANN)
    await api.create("Note", {"id": "na", "text": "1", "boardId": "b"}, caller=ANN)
    await api.create("Note", {"id": "nb", "text": "2", "boardId": "b"}, caller=BEN)
    query = '{ getBoard(id: "b") { id pinned { id } notes(limit: 1) { items { id owner } nextToken } } }'
    board = (await api.data(query, caller=BEN))["getBoard"]
    assert board == {
        "id": "b",
        "pinned": {"id": "nb"},
        "notes": {"items": [{"id": "nb", "owner": "ben"}], "nextToken": None},
    }
    body = await api.ask(query, caller=ANN)
    assert body["data"]["getBoard"]["pinned"] is None
    assert body["data"]["getBoard"]["notes"]["items"] == [{"id": "na", "owner": "ann"}]
    assert [(each["path"], each["errorType"], each["message"]) for each in body["errors"]] == [
        (["getBoard", "pinned"], "Unauthorized", "Not Authorized to access pinned on type Board")
    ]
    assert (await api.data('{ getBoard(id: "b") { notes { items { id } } } }', caller=ADMIN))["getBoard"]["notes"] == {
        "items": [{"id": "na"}, {"id": "nb"}]
    }


async def test_no_filter_asks_about_rows_that_are_not_shown(api: Api):
    await api.create("Note", {"id": "na", "text": "mine"}, caller=ANN)
    await api.create("Note", {"id": "nb", "text": "theirs"}, caller=BEN)
    query = "query ($f: ModelNoteFilterInput) { listNotes(filter: $f) { items { id } nextToken } }"
    for filter_ in (
        {"or": [{"text": {"eq": "theirs"}}, {"text": {"ne": "x"}}]},
        {"not": {"text": {"eq": "x"}}},
        {"owner": {"ne": "zed"}},
        {"or": [{}]},
        {"not": {"and": [{"id": {"eq": "na"}}, {"id": {"eq": "nb"}}]}},
    ):
        found = await api.data(query, {"f": filter_}, ANN)
        assert found["listNotes"] == {"items": [{"id": "na"}], "nextToken": None}, filter_


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
    await people.sql("UPDATE people SET helpers = '{ann}'")
    assert (await people.data(query, caller=ANN))["deletePerson"] == {"id": "a"}


# ---------------------------------------------------------------- operations


async def test_rules_for_some_operations_only(api: Api):
    await api.create("Partial", {"id": "p"}, caller=ANN)
    assert await api.data('{ getPartial(id: "p") { id } }', caller=BEN) == {"getPartial": {"id": "p"}}
    assert (await api.data("{ listPartials { items { id } } }", caller=BEN))["listPartials"]["items"] == []
    assert (await api.data("{ listPartials { items { id } } }", caller=ANN))["listPartials"]["items"] == [{"id": "p"}]
    update = 'mutation { updatePartial(input: {id: "p", text: "x"}) { id } }'
    assert await api.errors(update, caller=ANN) == [denied("updatePartial", "Mutation")]
    await api.data(update, caller=EDITOR)
    assert await api.errors('mutation { deletePartial(input: {id: "p"}) { id } }', caller=EDITOR) == [
        denied("deletePartial", "Mutation")
    ]
    assert await api.errors('mutation { createPartial(input: {id: "q", owner: "ben"}) { id } }', caller=EDITOR) != []


# ---------------------------------------------------------------- kept plans

EVERYTHING = f"""query ($id: ID!) {{
  getPerson(id: $id) {{ id name {PRIVATE} note {{ id text }} }}
  listNotes {{ items {{ id owner text }} nextToken }}
  getNote(id: "n") {{ id }}
}}"""


async def test_a_kept_plan_gives_each_caller_what_a_fresh_one_would(people: Api, make_database: MakeDatabase):
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
