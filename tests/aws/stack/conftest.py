"""Both stages, packaged once per test process."""

from __future__ import annotations

import pytest

from tests.aws.stack.template import Stack, package


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return package("dev", tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return package("prod", tmp_path_factory.mktemp("prod"))


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Either stage: what holds for both."""
    stack: Stack = request.getfixturevalue(request.param)
    return stack
