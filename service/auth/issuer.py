"""The development issuer: tokens with the claims of a Cognito user pool, signed with a key of this machine.

Its key, like the API key and the cursor key, is made on the first run and kept in the data folder, so that
a token from another terminal is good for the server that runs on the same folder, and for no other.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from service.auth.api_keys import new_api_key
from service.auth.principal import ORGANIZATION_CLAIM
from service.auth.private_file import read_or_make
from service.auth.tokens import DEVELOPMENT
from service.errors import CommandError

CLIENT_ID = "offramp-development"
LIFETIME = 12 * 60 * 60
"""Seconds for which a development token is good: a working day."""


@dataclass(frozen=True)
class DevelopmentIssuer:
    """Issues tokens for the service that runs on the same data folder."""

    private_key: rsa.RSAPrivateKey
    client_id: str = CLIENT_ID

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """The issuer of a data folder, made on first use. Errors: CommandError."""
        path = data_dir / "signing-key.pem"
        try:
            key = serialization.load_pem_private_key(read_or_make(path, _new_pem).encode(), password=None)
        except ValueError as error:
            raise CommandError(f"{path} holds no signing key.", hint="Delete the file; a new key is made.") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise CommandError(f"{path} holds no RSA key.", hint="Delete the file; a new key is made.")
        return cls(key)

    @property
    def key_id(self) -> str:
        """The key's RFC 7638 thumbprint."""
        public = self._public_jwk()
        canonical = json.dumps({name: public[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
        return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()

    @property
    def url(self) -> str:
        """The `iss` of its tokens. Nothing answers there: the keys are handed over by `jwks`."""
        return f"{DEVELOPMENT}{self.key_id[:12]}"

    @property
    def jwks(self) -> str:
        """Its public key as a JWKS document."""
        return json.dumps({"keys": [self._public_jwk() | {"kid": self.key_id, "use": "sig", "alg": "RS256"}]})

    def issue(
        self,
        sub: str,
        username: str,
        groups: Sequence[str] = (),
        *,
        organization: str | None = None,
        use: Literal["access", "id"] = "access",
        lifetime: int = LIFETIME,
    ) -> str:
        """A signed token, good for `lifetime` seconds."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": sub,
            "iss": self.url,
            "token_use": use,
            "auth_time": now,
            "iat": now,
            "exp": now + lifetime,
            "jti": str(uuid.uuid4()),
        }
        claims |= self._claims_of_use(use, username)
        if groups:
            claims["cognito:groups"] = list(groups)
        if organization:
            claims[ORGANIZATION_CLAIM] = organization
        return jwt.encode(claims, self.private_key, algorithm="RS256", headers={"kid": self.key_id})

    def _claims_of_use(self, use: str, username: str) -> dict[str, Any]:
        if use == "id":
            return {"aud": self.client_id, "cognito:username": username}
        return {"client_id": self.client_id, "username": username, "scope": "aws.cognito.signin.user.admin"}

    def _public_jwk(self) -> dict[str, Any]:
        jwk = RSAAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {name: jwk[name] for name in ("kty", "n", "e")}


def api_key(data_dir: Path) -> str:
    """The API key of a data folder, in AppSync's form; made on first use. Errors: CommandError."""
    return read_or_make(data_dir / "api-key", new_api_key)


def cursor_key(data_dir: Path) -> str:
    """The key that signs the page cursors of a data folder's server; made on first use. Errors: CommandError."""
    return read_or_make(data_dir / "cursor-key", lambda: secrets.token_hex(32))


def _new_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
