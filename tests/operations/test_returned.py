"""What a function gives back is answered with in the shape of the selection, whatever it is made of."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from service.errors import Limited
from service.operations.call import Call, Row
from tests.operations.api import KEY, VIC, Api, user

ANN, BOB = user("ann"), user("bob", "Boss")
Serve = Callable[..., Api]


async def furnished(api: Api) -> None:
    """Two shelves; a note of ann's on the first and one of bob's on both."""
    for shelf in ("s1", "s2"):
        await api.rows.create("Shelf", {"id": shelf, "name": shelf.upper()})
    for author, note, shelf in ((ANN, "a1", "s1"), (BOB, "b1", "s1"), (BOB, "b2", "s2")):
        values = {"id": note, "title": f"Note {note}", "shelfId": shelf, "secret": "hush", "own": "mine"}
        await api.rows_of(author).without_rules().create("Note", values)
    await api.rows.create("Slot", {"row": "A", "number": 1, "shelfId": "s2"})


class TestRows:
    async def test_a_row_is_read_with_everything_below_it_in_one_statement(self, serve: Serve) -> None:
        async def make_note(call: Call, title: str) -> Row:
            return Row("Note", (await call.rows.create("Note", {"title": title, "shelfId": "s1"}))["id"])

        api = serve(makeNote=make_note)
        await furnished(api)
        sent: list[str] = []
        api.database.observer = sent.append
        query = """mutation { made: makeNote(title: "Zoo") { __typename t: title owner mood
          shelf { name notes(sortDirection: DESC, limit: 1) { items { title shelf { name } } nextToken } } } }"""
        data = await api.ask(query, caller=ANN)
        api.database.observer = None
        assert data["made"]["shelf"]["notes"].pop("nextToken")
        inner = [{"title": "Zoo", "shelf": {"name": "S1"}}]
        assert data["made"] == {
            "__typename": "Note",
            "t": "Zoo",
            "owner": "ann",
            "mood": None,
            "shelf": {"name": "S1", "notes": {"items": inner}},
        }
        assert [each.split()[0] for each in sent] == ["WITH", "SELECT"]

    async def test_rows_come_in_order_with_nulls_for_missing_ones_and_errors_for_denied_ones(
        self, serve: Serve
    ) -> None:
        async def make_both(_: Call, title: str, fail: Any = None) -> list[Row | None]:
            return [Row("Note", key) for key in ("b1", "a1", "nothing")] + [None, Row("Note", "a1")]

        api = serve(makeBoth=make_both)
        await furnished(api)
        query = 'mutation { makeBoth(title: "x") { id shelf { name } } }'
        answer = await api.send(query, caller=ANN)
        mine = {"id": "a1", "shelf": {"name": "S1"}}
        assert answer["data"] == {"makeBoth": [None, mine, None, None, mine]}
        assert [(each["errorType"], each["path"], each["message"]) for each in answer["errors"]] == [
            ("Unauthorized", ["makeBoth", 0], "Not Authorized to access makeBoth on type Mutation")
        ]

    async def test_rules_of_fields_hold(self, serve: Serve) -> None:
        async def make_note(_: Call, title: str) -> Row:
            return Row("Note", title)

        api = serve(makeNote=make_note)
        await furnished(api)
        query = "mutation($id: String!) { makeNote(title: $id) { id secret own } }"
        answer = await api.send(query, {"id": "a1"}, ANN)
        assert answer["data"] == {"makeNote": {"id": "a1", "secret": None, "own": "mine"}}
        assert [each["path"] for each in answer["errors"]] == [["makeNote", "secret"]]
        answer = await api.send(query, {"id": "a1"}, BOB)
        assert answer["data"] == {"makeNote": {"id": "a1", "secret": "hush", "own": None}}
        assert [each["path"] for each in answer["errors"]] == [["makeNote", "own"]]

    async def test_a_key_of_several_fields(self, serve: Serve) -> None:
        async def report(_: Call, **__: Any) -> dict[str, Any]:
            return {"title": "t", "parts": [{"slot": Row("Slot", "A", 1)}, {"slot": Row("Slot", "A", 2)}]}

        api = serve(report=_taking_everything(report))
        await furnished(api)
        data = await api.ask("{ report { parts { slot { number shelf { name } } } } }")
        assert data["report"]["parts"] == [{"slot": {"number": 1, "shelf": {"name": "S2"}}}, {"slot": None}]

    async def test_a_mode_without_a_rule_sees_no_row(self, serve: Serve) -> None:
        async def shelf(_: Call, id: str) -> Any:
            return Row("Shelf", id)

        api = serve(shelf=shelf)
        await furnished(api)
        query = '{ shelf(id: "s1") { name notes { items { id } } } }'
        answer = await api.send(query, caller=KEY)
        assert answer["data"] == {"shelf": {"name": "S1", "notes": None}}
        message = "Not Authorized to access notes on type Shelf"
        assert [(each["path"], each["message"]) for each in answer["errors"]] == [(["shelf", "notes"], message)]


class TestObjects:
    async def test_custom_types_nest_to_any_depth_with_rows_inside(self, serve: Serve) -> None:
        async def report(_: Call, **__: Any) -> dict[str, Any]:
            inner = {"title": "inner", "best": Row("Note", "b1"), "shelves": (Row("Shelf", "s2"), Row("Shelf", "s1"))}
            deepest = {"title": "deepest", "parts": [{"note": Row("Note", "b2")}, None, {"note": None}]}
            return {"title": "outer", "inner": inner | {"inner": deepest}, "made": datetime(2026, 1, 2, 3, tzinfo=UTC)}

        api = serve(report=_taking_everything(report))
        await furnished(api)
        query = """{ r: report { __typename title made
          i: inner { title best { title } shelves { name notes { items { id } } }
            inner { title parts { __typename note { shelf { name } } } } } } }"""
        assert await api.ask(query, caller=BOB) == {
            "r": {
                "__typename": "Report",
                "title": "outer",
                "made": "2026-01-02T03:00:00.000Z",
                "i": {
                    "title": "inner",
                    "best": {"title": "Note b1"},
                    "shelves": [
                        {"name": "S2", "notes": {"items": [{"id": "b2"}]}},
                        {"name": "S1", "notes": {"items": [{"id": "a1"}, {"id": "b1"}]}},
                    ],
                    "inner": {
                        "title": "deepest",
                        "parts": [
                            {"__typename": "Part", "note": {"shelf": {"name": "S2"}}},
                            None,
                            {"__typename": "Part", "note": None},
                        ],
                    },
                },
            }
        }

    async def test_places_take_one_statement_each_however_many_values(self, serve: Serve) -> None:
        async def reports(_: Call) -> list[dict[str, Any]]:
            return [{"title": str(number), "shelves": [Row("Shelf", "s1")] * number} for number in range(20)]

        api = serve(reports=reports)
        await furnished(api)
        sent: list[str] = []
        api.database.observer = sent.append
        data = await api.ask("{ reports { shelves { name } } }")
        api.database.observer = None
        assert [len(each["shelves"]) for each in data["reports"]] == [*range(20)]
        assert len(sent) == 1

    async def test_a_row_as_an_object_shows_what_was_given_and_leads_on_by_its_fields(self, serve: Serve) -> None:
        """As AppSync does with what a Lambda function returns: the rules of the model are the function's business."""
        given = {
            "id": "unstored",
            "title": "Given",
            "owner": "sub-ann::ann",
            "shelfId": "s2",
            "shelf": {"name": "not looked at"},
            "place": {"city": "Ulm", "spots": [{"x": 1, "y": 2.5}, None]},
            "extra": {"a": [1, None]},
            "due": "2026-01-02T03:04:05.000Z",
            "own": "o",
            "secret": "s",
        }

        async def make_both(_: Call, title: str, fail: Any = None) -> list[dict[str, Any]]:
            return [given, {"id": "b1", "title": "No shelf"}, given | {"owner": "someone", "shelfId": "nowhere"}]

        api = serve(makeBoth=make_both)
        await furnished(api)
        query = """mutation { makeBoth(title: "") { id owner due extra tags secret own place { city spots { y } }
          shelf { name notes { items { title } } } } }"""
        answer = await api.send(query, caller=ANN)
        place = {"city": "Ulm", "spots": [{"y": 2.5}, None]}
        first = {"id": "unstored", "owner": "ann", "due": given["due"], "extra": '{"a":[1,null]}', "tags": None}
        first |= {"secret": None, "own": "o", "place": place, "shelf": {"name": "S2", "notes": {"items": []}}}
        second = dict.fromkeys(first) | {"id": "b1"}
        third = first | {"owner": "someone", "own": None, "shelf": None}
        assert answer["data"] == {"makeBoth": [first, second, third]}
        paths = sorted(each["path"] for each in answer["errors"])
        assert paths == sorted(
            [["makeBoth", at, "secret"] for at in range(3)] + [["makeBoth", at, "own"] for at in (1, 2)]
        )

    async def test_a_field_that_no_relation_leads_to_is_the_functions_to_fill_in(self, serve: Serve) -> None:
        async def report(_: Call, **__: Any) -> dict[str, Any]:
            twin = {"number": 2, "shelfId": "s1", "twin": Row("Slot", "A", 1)}
            return {"title": "t", "parts": [{"slot": {"number": 1, "twin": twin}}]}

        api = serve(report=_taking_everything(report))
        await furnished(api)
        data = await api.ask(
            "{ report { parts { slot { twin { shelf { name } twin { number twin { number } } } } } } }"
        )
        twin = {"shelf": {"name": "S1"}, "twin": {"number": 1, "twin": None}}
        assert data["report"]["parts"] == [{"slot": {"twin": twin}}]
        assert await api.ask('{ getSlot(row: "A", number: 1) { number twin { number } } }') == {
            "getSlot": {"number": 1, "twin": None}
        }

    async def test_a_connection_of_rows_and_objects(self, serve: Serve) -> None:
        async def notes(_: Call, from_: datetime | None = None) -> dict[str, Any]:
            return {"items": [Row("Note", "b1"), {"id": "x", "shelfId": "s1"}, None], "nextToken": "more"}

        api = serve(notes=notes)
        await furnished(api)
        data = await api.ask("{ notes { nextToken items { id shelf { name } } } }", caller=BOB)
        items = [{"id": "b1", "shelf": {"name": "S1"}}, {"id": "x", "shelf": {"name": "S1"}}, None]
        assert data == {"notes": {"nextToken": "more", "items": items}}

    async def test_python_values_become_those_of_the_api(self, serve: Serve) -> None:
        async def report(_: Call, **__: Any) -> dict[str, Any]:
            return {"title": "t", "data": {"a": 1}, "count": 4, "mood": "HAPPY", "parts": [{"weight": Decimal("0.5")}]}

        api = serve(report=_taking_everything(report))
        data = await api.ask("{ report { data count mood parts { weight } } }")
        assert data == {"report": {"data": '{"a":1}', "count": 4, "mood": "HAPPY", "parts": [{"weight": 0.5}]}}


class TestArguments:
    async def test_they_arrive_by_name_as_python_has_them(self, serve: Serve) -> None:
        seen: list[dict[str, Any]] = []

        async def report(_: Call, name: str = "none", mood: str | None = None, spans: Any = (), limit: int = 0) -> None:
            seen.append({"name": name, "mood": mood, "spans": spans, "limit": limit})

        async def notes(call: Call, from_: datetime | None = None) -> None:
            seen.append({"from": from_, "raw": dict(call.arguments)})

        api = serve(report=report, notes=notes)
        await api.ask("{ report { title } }")
        span = {"from": "2026-01-31", "data": "[1, 2]"}
        query = (
            "query($m: Mood, $s: Span) { report(name: null, mood: $m, spans: [$s, {to: null}], limit: 9) { title } }"
        )
        await api.ask(query, {"m": "GRUMPY", "s": span})
        await api.ask('{ notes(from: "2026-01-31T10:00:00+02:00") { nextToken } }')
        moment = datetime(2026, 1, 31, 8, tzinfo=UTC)
        spans = [{"from": date(2026, 1, 31), "data": "[1,2]"}, {"to": None}]
        assert seen == [
            {"name": "none", "mood": None, "spans": (), "limit": 3},
            {"name": None, "mood": "GRUMPY", "spans": spans, "limit": 9},
            {"from": moment, "raw": {"from": moment}},
        ]


class TestErrors:
    async def test_ours_are_shown_and_others_masked_and_the_rest_of_the_document_answered(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def echo(_: Call, text: str | None = None) -> str:
            if text == "ours":
                raise Limited("Too much of it.")
            if text == "bug":
                raise KeyError("a secret")
            return text or ""

        api = serve(echo=echo)
        with caplog.at_level(logging.ERROR):
            answer = await api.send('{ a: echo(text: "ours") b: echo(text: "bug") c: echo(text: "fine") }')
        assert answer["data"] == {"a": None, "b": None, "c": "fine"}
        ours, bug = sorted(answer["errors"], key=lambda each: str(each["path"]))
        assert (ours["path"], ours["errorType"], ours["message"]) == (["a"], "limited", "Too much of it.")
        assert (bug["path"], bug["errorType"]) == (["b"], "InternalFailure")
        (record,) = caplog.records
        assert (
            bug["message"] == f"Something went wrong on our side. Please quote {record.request_id} when you report it."
        )
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], KeyError)
        assert "secret" not in str(answer)

    @pytest.mark.parametrize(
        ("given", "query", "path", "message"),
        [
            ("text", "title", [], "Can't resolve value: type mismatch error, expected type OBJECT"),
            (
                {"parts": {}},
                "parts { weight }",
                ["parts"],
                "Can't resolve value: type mismatch error, expected type LIST",
            ),
            (
                {"parts": [1]},
                "parts { weight }",
                ["parts", 0],
                "Can't resolve value: type mismatch error, expected type OBJECT",
            ),
            ({"best": "n1"}, "best { id }", ["best"], "Can't resolve value: type mismatch error, expected type OBJECT"),
            (
                {"count": "many"},
                "count",
                ["count"],
                "Can't serialize value (/report/count) : Int cannot represent non-integer value: 'many'",
            ),
            (
                {},
                "title",
                ["title"],
                "Cannot return null for non-nullable type: 'String' within parent 'Report' (/report/title)",
            ),
        ],
    )
    async def test_a_value_of_another_form_is_an_error_where_it_stands(
        self, serve: Serve, given: Any, query: str, path: list[Any], message: str
    ) -> None:
        async def report(_: Call, **__: Any) -> Any:
            return given

        api = serve(report=_taking_everything(report))
        (error,) = (await api.send(f"{{ report {{ {query} }} }}"))["errors"]
        assert (error["path"], error["message"]) == (["report", *path], message)

    async def test_a_row_of_another_model_is_a_bug(self, serve: Serve) -> None:
        async def shelf(_: Call, id: str) -> Row:
            return Row("Note", id)

        ((kind, _, path),) = await serve(shelf=shelf).fail('{ shelf(id: "a1") { name } }')
        assert (kind, path) == ("InternalFailure", ["shelf"])

    async def test_an_operation_without_code_says_how_to_connect_it(self, serve: Serve) -> None:
        (failed,) = await serve().fail("{ total }")
        assert failed == (
            "NotImplemented",
            (
                "The operation 'total' is part of the schema, but no code is connected to it. Register a Python "
                "function for it in service/operations, or name its Lambda function in OFFRAMP_FUNCTIONS."
            ),
            ["total"],
        )

    async def test_who_may_not_call_it_does_not_reach_the_function(self, serve: Serve) -> None:
        async def echo(_: Call, text: str | None = None) -> str:
            raise AssertionError(text)

        refused = ("Unauthorized", "Not Authorized to access echo on type Query", ["echo"])
        assert await serve(echo=echo).fail("{ echo }", caller=KEY) == [refused]
        ((kind, _, _),) = await serve(echo=echo).fail("{ echo }", caller=VIC)
        assert kind == "InternalFailure"


def _taking_everything(function: Any) -> Any:
    """A function with the arguments of `report`."""

    async def report(call: Call, name: Any = None, mood: Any = None, spans: Any = None, limit: Any = None) -> Any:
        return await function(call, name=name, mood=mood, spans=spans, limit=limit)

    return report
