"""Rows for Python: the rules, errors and transactions of the API without a document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from service.errors import ConditionFailed, Forbidden, Invalid, NotFound
from tests.operations.api import MIA, Api, user

ANN, BOB, CAT = user("ann"), user("bob", "Boss"), user("cat")
Serve = Callable[..., Api]
NOTE = {"id": "n1", "title": "First", "tags": ["a"], "mood": "HAPPY", "secret": "s", "own": "o"}


async def test_a_row_is_made_and_read_with_the_values_of_the_api(serve: Serve) -> None:
    rows = serve().rows_of(BOB)
    place = {"city": "Ulm", "spots": [{"x": 1, "y": 2.5}]}
    made = await rows.create(
        "Note",
        NOTE
        | {"due": datetime(2026, 1, 2, 3, tzinfo=UTC), "on": date(2026, 1, 2), "extra": '{ "a": 1 }', "place": place},
    )
    assert made.pop("createdAt") == made.pop("updatedAt")
    assert made == NOTE | {
        "due": "2026-01-02T03:00:00.000Z",
        "on": "2026-01-02",
        "extra": '{"a":1}',
        "place": place,
        "shelfId": None,
        "owner": "sub-bob::bob",
    }
    assert (await rows.get("Note", "n1"))["due"] == made["due"]


async def test_what_the_rules_keep_is_kept(serve: Serve) -> None:
    api = serve()
    await api.rows_of(BOB).create("Note", NOTE)
    await api.rows_of(ANN).create("Note", {"id": "n2", "title": "Ann's", "own": "o"})
    assert await api.rows_of(ANN).list("Note") == [await api.rows_of(ANN).get("Note", "n2")]
    assert "secret" not in await api.rows_of(ANN).get("Note", "n2")
    assert (await api.rows_of(BOB).get("Note", "n2")).keys() >= {"secret"}
    assert "own" not in await api.rows_of(BOB).get("Note", "n2")
    with pytest.raises(Forbidden):
        await api.rows_of(ANN).find("Note", "n1")
    with pytest.raises(Forbidden, match=r"Unauthorized on \[secret\]"):
        await api.rows_of(ANN).create("Note", {"title": "x", "secret": "s"})
    with pytest.raises(Forbidden):
        await api.rows_of(ANN).update("Note", {"id": "n1", "title": "x"})
    with pytest.raises(Forbidden):
        await api.rows_of(ANN).delete("Note", "n2")
    everything = api.rows_of(ANN).without_rules()
    assert [each["id"] for each in await everything.list("Note")] == ["n1", "n2"]
    assert (await everything.update("Note", {"id": "n1", "secret": "t"}))["secret"] == "t"
    assert (await everything.delete("Note", "n1"))["owner"] == "sub-bob::bob"


async def test_rows_that_are_not_there(serve: Serve) -> None:
    rows = serve().rows_of(MIA).without_rules()
    assert await rows.find("Note", "n1") is None
    with pytest.raises(NotFound, match="There is no Slot 'A' 7"):
        await rows.get("Slot", "A", 7)
    with pytest.raises(ConditionFailed):
        await rows.update("Note", {"id": "n1", "title": "x"})
    with pytest.raises(ConditionFailed):
        await rows.delete("Note", "n1")


async def test_conditions_filters_and_limits(serve: Serve) -> None:
    rows = serve().rows_of(MIA)
    for number in range(5):
        await rows.create("Slot", {"row": "A", "number": number, "shelfId": f"s{number % 2}"})
    found = await rows.list("Slot", {"shelfId": {"eq": "s0"}, "number": {"gt": 0}}, limit=1)
    assert [each["number"] for each in found] == [2]
    change = {"row": "A", "number": 2, "shelfId": "s9"}
    with pytest.raises(ConditionFailed):
        await rows.update("Slot", change, {"shelfId": {"eq": "s1"}})
    assert (await rows.update("Slot", change, {"shelfId": {"eq": "s0"}}))["shelfId"] == "s9"
    with pytest.raises(ConditionFailed):
        await rows.delete("Slot", "A", 2, condition={"shelfId": {"ne": "s9"}})
    with pytest.raises(ConditionFailed):
        await rows.create("Slot", {"row": "A", "number": 2})


async def test_a_transaction_is_all_or_nothing_and_sees_its_own_writes(serve: Serve) -> None:
    rows = serve().rows_of(MIA)
    with pytest.raises(ConditionFailed):  # noqa: PT012  the block is what is tested
        async with rows.transaction() as together:
            await together.create("Shelf", {"id": "s1", "name": "One"})
            async with together.transaction() as same:
                assert (await same.without_rules().get("Shelf", "s1"))["name"] == "One"
            assert await rows.find("Shelf", "s1") is None
            await together.create("Shelf", {"id": "s1", "name": "Again"})
    assert await rows.find("Shelf", "s1") is None
    async with rows.transaction() as together:
        await together.create("Shelf", {"id": "s1", "name": "One"})
        await together.update("Shelf", {"id": "s1", "name": "Two"})
    assert (await rows.get("Shelf", "s1"))["name"] == "Two"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "A new Note needs title."),
        ({"title": None}, "A new Note needs title."),
        ({"title": "t", "nope": 1, "createdAt": "x"}, "Note has nothing to write named nope, createdAt."),
        ({"title": 5}, "Note.title: String cannot represent a non string value: 5"),
        ({"title": "t", "mood": "SAD"}, "Note.mood: 'SAD' is no Mood."),
        ({"title": "t", "due": "tomorrow"}, "is not a date and time with an offset"),
        ({"title": "t", "place": {"city": "Ulm", "zip": 1}}, "Place has nothing to write named zip."),
        ({"title": "t", "place": "Ulm"}, "Note.place: 'Ulm' is no Place."),
        ({"title": "t", "place": {"city": None, "spots": []}}, "Note.place: a Place needs city."),
        (
            {"title": "t", "place": {"city": "U", "spots": [{"x": 1.5}]}},
            "Spot.x: Int cannot represent non-integer value: 1.5",
        ),
    ],
)
async def test_values_are_checked_as_an_input_is(serve: Serve, given: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        await serve().rows_of(BOB).create("Note", given)
    assert message in caught.value.message


async def test_keys_are_checked(serve: Serve) -> None:
    rows = serve().rows_of(MIA)
    with pytest.raises(Invalid, match="The key of a Slot is row, number"):
        await rows.find("Slot", "A")
    with pytest.raises(Invalid, match="A change of a Slot needs its key: number"):
        await rows.update("Slot", {"row": "A", "shelfId": "s"})


async def test_statements_are_prepared_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve()
    repository = api.plans.repository
    prepared: list[Any] = []
    prepare = repository.prepare
    monkeypatch.setattr(repository, "prepare", lambda chosen: prepared.append(chosen) or prepare(chosen))
    for name in ("ann", "cat", "mia"):
        await api.rows_of(user(name)).create("Shelf", {"name": name})
    assert len(prepared) == 1
