"""The shipped inventory as an API on an empty database; modules with a schema of their own make theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import ROOT, MakeDatabase
from tests.graphql.api import Api, api_of


@pytest.fixture(scope="module")
async def api(make_database: MakeDatabase) -> AsyncIterator[Api]:
    async with api_of((ROOT / "graphql" / "amplify.graphql").read_text(), make_database) as made:
        yield made
