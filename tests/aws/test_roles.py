"""The function that makes the database roles, under Lambda's runtime client; what it makes, tests/db looks at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from service.db.comparison.reference import throwaway_server
from service.db.migrations.upgrade import upgrade
from tests.aws.runtime import InvocationFailed, LocalLambda, running_function
from tests.aws.secrets_manager import SecretsManager, running_secrets_manager

MADE = ["app_owner", "app_gate", "app_migrate", "app_rw"]


@pytest.fixture
def url() -> Iterator[str]:
    """A database on a server of its own: roles belong to the whole server, and other tests have tables of theirs."""
    with throwaway_server() as url:
        yield url


@pytest.fixture
def secrets() -> Iterator[SecretsManager]:
    """Secrets as the stack makes them, with what their attachment to the cluster adds."""
    with running_secrets_manager() as server:
        for role in ("app_migrate", "app_rw"):
            login = {"username": role, "password": f"the password of {role}", "host": "cluster.example", "port": 5432}
            server.secrets[f"secret-of-{role}"] = json.dumps(login)
        yield server


@pytest.fixture
def function(url: str, secrets: SecretsManager, tmp_path: Path) -> Iterator[LocalLambda]:
    environ = {
        "DATABASE_URL": url,
        "OFFRAMP_ROLE_SECRETS": "secret-of-app_migrate,secret-of-app_rw",
        "AWS_ENDPOINT_URL": secrets.url,
    }
    with running_function("service.aws.roles.handler", environ, tmp_path) as running:
        yield running


async def verifier(url: str) -> str:
    """What the server keeps of the password of the role that serves."""
    administrator = await asyncpg.connect(url)
    kept: str = await administrator.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'app_rw'")
    await administrator.close()
    return kept


async def test_it_makes_the_roles_once_and_leaves_passwords_alone(function: LocalLambda, url: str):
    assert function.invoke({}) == {"made": MADE}
    kept = await verifier(url)
    assert function.invoke(None) == {"made": []}
    assert await verifier(url) == kept


async def test_it_gives_the_roles_what_their_secrets_hold_if_it_is_told_to(function: LocalLambda, url: str):
    function.invoke({})
    kept = await verifier(url)
    assert function.invoke({"passwords": "reset"}) == {"made": []}
    assert await verifier(url) != kept


def test_what_it_does_not_know_fails_the_invocation(function: LocalLambda):
    for event in (
        {"passwords": "forget"},
        {"passwords": "reset", "reporting": {"role": "report_x", "organization": "o"}},
        {"reporting": {"role": "report_x"}},
        {"reporting": {"role": "report_x", "organization": "o", "password": "p"}},
        [1],
    ):
        with pytest.raises(InvocationFailed, match="to give the roles the passwords in their secrets"):
            function.invoke(event)


async def test_it_makes_a_role_that_reports(function: LocalLambda, url: str):
    report = {"reporting": {"role": "report_harbour", "organization": "o"}}
    function.invoke({})
    with pytest.raises(InvocationFailed, match="No table has row-level security"):
        function.invoke(report)
    await asyncio.to_thread(upgrade, url)
    with pytest.raises(InvocationFailed, match="There is no organization o"):
        function.invoke(report)
    administrator = await asyncpg.connect(url)
    await administrator.execute(
        "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ('o', 'O', now(), now())"
    )
    await administrator.close()
    assert {"categories", "organizations", "users"} <= set(function.invoke(report)["reads"])


def test_a_secret_that_holds_no_login_fails_the_invocation_and_is_not_quoted(
    function: LocalLambda, secrets: SecretsManager
):
    secrets.secrets["secret-of-app_rw"] = "a password alone"
    with pytest.raises(InvocationFailed, match="The secret secret-of-app_rw holds no username and password") as raised:
        function.invoke({})
    assert "a password alone" not in str(raised.value)
