"""Filters in a query string and as JSON mean one thing; what makes no sense is refused, with all that is wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
import pytest

from tests.rest.calls import Rest

ALL = ["b0", "b1", "b2", "b3", "b4", "b5", "b6"]
FILTERS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("kind=BIG", {"kind": {"eq": "BIG"}}, ["b1", "b3", "b5"]),
    ("kind[ne]=BIG", {"kind": {"ne": "BIG"}}, ["b0", "b2", "b4", "b6"]),
    ("price[ge]=3.5", {"price": {"ge": 3.5}}, ["b0", "b3", "b6"]),
    ("price[gte]=3.5&price[lt]=10", {"price": {"gte": 3.5, "lt": 10}}, ["b0", "b3"]),
    ("price[lte]=1", {"price": {"le": 1}}, ["b2"]),
    ("price[gt]=9.9", {"price": {"gt": 9.9}}, ["b6"]),
    ("price[neq]=1", {"price": {"ne": 1}}, ["b0", "b1", "b3", "b4", "b5", "b6"]),
    ("price[between]=1,3", {"price": {"between": [1, 3]}}, ["b2", "b5"]),
    ("price[exists]=false", {"price": {"exists": False}}, ["b1", "b4"]),
    ("price[exists]=true&rank=0", {"price": {"attributeExists": True}, "rank": {"eq": 0}}, ["b0", "b3", "b6"]),
    ("id[in]=b1,b5,zz", {"id": {"in": ["b1", "b5", "zz"]}}, ["b1", "b5"]),
    ("rank[in]=1,2", {"rank": {"in": [1, 2]}}, ["b1", "b2", "b4", "b5"]),
    ("kind[in]=BIG", {"kind": {"in": ["BIG"]}}, ["b1", "b3", "b5"]),
    ("updatedAt[in]=2026-11-25T11:00:00%2B01:00", {"updatedAt": {"in": ["2026-11-25T10:00:00Z"]}}, ALL),
    ("title[beginsWith]=Title&rank=1", {"title": {"beginsWith": "Title"}, "rank": {"eq": 1}}, ["b1", "b4"]),
    ("title[contains]=le%203", {"title": {"contains": "le 3"}}, ["b3"]),
    ("title[like]=3", {"title": {"like": "3"}}, ["b3"]),
    ("title[contains]=%25", {"title": {"contains": "%"}}, []),
    ("title[contains]=_", {"title": {"contains": "_"}}, []),
    ("title[notContains]=3&rank=0", {"title": {"notContains": "3"}, "rank": {"eq": 0}}, ["b0", "b6"]),
    ("title=gt.5", {"title": {"eq": "gt.5"}}, []),
    ("title='%20OR%201=1%20--", {"title": {"eq": "' OR 1=1 --"}}, []),
    ("tags[contains]=t4", {"tags": {"contains": "t4"}}, ["b4"]),
    ("tags[size]=2&rank=2", {"tags": {"size": {"eq": 2}}, "rank": {"eq": 2}}, ["b2", "b5"]),
    ("tags[size][ge]=3", {"tags": {"size": {"ge": 3}}}, []),
    ("title[size][between]=7,7&rank=1", {"title": {"size": {"between": [7, 7]}}, "rank": {"eq": 1}}, ["b1", "b4"]),
    ("updatedAt[beginsWith]=2026-11-25", {"updatedAt": {"beginsWith": "2026-11-25"}}, ALL),
    ("updatedAt[ge]=2026-12", {"updatedAt": {"ge": "2026-12"}}, []),
    ("updatedAt=2026-11-25T10:00:00.000Z&rank=0", {"updatedAt": {"eq": "2026-11-25T10:00:00.000Z"}, "rank": {"eq": 0}},
     ["b0", "b3", "b6"]),
    ("limit[exists]=true", {"limit": {"exists": True}}, []),
]  # fmt: skip


@pytest.mark.parametrize(("query", "written", "ids"), FILTERS)
async def test_a_filter_in_three_spellings(library: Rest, query: str, written: dict[str, Any], ids: list[str]):
    assert _ids(await library.get(f"/v1/books?{query}")) == ids
    assert _ids(await library.get(f"/v1/books?filter={quote(orjson.dumps(written))}")) == ids
    assert _ids((await library.send("POST", "/v1/books:search", {"filter": written})).json()) == ids


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ({"or": [{"rank": {"eq": 1}}, {"price": {"gt": 9}}]}, ["b1", "b4", "b6"]),
        ({"and": [{"rank": {"eq": 1}}, {"kind": {"eq": "BIG"}}]}, ["b1"]),
        ({"not": {"kind": {"eq": "BIG"}}, "rank": {"eq": 0}}, ["b0", "b6"]),
        ({"price": {"eq": None}}, ["b1", "b4"]),
        ({"price": {"ne": None}, "rank": {"eq": 2}}, ["b2", "b5"]),
        ({"or": []}, ALL),
        ({}, ALL),
        (None, ALL),
    ],
)
async def test_what_only_json_can_say(library: Rest, written: Any, ids: list[str]):
    response = await library.send("POST", "/v1/books:search", {"filter": written, "fields": ["id"]})
    assert _ids(response.json()) == ids


async def test_a_search_takes_what_a_list_takes(library: Rest):
    asked = {"filter": {"shelfId": {"eq": "s1"}}, "sort": ["-price", "title"], "limit": 2, "fields": ["id"]}
    seen, cursor = [], None
    for _ in range(3):
        page = (await library.send("POST", "/v1/books:search", {**asked, "cursor": cursor})).json()
        seen += _ids(page)
        cursor = page["page"]["next"]
    assert seen == ["b1", "b4", "b0", "b3", "b5", "b2"]
    assert cursor is None
    included = (await library.send("POST", "/v1/books:search", {"include": ["shelf"], "limit": 1})).json()
    assert included["data"][0]["shelf"]["name"] == "Top"


@pytest.mark.parametrize(
    ("query", "flaws"),
    [
        ("price=ten", [("price", "wrong_value")]),
        ("price=", [("price", "wrong_value")]),
        ("price[ge]=NaN", [("price[ge]", "wrong_value")]),
        ("price=1e999", [("price", "wrong_value")]),
        ("rank=1.5", [("rank", "wrong_value")]),
        ("rank=2147483648", [("rank", "wrong_value")]),
        ("rank=" + "9" * 300, [("rank", "wrong_value")]),
        ("count=9223372036854775808", [("count", "wrong_value")]),
        ("sold=yes", [("sold", "wrong_value")]),
        ("sold[ge]=true", [("sold[ge]", "unknown_operator")]),
        ("kind=HUGE", [("kind", "wrong_value")]),
        ("kind[beginsWith]=B", [("kind[beginsWith]", "unknown_operator")]),
        ("tags=red", [("tags", "unknown_operator")]),
        ("price[between]=1", [("price[between]", "wrong_type")]),
        ("price[exists]=maybe", [("price[exists]", "wrong_type")]),
        ("price[is]=1", [("price[is]", "unknown_operator")]),
        ("price[or][ge]=1", [("price[or][ge]", "unknown_operator")]),
        ("day[in]=2026-02-30", [("day[in]", "wrong_value")]),
        ("day=tomorrow", [("day", "wrong_value")]),
        ("spot=1", [("spot", "unknown_parameter")]),
        ("shelf=s1", [("shelf", "unknown_parameter")]),
        ("__class__=1", [("__class__", "unknown_parameter")]),
        ("shelf_id=s1", [("shelf_id", "unknown_parameter")]),
        ("name)%20or%20(1=1", [("name) or (1", "unknown_parameter")]),
        ("limit=0", [("limit", "wrong_value")]),
        ("limit=1001", [("limit", "wrong_value")]),
        ("limit=1e3", [("limit", "wrong_value")]),
        ("limit=%EF%BC%91", [("limit", "wrong_value")]),
        ("limit=", [("limit", "wrong_value")]),
        ("limit=1&limit=2", [("limit", "repeated")]),
        ("limit[]=1", [("limit[]", "unknown_parameter")]),
        ("sort=price", [("sort", "no_index")]),
        ("sort=pric", [("sort", "unknown_field")]),
        ("sort=title,-title", [("sort", "repeated")]),
        ("sort=title%20desc", [("sort", "unknown_field")]),
        ("sort=title;drop%20table%20books", [("sort", "unknown_field")]),
        ("sort=title%20asc%20nulls%20first;%20--", [("sort", "unknown_field")]),
        ("sort=-(select%201)", [("sort", "unknown_field")]),
        ("sort=lower(title)", [("sort", "unknown_field")]),
        ("sort=1", [("sort", "unknown_field")]),
        ("sort=shelf_id", [("sort", "unknown_field")]),
        ("sort=__class__", [("sort", "unknown_field")]),
        ("fields=__class__", [("fields", "unknown_field")]),
        ("include=shelf_id", [("include", "unknown_field")]),
        ("sort=extra", [("sort", "unknown_field")]),
        ("sort=tags", [("sort", "unknown_field")]),
        ("filter={", [("filter", "wrong_value")]),
        ("filter=[]", [("filter", "wrong_type")]),
        ("filter={%22price%22:1,%22x%22:{}}", [("filter", "wrong_type"), ("filter", "unknown_field")]),
        ("title=%ff", [("", "wrong_value")]),
        ("title=%00", [("", "wrong_value")]),
        ("title=%ED%A0%80", [("", "wrong_value")]),
        ("price=a&rank=b&kind=c", [("price", "wrong_value"), ("rank", "wrong_value"), ("kind", "wrong_value")]),
    ],
)
async def test_parameters_that_are_refused(library: Rest, query: str, flaws: list[tuple[str, str]]):
    with library.watched() as sent:
        assert await library.flaws("GET", f"/v1/books?{query}") == flaws
    assert not sent


@pytest.mark.parametrize(
    ("body", "flaws"),
    [
        ([], [("", "wrong_type")]),
        ({"filtre": {}}, [("/filtre", "unknown_field")]),
        ({"limit": "5"}, [("/limit", "wrong_value")]),
        ({"limit": True}, [("/limit", "wrong_value")]),
        ({"cursor": 5}, [("/cursor", "wrong_type")]),
        ({"sort": {"price": 1}}, [("/sort", "wrong_type")]),
        ({"fields": ["pric"], "include": [5]}, [("/include", "wrong_type"), ("/fields", "unknown_field")]),
        ({"filter": {"price": {"gee": 1}}}, [("/filter/price/gee", "unknown_operator")]),
        ({"filter": {"and": {"price": {}}}}, [("/filter/and", "wrong_type")]),
        ({"filter": {"or": [{}, {"price": {"in": []}}]}}, [("/filter/or/1/price/in", "wrong_type")]),
        ({"filter": {"rank": {"in": [1, "2"]}}}, [("/filter/rank/in/1", "wrong_value")]),
        ({"filter": {"rank": {"in": list(range(1001))}}}, [("/filter/rank/in", "too_many")]),
        ({"filter": {"a/b~c": {}}}, [("/filter/a~1b~0c", "unknown_field")]),
        ({"filter": {"title": {"eq": "a\0"}}}, [("/filter/title/eq", "wrong_value")]),
        ({"filter": {"title": {"size": {"eq": 2.5}}}}, [("/filter/title/size/eq", "wrong_value")]),
        ({"filter": {"title": {"size": 2}}}, [("/filter/title/size", "wrong_type")]),
        ({"filter": {"price": {"lt": None}}}, [("/filter/price/lt", "wrong_value")]),
        ({"filter": {"price": {"exists": None}}}, [("/filter/price/exists", "wrong_type")]),
    ],
)
async def test_searches_that_are_refused(library: Rest, body: Any, flaws: list[tuple[str, str]]):
    assert await library.flaws("POST", "/v1/books:search", body) == flaws


async def test_filters_have_an_end(library: Rest):
    deep: dict[str, Any] = {"rank": {"eq": 1}}
    for _ in range(100):
        deep = {"not": deep}
    assert [code for _, code in await library.flaws("POST", "/v1/books:search", {"filter": deep})] == ["too_deep"]
    many = {"or": [{"rank": {"eq": 1}}] * 1001}
    assert (await library.refused(413, "POST", "/v1/books:search", {"filter": many}))["code"] == "limited"
    parameters = "&".join(f"rank[ne]={n}" for n in range(101))
    assert await library.flaws("GET", f"/v1/books?{parameters}") == [("", "wrong_value")]


def _ids(page: Any) -> list[str]:
    return [each["id"] for each in page["data"]]
