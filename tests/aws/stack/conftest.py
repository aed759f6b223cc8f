"""Both stages, packaged once for all test processes."""

from __future__ import annotations

import fcntl

import pytest

from tests.aws.stack.template import Stack, package, packaged

POOL = "eu-west-1_AbCdEf123"
CLIENTS = ["webclient0000000000000000", "nativeclient00000000000000"]
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:placeOrder-prod"


EXISTING = (
    ("users: own", "users: existing"),
    ('userPoolId: ""', f"userPoolId: {POOL}"),
    ("userPoolClientIds: []", f"userPoolClientIds: [{', '.join(CLIENTS)}]"),
    ("customOperations: none", "customOperations: functions"),
    ('functions: ""', 'functions: \'{"placeOrder": "placeOrder-prod"}\''),
    ("functionArns: []", f"functionArns: [{FUNCTION}]"),
    ("alarmSubscribers: []", "alarmSubscribers: [{Protocol: email, Endpoint: operations@example.com}]"),
)


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Stack:
    return shared("dev", "dev", tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Stack:
    return shared("prod", "prod", tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def existing(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Stack:
    """Production beside an Amplify app: on its user pool, for its web and its phone client, and on its functions."""
    return shared("existing", "prod", tmp_path_factory, worker_id, *EXISTING)


def shared(
    name: str, stage: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str, *changes: tuple[str, str]
) -> Stack:
    """A stage in the folder of the whole run: the first process packages it, the others wait."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / f"stack-{name}"
    with folder.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if folder.exists():
            return packaged(folder)
        folder.mkdir()
        return package(stage, folder, *changes)


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Either stage: what holds for both."""
    stack: Stack = request.getfixturevalue(request.param)
    return stack
