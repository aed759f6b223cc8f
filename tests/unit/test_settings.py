"""Settings: everything wrong is named at once, nothing secret is shown."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from service.errors import SettingsError
from service.settings import Settings

REQUIRED = {
    "DATABASE_URL": "postgresql://app_rw:hunter2@db.example/app",
    "OFFRAMP_ISSUER": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123",
    "OFFRAMP_CLIENT_IDS": "one, two",
    "OFFRAMP_CURSOR_KEY": "0123456789abcdef0123456789abcdef",
}

HTTPS = "must be an https:// address (http:// only for this machine)"
OTHER_POOLS = 'must be a JSON object of issuers and their app clients: {"https://…": ["4f…"]}'


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(REQUIRED | environ)
    assert caught.value.status == 2
    assert caught.value.hint == "docs/settings.md describes every setting."
    return caught.value.message.splitlines()


def test_the_required_ones_are_enough() -> None:
    settings = Settings.from_environ(REQUIRED | {"PATH": "/bin", "HOME": "/root"})
    assert settings.client_ids == ("one", "two")
    assert settings.jwks_location == f"{settings.issuer}/.well-known/jwks.json"
    assert settings.max_body_bytes == 1_048_576
    assert settings.cors_origins == ()
    assert settings.introspection is True
    assert settings.graphiql is False
    assert settings.docs is False


def test_everything_that_is_missing_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({})
    assert [line.split(":")[0] for line in caught.value.message.splitlines()] == [
        "DATABASE_URL is not set",
        "OFFRAMP_ISSUER is not set",
        "OFFRAMP_CLIENT_IDS is not set",
        "OFFRAMP_CURSOR_KEY is not set",
    ]


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_environ(REQUIRED | {"OFFRAMP_POOL_SIZE": ""}).pool_size == 10
    assert problems(DATABASE_URL="")[0].startswith("DATABASE_URL is not set")


def test_an_unknown_variable_is_an_error_that_names_the_nearest() -> None:
    assert problems(OFFRAMP_POLL_SIZE="3") == ["OFFRAMP_POLL_SIZE is not a setting; did you mean OFFRAMP_POOL_SIZE?"]
    assert problems(OFFRAMP_ZZZ="") == ["OFFRAMP_ZZZ is not a setting"]


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        ("OFFRAMP_POOL_SIZE", "0", "must be a whole number from 1 to 200"),
        ("OFFRAMP_POOL_SIZE", "1e3", "must be a whole number from 1 to 200"),
        ("OFFRAMP_POOL_SIZE", "\u0661", "must be a whole number from 1 to 200"),
        ("OFFRAMP_POOL_SIZE", "9" * 5000, "must be a whole number from 1 to 200"),
        ("OFFRAMP_LEEWAY", "61", "must be a whole number from 0 to 60"),
        ("OFFRAMP_GRAPHQL_SUNSET", "May 2027", "must be a day such as 2027-05-01"),
        ("OFFRAMP_INTROSPECTION", "maybe", "must be true or false"),
        ("OFFRAMP_TOKEN_USES", "access,refresh", "must be one or more of access, id"),
        ("OFFRAMP_ISSUER", "http://example.com/pool", HTTPS),
        ("OFFRAMP_ISSUER", "cognito", HTTPS),
        ("OFFRAMP_JWKS", "http://example.com/jwks", HTTPS),
        ("OFFRAMP_OTHER_POOLS", '{"http://a.example": ["a"]}', HTTPS),
        ("OFFRAMP_OTHER_POOLS", "https://old.example", OTHER_POOLS),
        ("OFFRAMP_OTHER_POOLS", '["https://old.example"]', OTHER_POOLS),
        ("OFFRAMP_OTHER_POOLS", '{"https://old.example": "a"}', OTHER_POOLS),
        ("OFFRAMP_OTHER_POOLS", '{"https://old.example": []}', OTHER_POOLS),
        ("OFFRAMP_OTHER_POOLS", '{"https://old.example": [""]}', OTHER_POOLS),
        ("OFFRAMP_CURSOR_KEY", "short", "must have 32 characters or more"),
        ("OFFRAMP_CLIENT_IDS", " , ", "must name at least one"),
        ("DATABASE_URL", "mysql://x", "must start with postgresql://"),
        ("OFFRAMP_CORS_ORIGINS", "a.example", "must list origins such as https://app.example.com, not 'a.example'"),
        ("OFFRAMP_CORS_ORIGINS", "https://a/", "must list origins such as https://app.example.com, not 'https://a/'"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be(variable: str, text: str, problem: str) -> None:
    assert problems(**{variable: text}) == [f"{variable} {problem}"]


def test_several_problems_are_one_error() -> None:
    assert len(problems(OFFRAMP_PORT="x", OFFRAMP_LEEWAY="x", OFFRAMP_TYPO="x")) == 3


def test_values_of_every_kind() -> None:
    settings = Settings.from_environ(
        REQUIRED
        | {
            "OFFRAMP_CORS_ORIGINS": "https://a.example, http://localhost:3000",
            "OFFRAMP_BEHIND_PROXY": "TRUE",
            "OFFRAMP_MAX_DEPTH": "8",
            "OFFRAMP_TOKEN_USES": "access",
            "OFFRAMP_JWKS": "http://127.0.0.1:9229/keys",
            "OFFRAMP_OTHER_POOLS": '{"https://old.example/pool": ["a", "b"], "http://localhost:1/p": ["c"]}',
            "MIGRATION_DATABASE_URL": "postgres://m@h/d",
        }
    )
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    assert (settings.behind_proxy, settings.max_depth, settings.token_uses) == (True, 8, ("access",))
    assert settings.jwks_location == "http://127.0.0.1:9229/keys"
    assert settings.other_pools == (("https://old.example/pool", ("a", "b")), ("http://localhost:1/p", ("c",)))
    assert settings.migration_database_url == "postgres://m@h/d"


def test_secrets_are_not_shown() -> None:
    settings = Settings.from_environ(REQUIRED | {"OFFRAMP_API_KEYS": "da2-secret"})
    for text in (repr(settings), str(settings), f"{settings}"):
        assert not any(secret in text for secret in ("hunter2", "0123456789abcdef", "da2-secret"))
        assert "database_url=***" in text
        assert "migration_database_url=None" in text
        assert "pool_size=10" in text


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.from_environ(REQUIRED).pool_size = 5  # type: ignore[misc]  that it cannot is the point
