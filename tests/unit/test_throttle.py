"""The limit of requests for each organization, on a clock that the test turns."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Provider
from service.errors import RateLimited
from service.throttle import SECOND, Quota, Throttle


@dataclass
class Clock:
    now: int = 1_000_000

    def __call__(self) -> int:
        return self.now * SECOND


def of(organization: str | None = None, sub: str = "s1", provider: Provider = Provider.USER_POOLS) -> Principal:
    claims = {"sub": sub} | ({ORGANIZATION_CLAIM: organization} if organization else {})
    return Principal(provider, {} if provider is Provider.API_KEY and not organization else claims)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(throttle: Throttle, principal: Principal, times: int) -> list[Quota]:
    return [throttle.take(principal) for _ in range(times)]


def test_a_minute_of_requests_is_answered_at_once_and_then_one_at_a_time(clock: Clock) -> None:
    throttle = Throttle(3, clock=clock)
    assert [(each.left, each.full_in, each.wait) for each in taken(throttle, of("a"), 5)] == [
        (2, 20, 0), (1, 40, 0), (0, 60, 0), (0, 60, 20), (0, 60, 20),
    ]  # fmt: skip
    clock.now += 19
    assert throttle.take(of("a")).wait == 1
    clock.now += 1
    assert [each.wait for each in taken(throttle, of("a"), 2)] == [0, 20]
    clock.now += 3_600
    assert [each.wait for each in taken(throttle, of("a"), 4)] == [0, 0, 0, 20]


@pytest.mark.parametrize("limit", [1, 7, 60, 999, 20_000])
def test_any_limit_is_kept_to_the_request(clock: Clock, limit: int) -> None:
    quotas = taken(Throttle(limit, clock=clock), of("a"), limit + 1)
    assert [each.left for each in quotas] == [*reversed(range(limit)), 0]
    assert [at for at, each in enumerate(quotas) if each.wait] == [limit]


def test_who_waits_as_long_as_told_is_answered(clock: Clock) -> None:
    throttle = Throttle(7, clock=clock)
    for _ in range(500):
        quota = throttle.take(of("a"))
        if quota.wait:
            clock.now += quota.wait
            assert throttle.take(of("a")).wait == 0


def test_organizations_are_counted_apart_and_their_users_together(clock: Clock) -> None:
    throttle = Throttle(2, clock=clock)
    taken(throttle, of("a", "s1"), 2)
    assert throttle.take(of("a", "s2")).wait > 0
    assert throttle.take(of("a", provider=Provider.API_KEY)).wait > 0
    assert throttle.take(of("b")).wait == 0


def test_without_an_organization_users_are_counted_apart_and_api_keys_together(clock: Clock) -> None:
    throttle = Throttle(1, clock=clock)
    assert [throttle.take(of(sub=sub)).wait > 0 for sub in ("s1", "s1", "s2")] == [False, True, False]
    key = of(provider=Provider.API_KEY)
    assert [throttle.take(key).wait > 0 for _ in range(2)] == [False, True]
    assert throttle.take(key).whose == "caller"
    assert throttle.take(of("s1")).wait == 0  # an organization that is called as a user is


def test_no_more_callers_are_kept_than_that(clock: Clock) -> None:
    throttle = Throttle(1, most=3, clock=clock)
    for name in "abca":
        throttle.take(of(name))
    throttle.take(of("d"))  # now b is the one who asked longest ago
    assert [throttle.take(of(name)).wait > 0 for name in "acdb"] == [True, True, True, False]


def test_what_an_answer_says(clock: Clock) -> None:
    throttle = Throttle(3, clock=clock)
    assert throttle.take(of("a")).headers() == (
        ("ratelimit-policy", '"organization";q=3;w=60'),
        ("ratelimit", '"organization";r=2;t=20'),
    )
    taken(throttle, of("a"), 2)
    with pytest.raises(RateLimited) as raised:
        throttle.take(of("a")).check()
    assert (
        raised.value.message == "Your organization is over its limit of requests, 3 a minute. Try again in 20 seconds."
    )
    assert raised.value.wait == 20
