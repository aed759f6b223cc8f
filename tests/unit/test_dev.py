"""`offramp dev` and `offramp serve` as a person starts them: a process, its output, its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from service.auth.issuer import DevelopmentIssuer, api_key
from service.demo import demo_callers
from tests.auth.local_pool import CLIENT_ID, local_pools

ROOT = Path(__file__).parents[2]
HARBOUR = demo_callers().admin.organization
SCHEMA = """
type Note @model @auth(rules: [{ allow: owner }, { allow: groups, groups: ["Editors"] }]) {
  id: ID!
  text: String!
}
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "service", *arguments]


@dataclass
class Running:
    """A development server and what it said of itself."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    def ask(self, query: str, **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.said["endpoint"], json.dumps({"query": query}).encode(), {"content-type": "application/json"} | names
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def get(self, path: str, accept: str = "*/*") -> tuple[int, str]:
        address = self.said["endpoint"].removesuffix("/graphql") + path
        try:
            with urllib.request.urlopen(
                urllib.request.Request(address, headers={"accept": accept}), timeout=20
            ) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextmanager
def dev(data_dir: Path, *arguments: str, ends_by: signal.Signals = signal.SIGINT, says: str = "") -> Iterator[Running]:
    """A server in a process of its own; it has to end with status 0, and `says` has to be all it has said."""
    options = ["--json", "--port", "0", "--data-dir", str(data_dir), *arguments]
    process = subprocess.Popen(
        command("dev", *options), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line, process.communicate()[1]
        yield Running(process, json.loads(line))
    finally:
        process.send_signal(ends_by)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest, errors) == (0, "", says)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dev")


@pytest.fixture(scope="module")
def inventory_server(data_dir: Path) -> Iterator[Running]:
    with dev(data_dir, "--no-demo-data", "--integrity", "legacy") as running:
        yield running


def test_the_demo_data_is_there_in_legacy_integrity_too(tmp_path: Path) -> None:
    with dev(tmp_path, "--integrity", "legacy") as running:
        ingrid = next(token for label, token in running.said["tokens"].items() if "Ingrid" in label)
        found = running.ask("{ listProductSuppliers(limit: 1) { items { productId } } }", authorization=ingrid)
        assert len(found["data"]["listProductSuppliers"]["items"]) == 1


def test_it_serves_the_inventory_to_those_it_gave_tokens(inventory_server: Running, data_dir: Path) -> None:
    said = inventory_server.said
    assert said["apiKey"] == api_key(data_dir)
    assert said["dataDir"] == str(data_dir)
    assert inventory_server.get("/readyz") == (200, '{"status":"ok"}')
    admin = next(token for label, token in said["tokens"].items() if label.startswith("Admin"))
    made = inventory_server.ask(
        'mutation { createCategory(input: {organizationId: "o1", name: "Tools"}) { name } }', authorization=admin
    )
    assert made == {"data": {"createCategory": {"name": "Tools"}}}
    read = inventory_server.ask("{ listProducts { items { id } nextToken } }", x_api_key=said["apiKey"])
    assert read == {"data": {"listProducts": {"items": [], "nextToken": None}}}


def test_a_token_of_another_terminal_is_accepted(inventory_server: Running, data_dir: Path) -> None:
    token = DevelopmentIssuer.open(data_dir).issue("u1", "alice", ["Admin"])
    assert "errors" not in inventory_server.ask("{ listCategories { items { id } } }", authorization=token)


def test_introspection_and_the_page_are_there(inventory_server: Running) -> None:
    token = next(iter(inventory_server.said["tokens"].values()))
    answer = inventory_server.ask("{ __schema { queryType { name } } }", authorization=token)
    assert answer == {"data": {"__schema": {"queryType": {"name": "Query"}}}}
    status, page = inventory_server.get("/graphql", "text/html")
    assert status == 200
    assert "/graphql/assets/" in page
    assert inventory_server.said["apiKey"] in page


def test_a_name_that_was_made_to_point_here_finds_no_tokens(inventory_server: Running) -> None:
    address = inventory_server.said["endpoint"]
    request = urllib.request.Request(address, headers={"accept": "text/html", "host": "rebound.example:8000"})
    with urllib.request.urlopen(request, timeout=20) as response:
        page = response.read().decode()
    assert "/graphql/assets/" in page
    assert inventory_server.said["apiKey"] not in page
    assert "eyJ" not in page


def test_what_was_written_is_there_after_the_next_start(tmp_path: Path) -> None:
    with dev(tmp_path, ends_by=signal.SIGTERM) as first:
        assert list(first.said["tokens"]) == [
            "Admin (Ingrid, Harbour & Pine Outfitters)",
            "Manager (Matteo, Harbour & Pine Outfitters)",
            "Viewer (Jonas, Harbour & Pine Outfitters)",
            "Admin (Grace, Meridian Instruments)",
        ]
        found = first.ask("{ listProducts(limit: 3) { items { name } } }", x_api_key=first.said["apiKey"])
        assert len(found["data"]["listProducts"]["items"]) == 3
        token = next(iter(first.said["tokens"].values()))
        first.ask(
            f'mutation {{ createCategory(input: {{organizationId: "{HARBOUR}", name: "Kept"}}) {{ id }} }}',
            authorization=token,
        )
    assert not (tmp_path / "pg" / "postmaster.pid").exists()
    with dev(tmp_path) as second:
        answer = second.ask('{ listCategories(filter: {name: {eq: "Kept"}}) { items { name } } }', authorization=token)
    assert second.said["apiKey"] == first.said["apiKey"]
    assert answer == {"data": {"listCategories": {"items": [{"name": "Kept"}]}}}


def test_a_schema_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "amplify" / "backend" / "api" / "notes"
    folder.mkdir(parents=True)
    (folder / "schema.graphql").write_text(SCHEMA)
    with dev(tmp_path / "data", "--schema", str(tmp_path / "amplify")) as running:
        tokens = running.said["tokens"]
        assert list(tokens) == ["Editors (dev-editors)", "no group (dev-user)"]
        made = running.ask(
            'mutation { createNote(input: {text: "hi"}) { text owner } }', authorization=tokens["no group (dev-user)"]
        )
    assert made == {"data": {"createNote": {"text": "hi", "owner": "dev-user"}}}


def test_a_database_of_ones_own_and_a_key_of_ones_own(tmp_path: Path, make_empty_database: str) -> None:
    options = ["--database-url", make_empty_database, "--api-key", "da2-my-own-key", "--no-demo-data"]
    with dev(tmp_path, *options) as running:
        assert running.said["apiKey"] == "da2-my-own-key"
        read = running.ask("{ listProducts { items { id } } }", x_api_key="da2-my-own-key")
    assert read == {"data": {"listProducts": {"items": []}}}
    assert not (tmp_path / "pg").exists()


@pytest.fixture
async def make_empty_database(make_database: Any) -> str:
    return str(await make_database(None))


def test_a_real_user_pool_instead_of_our_own(tmp_path: Path) -> None:
    with local_pools("pool") as (pool,):
        options = ["--issuer", pool.url, "--client-id", CLIENT_ID, "--no-demo-data"]
        with dev(tmp_path, *options) as running:
            assert running.said["tokens"] == {}
            query = "{ listProducts { items { id } } }"
            with pytest.raises(urllib.error.HTTPError) as stranger:
                running.ask(query, authorization=pool.token("u2", "Admin"))
            with stranger.value as refusal:
                assert (refusal.code, refusal.headers["x-amzn-errortype"]) == (403, "NoOrganizationException")
            made = (
                "organization",
                "create",
                "--name",
                "N",
                "--slug",
                "n",
                "--admin-sub",
                "u1",
                "--admin-email",
                "a@b.c",
            )
            subprocess.run(command(*made, "--data-dir", str(tmp_path)), cwd=ROOT, check=True, capture_output=True)
            answer = running.ask(query, authorization=pool.token("u1"))
            assert answer == {"data": {"listProducts": {"items": []}}}
            with pytest.raises(urllib.error.HTTPError) as caught:
                running.ask(query, authorization=DevelopmentIssuer.open(tmp_path).issue("u1", "u1"))
        with caught.value as refusal:
            assert refusal.code == 401
        assert pool.fetches == 1


def test_a_user_pool_that_does_not_answer(tmp_path: Path) -> None:
    with local_pools("pool") as (gone,):
        token = gone.token("u1")
    reason = "<urlopen error [Errno 111] Connection refused>"
    says = f"WARNING: The keys at {gone.url}/.well-known/jwks.json cannot be fetched: {reason}\n"
    options = ["--issuer", gone.url, "--client-id", CLIENT_ID, "--no-demo-data"]
    with (
        dev(tmp_path, *options, says=says) as running,
        pytest.raises(urllib.error.HTTPError) as caught,
    ):
        running.ask("{ listProducts { items { id } } }", authorization=token)
    with caught.value as refusal:
        assert refusal.code == 503
        assert refusal.headers["x-amzn-errortype"] == "unavailable"


def failed(*arguments: str, **environ: str) -> tuple[int, str]:
    done = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | environ, timeout=60
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = failed("dev", "--port", str(port), "--data-dir", str(tmp_path))
    assert status == 1
    assert said == (
        f"offramp: Cannot listen on 127.0.0.1, port {port}: Address already in use.\n"
        "  Choose another port with --port, or end the program that uses this one.\n"
    )
    assert not (tmp_path / "pg").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--schema", "no-such-file.graphql"], 1, "no-such-file.graphql"),
        (["--issuer", "https://pool.example"], 1, "--issuer and --client-id go together."),
        (["--issuer", "http://pool.example", "--client-id", "c"], 2, "offramp: --issuer must be an https:// address"),
        (["--issuer", "https://pool.example", "--client-id", ","], 2, "offramp: --client-id must name at least one\n"),
        (["--database-url", "mysql://x"], 2, "offramp: --database-url must start with postgresql://\n"),
        (
            ["--database-url", "postgresql://u:secret@127.0.0.1:1/x"],
            1,
            "offramp: 127.0.0.1:1: The database is not available. Try again.\n  look at host,",
        ),
        (["--port", "99999"], 2, "must be a port, 0 to 65535"),
        (
            ["--integrity", "enforced", "--schema", str(ROOT / "graphql" / "amplify.graphql")],
            1,
            "it does not say which field is the organization",
        ),
    ],
)
def test_mistakes(tmp_path: Path, arguments: list[str], status: int, text: str) -> None:
    port = [] if "--port" in arguments else ["--port", "0"]
    got, said = failed("dev", "--data-dir", str(tmp_path), *port, *arguments)
    assert (got, text in said) == (status, True), said


def test_a_setting_of_the_environment_is_named_as_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFRAMP_ISSUER", "http://pool.example")
    monkeypatch.setenv("OFFRAMP_CLIENT_IDS", "c")
    got, said = failed("dev", "--data-dir", str(tmp_path), "--port", "0", "--database-url", "mysql://x")
    assert (got, said.splitlines()) == (
        2,
        [
            "offramp: --database-url must start with postgresql://",
            "  OFFRAMP_ISSUER must be an https:// address (http:// only for this machine)",
            "  docs/settings.md describes every setting.",
        ],
    )


def test_a_schema_that_cannot_be_imported_says_where(tmp_path: Path) -> None:
    schema = tmp_path / "schema.graphql"
    schema.write_text("type Note @model {\n  id: ID!\n  other: Nothing\n}\n")
    status, said = failed("dev", "--data-dir", str(tmp_path), "--port", "0", "--schema", str(schema))
    assert status == 1
    assert "schema.graphql:3:" in said
    assert "Nothing" in said


def test_what_a_schema_holds_is_counted(tmp_path: Path) -> None:
    schema = tmp_path / "my schema.graphql"
    schema.write_text("type Note @model { id: ID! }")
    away = ["--database-url", "postgresql://u@127.0.0.1:1/x"]
    _, said = failed("dev", "--data-dir", str(tmp_path), "--port", "0", "--schema", str(schema), *away)
    assert said.startswith(f"✓ 1 model of {schema} ")
    assert f"\n  1 thing in it needs a person: offramp import '{schema}'\n" in said
    schema.write_text("type Note @model { id: ID! } type Line @model { id: ID! }")
    _, said = failed("dev", "--data-dir", str(tmp_path), "--port", "0", "--schema", str(schema), *away)
    assert f"\n  2 things in it need a person: offramp import '{schema}'\n" in said


def test_dev_does_not_touch_the_database_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:else@127.0.0.1:9/precious")
    with dev(tmp_path, "--no-demo-data") as running:
        assert running.get("/readyz")[0] == 200


def test_serve_wants_its_settings() -> None:
    status, said = failed("serve")
    assert status == 2
    assert said.startswith("offramp: DATABASE_URL is not set: ")
    assert "\n  OFFRAMP_ISSUER is not set: " in said
    assert said.endswith("  docs/settings.md describes every setting.\n")


def test_serve_answers_before_its_database_does_and_says_so(tmp_path: Path, issuer: DevelopmentIssuer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "OFFRAMP_ISSUER": issuer.url,
        "OFFRAMP_CLIENT_IDS": issuer.client_id,
        "OFFRAMP_JWKS": issuer.jwks,
        "OFFRAMP_CURSOR_KEY": "0" * 32,
        "OFFRAMP_PORT": str(port),
    }
    process = subprocess.Popen(command("serve"), cwd=ROOT, env=os.environ | settings, stderr=subprocess.PIPE, text=True)
    running = Running(process, {"endpoint": f"http://127.0.0.1:{port}/graphql"})
    try:
        wait_for(port)
        assert running.get("/healthz") == (200, '{"status":"ok"}')
        status, reason = running.get("/readyz")
        assert (status, json.loads(reason)["status"]) == (503, "unavailable")
        assert running.get("/graphql", "text/html")[0] == 405
        with pytest.raises(urllib.error.HTTPError) as refused:
            running.ask("{ listProducts { items { id } } }", authorization=issuer.issue("u1", "alice"))
        with refused.value as refusal:
            assert (refusal.code, refusal.headers["retry-after"]) == (503, "1")
    finally:
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=30)[1]
    assert process.returncode == 0
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [(line["path"], line["status"]) for line in lines if line["message"] == "request"] == [
        ("/healthz", 200), ("/readyz", 503), ("/graphql", 405), ("/graphql", 503),
    ]  # fmt: skip


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("The server does not listen.")
