from __future__ import annotations

import pytest

from service.catalog.model import Catalog
from service.db.engine import Database
from service.operations import FUNCTIONS
from tests.operations.api import Api, furnish


@pytest.fixture
async def api(empty_database: Database, inventory: Catalog) -> Api:
    """The shipped API with two organizations in it."""
    api = Api(inventory, empty_database, FUNCTIONS)
    await furnish(api)
    return api
