"""Two user pools at once, each with keys of its own that are fetched over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from service.auth.authenticator import Authenticator, authenticator_from
from service.auth.issuer import DevelopmentIssuer
from service.auth.keys import UNKNOWN_PAUSE, FetchedKeys
from service.auth.membership import Members
from service.auth.tokens import REFUSED, UNTRUSTED, Pool, TokenVerifier
from service.catalog.model import Catalog
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.security.roles import SERVE
from service.errors import SettingsError, Unauthenticated, Unavailable
from service.settings import Settings, well_known_keys
from tests.auth.forge import claims_of, signed
from tests.auth.local_pool import CLIENT_ID, LocalPool, local_pools
from tests.conftest import MakeDatabase


@dataclass
class Migration:
    """Users on the way from one pool to another, and a clock that keys grow old by."""

    old: LocalPool
    new: LocalPool
    now: float = 0.0

    @property
    def settings(self) -> Settings:
        return Settings(
            database_url="postgresql://nobody@nowhere/none",
            issuer=self.new.url,
            client_ids=(CLIENT_ID,),
            other_pools=((self.old.url, (CLIENT_ID, "another")),),
            cursor_key="0" * 32,
        )

    @property
    def authenticator(self) -> Authenticator:
        return authenticator_from(self.settings)

    @property
    def verifier(self) -> TokenVerifier:
        return TokenVerifier(*(self._pool(each) for each in (self.new, self.old)))

    def _pool(self, pool: LocalPool) -> Pool:
        keys = FetchedKeys(well_known_keys(pool.url), clock=lambda: self.now)
        return Pool(pool.url, frozenset({CLIENT_ID}), frozenset({"access"}), 30, keys)

    @property
    def fetches(self) -> tuple[int, int]:
        return self.old.fetches, self.new.fetches


@pytest.fixture
async def migration() -> AsyncIterator[Migration]:
    with local_pools("old", "new") as (old, new):
        yield Migration(old, new)


async def refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token)
    return caught.value.message


async def test_tokens_of_both_pools_are_believed(migration: Migration) -> None:
    authenticator = migration.authenticator
    for pool in (migration.old, migration.new):
        principal = await authenticator.authenticate({"authorization": pool.token("s1", "Admin")})
        assert (principal.sub, principal.claims["iss"], principal.groups()) == ("s1", pool.url, ("Admin",))


async def test_each_pool_has_app_clients_of_its_own(migration: Migration) -> None:
    authenticator = migration.authenticator
    of_old = signed(migration.old.issuer, claims_of(migration.old.issuer, client_id="another"))
    of_new = signed(migration.new.issuer, claims_of(migration.new.issuer, client_id="another"))
    assert (await authenticator.authenticate({"authorization": of_old})).sub == "s1"
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate({"authorization": of_new})


async def test_what_the_settings_ask_of_tokens_they_ask_of_both_pools(migration: Migration) -> None:
    """Which kind is taken, and for how long after its end."""
    strict = authenticator_from(replace(migration.settings, token_uses=("access",), leeway=0))
    lenient = authenticator_from(migration.settings)
    for pool in (migration.old, migration.new):
        for token in (pool.issuer.issue("s1", "s1", use="id"), pool.issuer.issue("s1", "s1", lifetime=-5)):
            assert (await lenient.authenticate({"authorization": token})).sub == "s1"
            with pytest.raises(Unauthenticated):
                await strict.authenticate({"authorization": token})
        for authenticator in (strict, lenient):
            ended = pool.issuer.issue("s1", "s1", lifetime=-35)
            with pytest.raises(Unauthenticated):
                await authenticator.authenticate({"authorization": ended})


async def test_e4_the_keys_of_one_pool_prove_nothing_of_the_other(migration: Migration) -> None:
    old, new, verifier = migration.old.issuer, migration.new.issuer, migration.verifier
    for mine, other in ((old, new), (new, old)):
        assert await refusal(verifier, signed(mine, claims_of(other))) == UNTRUSTED
        assert await refusal(verifier, signed(mine, claims_of(other), kid=other.key_id)) == REFUSED
        assert (await verifier.verify(signed(mine, claims_of(mine))))["iss"] == mine.url


async def test_no_pool_but_a_development_issuer_tells_of_others(
    migration: Migration, issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer
) -> None:
    token = other_issuer.issue("s1", "alice")
    assert await refusal(migration.verifier, token) == UNTRUSTED
    developing = replace(migration.settings, issuer=issuer.url, jwks=issuer.jwks, other_pools=())
    with pytest.raises(Unauthenticated) as refused:
        await authenticator_from(developing).authenticate({"authorization": token})
    assert refused.value.message == (
        "You are not authorized to make this call. The development issuer of another data folder has issued this "
        "token. Make one with offramp token, and with the --data-dir of this server."
    )


async def test_e9_a_stranger_makes_nobody_fetch_anything(migration: Migration) -> None:
    verifier, issuer = migration.verifier, migration.new.issuer
    for iss in ("https://evil.example", issuer.url + "/", f"{issuer.url}/../old"):
        assert await refusal(verifier, signed(issuer, claims_of(issuer, iss=iss))) == UNTRUSTED
    assert migration.fetches == (0, 0)


async def test_d8_an_address_in_a_token_is_not_asked(migration: Migration) -> None:
    verifier, issuer = migration.verifier, migration.new.issuer
    elsewhere = well_known_keys(migration.old.url)
    for header in ({"jku": elsewhere}, {"x5u": elsewhere}, {"jku": elsewhere, "kid": migration.old.issuer.key_id}):
        with suppress(Unauthenticated):
            await verifier.verify(signed(issuer, claims_of(issuer), **header))
    assert migration.fetches == (0, 1)


async def test_e12_many_first_requests_fetch_once_from_each(migration: Migration) -> None:
    verifier = migration.verifier
    tokens = [pool.token(f"s{number}") for number in range(20) for pool in (migration.old, migration.new)]
    await asyncio.gather(*(verifier.verify(each) for each in tokens * 5))
    assert migration.fetches == (1, 1)


async def test_e11_made_up_key_ids_of_one_pool_disturb_no_user(migration: Migration) -> None:
    verifier, issuer = migration.verifier, migration.new.issuer
    forged = [signed(issuer, claims_of(issuer), kid=f"made-up-{number}") for number in range(100)]
    for number in range(1_000):
        assert await refusal(verifier, forged[number % 100]) == UNTRUSTED
    assert migration.fetches == (0, 1)
    assert (await verifier.verify(migration.new.token("s1")))["sub"] == "s1"
    assert (await verifier.verify(migration.old.token("s1")))["sub"] == "s1"
    assert migration.fetches == (1, 1)


async def test_e13_a_pool_exchanges_its_key(migration: Migration) -> None:
    verifier, before = migration.verifier, migration.new.token("s1")
    await verifier.verify(before)
    migration.new.rotate()
    migration.now += UNKNOWN_PAUSE
    assert (await verifier.verify(migration.new.token("s1")))["sub"] == "s1"
    assert await refusal(verifier, before) == UNTRUSTED
    assert migration.fetches == (0, 2)


async def test_a_pool_that_is_away_takes_nobody_of_the_other_along() -> None:
    with local_pools("new") as (new,):
        migration = Migration(LocalPool("http://127.0.0.1:1/old"), new)
        authenticator = migration.authenticator
        assert (await authenticator.authenticate({"authorization": new.token("s1")})).sub == "s1"
        with pytest.raises(Unavailable):
            await authenticator.authenticate({"authorization": migration.old.token("s1")})


def test_a_pool_is_named_once(migration: Migration) -> None:
    with pytest.raises(SettingsError, match=r"OFFRAMP_OTHER_POOLS names http://.*/new again"):
        authenticator_from(replace(migration.settings, other_pools=((migration.new.url, ("another",)),)))


async def test_users_of_both_pools_get_the_organization_of_their_sub(
    migration: Migration, make_database: MakeDatabase, enforced: Catalog
) -> None:
    url = await make_database(enforced)
    owned, served = Database.connect(url, size=1), Database.connect(url_as(url, SERVE), size=1)
    await owned.execute_ddl(
        "INSERT INTO organizations (id, name, created_at, updated_at) VALUES "
        "('acme', 'Acme', now(), now()), ('bolt', 'Bolt', now(), now());"
        "INSERT INTO users (id, organization_id, cognito_sub, status, email, created_at, updated_at) VALUES "
        "('a', 'acme', 'sub-old', 'ACTIVE', 'a@acme.example', now(), now()), "
        "('b', 'bolt', 'sub-new', 'ACTIVE', 'b@bolt.example', now(), now())"
    )
    authenticator = authenticator_from(migration.settings, Members(served))
    found = [
        await authenticator.authenticate({"authorization": token})
        for token in (migration.old.token("sub-old"), migration.new.token("sub-new"))
    ]
    assert [each.organization for each in found] == ["acme", "bolt"]
    await owned.close()
    await served.close()
