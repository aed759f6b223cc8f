"""Every list that the shipped inventory's API generates is read along an index that the organization leads.

`bench/lists.py` knows them all, and `python -m bench.isolation` asks the same of a million rows in each table.
"""

from __future__ import annotations

import re

import pytest

from bench.lists import Crowd, Reader, fill
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development import embedded
from service.db.security.roles import SERVE
from tests.conftest import MakeDatabase

CROWD = Crowd(rows=20_000, organizations=20, values=12)
"""A value leads to 83 rows of an organization, which are more than a page."""

TIES = re.compile(r"sort=-?(status|entityType) \(next page\): \d+ rows are sorted")
"""Few values, which no index has in the order of keys: PostgreSQL may sort so few rows; of a million it does not."""


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    url = await make_database(enforced)
    superuser = Database.connect(url, size=1)
    await fill(superuser, enforced, CROWD, [each.name for each in enforced.models])
    await superuser.close()
    return url


async def flaws(url: str, catalog: Catalog, *models: str) -> list[str]:
    """The lists of some models that are read in another way."""
    service = Database.connect(embedded.url_as(url, SERVE), size=1)
    async with Reader.of(catalog, service) as reader:
        found = [each async for each in reader.unfit(models)]
    await service.close()
    return found


async def test_every_list_is_read_along_an_index_of_the_organization(url: str, enforced: Catalog):
    found = [each for each in await flaws(url, enforced, *enforced.model_by_name) if not TIES.search(each)]
    assert not found, "\n".join(found)


async def test_a_list_without_its_index_would_be_found(url: str, enforced: Catalog):
    superuser = Database.connect(url, size=1)
    where = "tablename = 'suppliers' AND indexdef LIKE '%(organization_id, name, id)'"
    [(name, made)] = await superuser.fetch_rows(f"SELECT indexname, indexdef FROM pg_indexes WHERE {where}")
    await superuser.execute_ddl(f"DROP INDEX {name}")
    found = await flaws(url, enforced, "Supplier")
    await superuser.execute_ddl(made)
    await superuser.close()
    for asked in ("suppliersByOrganization(", "/v1/suppliers?limit=50&sort=name"):
        assert any(asked in each and "rows are sorted" in each for each in found), found
