"""Both stages, packaged once for all test processes."""

from __future__ import annotations

import fcntl

import pytest

from tests.aws.stack.template import Stack, package, packaged


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Stack:
    return shared("dev", tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Stack:
    return shared("prod", tmp_path_factory, worker_id)


def shared(stage: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Stack:
    """A stage in the folder of the whole run: the first process packages it, the others wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / f"stack-{stage}"
    with folder.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if folder.exists():
            return packaged(folder)
        folder.mkdir()
        return package(stage, folder)


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Either stage: what holds for both."""
    stack: Stack = request.getfixturevalue(request.param)
    return stack
