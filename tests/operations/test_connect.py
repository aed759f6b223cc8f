"""Which code answers which operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from service.catalog.model import Catalog, Root
from service.errors import SettingsError
from service.operations import FUNCTIONS
from service.operations.call import Call
from service.operations.connect import connect, fits, python_name, unconnected
from service.operations.lambdas import LambdaFunction


async def echo(_: Call, text: str | None = None) -> str | None:
    return text


async def shelf(_: Call, id: str, more: int) -> None:
    raise AssertionError((id, more))


def test_every_shipped_operation_has_its_function(inventory: Catalog) -> None:
    connected = connect(inventory, FUNCTIONS, {})
    assert unconnected(inventory, connected, FUNCTIONS) == []
    assert {name for _, name in connected} == FUNCTIONS.keys()


def test_what_nothing_answers_is_listed_with_what_is_known_of_it(various: Catalog) -> None:
    functions: Mapping[str, Any] = {"echo": echo, "shelf": shelf, "stranger": echo}
    connected = connect(various, functions, {"makeNote": "notes"})
    assert connected.keys() == {(Root.QUERY, "echo"), (Root.MUTATION, "makeNote")}
    assert unconnected(various, connected, functions) == [
        "Query.report",
        "Query.reports",
        "Query.shelf: the Python function of this name takes other arguments",
        "Query.notes",
        "Query.total",
        "Mutation.makeBoth (@function notes-${env})",
    ]


@pytest.mark.parametrize("name", ["notes-${env}", "notes-prod"])
def test_one_lambda_function_may_stand_behind_several_operations(various: Catalog, name: str) -> None:
    connected = connect(various, {"echo": echo}, {name: "arn:${env}", "echo": "e"}, environment="prod")
    assert [key[1] for key in connected] == ["echo", "makeNote", "makeBoth"]
    assert all(isinstance(each, LambdaFunction) for each in connected.values())
    assert [each._name for each in connected.values() if isinstance(each, LambdaFunction)] == ["e", *["arn:prod"] * 2]


def test_a_lambda_function_that_nothing_calls_is_a_mistake(various: Catalog) -> None:
    with pytest.raises(SettingsError, match="no custom operation is called notes-prod, ehco") as caught:
        connect(various, {}, {"notes-prod": "n", "ehco": "e", "echo": "e"})
    assert caught.value.hint is not None
    assert "OFFRAMP_ENV" in caught.value.hint


def test_a_function_fits_if_it_takes_what_the_operation_gives(various: Catalog) -> None:
    operations = {each.name: each for each in various.operations}

    async def exactly(_: Call, id: str) -> None: ...
    async def optional(_: Call, id: str, more: int = 0) -> None: ...
    async def required_although_optional(_: Call, text: str) -> None: ...
    async def defaulted(_: Call, limit: int, name: Any = 0, mood: Any = 0, spans: Any = 0) -> None: ...

    assert fits(exactly, operations["shelf"])
    assert fits(optional, operations["shelf"])
    assert not fits(shelf, operations["shelf"])
    assert not fits(echo, operations["shelf"])
    assert fits(echo, operations["echo"])
    assert not fits(required_although_optional, operations["echo"])
    assert fits(defaulted, operations["report"])


def test_arguments_have_python_names() -> None:
    assert [python_name(each) for each in ("purchaseOrderId", "from", "imageURL")] == [
        "purchase_order_id",
        "from_",
        "image_url",
    ]
