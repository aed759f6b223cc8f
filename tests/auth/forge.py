"""Makes tokens by hand: PyJWT refuses to make the worst of them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding

from service.auth.issuer import DevelopmentIssuer


def claims_of(issuer: DevelopmentIssuer, **changes: Any) -> dict[str, Any]:
    """The claims of a good access token with some changed, or left out where the change is None."""
    now = int(time.time())
    claims = {
        "sub": "s1",
        "iss": issuer.url,
        "client_id": issuer.client_id,
        "token_use": "access",
        "username": "alice",
        "iat": now,
        "exp": now + 60,
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(issuer: DevelopmentIssuer, claims: Any, **header: Any) -> str:
    """What is to be signed; a header parameter that is "" is left out."""
    header = {name: value for name, value in ({"alg": "RS256", "kid": issuer.key_id} | header).items() if value != ""}
    return f"{part(header)}.{part(claims)}"


def signed(issuer: DevelopmentIssuer, claims: Any, **header: Any) -> str:
    """A token as its issuer would sign it, whatever is in it."""
    text = unsigned(issuer, claims, **header)
    return f"{text}.{part(issuer.private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def sealed(issuer: DevelopmentIssuer, secret: bytes, algorithm: hashes.HashAlgorithm, **header: Any) -> str:
    """A token of good claims that is signed with a password."""
    text = unsigned(issuer, claims_of(issuer), **header)
    mac = hmac.HMAC(secret, algorithm)
    mac.update(text.encode())
    return f"{text}.{part(mac.finalize())}"
