"""Schema → catalog → model source → catalog: nothing is lost, and the source is what a person would write."""

from __future__ import annotations

import subprocess
import sys
from difflib import ndiff
from pathlib import Path

import pytest

from service.catalog import words
from service.catalog.packaged import dump, load, shipped
from service.db import vocabulary
from service.db.vocabulary.derive import catalog_from_models
from service.importer import catalog_from_sdl
from service.importer.render import render_models

ROOT = Path(__file__).parents[2]
ADDED = [
    'TENANT = "organization_id"',
    '"""The attribute that says which organization a row belongs to, in every model that does not say otherwise.',
    "A model without it gets a column of that name. None: rows belong to nobody, and the tables are `legacy`.",
    '"""',
    "OnDelete,",
    'tenant = "id"',
    'cognito_sub: Mapped[str] = field(index("userByCognitoSub", unique=True))',
    'actor: Mapped[User | None] = belongs_to("actor_id", on_delete=OnDelete.SET_NULL)',
    "OnDelete,",
    "price: Mapped[float] = field(at_least=0)",
    'manager: Mapped[User | None] = has_one("manager_id", on_delete=OnDelete.SET_NULL)',
    "quantity: Mapped[int] = field(at_least=0)",
    "on_order: Mapped[int | None] = field(default=0, at_least=0)",
    "reserved: Mapped[int | None] = field(default=0, at_least=0)",
    'number: Mapped[str] = field(index("purchaseOrderByNumber", unique=True))',
    "quantity: Mapped[int] = field(at_least=1)",
    "unit_price: Mapped[float] = field(at_least=0)",
    "received_quantity: Mapped[int | None] = field(default=0, at_least=0)",
    'product: Mapped[Product] = belongs_to("product_id", on_delete=OnDelete.CASCADE)',
    'supplier: Mapped[Supplier] = belongs_to("supplier_id", on_delete=OnDelete.CASCADE)',
]
"""What an Amplify schema cannot say: which field is the organization, and what the tables refuse."""
HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*/in.graphql"))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of every case, each a package of its own in one folder."""
    folder = tmp_path_factory.mktemp("rendered")
    for case in CASES:
        package = f"models_of_{case.parent.name}"
        (folder / package).mkdir()
        for name, source in render_models(catalog_from_sdl(case.read_text()), package).items():
            (folder / package / name).write_text(source)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.parent.name)
def test_models_read_back_are_the_same_catalog_and_tables(case: Path, rendered: Path):
    done = subprocess.run(
        [sys.executable, "-W", "error", HERE / "read_back.py", f"models_of_{case.parent.name}"],
        env={"PYTHONPATH": f"{rendered}:{ROOT}"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.decode() == ""
    said, _, data = done.stdout.partition(b"\n")
    assert said == b"different tables: []"
    assert load(data) == catalog_from_sdl(case.read_text())


def test_the_source_is_formatted(rendered: Path):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--diff", "--config", ROOT / "pyproject.toml", rendered],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_imports_are_in_order_and_used(rendered: Path):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F,I", "--line-length", "120", rendered],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "All checks passed!\n"


def test_the_schema_the_models_and_the_package_say_the_same():
    imported = catalog_from_sdl((ROOT / "graphql" / "amplify.graphql").read_text())
    models = catalog_from_models()
    assert models.as_legacy() == imported
    assert shipped() == models
    assert (ROOT / "service" / "catalog" / "inventory.json").read_bytes() == dump(models)


def test_the_models_are_what_the_schema_renders_and_what_enforced_integrity_needs():
    files = render_models(catalog_from_sdl((ROOT / "graphql" / "amplify.graphql").read_text()))
    folder = ROOT / "service" / "db" / "models"
    assert set(files) == {path.name for path in folder.glob("*.py")}
    added = []
    for name, source in sorted(files.items()):
        lines = ndiff(source.splitlines(), (folder / name).read_text().splitlines())
        added += [line[2:].strip() for line in lines if line.startswith("+ ") and line[2:].strip()]
    assert added == ADDED


def test_a_renderer_may_use_all_of_the_vocabulary_and_nothing_else():
    assert set(vocabulary.__all__) == words.VOCABULARY


def test_a_type_that_a_model_generates_can_be_returned(rendered: Path, tmp_path: Path):
    schema = """
        type Note @model @auth(rules: [{ allow: private }]) { id: ID! }
        type Query { notes(filter: ModelNoteFilterInput): ModelNoteConnection! @function(name: "notes") }
    """
    catalog = catalog_from_sdl(schema)
    files = render_models(catalog)
    assert 'ModelNoteConnection: TypeAlias = Annotated[Any, TypeName("ModelNoteConnection")]' in files["operations.py"]
    assert "class Notes(Query[ModelNoteConnection]):" in files["operations.py"]
    package = tmp_path / "models_of_notes"
    package.mkdir()
    for name, source in render_models(catalog, package.name).items():
        (package / name).write_text(source)
    done = subprocess.run(
        [sys.executable, HERE / "read_back.py", package.name],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert load(done.stdout.partition(b"\n")[2]) == catalog
