"""The root fields of a query run together, a few at a time."""

from __future__ import annotations

import asyncio

import pytest

from service.graphql.execute import Ran, _together
from service.graphql.fallback import MOST_AT_ONCE


async def test_answers_come_in_the_order_of_the_fields_however_long_each_takes():
    running, most = 0, 0

    async def field(number: int) -> Ran:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002 * (number % 3))
        running -= 1
        return str(number), []

    assert await _together(field(number) for number in range(20)) == [(str(number), []) for number in range(20)]
    assert most == MOST_AT_ONCE


async def test_if_one_raises_the_others_are_ended_and_the_rest_never_begin():
    begun, ended = [], []

    async def field(number: int) -> Ran:
        begun.append(number)
        try:
            await asyncio.sleep(0 if number == 1 else 10)
        except asyncio.CancelledError:
            ended.append(number)
            raise
        raise LookupError(number)

    with pytest.raises(LookupError, match="1"):
        await _together(field(number) for number in range(20))
    assert len(begun) <= MOST_AT_ONCE + 1  # its place was free for a moment
    assert ended == [number for number in begun if number != 1]


async def test_if_the_caller_goes_away_all_are_ended():
    ended = []

    async def field(number: int) -> Ran:
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(number)
        raise AssertionError

    task = asyncio.ensure_future(_together(field(number) for number in range(20)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == list(range(MOST_AT_ONCE))
