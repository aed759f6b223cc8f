"""What a token must be to be believed. The numbers are those of the security cases, group E."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization

from service.auth.issuer import DevelopmentIssuer
from service.auth.tokens import EXPIRED, OTHER_FOLDER, REFUSED, UNPARSABLE, UNTRUSTED, Pool, TokenVerifier
from service.errors import Unauthenticated
from tests.auth.forge import claims_of, part, sealed, signed


async def refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token)
    assert caught.value.status == 401
    assert caught.value.error_type == "UnauthorizedException"
    return caught.value.message


async def test_an_access_token_of_the_issuer_is_believed(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    claims = await verifier.verify(issuer.issue("s1", "alice", ["Admin", "Viewer"], organization="org-1", lifetime=60))
    assert {name: claims[name] for name in claims if name not in {"iat", "exp", "auth_time", "jti"}} == {
        "sub": "s1",
        "iss": issuer.url,
        "client_id": "offramp-development",
        "token_use": "access",
        "username": "alice",
        "scope": "aws.cognito.signin.user.admin",
        "cognito:groups": ["Admin", "Viewer"],
        "custom:organizationId": "org-1",
    }
    assert claims["exp"] - claims["iat"] == 60


async def test_an_id_token_of_the_issuer_is_believed(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    claims = await verifier.verify(issuer.issue("s1", "alice", use="id"))
    assert claims["aud"] == "offramp-development"
    assert claims["cognito:username"] == "alice"
    assert "client_id" not in claims
    assert "cognito:groups" not in claims


async def test_the_hand_made_token_is_believed(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    """The base of the refusals below: each changes one thing of it."""
    assert (await verifier.verify(signed(issuer, claims_of(issuer))))["sub"] == "s1"


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AAAA"])
async def test_e2_a_token_without_a_signature(
    issuer: DevelopmentIssuer, verifier: TokenVerifier, algorithm: str, signature: str
) -> None:
    text = f"{part({'alg': algorithm, 'kid': issuer.key_id})}.{part(claims_of(issuer))}"
    assert await refusal(verifier, f"{text}.{signature}") in {UNPARSABLE, REFUSED}


async def test_e3_a_token_signed_with_the_public_key_as_a_password(
    issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    public = issuer.private_key.public_key()
    spellings = [
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        issuer.jwks.encode(),
    ]
    for secret in spellings:
        assert await refusal(verifier, sealed(issuer, secret, hashes.SHA256(), alg="HS256")) == REFUSED


async def test_e4_a_token_of_another_pool(
    issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    assert await refusal(verifier, other_issuer.issue("s1", "alice")) == OTHER_FOLDER
    assert await refusal(verifier, signed(other_issuer, claims_of(issuer))) == UNTRUSTED
    borrowed_kid = signed(other_issuer, claims_of(issuer), kid=issuer.key_id)
    assert await refusal(verifier, borrowed_kid) == REFUSED


@pytest.mark.parametrize(
    "change", [lambda iss: iss + "/", str.upper, lambda iss: iss + ".evil.example", lambda _: None]
)
async def test_e4_another_issuer(issuer: DevelopmentIssuer, verifier: TokenVerifier, change: Any) -> None:
    assert await refusal(verifier, signed(issuer, claims_of(issuer, iss=change(issuer.url)))) == UNTRUSTED


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"client_id": ["offramp-development"]},
        {"client_id": "another", "aud": "offramp-development"},
        {"token_use": "id"},
        {"token_use": "id", "aud": "another"},
        {"token_use": "id", "aud": ["offramp-development"]},
        {"token_use": "refresh"},
        {"token_use": None},
        {"token_use": ["access"]},
        {"sub": ""},
        {"sub": 5},
        {"sub": None},
        {"sub": "s\x001"},
        {"custom:organizationId": ""},
        {"custom:organizationId": 5},
        {"custom:organizationId": ["org-1"]},
        {"custom:organizationId": "org\ud8001"},
    ],
)
async def test_e5_e6_a_token_for_somebody_else(
    issuer: DevelopmentIssuer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    assert await refusal(verifier, signed(issuer, claims_of(issuer, **changes))) == REFUSED


async def test_e6_a_kind_of_token_that_the_settings_exclude(issuer: DevelopmentIssuer, pool: Pool) -> None:
    only_id = TokenVerifier(replace(pool, token_uses=frozenset({"id"})))
    assert await refusal(only_id, issuer.issue("s1", "alice")) == REFUSED
    assert (await only_id.verify(issuer.issue("s1", "alice", use="id")))["sub"] == "s1"


@pytest.mark.parametrize(("ago", "good"), [(25, True), (32, False)])
async def test_e7_the_edge_of_the_leeway(
    issuer: DevelopmentIssuer, verifier: TokenVerifier, ago: int, *, good: bool
) -> None:
    token = signed(issuer, claims_of(issuer, exp=int(time.time()) - ago))
    if good:
        assert (await verifier.verify(token))["sub"] == "s1"
    else:
        assert await refusal(verifier, token) == EXPIRED


@pytest.mark.parametrize(
    "exp", ["9999999999", 1e308, True, float("nan"), float("inf"), 2**64, [9999999999], {}, None, 1.8e12]
)
async def test_e7_an_expiry_that_is_no_time(issuer: DevelopmentIssuer, verifier: TokenVerifier, exp: Any) -> None:
    assert await refusal(verifier, signed(issuer, claims_of(issuer, exp=exp))) in {REFUSED, EXPIRED}


@pytest.mark.parametrize("exp", [-5, 0])
async def test_e7_an_expiry_before_all_times(issuer: DevelopmentIssuer, verifier: TokenVerifier, exp: int) -> None:
    assert await refusal(verifier, signed(issuer, claims_of(issuer, exp=exp))) == EXPIRED


@pytest.mark.parametrize("claim", ["iat", "nbf", "auth_time"])
async def test_e8_a_token_from_the_future(issuer: DevelopmentIssuer, verifier: TokenVerifier, claim: str) -> None:
    now = int(time.time())
    assert await refusal(verifier, signed(issuer, claims_of(issuer, **{claim: now + 40}))) == REFUSED
    assert await refusal(verifier, signed(issuer, claims_of(issuer, **{claim: "now"}))) == REFUSED
    assert (await verifier.verify(signed(issuer, claims_of(issuer, **{claim: now + 20}))))["sub"] == "s1"


@pytest.mark.parametrize("kid", ["unknown", "", "../../etc/passwd", "' OR 1=1 --", 7, ["a"], "k" * 300, None])
async def test_e9_a_key_id_that_is_not_ours(issuer: DevelopmentIssuer, verifier: TokenVerifier, kid: Any) -> None:
    header = {"kid": kid} if kid is not None else {"kid": ""}
    assert await refusal(verifier, signed(issuer, claims_of(issuer), **header)) in {REFUSED, UNTRUSTED, UNPARSABLE}


async def test_e10_a_key_that_the_token_brings_along(
    issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    own = json.loads(other_issuer.jwks)["keys"][0]
    address = "https://evil.example/keys"
    headers = [{"jwk": own}, {"jku": address}, {"x5u": address}, {"x5c": ["MIIB"]}]
    for header in headers:
        assert await refusal(verifier, signed(other_issuer, claims_of(issuer), **header)) == UNTRUSTED
        assert await refusal(verifier, signed(other_issuer, claims_of(issuer), kid=issuer.key_id, **header)) == REFUSED


async def test_e14_a_header_that_asks_for_more(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    extra = signed(issuer, claims_of(issuer), crit=["exp"])
    detached = signed(issuer, claims_of(issuer), b64=False)
    assert await refusal(verifier, extra) in {REFUSED, UNPARSABLE}
    assert await refusal(verifier, detached) in {REFUSED, UNPARSABLE}


async def test_e14_another_spelling_of_a_good_token(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    token = issuer.issue("s1", "alice")
    last = token[-1]
    assert last in "AQgw"
    spellings = [
        token + "=", token + "==", token + "\n", f" {token}", token + ".", token + ".x", token.replace(".", "..", 1),
        token[:-1] + chr(ord(last) + 1), token[:40] + " " + token[40:], token + "é",
    ]  # fmt: skip
    for spelling in spellings:
        assert await refusal(verifier, spelling) == UNPARSABLE


async def test_e14_tokens_that_are_bombs(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    bombs = ["a" * 1_000_000, "a.b.c", "..", "", part(deep) + ".e30.AA", "a.b.c.d.e", "e30." * 4 + "e30"]
    wide = claims_of(issuer) | {f"c{n}": n for n in range(100_000)}
    claims = [deep, [1], b"\xff\xff", wide]
    for bomb in (*bombs, *(signed(issuer, each) for each in claims)):
        assert await refusal(verifier, bomb) == UNPARSABLE


async def test_our_tokens_are_those_that_pyjwt_reads(issuer: DevelopmentIssuer) -> None:
    token = issuer.issue("s1", "alice", use="id")
    key = jwt.PyJWKSet.from_json(issuer.jwks)[issuer.key_id]
    assert jwt.decode(token, key, audience=issuer.client_id, issuer=issuer.url)["cognito:username"] == "alice"
