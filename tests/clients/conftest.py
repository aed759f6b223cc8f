"""The service as it is started by hand, and frontends in Node that use the real clients on it.

The packages are installed once per lock file, into `node_modules` beside it; Node itself comes from a Python wheel.
"""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from tests.conftest import MakeDatabase
from tests.packages import NODE, install
from tests.running import ROOT, running_dev

HERE = Path(__file__).parent
ORGANIZATION = "org-of-the-client-tests"
API_KEY = "da2-clienttests00000000000000"


@dataclass(frozen=True)
class Service:
    """A running service and what lets callers in."""

    url: str
    data_dir: Path
    database_url: str
    api_key: str = API_KEY

    def token(self, username: str, *groups: str, organization: str = ORGANIZATION) -> str:
        """An access token, made by the command that developers use."""
        options = ["--sub", f"sub-{username}", "--username", username, "--organization", organization]
        options += [option for group in groups for option in ("--group", group)]
        command = [sys.executable, "-m", "service", "token", *options, "--data-dir", str(self.data_dir)]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running_service(data_dir: Path, database_url: str, *options: str) -> Iterator[Service]:
    """`offramp dev` with empty tables in a database, for as long as the block runs."""
    given = ["--database-url", database_url, "--api-key", f"{API_KEY}@{ORGANIZATION}", "--no-demo-data", *options]
    with running_dev(data_dir, *given) as address:
        yield Service(f"{address}/graphql", data_dir, database_url)


@dataclass(frozen=True)
class Outcome:
    """What the code gave or threw, and what the client sent for it."""

    value: Any
    thrown: Any
    requests: list[dict[str, Any]]


class App:
    """A frontend: a Node process with a configured client, which runs code as callers that have signed in."""

    def __init__(self, script: str, service: Service, tokens: dict[str, str], variant: str = ""):
        self.tokens = tokens
        command = [str(NODE), str(HERE / script), service.url, variant]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def attempt(self, code: str, *, caller: str = "admin", **given: Any) -> Outcome:
        """Run JavaScript that knows the client, `queries`, `mutations` and `given`, and gives its value by `return`."""
        request = {"token": self.tokens[caller], "code": code, "given": given}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return Outcome(answer.get("value"), answer.get("thrown"), answer["requests"])

    def run(self, code: str, *, caller: str = "admin", **given: Any) -> Any:
        """The value of code that is expected not to throw."""
        outcome = self.attempt(code, caller=caller, **given)
        assert outcome.thrown is None, f"The client threw {json.dumps(outcome.thrown, indent=2)}"
        return outcome.value


@pytest.fixture(scope="session")
def packages() -> None:
    install(HERE)


@pytest.fixture(scope="session", params=["3", "4"])
def apollo(request, packages, service, tokens) -> Iterator[App]:
    """An app with Apollo Client, of each version that apps use."""
    with App("apollo.mjs", service, tokens, request.param) as app:
        yield app


@pytest.fixture(scope="session")
async def database_url(make_database: MakeDatabase) -> str:
    return await make_database(None)


@pytest.fixture(scope="session")
def service(tmp_path_factory, database_url) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("offramp"), database_url) as service:
        yield service


@pytest.fixture(scope="session")
def tokens(service) -> dict[str, str]:
    return {
        "admin": service.token("ada", "Admin"),
        "manager": service.token("mia", "Manager"),
        "viewer": service.token("vic"),
        "forger": "e30.eyJ1c2VybmFtZSI6Im1hbGxvcnkiLCJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl",
    }


@pytest.fixture(scope="session")
def gen1(packages, service, tokens) -> Iterator[App]:
    """An app of the first generation, configured by `aws-exports.js`."""
    with App("amplify_v6.mjs", service, tokens, "gen1") as app:
        yield app


@pytest.fixture(scope="session")
def gen2(packages, service, tokens) -> Iterator[App]:
    """An app of the second generation, configured by `amplify_outputs.json` with the old backend's introspection."""
    with App("amplify_v6.mjs", service, tokens, "gen2") as app:
        yield app


@pytest.fixture(scope="session")
def v5(service, tokens) -> Iterator[App]:
    """An app of the first generation that has not moved to the current major version."""
    install(HERE / "v5")
    with App("v5/app.mjs", service, tokens) as app:
        yield app


def make_organization(app: App) -> str:
    """The id of the callers' organization, which exists then."""
    made = app.run(
        """
        const { data } = await client.models.Organization.get({ id: given.id });
        return data ? { data } : client.models.Organization.create({ id: given.id, name: "Client tests" });
        """,
        id=ORGANIZATION,
    )
    assert made["data"]["id"] == ORGANIZATION, made
    return ORGANIZATION


@pytest.fixture(scope="session")
def organization(gen2) -> str:
    """The id of the callers' organization, which exists."""
    return make_organization(gen2)


@pytest.fixture(scope="session")
def legacy_app(packages, tmp_path_factory, database_url) -> Iterator[App]:
    """An app on tables that hold what the old backend may have held: rows that miss required values."""
    options = ("--integrity", "legacy")
    with (
        running_service(tmp_path_factory.mktemp("legacy"), database_url, *options) as service,
        App("amplify_v6.mjs", service, {"admin": service.token("ada", "Admin")}, "gen2") as app,
    ):
        yield app


@pytest.fixture
def person(gen2, organization) -> str:
    """The id of a user whose first name everybody may read, and whose salary Admins alone."""
    made = gen2.run(
        """
        const email = `${crypto.randomUUID()}@example.com`;
        const person = { email, cognitoSub: email, status: "ACTIVE", firstName: "Ines", salary: 50000 };
        return client.models.User.create({ ...given, ...person });
        """,
        organizationId=organization,
    )
    assert "errors" not in made
    return made["data"]["id"]


@dataclass(frozen=True)
class Shelf:
    """Rows of one test alone: a category and its products by price, 10, 20, … 50."""

    category: str
    products: tuple[str, ...]


@pytest.fixture
def shelf(gen2, organization) -> Shelf:
    made = gen2.run(
        """
        const { organizationId, mark } = given;
        const { data: category } = await client.models.Category.create({ organizationId, name: `Category ${mark}` });
        const ids = [];
        for (const price of [10, 20, 30, 40, 50]) {
          const { data, errors } = await client.models.Product.create({
            organizationId, categoryId: category.id, sku: `${mark}-${price}`, name: `Product ${price}`, price,
            active: price !== 30, ratings: [],
          });
          if (errors) throw errors;
          ids.push(data.id);
        }
        return [category.id, ids];
        """,
        organizationId=organization,
        mark=secrets.token_hex(4),
    )
    return Shelf(made[0], tuple(made[1]))
