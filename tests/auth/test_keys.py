"""How often an issuer is asked for its keys, and what happens while it does not answer."""

from __future__ import annotations

import asyncio
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from service.auth.issuer import DevelopmentIssuer
from service.auth.keys import (
    FORGOTTEN,
    FRESH,
    RETRY_PAUSE,
    UNKNOWN_PAUSE,
    USABLE,
    FetchedKeys,
    fetch_document,
    keys_from,
    parse_jwks,
)
from service.errors import SettingsError, Unavailable


class Issuer:
    """Stands at the other end of `fetch`: counts, answers what it is told to, or does not answer."""

    def __init__(self, document: str) -> None:
        self.document: str | None = document
        self.fetches = 0
        self.now = 1_000.0

    async def fetch(self, _url: str) -> bytes:
        self.fetches += 1
        await asyncio.sleep(0.001)
        if self.document is None:
            raise ConnectionRefusedError("nobody there")
        return self.document.encode()

    def keys(self) -> FetchedKeys:
        return FetchedKeys("https://issuer.example/jwks", fetch=self.fetch, clock=lambda: self.now)


@pytest.fixture
def remote(issuer: DevelopmentIssuer) -> Issuer:
    return Issuer(issuer.jwks)


async def test_e12_many_first_requests_make_one_fetch(issuer: DevelopmentIssuer, remote: Issuer) -> None:
    keys = remote.keys()
    found = await asyncio.gather(*(keys.find(issuer.key_id) for _ in range(200)))
    assert remote.fetches == 1
    assert {key.key_size for key in found if key} == {2048}
    assert None not in found


async def test_e12_a_fetch_that_takes_long_stays_the_only_one(issuer: DevelopmentIssuer, remote: Issuer) -> None:
    """Longer than after a failure the next one would be begun."""
    answered, at_once = asyncio.Event(), remote.fetch

    async def fetch(url: str) -> bytes:
        document = await at_once(url)
        await answered.wait()
        return document

    keys = FetchedKeys("https://issuer.example/jwks", fetch=fetch, clock=lambda: remote.now)
    waiting = []
    for _ in range(3):
        waiting.append(asyncio.create_task(keys.find(issuer.key_id)))
        await asyncio.sleep(0.01)
        remote.now += RETRY_PAUSE + 1
    answered.set()
    assert None not in await asyncio.gather(*waiting)
    assert remote.fetches == 1


async def test_e11_unknown_key_ids_make_one_fetch_in_five_minutes(issuer: DevelopmentIssuer, remote: Issuer) -> None:
    keys = remote.keys()
    assert await keys.find(issuer.key_id)
    for number in range(1_000):
        remote.now += 0.01
        assert await keys.find(f"made-up-{number}") is None
    assert remote.fetches == 1
    remote.now += UNKNOWN_PAUSE
    await asyncio.gather(*(keys.find(f"later-{number}") for number in range(100)))
    assert remote.fetches == 2
    assert await keys.find(issuer.key_id)


async def test_e13_a_new_key_is_found_and_an_old_one_forgotten(
    issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer, remote: Issuer
) -> None:
    keys = remote.keys()
    assert await keys.find(issuer.key_id)
    remote.document = other_issuer.jwks
    remote.now += UNKNOWN_PAUSE
    assert await keys.find(other_issuer.key_id)
    assert await keys.find(issuer.key_id) is None


async def test_keys_that_are_not_fresh_answer_while_new_ones_are_fetched(
    issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer, remote: Issuer
) -> None:
    keys = remote.keys()
    await keys.find(issuer.key_id)
    remote.document = other_issuer.jwks
    remote.now += FRESH + 1
    assert await keys.find(issuer.key_id)  # not waited for
    assert remote.fetches == 1
    await asyncio.sleep(0.02)
    assert remote.fetches == 2
    assert await keys.find(issuer.key_id) is None
    assert await keys.find(other_issuer.key_id)


async def test_e13_after_a_long_silence_a_withdrawn_key_is_not_used_once_more(
    issuer: DevelopmentIssuer, other_issuer: DevelopmentIssuer, remote: Issuer
) -> None:
    keys = remote.keys()
    await keys.find(issuer.key_id)
    remote.document = other_issuer.jwks
    remote.now += FORGOTTEN + 1
    assert await keys.find(issuer.key_id) is None
    assert remote.fetches == 2


async def test_after_a_long_silence_one_alone_waits_for_an_issuer_that_is_away(
    issuer: DevelopmentIssuer, remote: Issuer
) -> None:
    keys = remote.keys()
    await keys.find(issuer.key_id)
    remote.document = None
    remote.now += FORGOTTEN + 1
    assert await keys.find(issuer.key_id)
    assert remote.fetches == 2
    remote.now += RETRY_PAUSE
    assert await keys.find(issuer.key_id)
    assert remote.fetches == 2  # in the background: not yet
    await asyncio.sleep(0.01)
    assert remote.fetches == 3


async def test_keys_stay_good_for_a_day_while_the_issuer_is_away(issuer: DevelopmentIssuer, remote: Issuer) -> None:
    keys = remote.keys()
    await keys.find(issuer.key_id)
    remote.document = None
    remote.now += USABLE - 1
    assert await keys.find(issuer.key_id)
    await asyncio.sleep(0.01)
    assert await keys.find("unknown") is None
    remote.now += RETRY_PAUSE + 2
    with pytest.raises(Unavailable):
        await keys.find(issuer.key_id)


async def test_an_issuer_that_is_away_is_not_asked_by_every_request(issuer: DevelopmentIssuer, remote: Issuer) -> None:
    document, remote.document = remote.document, None
    keys = remote.keys()
    for _ in range(50):
        with pytest.raises(Unavailable, match="cannot be fetched; try again"):
            await keys.find(issuer.key_id)
    assert remote.fetches == 1
    remote.document = document
    remote.now += RETRY_PAUSE
    assert await keys.find(issuer.key_id)
    assert remote.fetches == 2


async def test_who_gives_up_does_not_take_the_fetch_away_from_the_others(
    issuer: DevelopmentIssuer, remote: Issuer
) -> None:
    keys = remote.keys()
    first = asyncio.create_task(keys.find(issuer.key_id))
    second = asyncio.create_task(keys.find(issuer.key_id))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert remote.fetches == 1


async def test_keys_are_fetched_over_http(issuer: DevelopmentIssuer) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = issuer.jwks.encode() if self.path == "/jwks" else b"x" * 1_100_000
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        assert await keys_from(f"{base}/jwks").find(issuer.key_id)
        with pytest.raises(ValueError, match="too large"):
            await fetch_document(f"{base}/large")
        server.shutdown()


def test_only_rsa_signing_keys_of_a_decent_size_are_taken(issuer: DevelopmentIssuer) -> None:
    good = json.loads(issuer.jwks)["keys"][0]
    others = [
        good | {"kid": "enc", "use": "enc"},
        good | {"kid": "ps", "alg": "PS256"},
        good | {"kid": 7},
        {"kty": "oct", "kid": "oct", "k": "AAAA"},
        {"kty": "RSA", "kid": "small", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "broken"},
        "text",
    ]
    assert list(parse_jwks(json.dumps({"keys": [good, *others]}))) == [issuer.key_id]


@pytest.mark.parametrize("document", ["{}", "[]", '{"keys": {}}', '{"keys": []}', "not json", '"keys"'])
def test_a_document_without_keys_is_an_error(document: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  json's own error is one, too
        parse_jwks(document)


async def test_keys_from_a_file_and_from_the_setting_itself(issuer: DevelopmentIssuer, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(issuer.jwks)
    assert await keys_from(str(file)).find(issuer.key_id)
    assert await keys_from(issuer.jwks).find(issuer.key_id)
    with pytest.raises(SettingsError, match="OFFRAMP_JWKS cannot be read"):
        keys_from(str(tmp_path / "none.json"))
    with pytest.raises(SettingsError, match="OFFRAMP_JWKS cannot be read"):
        keys_from("{}")
