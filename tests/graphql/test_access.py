"""Who sees and changes which rows: every kind of rule, in every operation, on rows that exist and rows that do not.

Expected values are AppSync's, written down by hand: none is computed from the rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.auth.principal import Principal
from service.catalog.model import Integrity
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY, Api, api_of, user
from tests.graphql.rules import ANN, BEN, EDITOR, SDL, denied, empty


@pytest.fixture(scope="module")
async def shared_api(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database, integrity) as made:
        yield made


@pytest.fixture
async def api(shared_api: Api) -> AsyncIterator[Api]:
    yield shared_api
    await empty(shared_api)


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
    await api.sql("INSERT INTO boards (id) VALUES ('b')")
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


async def test_an_owner_may_hand_a_row_on_but_not_out_of_sight_of_policies(api: Api):
    """PostgreSQL shows nobody a row that they may not read, not even as what becomes of their own."""
    await api.sql("INSERT INTO shareds (id, editors) VALUES ('a', '{sub-ann::ann,ben}')")
    query = 'mutation ($editors: [String]) { updateShared(input: {id: "a", editors: $editors}) { editors } }'
    shared = await api.data(query, {"editors": ["cy", "ben"]}, BEN)
    assert shared["updateShared"] == {"editors": ["cy", "ben"]}
    if api.catalog.is_enforced:
        refused = [(["updateShared"], "Unauthorized", "Not Authorized")]
        assert await api.errors(query, {"editors": ["cy"]}, BEN) == refused
        assert await api.sql("SELECT editors FROM shareds") == [(["cy", "ben"],)]
        return
    assert (await api.data(query, {"editors": ["cy"]}, BEN))["updateShared"] == {"editors": ["cy"]}
    assert await api.errors(query, {"editors": ["ben"]}, BEN) == [denied("updateShared", "Mutation")]


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
    await api.create("Board", {"id": "b"}, caller=ANN)
    await api.create("Note", {"id": "na", "text": "1", "boardId": "b"}, caller=ANN)
    await api.create("Note", {"id": "nb", "text": "2", "boardId": "b"}, caller=BEN)
    await api.data('mutation { updateBoard(input: {id: "b", pinnedId: "nb"}) { id } }', caller=ANN)
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
