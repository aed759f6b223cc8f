"""What is tested here is tested on every PostgreSQL there is: the packaged one and the system's 15."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from service.db.comparison.reference import throwaway_server
from service.db.development import embedded

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
    with throwaway_server(FIFTEEN if request.param == "15" else None) as url:
        yield url


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "OFFRAMP_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="offramp-test-"))
    with embedded.start(folder, throwaway=True):
        yield folder
    shutil.rmtree(folder)
