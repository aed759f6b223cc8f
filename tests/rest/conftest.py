"""The library, filled, for tests that only read it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import MakeDatabase
from tests.rest.calls import Rest, rest_of
from tests.rest.library import SDL, fill


@pytest.fixture(scope="session")
async def library(make_database: MakeDatabase) -> AsyncIterator[Rest]:
    async with rest_of(SDL, make_database) as rest:
        await fill(rest)
        yield rest
