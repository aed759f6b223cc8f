"""Whose rows a caller gets to see: organization and roles by `sub`, from a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.auth.api_keys import ApiKeys
from service.auth.authenticator import Authenticator
from service.auth.issuer import DevelopmentIssuer
from service.auth.membership import LONGEST_KNOWN, LONGEST_UNKNOWN, MOST_KNOWN, Members
from service.auth.principal import Principal
from service.auth.tokens import REFUSED, TokenVerifier
from service.catalog.model import Catalog, Provider
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.security.roles import SERVE
from service.errors import (
    AmbiguousOrganization,
    Forbidden,
    NoOrganization,
    ServiceError,
    Suspended,
    Unauthenticated,
    Unavailable,
    UnboundApiKey,
)
from tests.conftest import MakeDatabase

ROWS = """
INSERT INTO organizations (id, name, created_at, updated_at) VALUES
    ('acme', 'Acme', now(), now()), ('bolt', 'Bolt', now(), now());
INSERT INTO users (id, organization_id, cognito_sub, status, email, created_at, updated_at)
SELECT *, id || '@acme.example', now(), now() FROM (VALUES
    ('ann', 'acme', 'sub-ann', 'ACTIVE'),
    ('ian', 'acme', 'sub-ian', 'INVITED'),
    ('sue', 'acme', 'sub-sue', 'SUSPENDED'),
    ('rem', 'acme', 'sub-rem', 'ACTIVE'),
    ('two', 'acme', 'sub-two', 'ACTIVE'), ('too', 'bolt', 'sub-two', 'SUSPENDED')) AS given (id);
INSERT INTO roles (id, organization_id, name, created_at, updated_at) SELECT *, now(), now() FROM (VALUES
    ('r1', 'acme', 'Admin'), ('r2', 'acme', 'Viewer'), ('r3', 'bolt', 'Admin'), ('r4', 'acme', 'Manager')) AS given;
INSERT INTO user_roles (id, organization_id, user_id, role_id, expires_on, created_at, updated_at)
SELECT *, now(), now() FROM (VALUES
    ('1', 'acme', 'ann', 'r2', NULL),
    ('2', 'acme', 'ann', 'r4', current_date),
    ('3', 'acme', 'ann', 'r1', current_date - 1),
    ('5', 'bolt', 'too', 'r3', NULL),
    ('6', 'acme', 'two', 'r1', NULL)) AS given;
INSERT INTO api_key (digest, organization_id, expires_at, revoked_at) VALUES
    (sha256('da2-good'), 'acme', now() + interval '1 day', NULL),
    (sha256('da2-old'), 'acme', now() - interval '1 second', NULL),
    (sha256('da2-revoked'), 'acme', NULL, now());
"""


@dataclass
class World:
    """A database with users in it, as it is asked, and a clock that stands still unless it is told."""

    owned: Database
    """The same database, as one who may change it."""
    database: Database
    now: float = 0.0
    asked: list[str] = field(default_factory=list)
    members: Members = field(init=False)

    def __post_init__(self) -> None:
        self.database.observer = self.asked.append
        self.members = Members(self.database, clock=lambda: self.now)

    async def of(self, sub: str, *groups: str, organization: str | None = None, **more: Any) -> Principal:
        claims = {"sub": sub, "username": "x"} | more
        claims |= {"cognito:groups": list(groups)} if groups else {}
        claims |= {"custom:organizationId": organization} if organization else {}
        return await self.members.of_user(Principal(Provider.USER_POOLS, claims))

    async def change(self, sql: str) -> None:
        await self.owned.fetch_row(sql, writes=True)


@pytest.fixture(scope="module")
async def url(make_database: MakeDatabase, enforced: Catalog) -> str:
    return await make_database(enforced)


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    owned, served = Database.connect(url, size=1), Database.connect(url_as(url, SERVE), size=5)
    await owned.execute_ddl(ROWS)
    yield World(owned, served)
    await owned.execute_ddl("TRUNCATE organizations CASCADE")
    await owned.close()
    await served.close()


async def test_without_a_claim_the_user_with_the_sub_decides(world: World) -> None:
    ann = await world.of("sub-ann")
    assert (ann.organization, set(ann.groups())) == ("acme", {"Viewer", "Manager"})
    assert (ann.sub, ann.username) == ("sub-ann", "x")


async def test_roles_join_the_groups_of_the_token_and_change_no_claim_of_it(world: World) -> None:
    token = Principal(Provider.USER_POOLS, {"sub": "sub-ann", "cognito:groups": ["Buyers", "Viewer"]})
    ann = await world.members.of_user(token)
    assert ann.groups()[:2] == ("Buyers", "Viewer")
    assert sorted(ann.groups()) == ["Buyers", "Manager", "Viewer"]
    assert token.claims == {"sub": "sub-ann", "cognito:groups": ["Buyers", "Viewer"]}


async def test_somebody_without_roles_keeps_their_groups(world: World) -> None:
    ian = await world.of("sub-ian", "Buyers")
    assert (ian.organization, ian.groups()) == ("acme", ("Buyers",))
    assert "cognito:groups" not in (await world.of("sub-ian")).claims


async def test_a_claim_needs_no_user(world: World) -> None:
    new = await world.of("sub-new", "Admin", organization="acme")
    assert (new.organization, new.groups()) == ("acme", ("Admin",))


async def test_a_claim_chooses_among_organizations_and_roles_are_those_there(world: World) -> None:
    two = await world.of("sub-two", organization="acme")
    assert (two.organization, two.groups()) == ("acme", ("Admin",))
    ann = await world.of("sub-ann", organization="bolt")
    assert (ann.organization, ann.groups()) == ("bolt", ())


@pytest.mark.parametrize(
    ("sub", "organization", "error", "code"),
    [
        ("sub-nobody", None, NoOrganization, "no_organization"),
        ("SUB-ANN", None, NoOrganization, "no_organization"),
        ("' OR true --", None, NoOrganization, "no_organization"),
        ("sub-two", None, AmbiguousOrganization, "ambiguous_organization"),
        ("sub-sue", None, Suspended, "suspended"),
        ("sub-sue", "acme", Suspended, "suspended"),
        ("sub-two", "bolt", Suspended, "suspended"),
    ],
)
async def test_e18_who_is_refused(
    world: World, sub: str, organization: str | None, error: type[ServiceError], code: str
) -> None:
    with pytest.raises(error) as caught:
        await world.of(sub, "Admin", organization=organization)
    assert (caught.value.status, caught.value.code) == (403, code)
    assert isinstance(caught.value, Forbidden)
    assert sub not in caught.value.message


async def test_e17_a_suspension_a_lost_role_and_a_removal_count_within_half_a_minute(world: World) -> None:
    assert LONGEST_KNOWN <= 30
    await world.of("sub-ann")
    await world.of("sub-ian")
    await world.of("sub-two", organization="acme")
    assert (await world.of("sub-rem")).organization == "acme"
    await world.change("UPDATE users SET status = 'SUSPENDED' WHERE id = 'ian'")
    await world.change("DELETE FROM user_roles WHERE user_id IN ('ann', 'two')")
    await world.change("DELETE FROM users WHERE id IN ('two', 'rem')")
    world.now += LONGEST_KNOWN - 0.1
    assert len((await world.of("sub-ann")).groups()) == 2
    assert (await world.of("sub-rem")).organization == "acme"
    assert len(world.asked) == 4
    world.now += 0.1
    assert (await world.of("sub-ann")).groups() == ()
    assert (await world.of("sub-two", organization="acme")).groups() == ()
    with pytest.raises(NoOrganization):
        await world.of("sub-rem", "Admin")
    with pytest.raises(Suspended):
        await world.of("sub-ian")


async def test_a_new_user_is_known_after_a_few_seconds(world: World) -> None:
    with pytest.raises(NoOrganization):
        await world.of("sub-new")
    await world.change(
        "INSERT INTO users (id, organization_id, cognito_sub, status, email, created_at, updated_at) "
        "VALUES ('new', 'acme', 'sub-new', 'ACTIVE', 'new@acme.example', now(), now())"
    )
    world.now += LONGEST_UNKNOWN - 0.1
    with pytest.raises(NoOrganization):
        await world.of("sub-new")
    assert len(world.asked) == 1
    world.now += 0.1
    assert (await world.of("sub-new")).organization == "acme"


async def test_what_is_remembered_is_told_apart_by_sub_and_claimed_organization(world: World) -> None:
    for _ in range(2):
        assert (await world.of("sub-two", organization="acme")).groups() == ("Admin",)
        with pytest.raises(Suspended):
            await world.of("sub-two", organization="bolt")
        with pytest.raises(AmbiguousOrganization):
            await world.of("sub-two")
        assert (await world.of("sub-ann", "One")).groups()[0] == "One"
        assert (await world.of("sub-ann", "Other")).groups()[0] == "Other"
    assert len(world.asked) == 4


async def test_many_at_once_ask_once(world: World) -> None:
    found = await asyncio.gather(*(world.of("sub-ann") for _ in range(100)))
    assert len(world.asked) == 1
    assert {each.organization for each in found} == {"acme"}


async def test_who_gives_up_does_not_take_the_answer_away(world: World) -> None:
    first, second = (asyncio.create_task(world.of("sub-ann")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).organization == "acme"
    assert len(world.asked) == 1


async def test_what_is_remembered_is_bounded(world: World) -> None:
    for number in range(MOST_KNOWN + 5):
        await world.of(f"sub-{number}", organization="acme")
    assert len(world.members._users._known) == MOST_KNOWN
    assert world.members._users._asking == {}


async def test_a_database_that_is_away_is_asked_again_by_the_next(world: World) -> None:
    away = Members(Database.connect("postgresql://nobody@127.0.0.1:1/none", size=1))
    caller = Principal(Provider.USER_POOLS, {"sub": "sub-ann"})
    for _ in range(2):
        with pytest.raises(Unavailable):
            await away.of_user(caller)
    assert away._users._known == {}
    assert away._users._asking == {}


class TestApiKeys:
    @pytest.fixture
    def authenticator(self, world: World, verifier: TokenVerifier) -> Authenticator:
        return Authenticator(verifier, ApiKeys(["da2-bound@bolt", "da2-unbound"]), world.members)

    async def test_those_of_the_settings_need_an_organization(self, world: World, authenticator: Authenticator) -> None:
        bound = await authenticator.authenticate({"x-api-key": "da2-bound"})
        assert (bound.provider, bound.organization) == (Provider.API_KEY, "bolt")
        with pytest.raises(UnboundApiKey, match="binds it in OFFRAMP_API_KEYS: the key, an @ and the") as caught:
            await authenticator.authenticate({"x-api-key": "da2-unbound"})
        assert (caught.value.status, caught.value.code) == (403, "unbound_api_key")
        assert world.asked == []

    async def test_others_are_looked_up_by_their_digest(self, world: World, authenticator: Authenticator) -> None:
        for _ in range(2):
            found = await authenticator.authenticate({"x-api-key": "da2-good"})
            assert (found.provider, found.organization, found.sub) == (Provider.API_KEY, "acme", None)
        assert len(world.asked) == 1

    @pytest.mark.parametrize("key", ["da2-old", "da2-revoked", "da2-none", "\\x00", "DA2-GOOD", "x" * 10_000])
    async def test_a_key_that_is_not_good(self, authenticator: Authenticator, key: str) -> None:
        with pytest.raises(Unauthenticated) as caught:
            await authenticator.authenticate({"x-api-key": key})
        assert caught.value.message == REFUSED

    async def test_a_key_that_is_revoked_ends_within_half_a_minute(
        self, world: World, authenticator: Authenticator
    ) -> None:
        await authenticator.authenticate({"x-api-key": "da2-good"})
        await world.change("UPDATE api_key SET revoked_at = now()")
        world.now += LONGEST_KNOWN
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate({"x-api-key": "da2-good"})


async def test_a_bad_token_asks_nothing_of_the_database_and_a_good_one_does(
    world: World, verifier: TokenVerifier, issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer
) -> None:
    authenticator = Authenticator(verifier, ApiKeys([]), world.members)
    for token in (other_issuer.issue("sub-ann", "ann"), issuer.issue("sub-ann", "ann", lifetime=-60), "a.b.c"):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate({"authorization": token})
    assert world.asked == []
    ann = await authenticator.authenticate({"authorization": issuer.issue("sub-ann", "ann")})
    assert ann.organization == "acme"
    assert len(world.asked) == 1


async def test_without_members_a_token_says_everything(verifier: TokenVerifier, issuer: DevelopmentIssuer) -> None:
    authenticator = Authenticator(verifier, ApiKeys(["da2-unbound"]))
    assert (await authenticator.authenticate({"authorization": issuer.issue("s", "x")})).organization is None
    assert (await authenticator.authenticate({"x-api-key": "da2-unbound"})).organization is None
