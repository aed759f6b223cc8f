"""Requests that AWS believes: Signature Version 4, for the two that a start needs before it can answer.

botocore signs everything else, and takes longer to import than the whole service: ADR 6. A test holds the two equal.
Source: AWS General Reference, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from urllib.parse import quote

from service.errors import SettingsError

ALGORITHM = "AWS4-HMAC-SHA256"
TOKEN_SECONDS = 900
"""How long a token of IAM lets somebody log in to a database."""


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Who signs, and in which region."""

    key_id: str
    secret_key: str
    session_token: str | None
    region: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """What Lambda gives a function. Errors: SettingsError."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
        if missing := [name for name in names if not environ.get(name)]:
            raise SettingsError(f"{', '.join(missing)} is not set.", hint="Lambda sets it; elsewhere, you have to.")
        key_id, secret_key, region = (environ[name] for name in names)
        return cls(key_id, secret_key, environ.get("AWS_SESSION_TOKEN") or None, region)

    def login_token(self, host: str, port: int, role: str, at: datetime) -> str:
        """The password with which a role logs in to RDS, good for `TOKEN_SECONDS`."""
        scope = self._scope("rds-db", at)
        query = {
            "Action": "connect",
            "DBUser": role,
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.key_id}/{scope}",
            "X-Amz-Date": _stamp(at),
            "X-Amz-Expires": str(TOKEN_SECONDS),
            "X-Amz-SignedHeaders": "host",
        }
        if self.session_token:
            query["X-Amz-Security-Token"] = self.session_token
        text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(query.items()))
        signature = self._signature(_canonical("GET", text, {"host": f"{host}:{port}"}, b""), scope, at)
        return f"{host}:{port}/?{text}&X-Amz-Signature={signature}"

    def headers(self, service: str, host: str, target: str, body: bytes, at: datetime) -> dict[str, str]:
        """The headers of a POST to one of AWS's JSON services; `target` is the service's name for what is asked."""
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "host": host,
            "x-amz-date": _stamp(at),
            "x-amz-target": target,
        }
        if self.session_token:
            headers["x-amz-security-token"] = self.session_token
        scope = self._scope(service, at)
        signature = self._signature(_canonical("POST", "", headers, body), scope, at)
        signed = ";".join(sorted(headers))
        credential = f"{ALGORITHM} Credential={self.key_id}/{scope}"
        return headers | {"authorization": f"{credential}, SignedHeaders={signed}, Signature={signature}"}

    def _scope(self, service: str, at: datetime) -> str:
        return f"{_stamp(at)[:8]}/{self.region}/{service}/aws4_request"

    def _signature(self, request: str, scope: str, at: datetime) -> str:
        text = "\n".join((ALGORITHM, _stamp(at), scope, hashlib.sha256(request.encode()).hexdigest()))
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def _canonical(method: str, query: str, headers: Mapping[str, str], body: bytes) -> str:
    listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    return "\n".join((method, "/", query, listed, ";".join(sorted(headers)), hashlib.sha256(body).hexdigest()))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
