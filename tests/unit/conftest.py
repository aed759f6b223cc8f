"""A service around a GraphQL executor that answers with what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse

from service.app import create_app
from service.auth.authenticator import authenticator_from
from service.auth.issuer import DevelopmentIssuer
from service.auth.principal import Principal
from service.graphql.request import Origin
from service.settings import Settings

API_KEY = "da2-unittestunittestunittestun"


@dataclass
class Echo:
    """Executes nothing: gives back what it was given, or raises what it is told to."""

    error: BaseException | None = None
    requests: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)

    async def __call__(
        self, principal: Principal, query: str, variables: dict[str, Any], operation_name: str | None, origin: Origin
    ) -> bytes:
        self.requests.append((query, variables, operation_name))
        self.origins.append(origin)
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return orjson.dumps({"data": {"caller": principal.sub or principal.provider}})


@dataclass
class Database:
    """A database as the shell sees it."""

    trouble: str | None = None
    closed: bool = False

    async def problem(self) -> str | None:
        return self.trouble

    async def close(self) -> None:
        self.closed = True


@dataclass
class Shell:
    """A service and what is behind it."""

    settings: Settings
    echo: Echo = field(default_factory=Echo)
    database: Database = field(default_factory=Database)
    page: Callable[[str], HTMLResponse] | None = lambda host: HTMLResponse(f"<title>GraphiQL at {host}</title>")

    def app(self, **changes: Any) -> Starlette:
        settings = replace(self.settings, **changes)
        return create_app(
            settings,
            problem=self.database.problem,
            close=self.database.close,
            authenticator=authenticator_from(settings),
            graphql=self.echo,
            page=self.page,
        )

    def client(self, **changes: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app(**changes)), base_url="http://offramp.test")


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentIssuer:
    return DevelopmentIssuer.open(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def token(issuer: DevelopmentIssuer) -> str:
    return issuer.issue("s1", "alice")


@pytest.fixture
def shell(issuer: DevelopmentIssuer, tmp_path: Path) -> Shell:
    return Shell(
        Settings(
            database_url="postgresql://nobody@nowhere/none",
            issuer=issuer.url,
            client_ids=(issuer.client_id,),
            cursor_key="0" * 32,
            jwks=issuer.jwks,
            api_keys=(API_KEY,),
            request_log=False,
            data_dir=str(tmp_path),
        )
    )


@pytest.fixture
async def client(shell: Shell) -> AsyncIterator[httpx2.AsyncClient]:
    async with shell.client() as client:
        yield client
