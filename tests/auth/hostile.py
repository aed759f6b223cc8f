"""Tokens that must not be believed, by the numbers of the security cases, group E; RFC 8725 says why of most."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from service.auth.issuer import DevelopmentIssuer
from tests.auth.forge import claims_of, part, sealed, signed, unsigned

EVIL = "https://evil.example/keys"


@dataclass(frozen=True)
class Forge:
    """Who makes the tokens: the pool that is trusted, and one that is not."""

    ours: DevelopmentIssuer
    theirs: DevelopmentIssuer

    def with_claims(self, **changes: Any) -> str:
        return signed(self.ours, claims_of(self.ours, **changes))

    def with_header(self, **header: Any) -> str:
        return signed(self.ours, claims_of(self.ours), **header)

    def without_signature(self, algorithm: Any, signature: str = "") -> str:
        return f"{unsigned(self.ours, claims_of(self.ours), alg=algorithm)}.{signature}"

    def by_the_other(self, **header: Any) -> str:
        return signed(self.theirs, claims_of(self.ours), **header)

    def with_hash(self, name: str, hash_: hashes.HashAlgorithm, *, pss: bool = False) -> str:
        text = unsigned(self.ours, claims_of(self.ours), alg=name)
        scheme = padding.PSS(padding.MGF1(hash_), hash_.digest_size) if pss else padding.PKCS1v15()
        return f"{text}.{part(self.ours.private_key.sign(text.encode(), scheme, hash_))}"

    def with_password(self, secret: bytes, algorithm: str = "HS256") -> str:
        return sealed(self.ours, secret, hashes.SHA256(), alg=algorithm)

    @property
    def good(self) -> str:
        return self.with_claims()

    def public(self, encoding: serialization.Encoding) -> bytes:
        key = self.ours.private_key.public_key()
        return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def foreign_key(self) -> dict[str, Any]:
        key: dict[str, Any] = json.loads(self.theirs.jwks)["keys"][0]
        return key


@dataclass(frozen=True)
class Hostile:
    """One case: what stands in `Authorization` (None: there is none), and what else is sent."""

    number: str
    why: str
    make: Callable[[Forge], str | None]
    headers: Callable[[Forge], dict[str, str]] = lambda _: {}
    query: Callable[[Forge], str] = lambda _: ""

    def __str__(self) -> str:
        return f"{self.number} {self.why}"


def _raw(header: bytes, payload: bytes, forge: Forge) -> str:
    text = f"{part(header)}.{part(payload)}"
    signature = forge.ours.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{part(signature)}"


def _soon(seconds: int) -> int:
    return int(time.time()) + seconds


PROOF = [
    Hostile("E1", "no header", lambda _: None),
    Hostile("E1", "nothing in it", lambda _: ""),
    Hostile("E1", "Bearer and nothing", lambda _: "Bearer"),
    Hostile("E1", "Bearer and a space", lambda _: "Bearer "),
    Hostile("E1", "another scheme", lambda f: f"Basic {base64.b64encode(b'a:b').decode()}"),
    Hostile("E1", "bearer in small letters", lambda f: f"bearer {f.good}"),
    Hostile("E1", "two spaces", lambda f: f"Bearer  {f.good}"),
    Hostile("E1", "a tab", lambda f: f"Bearer\t{f.good}"),
    Hostile("E1", "two tokens", lambda f: f"Bearer {f.good} {f.good}"),
    Hostile("E1", "two tokens by a comma", lambda f: f"{f.good},{f.good}"),
    Hostile("E1", "the token in the address", lambda _: None, query=lambda f: f"?access_token={f.good}"),
    Hostile("E1", "the token in a cookie", lambda _: None, lambda f: {"cookie": f"token={f.good}"}),
    Hostile("E1", "the token in another header", lambda _: None, lambda f: {"x-authorization": f.good}),
    Hostile("E1", "the token as an API key", lambda _: None, lambda f: {"x-api-key": f.good}),
    Hostile("E1", "a signature of AWS", lambda _: "AWS4-HMAC-SHA256 Credential=AKIA/20261122/x/appsync/aws4_request"),
    Hostile("E1", "the word null", lambda _: "null"),
    Hostile("E15", "what a gateway would add", lambda _: None, lambda _: {"x-amzn-oidc-identity": "s1"}),
]
ALGORITHMS = [
    *(
        Hostile("E2", f"alg {each}", lambda f, each=each: f.without_signature(each))
        for each in ("none", "None", "nOnE")
    ),
    Hostile("E2", "alg none with a signature", lambda f: f.without_signature("none", f.good.split(".")[2])),
    Hostile("E2", "a good header, no signature", lambda f: f.good.rpartition(".")[0] + "."),
    Hostile("E2", "a signature of zeros", lambda f: f"{f.good.rpartition('.')[0]}.{'A' * 342}"),
    Hostile("E2", "no alg", lambda f: f.with_header(alg="")),
    Hostile("E2", "alg null", lambda f: f.with_header(alg=None)),
    Hostile("E2", "alg in a list", lambda f: f.with_header(alg=["RS256"])),
    Hostile("E2", "alg in small letters", lambda f: f.with_header(alg="rs256")),
    Hostile("E3", "HS256, the key's PEM", lambda f: f.with_password(f.public(serialization.Encoding.PEM))),
    Hostile("E3", "HS256, the key's DER", lambda f: f.with_password(f.public(serialization.Encoding.DER))),
    Hostile("E3", "HS256, the JWKS", lambda f: f.with_password(f.ours.jwks.encode())),
    Hostile("E3", "HS256, nothing", lambda f: f.with_password(b"\0")),
    Hostile("E3", "RS256 said, HMAC done", lambda f: f.with_password(f.ours.jwks.encode(), "RS256")),
    Hostile("E3", "RS512 by the right key", lambda f: f.with_hash("RS512", hashes.SHA512())),
    Hostile("E3", "PS256 by the right key", lambda f: f.with_hash("PS256", hashes.SHA256(), pss=True)),
    Hostile("E3", "RS256 said, PS256 done", lambda f: f.with_hash("RS256", hashes.SHA256(), pss=True)),
]
ISSUERS = [
    Hostile("E4", "another pool's", lambda f: f.theirs.issue("s1", "alice")),
    Hostile("E4", "another pool's, our issuer", lambda f: f.by_the_other()),
    Hostile("E4", "another pool's, our issuer and key id", lambda f: f.by_the_other(kid=f.ours.key_id)),
    Hostile("E4", "iss with a slash", lambda f: f.with_claims(iss=f.ours.url + "/")),
    Hostile("E4", "iss in capitals", lambda f: f.with_claims(iss=f.ours.url.upper())),
    Hostile("E4", "iss with something after it", lambda f: f.with_claims(iss=f.ours.url + ".evil.example")),
    Hostile("E4", "iss with something before it", lambda f: f.with_claims(iss=f"{EVIL}?{f.ours.url}")),
    Hostile("E4", "iss without TLS", lambda f: f.with_claims(iss=f.ours.url.replace("https:", "http:"))),
    Hostile("E4", "iss in a list", lambda f: f.with_claims(iss=[f.ours.url])),
    Hostile("E4", "iss an object", lambda f: f.with_claims(iss={f.ours.url: 1})),
    Hostile("E4", "no iss", lambda f: f.with_claims(iss=None)),
]
AUDIENCES = [
    Hostile("E5", "another app client", lambda f: f.with_claims(client_id="another")),
    Hostile("E5", "no app client", lambda f: f.with_claims(client_id=None)),
    Hostile("E5", "app clients in a list", lambda f: f.with_claims(client_id=[f.ours.client_id])),
    Hostile("E5", "the client as aud alone", lambda f: f.with_claims(client_id="another", aud=f.ours.client_id)),
    Hostile("E5", "an id token of another client", lambda f: f.with_claims(token_use="id", aud="another")),
    Hostile("E5", "an id token for many", lambda f: f.with_claims(token_use="id", aud=[f.ours.client_id, "another"])),
    Hostile("E6", "an id token without aud", lambda f: f.with_claims(token_use="id")),
    Hostile("E6", "a refresh token", lambda f: f.with_claims(token_use="refresh")),
    Hostile("E6", "no use", lambda f: f.with_claims(token_use=None)),
    Hostile("E6", "uses in a list", lambda f: f.with_claims(token_use=["access"])),
    Hostile("E6", "the use in capitals", lambda f: f.with_claims(token_use="ACCESS")),
    Hostile("E6", "nobody", lambda f: f.with_claims(sub=None)),
    Hostile("E6", "sub empty", lambda f: f.with_claims(sub="")),
    Hostile("E6", "sub a number", lambda f: f.with_claims(sub=1)),
    Hostile("E6", "sub that cannot be stored", lambda f: f.with_claims(sub="s\x001")),
    Hostile("D5", "an organization in a list", lambda f: f.with_claims(**{"custom:organizationId": ["acme"]})),
    Hostile("D5", "an organization that is empty", lambda f: f.with_claims(**{"custom:organizationId": ""})),
    Hostile("D5", "an organization with a NUL", lambda f: f.with_claims(**{"custom:organizationId": "acme\x00"})),
]
TIMES = [
    Hostile("E7", "ended beyond the leeway", lambda f: f.with_claims(exp=_soon(-31))),
    Hostile("E7", "no end", lambda f: f.with_claims(exp=None)),
    *(
        Hostile("E7", f"exp {each!r}", lambda f, each=each: f.with_claims(exp=each))
        for each in ("9999999999", 1e308, True, float("nan"), float("inf"), -1, 0, 2**64, [9999999999], {})
    ),
    *(
        Hostile("E8", f"{each} to come", lambda f, each=each: f.with_claims(**{each: _soon(40)}))
        for each in ("nbf", "iat", "auth_time")
    ),
    *(
        Hostile("E8", f"{each} a text", lambda f, each=each: f.with_claims(**{each: "now"}))
        for each in ("nbf", "iat", "auth_time")
    ),
]
KEYS = [
    *(
        Hostile("E9", f"kid {str(each)[:20]!r}", lambda f, each=each: f.with_header(kid=each))
        for each in ("unknown", "../../etc/passwd", "' OR 1=1 --", 7, ["a"], None)
    ),
    Hostile("E9", "a long kid", lambda f: f.with_header(kid="k" * 300)),
    Hostile("E9", "a kid of a megabyte", lambda f: f.with_header(kid="k" * 1_000_000)),
    Hostile("E9", "no kid", lambda f: f.with_header(kid="")),
    Hostile("E9", "another pool's kid", lambda f: f.with_header(kid=f.theirs.key_id)),
    Hostile("E10", "brings its key", lambda f: f.by_the_other(kid=f.ours.key_id, jwk=f.foreign_key)),
    Hostile("E10", "brings its key, and its id", lambda f: f.by_the_other(jwk=f.foreign_key)),
    Hostile("E10", "says where its keys are", lambda f: f.by_the_other(jku=EVIL)),
    Hostile("E10", "says where its certificate is", lambda f: f.by_the_other(x5u=EVIL)),
    Hostile("E10", "brings its certificate", lambda f: f.by_the_other(kid=f.ours.key_id, x5c=["MIIB"])),
]
SHAPES = [
    Hostile("E14", "a megabyte", lambda _: "a" * 1_000_000),
    Hostile("E14", "100,000 claims", lambda f: f.with_claims(**{f"c{each}": each for each in range(100_000)})),
    Hostile("E14", "claims 5,000 deep", lambda f: signed(f.ours, b"[" * 5_000 + b"]" * 5_000)),
    Hostile("E14", "a header 5,000 deep", lambda f: _raw(b"[" * 5_000 + b"]" * 5_000, b"{}", f)),
    Hostile("E14", "encrypted: five parts", lambda _: "e30.e30.e30.e30.e30"),
    Hostile("E14", "two parts", lambda f: f.good.rpartition(".")[0]),
    Hostile("E14", "something after it", lambda f: f.good + ".x"),
    Hostile("E14", "a dot after it", lambda f: f.good + "."),
    Hostile("E14", "padded", lambda f: f.good + "=="),
    Hostile("E14", "a space before it", lambda f: " " + f.good),
    Hostile("E14", "a newline after it", lambda f: f.good + "\n"),
    Hostile("E14", "a line feed inside", lambda f: f.good[:40] + "\n" + f.good[40:]),
    Hostile("E14", "base64 of the other kind", lambda f: f.good[:-4] + "+/+/"),
    Hostile("E14", "another spelling of its end", lambda f: f.good[:-1] + chr(ord(f.good[-1]) + 1)),
    Hostile("E14", "claims in a list", lambda f: signed(f.ours, [claims_of(f.ours)])),
    Hostile("E14", "a token in a token", lambda f: signed(f.ours, f.good.encode(), cty="JWT")),
    Hostile("E14", "claims that are no UTF-8", lambda f: signed(f.ours, b"\xff\xfe")),
    Hostile("E14", "a header that is no JSON", lambda f: _raw(b"{", b"{}", f)),
    Hostile("E14", "a header that is a list", lambda f: _raw(b"[]", b"{}", f)),
    Hostile("E14", "an extension that must be known", lambda f: f.with_header(crit=["exp"])),
    Hostile("E14", "claims sent apart", lambda f: f.with_header(b64=False, crit=["b64"])),
    Hostile("E14", "claims of another token", lambda f: ".".join(
        (f.good.split(".")[0], f.with_claims(sub="s2").split(".")[1], f.good.split(".")[2])
    )),
    Hostile("E14", "nothing but dots", lambda _: ".."),
]  # fmt: skip
HOSTILE = [*PROOF, *ALGORITHMS, *ISSUERS, *AUDIENCES, *TIMES, *KEYS, *SHAPES]

GOOD: dict[str, Callable[[Forge], str]] = {
    "an access token": lambda f: f.ours.issue("s1", "alice"),
    "an id token": lambda f: f.ours.issue("s1", "alice", use="id"),
    "after Bearer": lambda f: f"Bearer {f.good}",
    "made by hand": lambda f: f.good,
    "ended within the leeway": lambda f: f.with_claims(exp=_soon(-25)),
    "from a clock that is fast": lambda f: f.with_claims(iat=_soon(20), nbf=_soon(20), auth_time=_soon(20)),
    "an end with a fraction": lambda f: f.with_claims(exp=_soon(60) + 0.5),
    "an access token that has an aud": lambda f: f.with_claims(aud="another"),
    "a header that says more": lambda f: f.with_header(typ="JWT", jku=EVIL),
    "in an organization": lambda f: f.with_claims(**{"custom:organizationId": "x', true); select 1 --"}),
}
"""Their neighbours, which are believed: by what makes each a neighbour."""
