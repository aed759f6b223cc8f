"""Schemas that mean harm: nothing of them is run, every name becomes one of ours, and what cannot be read is said."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from service.catalog.packaged import load
from service.db.connections.engine import Database
from service.importer import ImportRefused, catalog_from_sdl
from service.importer.render import render_models
from tests.conftest import MakeDatabase
from tests.running import ROOT

LONG = "a" * 63
SDL = f"""
enum class {{ None import select }}
"\\"\\"\\"; import os; os.system('touch owned')  #"
type pg_catalog @model @auth(rules: [
  {{ allow: groups, groups: ["Admin' OR '1'='1", "\\"); import os  #", "{{0}}\\\\", "$$; DROP TABLE users; $$"] }}
]) {{
  id: ID!
  "'''\\"\\"\\" \\\\ {{id}} %s"
  class: class
  import: String @default(value: "\\"); __import__('os').system('touch owned') #")
  None: Int
  select: String @index(name: "x\\"; DROP TABLE users; --", queryField: "where")
  lambda: ID @index(name: "byUser")
  self: String
  def: [String]
  constructor: String
  Mapped: String
  metadata: String
  registry: String
  user: user @belongsTo(fields: ["lambda"])
  {LONG}One: String
  {LONG}Two: String
}}
type user @model @auth(rules: [{{ allow: owner, ownerField: "self", identityClaim: "a'b\\"c" }}]) {{
  id: ID!
  self: String
  order: String
  pgs: [pg_catalog] @hasMany(indexName: "byUser", fields: ["id"])
}}
"""
WORDS = {"allow", "belongs_to", "field", "has_many", "index"}
"""What source that is made of models calls."""


def calls(source: str) -> set[str]:
    """The names of what is called in a source, wherever it stands."""
    found = (each.func for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call))
    return {ast.unparse(each).partition(".")[0] for each in found}


def test_d9_the_source_of_models_runs_nothing_of_the_schema(tmp_path: Path):
    catalog = catalog_from_sdl(SDL)
    package = tmp_path / "models_of_hostile"
    package.mkdir()
    for name, source in render_models(catalog, package.name).items():
        assert calls(source) <= WORDS, name
        (package / name).write_text(source)
    done = subprocess.run(
        [sys.executable, "-W", "error", Path(__file__).parent / "read_back.py", package.name],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.decode() == ""
    _, _, data = done.stdout.partition(b"\n")
    assert load(data) == catalog
    assert {each.name for each in tmp_path.iterdir()} == {package.name}


async def test_d9_its_tables_are_made_of_names_alone(make_database: MakeDatabase):
    database = Database.connect(await make_database(catalog_from_sdl(SDL)), size=1)
    tables = await database.fetch_rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(pg_cata|users)'"
    )
    columns = await database.fetch_rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'pg_catalogs'::regclass AND attname LIKE 'aaa%'"
    )
    await database.close()
    assert {each[0] for each in tables} == {"pg_catalogs", "users"}
    assert len({each[0] for each in columns}) == 2  # of two that begin with the same 63 letters


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ("type __proto__ @model { id: ID! }", "1:1"),
        ("enum __class__ { A }", "1:1"),
        ("type A @model { __class__: Int }", "1:17"),
        ("type A-B @model { id: ID! }", "1:8"),
        ("type Å @model { id: ID! }", "1:6"),  # that looks like another
        ("type A\u200b @model { id: ID! }", "1:7"),
        ("type A @model { a: Int }\ntype A @model { a: Int }", "2:1"),
        ('\n\ntype A @model {\n  a: String @default(value: "x)\n}', "4:32"),
        ('"""' + "x" * 1_000_000, "1:1000004"),
        ("type A @model { a: " + "[" * 50_000 + "Int", "1:221"),
        ("{" * 100_000, "1:2"),
        ("\0", "1:1"),
        ('type A @model { id: ID! a: String @default(value: "\\ud800") }', "1:52"),
    ],
)
def test_d10_what_cannot_be_read_is_refused_at_its_place(schema: str, where: str):
    with pytest.raises(ImportRefused) as caught:
        catalog_from_sdl(schema)
    assert str(caught.value).startswith(f"schema.graphql:{where}: ")
    assert len(str(caught.value)) < 300


def test_d10_many_models_in_a_circle_are_read():
    """The time that one takes does not depend on how many there are."""
    count = 1_000
    schema = "\n".join(
        f"type T{n} @model @auth(rules: [{{ allow: private }}]) {{"
        f' id: ID! nextId: ID @index(name: "byNext") next: T{(n + 1) % count} @belongsTo(fields: ["nextId"])'
        f' all: [T{(n - 1) % count}] @hasMany(indexName: "byNext", fields: ["id"]) }}'
        for n in range(count)
    )
    catalog = catalog_from_sdl(schema)
    assert len(catalog.models) == count
    assert {each.relation_by_name["next"].target for each in catalog.models} == set(catalog.model_by_name)
