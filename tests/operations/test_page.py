"""The example in docs/custom-operations.md works as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from service.db.connections.engine import Database
from service.importer import catalog_from_sdl
from service.operations import FUNCTIONS
from tests.conftest import MakeDatabase
from tests.operations.api import Api

PAGE = (Path(__file__).parents[2] / "docs" / "custom-operations.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


async def test_the_example_works(make_database: MakeDatabase) -> None:
    schema, document = blocks("graphql")
    catalog = catalog_from_sdl(schema)
    code: dict[str, Any] = {}
    function, table = blocks("python")
    exec(function + table, code)  # a page's own code
    database = Database.connect(await make_database(catalog), size=2)
    api = Api(catalog, database, code["FUNCTIONS"])
    await api.rows.create("Item", {"id": "hammer", "name": "Hammer", "shelf": "A"})
    assert await api.ask(document) == json.loads(blocks("json")[0])
    assert await api.fail(document) == [("invalid", "Hammer is on shelf B already.", ["moveItem"])]
    missing = document.replace("hammer", "saw")
    assert await api.fail(missing) == [("not_found", "There is no Item 'saw'.", ["moveItem"])]
    assert len(await api.rows.list("Move")) == 1
    await database.close()


def test_the_page_tells_of_every_shipped_operation() -> None:
    shipped = PAGE.partition("## The shipped ones")[2]
    assert [name for name in FUNCTIONS if f"`{name}`" not in shipped] == []
