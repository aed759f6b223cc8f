"""From two headers to a caller."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import pytest

from service.auth.api_keys import ApiKeys, digest_of
from service.auth.authenticator import LONGEST_KNOWN, MOST_KNOWN, NO_HEADER, SIGNED, Authenticator
from service.auth.issuer import DevelopmentIssuer
from service.auth.principal import Principal
from service.auth.tokens import EXPIRED, REFUSED, UNPARSABLE, TokenVerifier
from service.catalog.model import Provider
from service.errors import SettingsError, Unauthenticated

KEY = "da2-abcdefghijklmnopqrstuvwxyz"


class CountingVerifier:
    """Counts what reaches the verifier behind it, that is, what the cache does not answer."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier
        self.count = 0

    async def verify(self, token: str) -> dict[str, Any]:
        self.count += 1
        return await self._verifier.verify(token)


@pytest.fixture
def counting(verifier: TokenVerifier) -> CountingVerifier:
    return CountingVerifier(verifier)


@pytest.fixture
def authenticator(counting: CountingVerifier) -> Authenticator:
    return Authenticator(counting, ApiKeys([KEY]))  # type: ignore[arg-type]  the same one method


async def refusal(authenticator: Authenticator, **headers: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.authenticate({name.replace("_", "-"): value for name, value in headers.items()})
    return caught.value.message


async def test_a_bare_token_and_one_after_bearer_are_the_same(
    issuer: DevelopmentIssuer, authenticator: Authenticator
) -> None:
    token = issuer.issue("s1", "alice", ["Admin"], organization="org-1")
    bare = await authenticator.authenticate({"authorization": token})
    assert (bare.provider, bare.sub, bare.username) == (Provider.USER_POOLS, "s1", "alice")
    assert (bare.groups(), bare.organization) == (("Admin",), "org-1")
    assert await authenticator.authenticate({"authorization": f"Bearer {token}"}) == bare


async def test_e1_without_proof(issuer: DevelopmentIssuer, authenticator: Authenticator) -> None:
    token = issuer.issue("s1", "alice")
    assert await refusal(authenticator) == NO_HEADER
    assert await refusal(authenticator, authorization="") == NO_HEADER
    assert await refusal(authenticator, authorization="Bearer ") == NO_HEADER
    assert await refusal(authenticator, authorization="Bearer") == UNPARSABLE
    assert await refusal(authenticator, authorization="Basic YWxpY2U6c2VjcmV0") == NO_HEADER
    assert await refusal(authenticator, authorization=f"bearer {token}") == NO_HEADER
    assert await refusal(authenticator, authorization=f"Bearer  {token}") == NO_HEADER
    assert await refusal(authenticator, authorization=f"Bearer {token} {token}") == NO_HEADER
    assert await refusal(authenticator, authorization="null") == UNPARSABLE
    assert await refusal(authenticator, x_api_key="") == NO_HEADER


async def test_a_signed_request_is_told_what_to_use_instead(authenticator: Authenticator) -> None:
    header = (
        "AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-central-1/appsync/aws4_request, SignedHeaders=host, Signature=00"
    )
    assert await refusal(authenticator, authorization=header) == SIGNED
    assert "authMode userPool" in SIGNED


async def test_an_api_key(authenticator: Authenticator) -> None:
    assert await authenticator.authenticate({"x-api-key": KEY}) == Principal(Provider.API_KEY)
    for wrong in (KEY[:-1], KEY + "x", KEY.upper(), "sha256:" + hashlib.sha256(KEY.encode()).hexdigest(), "é"):
        assert await refusal(authenticator, x_api_key=wrong) == REFUSED


async def test_a_token_decides_even_beside_a_good_api_key(
    issuer: DevelopmentIssuer, authenticator: Authenticator
) -> None:
    token = issuer.issue("s1", "alice")
    principal = await authenticator.authenticate({"authorization": token, "x-api-key": KEY})
    assert principal.provider is Provider.USER_POOLS
    assert await refusal(authenticator, authorization="no.token.here!", x_api_key=KEY) == UNPARSABLE


async def test_api_keys_as_digests_and_bound_to_an_organization() -> None:
    digest = hashlib.sha256(b"first-key").hexdigest()
    keys = ApiKeys([f"sha256:{digest}@org-1", "second-key"])
    first, second = keys.find(digest_of("first-key")), keys.find(digest_of("second-key"))
    assert first is not None
    assert second is not None
    assert (first.organization, second.organization) == ("org-1", None)
    assert keys.find(digest_of("first-key@org-1")) is None


@pytest.mark.parametrize("entry", ["@org", "key@", "sha256:", "sha256:00", "sha256:" + "g" * 64])
def test_an_api_key_entry_that_is_none(entry: str) -> None:
    with pytest.raises(SettingsError, match="OFFRAMP_API_KEYS has an entry"):
        ApiKeys([entry])


async def test_e19_a_token_is_verified_once_and_again_when_it_has_ended(
    issuer: DevelopmentIssuer, counting: CountingVerifier
) -> None:
    now = time.time()
    authenticator = Authenticator(counting, ApiKeys([]), clock=lambda: now)  # type: ignore[arg-type]  as above
    token = issuer.issue("s1", "alice", lifetime=100)
    for _ in range(3):
        await authenticator.authenticate({"authorization": token})
    assert counting.count == 1
    now += 101
    await authenticator.authenticate({"authorization": token})  # the verifier's own clock still takes it
    assert counting.count == 2


async def test_e13_a_verified_token_is_verified_again_after_a_while(
    issuer: DevelopmentIssuer, counting: CountingVerifier
) -> None:
    now = time.time()
    authenticator = Authenticator(counting, ApiKeys([]), clock=lambda: now)  # type: ignore[arg-type]  as above
    token = issuer.issue("s1", "alice")
    await authenticator.authenticate({"authorization": token})
    now += LONGEST_KNOWN - 1
    await authenticator.authenticate({"authorization": token})
    assert counting.count == 1
    now += 2
    await authenticator.authenticate({"authorization": token})
    assert counting.count == 2


async def test_e19_tokens_that_begin_alike_are_told_apart(
    issuer: DevelopmentIssuer, authenticator: Authenticator
) -> None:
    token = issuer.issue("s1", "alice")
    await authenticator.authenticate({"authorization": token})
    forged = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    assert await refusal(authenticator, authorization=forged) == REFUSED


async def test_expired(issuer: DevelopmentIssuer, authenticator: Authenticator) -> None:
    assert await refusal(authenticator, authorization=issuer.issue("s1", "alice", lifetime=-60)) == EXPIRED


async def test_what_is_remembered_is_bounded() -> None:
    class Trusting:
        async def verify(self, token: str) -> dict[str, Any]:
            return {"sub": token, "exp": time.time() + 100}

    authenticator = Authenticator(Trusting(), ApiKeys([]))  # type: ignore[arg-type]  the bound is what is tested
    for number in range(MOST_KNOWN + 10):
        principal = await authenticator.authenticate({"authorization": f"token-{number}"})
        assert principal.sub == f"token-{number}"
    assert len(authenticator._known) == MOST_KNOWN


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        (["Admin", "Viewer"], ("Admin", "Viewer")),
        ("Admin", ("Admin",)),
        ("[Admin Viewer]", ("[Admin Viewer]",)),
        ("[Admin]", ("[Admin]",)),
        ("Admin,Viewer", ("Admin,Viewer",)),
        ('["Admin"]', ('["Admin"]',)),
        ("NotAdmin", ("NotAdmin",)),
        (["Admin "], ("Admin ",)),
        (["admin", "ADMIN"], ("admin", "ADMIN")),
        (["\u0410dmin", "Adm\u0131n", "Admin\u200b"], ("\u0410dmin", "Adm\u0131n", "Admin\u200b")),
        ([["Admin"], 5, None, "Viewer"], ("Viewer",)),
        ({"Admin": True}, ()),
        (None, ()),
    ],
)
def test_e16_groups_are_what_the_claim_says_to_the_letter(claim: Any, groups: tuple[str, ...]) -> None:
    """So what is no list of Cognito's is a group that no rule names."""
    principal = Principal(Provider.USER_POOLS, {"cognito:groups": claim})
    assert principal.groups() == groups
    assert ("Admin" in groups) is (claim in (["Admin", "Viewer"], "Admin"))


async def test_e16_a_thousand_groups(issuer: DevelopmentIssuer, authenticator: Authenticator) -> None:
    many = [f"g{number}" for number in range(1_000)]
    principal = await authenticator.authenticate({"authorization": issuer.issue("s1", "alice", many)})
    assert principal.groups() == tuple(many)
