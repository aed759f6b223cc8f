"""The compiled path and Strawberry's give one answer: the same data, the same errors, at the same places.

On rows as old data has them: nulls where a value is promised, references that lead nowhere, rows and
fields that the caller may not see. On documents written by hand, and on generated ones: 200 in each
run, as many as OFFRAMP_GENERATED_DOCUMENTS says in a longer one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from functools import cache
from itertools import count
from random import Random
from typing import Any

import hypothesis_graphql
import orjson
import pytest
from graphql import get_named_type, is_leaf_type, print_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes

from service.auth.principal import Principal
from service.catalog.model import Integrity
from service.errors import ServiceError
from service.graphql.execute import GraphQL
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl
from tests.conftest import MakeDatabase
from tests.graphql.api import ADMIN, KEY, Api, api_of, user
from tests.integrity import seated
from tests.parity.broken_rows import SDL, TOLERANT, fill
from tests.parity.strawberry_only import StrawberryOnly


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase, integrity: Integrity) -> AsyncIterator[Api]:
    async with api_of(SDL, make_database, integrity, max_page=20) as made:
        await made.owned.execute_ddl(TOLERANT)
        await fill(made)
        yield made


@pytest.fixture(scope="module")
def strawberry(api: Api) -> GraphQL:
    repository = api.graphql._repository
    return StrawberryOnly(repository, api.graphql._schema, api.fallback, max_tokens=15_000, max_depth=25, max_roots=200)


CALLERS = {
    "ann": user("ann"),
    "ben": user("ben", "red"),
    "admin": ADMIN,
    "key": KEY,
    "nobody": Principal(ADMIN.provider),
}


async def _answer(graphql: GraphQL, query: str, variables: dict[str, Any], caller: Principal) -> Any:
    try:
        body = orjson.loads(await graphql(seated(caller, graphql._repository.catalog), query, variables, None))
    except ServiceError as error:
        return type(error), error.message
    errors = [orjson.dumps(each, option=orjson.OPT_SORT_KEYS).decode() for each in body.get("errors", [])]
    return _in_order(body["data"]), sorted(errors), sorted(body)


def _in_order(value: Any) -> Any:
    """A value in which the order of members counts. 1 and 1.0 are one number in JSON."""
    if isinstance(value, dict):
        return [(name, _in_order(each)) for name, each in value.items()]
    return [_in_order(each) for each in value] if isinstance(value, list) else value


async def _same(api: Api, strawberry: GraphQL, query: str, variables: dict[str, Any], caller: Principal) -> Any:
    compiled = await _answer(api.graphql, query, variables, caller)
    executed = await _answer(strawberry, query, variables, caller)
    assert compiled == executed, query
    return compiled


SPOT_FIELDS = "x y note tags inner { a b kind __typename } inners { b a } maybe { a }"
QUERIES = [
    f"{{ listSites {{ items {{ id name spot {{ {SPOT_FIELDS} }} spots {{ {SPOT_FIELDS} }} }} nextToken }} }}",
    "{ listSites { items { id spot { x } } } }",
    "{ listSites { items { id spot { y } } } }",
    "{ listSites { items { id spot { tags } } } }",
    "{ listSites { items { id spots { tags note } } } }",
    "{ listSites { items { id spots { inners { a } } } } }",
    "{ listSites { items { id spots { maybe { a } inner { b } } } } }",
    "{ listSites { items { name } __typename } }",
    "{ listSites(limit: 2) { nextToken __typename items { rooms(limit: 1) { nextToken items { codes } } } } }",
    '{ a: getSite(id: "s3") { n: name } b: getSite(id: "s4") { n: name } c: getSite(id: "gone") { n: name } }',
    '{ getSite(id: "s2") { id tools { items { tool { id name sites { items { site { id } } } } } nextToken } } }',
    "{ listSites { items { id tools(limit: 2) { items { id tool { name } } nextToken } } } }",
    "{ listSiteTools { items { id site { id } tool { id } } nextToken } }",
    "{ listRooms { items { id number size codes marks kind opened day json } nextToken } }",
    "{ listRooms { items { id codes } } }",
    "{ listRooms { items { id marks } } }",
    "{ listRooms { items { id wage } } }",
    "{ listRooms { items { id code wage } nextToken } }",
    "{ listRooms { items { id plan { x note } } } }",
    "{ listRooms { items { id a: wage b: wage secret { id text crew } } } }",
    "{ listRooms { items { id site { id name rooms { items { id number } } } } } }",
    "{ listRooms(limit: 3) { items { id owner } a: items { b: id } nextToken t: nextToken __typename } }",
    "{ listSecrets { items { id text owner crew site { id name } } nextToken } }",
    '{ getSecret(id: "x0") { id text } a: getSecret(id: "x1") { id text } b: getSecret(id: "x9") { id } }',
    '{ getSite(id: "s0") { secrets { items { id } nextToken } rooms(sortDirection: DESC) { items { id size } } } }',
    '{ roomsBySite(siteId: "s1", number: {ge: 1}, sortDirection: DESC, limit: 2) { items { id } nextToken } }',
    "{ listSites(limit: 0) { items { id } } }",
    '{ listSites(nextToken: "bad") { items { id } } listTools { items { id } } }',
    "{ listTools { items { id name } } listSites { items { id } } __typename }",
    '{ getSite(id: "s0") { rooms(nextToken: "bad") { items { id } } } }',
    '{ getSite(id: "s0") { rooms(limit: -1) { items { id } } id } }',
    '{ hello(name: "x") listTools { items { id } } }',
    '{ x: hello getSite(id: "s3") { name } }',
    "{ __typename }",
    "{ listNothing { id } }",
    "{ getSite { id } }",
    '{ getSite(id: "s0") { id { x } } }',
]  # fmt: skip


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("query", QUERIES)
async def test_reads_written_by_hand(api: Api, strawberry: GraphQL, query: str, caller: str):
    await _same(api, strawberry, query, {}, CALLERS[caller])


WITH_VARIABLES: list[tuple[str, list[dict[str, Any]]]] = [
    (
        """query (
          $f: ModelRoomFilterInput $d: ModelSortDirection $l: Int = 3 $t: String $y: Boolean = true $n: Boolean!
        ) {
          listSites { items { id rooms(filter: $f, sortDirection: $d, limit: $l, nextToken: $t) {
            items { id number @include(if: $y) size @skip(if: $n) } nextToken
          } } }
        }""",
        [
            {"n": True},
            {"n": False, "y": False, "d": "DESC"},
            {"n": True, "l": None, "d": None, "t": None, "f": None},
            {
                "n": True,
                "f": {"or": [{"number": {"eq": 1}}, {"codes": {"contains": "a"}}], "not": {"kind": {"eq": "BIG"}}},
            },
            {"n": True, "f": {"opened": {"beginsWith": "2024-02"}, "json": {"contains": "null"}}},
            {"n": True, "f": {"number": {"between": [1]}}},
            {"n": True, "l": "3"},
            {},
        ],
    ),
    (
        'query ($id: ID = "s0") { getSite(id: $id) { id } }',
        [{}, {"id": "s1"}, {"id": None}, {"id": 5}],
    ),
    (
        "query ($a: Int $f: [ModelSiteFilterInput]) { listSites(limit: $a, filter: {and: $f}) { items { id } } }",
        [{}, {"f": None}, {"f": []}, {"f": {"name": {"eq": "site 1"}}}, {"f": [None, {"name": {"ne": "x"}}]}],
    ),
]


@pytest.mark.parametrize(
    ("query", "variables"), [(query, given_variables) for query, many in WITH_VARIABLES for given_variables in many]
)
async def test_reads_with_variables(api: Api, strawberry: GraphQL, query: str, variables: dict[str, Any]):
    for caller in ("ann", "key"):
        await _same(api, strawberry, query, variables, CALLERS[caller])


ROOM = {
    "number": 1,
    "size": 1.5,
    "codes": ["a"],
    "kind": "BIG",
    "opened": "2024-02-29T10:15:30Z",
    "json": "{}",
    "code": "c",
}
SPOT_INPUT = {"x": 1, "note": "n", "inner": {"a": "i"}, "inners": []}
MUTATIONS: list[tuple[str, dict[str, Any]]] = [
    ("mutation ($i: CreateRoomInput!) { createRoom(input: $i) { id number codes opened owner } }",
     {"i": {"id": "n", **ROOM}}),
    ("mutation ($i: CreateRoomInput!) { createRoom(input: $i) { id wage code } }", {"i": {"id": "n", **ROOM}}),
    ("mutation ($i: CreateRoomInput!) { createRoom(input: $i) { id wage site { id rooms { items { id } } } } }",
     {"i": {"id": "n", "siteId": "s3", **ROOM}}),
    ("mutation ($i: CreateRoomInput!) { createRoom(input: $i) { id } }", {"i": {"id": "r00", **ROOM}}),
    ("mutation ($i: CreateRoomInput!) { createRoom(input: $i) { id } }", {"i": {**ROOM, "owner": "ben"}}),
    ("mutation ($i: UpdateRoomInput!) { updateRoom(input: $i) { id size number } }", {"i": {"id": "r00",
     "size": None}}),
    ("mutation ($i: UpdateRoomInput!) { updateRoom(input: $i) { id } }", {"i": {"id": "r01", "wage": 3}}),
    ("mutation ($i: UpdateRoomInput!) { updateRoom(input: $i, condition: {number: {eq: 77}}) { id } }",
     {"i": {"id": "r00"}}),
    ('mutation { deleteRoom(input: {id: "r00"}) { id secret { id } site { name } } }', {}),
    ('mutation { deleteRoom(input: {id: "gone"}) { id } }', {}),
    ("mutation ($i: CreateSiteInput!) { createSite(input: $i) { id spot { x } secrets { items { id } nextToken } } }",
     {"i": {"id": "n", "name": "n", "spot": SPOT_INPUT}}),
    ('mutation { a: deleteSite(input: {id: "s3"}) { id name } b: deleteSite(input: {id: "s4"}) { id name } }', {}),
    ("mutation ($i: CreateSiteToolInput!) { createSiteTool(input: $i) { id site { name } tool { name } } }",
     {"i": {"id": "n", "siteId": "s0", "toolId": "t1"}}),
]  # fmt: skip


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("query", "variables"), MUTATIONS)
async def test_mutations(api: Api, strawberry: GraphQL, query: str, variables: dict[str, Any], caller: str):
    answers = []
    for graphql in (api.graphql, strawberry):
        answers.append(await _answer(graphql, query, variables, CALLERS[caller]))
        await api.sql(f"TRUNCATE {', '.join(model.table for model in api.catalog.models)}")
        await fill(api)
    assert answers[0] == answers[1]


async def test_a_document_with_a_hand_written_field_is_executed_whole(api: Api):
    body = await api.ask(
        '{ hello getSite(id: "s0") { id rooms(limit: 1) { nextToken items { id } } } }', caller=CALLERS["ann"]
    )
    assert body["data"]["hello"] is None
    assert [(each["path"], each["errorType"]) for each in body["errors"]] == [(["hello"], "NotImplemented")]
    rooms = body["data"]["getSite"]["rooms"]
    query = 'query ($t: String) { getSite(id: "s0") { rooms(nextToken: $t) { items { id } } } }'
    rest = (await api.data(query, {"t": rooms["nextToken"]}, CALLERS["ann"]))["getSite"]["rooms"]
    assert [each["id"] for each in rooms["items"] + rest["items"]] == ["r00", "r06", "r12", "r18"]


# ---------------------------------------------------------------- generated documents

COUNT = int(os.environ.get("OFFRAMP_GENERATED_DOCUMENTS", "200"))
_GENERATED = print_schema(light_schema(catalog_from_sdl(SDL)))


def _scalars() -> dict[str, st.SearchStrategy[Any]]:
    texts = {
        "AWSDate": ["2024-02-29"], "AWSDateTime": ["2024-02-29T10:15:30Z"], "AWSJSON": ["{}"], "AWSTime": ["10:15"],
        "AWSEmail": ["a@b.c"], "AWSURL": ["http://x.y"], "AWSPhone": ["+123456"], "AWSIPAddress": ["::1"],
    }  # fmt: skip
    made: dict[str, st.SearchStrategy[Any]] = {
        name: st.sampled_from(each).map(nodes.String) for name, each in texts.items()
    }
    return made | {"AWSTimestamp": st.integers(1, 9).map(nodes.Int)}


class Selections:
    """Documents that ask much of the rows and little of their arguments, so that most of it comes back."""

    ROOTS = ("listSites", "listRooms", "listSecrets", "listSiteTools", 'getSite(id: "s%d")', 'getSecret(id: "x%d")')

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._schema = light_schema(catalog_from_sdl(SDL))
        self._aliases = count()

    def document(self) -> str:
        """A query with one to three root fields, parts of them in a fragment."""
        query = self._schema.query_type
        assert query is not None
        roots = []
        for number in range(self._random.randint(1, 3)):
            root = self._random.choice(self.ROOTS)
            named = root % self._random.randint(0, 6) if "%d" in root else root
            type_ = get_named_type(query.fields[root.partition("(")[0]].type)
            roots.append(f"r{number}: {named} {self._selection(type_, 4)}")
        return f"{{ {' '.join(roots)} }}"

    def _selection(self, type_: Any, depth: int) -> str:
        names = [name for name, each in type_.fields.items() if depth or is_leaf_type(get_named_type(each.type))]
        chosen = [self._field(type_, self._random.choice(names), depth) for _ in range(self._random.randint(1, 5))]
        if "items" in type_.fields and self._random.random() < 0.8:
            chosen.append(self._field(type_, "items", depth))
        if self._random.random() < 0.3:
            position = self._random.randrange(len(chosen))
            chosen[position:] = [f"... on {type_.name} {{ {' '.join(chosen[position:])} }}"]
        return f"{{ {' '.join(chosen or ['__typename'])} }}"

    def _field(self, type_: Any, name: str, depth: int) -> str:
        field = type_.fields[name]
        alias = f"a{next(self._aliases)}: " if self._random.random() < 0.3 or field.args else ""
        arguments = self._random.choice(["", "", "(limit: 2)", "(sortDirection: DESC, limit: 3)"]) if field.args else ""
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            return f"{alias}{name}"
        # Two selections of one field are merged, whatever is in each.
        return f"{alias}{name}{arguments} {self._selection(inner, max(depth - 1, 0))}"


@pytest.mark.parametrize("caller", CALLERS)
async def test_generated_selections(api: Api, strawberry: GraphQL, caller: str):
    selections = Selections(len(caller))
    failed = 0
    for _ in range(COUNT // 10):
        _, errors, _ = await _same(api, strawberry, selections.document(), {}, CALLERS[caller])
        failed += bool(errors)
    assert failed > COUNT // 50


@cache
def generated() -> list[str]:
    """Documents as Hypothesis makes them, the same in each run; making them takes longer than running them."""
    documents: list[str] = []

    @given(hypothesis_graphql.queries(_GENERATED, custom_scalars=_scalars(), allow_x00=False))
    @settings(
        derandomize=True,
        max_examples=COUNT // 2,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def collect(document: str) -> None:
        documents.append(document)

    collect()
    return list(dict.fromkeys(documents))


@pytest.mark.parametrize("caller", ["ann", "key"])
async def test_generated_documents(api: Api, strawberry: GraphQL, caller: str):
    answered = 0
    for document in generated():
        data, *_ = await _same(api, strawberry, document, {}, CALLERS[caller])
        answered += data is not None
    assert answered > COUNT // 8
