"""What a person gets who writes a model by hand: the same rules as the renderer, and errors that say where."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased, configure_mappers

from service.catalog.packaged import load
from service.db import models
from service.db.models.inventory import Category, Product, StockItem

PACKAGE = "models_by_hand"
HEAD = "from __future__ import annotations\nfrom service.db.vocabulary import *\n"


ROOT = Path(__file__).parents[2]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder for a package of models."""
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text(
        'from service.catalog.model import Provider\nMODULES = ("models",)\nDEFAULT_PROVIDER = Provider.USER_POOLS\n'
    )
    (folder / "types.py").write_text(HEAD)
    (folder / "operations.py").write_text(HEAD)
    return folder


def derived(package: Path) -> subprocess.CompletedProcess[bytes]:
    """What comes of deriving the package's catalog, in a process of its own: a mapped class stays for good."""
    return subprocess.run(
        [sys.executable, Path(__file__).parent / "read_back.py", PACKAGE],
        env={"PYTHONPATH": f"{package.parent}:{ROOT}"},
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_relationships_join_on_the_declared_keys():
    for name in models.MODULES:
        import_module(f"{models.__name__}.{name}")
    configure_mappers()
    parent = aliased(Category)
    joined = str(select(Product.id).join(Product.category).join(Category.parent.of_type(parent)))
    assert "JOIN categories ON products.category_id = categories.id" in joined
    assert "ON categories.parent_id = categories_1.id" in joined
    many = str(select(Product.id).join(Product.stock_items))
    assert "JOIN stock_items ON products.id = stock_items.product_id" in many
    assert [each.name for each in StockItem.__table__.primary_key] == ["warehouse_id", "product_id", "lot"]


def test_a_base_of_ones_own_brings_its_attributes_first(package: Path):
    (package / "models.py").write_text(
        HEAD
        + """
class Owned(Model):
    __abstract__ = True
    shop_id: Mapped[ID]

class Shelf(Owned):
    __tablename__ = "hand_shelves"
    label: Mapped[str]
    keeper: Mapped[str | None] = set_by_server()
"""
    )
    (model,) = load(derived(package).stdout.partition(b"\n")[2]).models
    assert model.order == ("id", "shopId", "label", "createdAt", "updatedAt", "keeper")
    assert model.table == "hand_shelves"
    assert model.plural == "Shelves"
    assert [each.column for each in model.fields if not each.in_input] == ["created_at", "updated_at", "keeper"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("other: Mapped[Other | None]", "TypeError: Wrong.other: Other is not imported, or it is a model"),
        ('other: Mapped[Other | None] = belongs_to("id")', "ValueError: Wrong.other leads to Other, which is no model"),
        ('many: Mapped[list[Wrong]] = has_many("nothing")', "ValueError: Wrong has no attribute nothing"),
        ('many: Mapped[list[Wrong]] = has_many("id", index="x")', "ValueError: Wrong has no index x"),
        ("mixed: Mapped[str | int]", "TypeError: str | int is several types; the API knows one per field"),
        ('thing: Mapped[str | None] = field(index(None, sort="no"))', "ValueError: Wrong has no attribute no"),
    ],
    ids=["unknown name", "unknown model", "unknown attribute", "unknown index", "several types", "unknown sort"],
)
def test_a_mistake_is_named(package: Path, body: str, message: str):
    (package / "models.py").write_text(f'{HEAD}\nclass Wrong(Model):\n    __tablename__ = "wrong"\n    {body}\n')
    done = derived(package)
    assert done.returncode == 1
    assert done.stderr.decode().strip().splitlines()[-1].startswith(message)


def test_a_model_called_as_the_audit_trail_is_named(package: Path):
    with (package / "__init__.py").open("a") as init:
        init.write('TENANT = "shop_id"\n')
    (package / "models.py").write_text(f'{HEAD}\nclass AuditEntry(Model):\n    __tablename__ = "audit_entries"\n')
    done = derived(package)
    assert done.returncode == 1
    assert "ValueError: AuditEntry is the audit trail's own name" in done.stderr.decode()


def test_importing_the_package_maps_nothing():
    code = "import sys, service.db.models as m; print(m.MODULES, 'sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "('accounts', 'inventory') False\n"
