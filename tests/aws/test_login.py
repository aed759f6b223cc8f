"""How a function logs in: tokens of IAM, secrets that rotate, certificates that are checked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.pooler import Pooler
from service.aws.login import SecretPassword, Tokens, address_from
from service.aws.secrets import member_of, read_secret
from service.aws.signing import Signer
from service.db.connections.address import RoleAddress, UrlAddress
from service.db.connections.engine import Database
from service.errors import SettingsError, Unavailable
from service.settings import DatabaseSettings
from tests.aws.certificates import make_certificates
from tests.aws.pooler import pooler_before
from tests.aws.runtime import running_function
from tests.aws.secrets_manager import SecretsManager, running_secrets_manager
from tests.aws.test_handler import LIST, said, without

Event = dict[str, Any]
AT = datetime(2026, 11, 25, 10, 41, 5, tzinfo=UTC)
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "eu-central-1",
}
HOST = "offramp-dev.proxy-c1a2b3d4e5f6.eu-central-1.rds.amazonaws.com"


@pytest.fixture(params=[None, "IQoJb3JpZ2luX2VjEJr//+=="])
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    """The credentials of a user, and those of a role."""
    return CREDENTIALS | ({"AWS_SESSION_TOKEN": request.param} if request.param else {})


@pytest.fixture
def botocores(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Credentials:
    """The same for botocore, at the same moment."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: AT.replace(tzinfo=None))
    return Credentials(environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN"))


def test_a_token_is_botocores(environ: dict[str, str], botocores: Credentials):
    request = AWSRequest("GET", f"https://{HOST}:5432/?Action=connect&DBUser=app_rw")
    botocore.auth.SigV4QueryAuth(botocores, "rds-db", "eu-central-1", expires=900).add_auth(request)
    ours, theirs = Signer.from_environ(environ).login_token(HOST, 5432, "app_rw", AT), request.url[len("https://") :]
    assert ours.partition("?")[0] == theirs.partition("?")[0]
    assert sorted(ours.partition("?")[2].split("&")) == sorted(theirs.partition("?")[2].split("&"))


def test_a_signed_request_is_botocores(environ: dict[str, str], botocores: Credentials):
    host, body = "secretsmanager.eu-central-1.amazonaws.com", b'{"SecretId": "offramp/dev/cursor"}'
    ours = Signer.from_environ(environ).headers("secretsmanager", host, "secretsmanager.GetSecretValue", body, AT)
    unsigned = {name: ours[name] for name in ("content-type", "x-amz-target")}
    request = AWSRequest("POST", f"https://{host}/", headers=unsigned, data=body)
    botocore.auth.SigV4Auth(botocores, "secretsmanager", "eu-central-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]


def test_without_credentials_it_says_what_is_missing():
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY, AWS_REGION is not set"):
        Signer.from_environ({"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"})


@pytest.mark.parametrize(
    ("secret", "password"),
    [
        ('{"username": "app_rw", "password": "p\\u00e4ss"}', "päss"),
        ("plain text", "plain text"),
        ('{"other": 1}', '{"other": 1}'),
        ("12345", "12345"),
    ],
)
def test_the_password_in_a_secret(secret: str, password: str):
    assert member_of(secret, "password") == password


async def test_a_secret_is_read_once_until_it_is_refused():
    read: list[str] = []

    def reading(name: str) -> str:
        read.append(name)
        return f"password {len(read)}"

    password = SecretPassword("arn", read=reading)
    assert [await password.current() for _ in range(3)] == ["password 1"] * 3
    assert password.renew("password 1") is True
    assert await asyncio.gather(password.current(), password.current()) == ["password 2"] * 2
    assert password.renew("password 1") is True  # of a connection that was a little slower
    assert await password.current() == "password 2"
    assert read == ["arn", "arn"]


async def test_a_secret_that_holds_the_wrong_password_is_not_read_for_every_connection():
    now, read = 0.0, []

    def reading(name: str) -> str:
        read.append(name)
        return "wrong"

    password = SecretPassword("arn", read=reading, clock=lambda: now)
    await password.current()
    assert password.renew("wrong") is True
    await password.current()
    assert password.renew("wrong") is False
    now = 5.0
    assert password.renew("wrong") is True
    await password.current()
    assert read == ["arn"] * 3


async def test_each_connection_has_a_token_of_its_own(monkeypatch: pytest.MonkeyPatch):
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    tokens = Tokens(HOST, 5432, "app_rw")
    assert (await tokens.current()).startswith(f"{HOST}:5432/?Action=connect&DBUser=app_rw&X-Amz-Algorithm=AWS4")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ANOTHER")
    assert "X-Amz-Credential=ANOTHER%2F" in await tokens.current()
    assert tokens.renew("any") is False


def settings(**values: str) -> DatabaseSettings:
    return DatabaseSettings.from_environ({f"OFFRAMP_DATABASE_{name.upper()}": value for name, value in values.items()})


def test_the_address_is_what_the_settings_say():
    plain = address_from(settings(host="db.example", name="shop", user="me", port="6543"))
    assert plain == UrlAddress("postgresql://me@db.example:6543/shop")
    by_token = address_from(settings(host=HOST, auth="iam"))
    assert isinstance(by_token, RoleAddress)
    assert (by_token.role, by_token.database, by_token.port) == ("app_rw", "offramp", 5432)
    assert (by_token.tls.check_hostname, by_token.tls.verify_mode.name) == (True, "CERT_REQUIRED")
    with pytest.raises(SettingsError, match="OFFRAMP_DATABASE_SECRET is not set"):
        address_from(settings(host=HOST, auth="secret"))
    with pytest.raises(SettingsError, match="must be iam or secret"):
        settings(host=HOST, auth="password")


# ------------------------------------------------------------ with a pooler that wants TLS and a password


@pytest.fixture
def secrets_manager() -> Iterator[SecretsManager]:
    with running_secrets_manager() as server:
        yield server


@pytest.fixture
def guarded(served_url: str, tmp_path: Path) -> Iterator[Pooler]:
    """A pooler whose certificate is for `localhost`."""
    _, certificate, key = make_certificates(tmp_path, host="localhost")
    tls = {"client_tls_sslmode": "require", "client_tls_cert_file": str(certificate), "client_tls_key_file": str(key)}
    with pooler_before(served_url, tmp_path, role="app_rw", auth_type="plain", **tls) as pooler:
        yield pooler


def login(pooler: Pooler, manager: SecretsManager, folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a function whose password is in a secret."""
    return {
        "OFFRAMP_DATABASE_HOST": "localhost",
        "OFFRAMP_DATABASE_PORT": str(pooler.port),
        "OFFRAMP_DATABASE_NAME": pooler.database,
        "OFFRAMP_DATABASE_AUTH": "secret",
        "OFFRAMP_DATABASE_SECRET": "arn:app_rw",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.url,
        "SSL_CERT_FILE": str(folder / "authority.pem"),
        **changes,
    }


def test_i16_a_rotated_password_costs_nobody_a_request(
    guarded: Pooler,
    secrets_manager: SecretsManager,
    function_environ: dict[str, str],
    graphql: Callable[..., Event],
    tmp_path: Path,
):
    secrets_manager.secrets |= {"arn:app_rw": json.dumps({"password": "old"}), "arn:cursors": "c" * 40}
    guarded.admit("app_rw", "old")
    given = without(function_environ, "DATABASE_URL", "OFFRAMP_CURSOR_KEY")
    given |= login(guarded, secrets_manager, tmp_path, OFFRAMP_CURSOR_SECRET="arn:cursors")
    many = graphql("{ " + " ".join(f"a{n}: listProducts(limit: 1) {{ items {{ id }} }}" for n in range(4)) + " }")
    with running_function("service.aws.handler", given, tmp_path) as function:
        assert function.invoke(graphql(LIST))["statusCode"] == 200
        secrets_manager.secrets["arn:app_rw"] = json.dumps({"password": "new"})
        guarded.admit("app_rw", "new")
        answers = [function.invoke(many) for _ in range(5)]  # three more connections than there were
    assert [(each["statusCode"], "errors" in said(each)) for each in answers] == [(200, False)] * 5
    assert secrets_manager.asked.count("arn:cursors") == 1
    assert secrets_manager.asked.count("arn:app_rw") == 2


def test_i15_without_its_secret_it_says_so_and_recovers(
    guarded: Pooler,
    secrets_manager: SecretsManager,
    function_environ: dict[str, str],
    graphql: Callable[..., Event],
    tmp_path: Path,
):
    given = without(function_environ, "OFFRAMP_CURSOR_KEY")
    given |= {"AWS_ENDPOINT_URL": secrets_manager.url, "OFFRAMP_CURSOR_SECRET": "arn:cursors"}
    with running_function("service.aws.handler", given, tmp_path) as function:
        away = function.invoke(graphql(LIST))
        assert (away["statusCode"], said(away)["code"]) == (503, "unavailable")
        secrets_manager.secrets["arn:cursors"] = json.dumps({"key": "k" * 40})
        assert function.invoke(graphql(LIST))["statusCode"] == 200


async def test_a_certificate_for_another_name_is_refused(
    guarded: Pooler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    guarded.admit("app_rw", "word")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    for host, works in (("localhost", True), ("localhost.localdomain", False)):
        address = address_from(
            settings(host=host, port=str(guarded.port), name=guarded.database, auth="secret", secret="s")
        )
        assert isinstance(address, RoleAddress)
        monkeypatch.setattr(address.passwords, "_read", lambda _: "word")
        database = Database.connect(address, size=1, behind_proxy=True)
        try:
            await database.ping()
        except Unavailable:
            assert not works
        else:
            assert works
        await database.close()


def test_a_secret_that_cannot_be_read_is_named(secrets_manager: SecretsManager):
    environ = CREDENTIALS | {"AWS_ENDPOINT_URL": secrets_manager.url}
    with pytest.raises(Unavailable, match=r"^The secret arn:none cannot be read: HTTPError\.$"):
        read_secret("arn:none", environ)
