"""Who may read what through REST: rows that are closed are not in lists, fields that are closed are left out."""

from __future__ import annotations

import pytest

from service.auth.principal import Principal
from tests.graphql.api import ADMIN, KEY
from tests.rest.calls import Rest
from tests.rest.library import ANN, BEN


async def test_lists_have_the_rows_a_caller_may_read(library: Rest):
    for caller, ids in ((ANN, ["n1"]), (BEN, ["n2"]), (ADMIN, ["n1", "n2"])):
        body = await library.get("/v1/notes", caller=caller, headers={"prefer": "count=exact"})
        assert [each["id"] for each in body["data"]] == ids
        assert body["page"]["total"] == len(ids)


async def test_one_row_that_is_closed_is_forbidden_and_one_that_is_not_there_is_missing(library: Rest):
    assert (await library.get("/v1/notes/n1", caller=ANN))["text"] == "of ann"
    assert (await library.refused(403, "GET", "/v1/notes/n2", caller=ANN))["code"] == "forbidden"
    await library.refused(404, "GET", "/v1/notes/n3", caller=ANN)
    for path in ("/v1/notes/n1", "/v1/notes", "/v1/notes/n3"):
        await library.refused(403, "GET", path, caller=KEY)
        await library.refused(401, "GET", path, caller=None)


async def test_a_closed_field_is_left_out_and_refused_by_name(library: Rest):
    for caller, cost, remark in ((ADMIN, True, True), (ANN, False, True), (BEN, False, False), (KEY, False, False)):
        row = await library.get("/v1/books/b1", caller=caller)
        assert ("cost" in row, "remark" in row) == (cost, remark)
        assert row["title"] == "Title 1"
    seen = {each["id"]: "remark" in each for each in (await library.get("/v1/books?limit=3", caller=ANN))["data"]}
    assert seen == {"b0": False, "b1": True, "b2": False}
    named = await library.get("/v1/books?limit=2&fields=remark,id", caller=ANN)
    assert named["data"] == [{"id": "b0"}, {"remark": "psst", "id": "b1"}]
    alone = await library.get("/v1/books?limit=2&fields=remark", caller=ANN)
    assert alone["data"] == [{}, {"remark": "psst"}]
    for query in ("fields=cost", "cost[ge]=1", "cost[exists]=true", "filter={%22not%22:{%22cost%22:{%22eq%22:9}}}"):
        await library.refused(403, "GET", f"/v1/books?{query}", caller=ANN)
    await library.refused(403, "POST", "/v1/books:search", {"filter": {"or": [{"cost": {"eq": 9}}]}}, caller=ANN)


async def test_a_filter_on_a_field_finds_the_rows_in_which_it_is_open(library: Rest):
    body = await library.get("/v1/books?remark=psst&fields=id", caller=ANN)
    assert body["data"] == [{"id": "b1"}]
    inverse = await library.get("/v1/books?remark[ne]=psst&fields=id", caller=ANN)
    assert inverse["data"] == []


async def test_rows_are_not_sorted_by_what_the_caller_may_not_see(library: Rest):
    for query in ("sort=title,cost", "sort=title,-remark"):
        await library.refused(403, "GET", f"/v1/books?{query}", caller=ANN)
    assert (await library.get("/v1/books?sort=title,cost&limit=1", caller=ADMIN))["data"]


async def test_what_is_included_follows_its_own_rules(library: Rest):
    body = await library.get("/v1/shelves/s1?include=notes", caller=BEN)
    assert [each["id"] for each in body["notes"]["data"]] == ["n2"]
    children = await library.get("/v1/shelves/s1/notes", caller=BEN)
    assert [each["id"] for each in children["data"]] == ["n2"]
    await library.refused(403, "GET", "/v1/books/b1?include=shelf", caller=KEY)
    await library.refused(403, "GET", "/v1/shelves/s1/books", caller=KEY)
    assert (await library.send("GET", "/v1/books/b1", caller=KEY)).status_code == 200


@pytest.mark.parametrize("caller", [ADMIN, KEY], ids=["admin", "key"])
async def test_a_model_of_owners_alone(library: Rest, caller: Principal):
    await library.refused(403, "GET", "/v1/diaries", caller=KEY)
    if caller is ADMIN:
        assert (await library.get("/v1/diaries", caller=caller))["data"] == []
