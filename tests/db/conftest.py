"""What is tested here is tested on every PostgreSQL there is: the packaged one and the system's 15."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import throwaway_server

FIFTEEN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session", params=["packaged", "15"])
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    given = request.config.getoption("--database-url")
    if given:
        if request.param == "15":
            pytest.skip("one PostgreSQL is enough when --database-url names it")
        yield given
        return
    if request.param == "15" and not FIFTEEN.exists():
        pytest.skip(f"no PostgreSQL 15 at {FIFTEEN}: apt-get install postgresql-15")
    yield from throwaway_server(FIFTEEN if request.param == "15" else None)
