"""Organizations that share few connections through a pooler, with callers who give up and connections that end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.crowd import EXPECTED, TIMED_OUT, Books, differences, furnished, mingle, strangers_in
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.security.roles import SERVE
from tests.aws.pooler import pooler_before
from tests.conftest import MakeDatabase

REQUESTS = 2_000


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    return await make_database(enforced)


@pytest.fixture(scope="module")
async def superuser(url: str) -> AsyncIterator[Database]:
    async with furnished(url) as database:
        yield database


@pytest.fixture(scope="module")
async def books(url: str, superuser: Database, enforced: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder: Path = tmp_path_factory.mktemp("pooler")
    with pooler_before(url_as(url, SERVE), folder, role=SERVE, default_pool_size="3") as pooler:
        return await mingle(enforced, pooler.url, superuser, REQUESTS)


async def test_nobody_sees_or_changes_what_is_anothers(books: Books, superuser: Database):
    assert books.strange == []
    assert await differences(superuser, books) == []


def test_it_went_wrong_often_enough(books: Books):
    assert set(books.refused) <= EXPECTED
    assert books.answered > REQUESTS / 2
    assert min(books.given_up, books.killed, books.unasked, books.refused[TIMED_OUT], len(books.written)) > 0


async def test_the_books_would_tell(books: Books, superuser: Database):
    stranger = {"a": [{"organizationId": "o1", "name": "of o2 by x"}, {"organizationId": "o2", "name": "of o1"}]}
    assert strangers_in(stranger, "o1") == ["of o2 by x", "o2"]
    one, other, *_ = sorted(books.written)
    for sql in (
        "UPDATE products SET name = 'of o2 by o2:o2-u0:1' WHERE (organization_id, id) = ('o1', 'p1')",
        f"UPDATE audit_entry SET actor = 'o4-u9' WHERE after ->> 'name' LIKE '% by {one}'",
        f"DELETE FROM audit_entry WHERE after ->> 'name' LIKE '% by {other}'",
    ):
        before = len(await differences(superuser, books))
        await superuser.fetch_rows(sql, writes=True)
        assert len(await differences(superuser, books)) > before
