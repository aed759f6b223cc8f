"""Secrets of AWS Secrets Manager: the password of a role, and the key that signs cursors."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from service.aws.signing import Signer
from service.errors import Unavailable

SECONDS = 3
"""How long Secrets Manager may take to answer."""
ENDPOINTS = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL")
"""Where it is if it is not AWS's own; the first one that is set counts, as it does for AWS's tools."""


def read_secret(name: str, environ: Mapping[str, str]) -> str:
    """The text of a secret, by its name or ARN. It blocks. Errors: Unavailable; SettingsError without credentials."""
    signer = Signer.from_environ(environ)
    own = f"https://secretsmanager.{signer.region}.amazonaws.com"
    endpoint = next((environ[each] for each in ENDPOINTS if environ.get(each)), own)
    body = json.dumps({"SecretId": name}).encode()
    target = "secretsmanager.GetSecretValue"
    headers = signer.headers("secretsmanager", urlsplit(endpoint).netloc, target, body, datetime.now(UTC))
    request = urllib.request.Request(f"{endpoint.rstrip('/')}/", body, headers)  # noqa: S310  AWS's address, or an emulator's
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310  as above
            return str(json.load(response)["SecretString"])
    except (OSError, ValueError, KeyError) as error:
        # AWS's answer may quote the request; its kind says enough.
        raise Unavailable(f"The secret {name} cannot be read: {type(error).__name__}.") from error


def member_of(secret: str, member: str) -> str:
    """One member of a secret that is a JSON object, such as those that Secrets Manager rotates; else the secret."""
    try:
        parsed = json.loads(secret)
    except ValueError:
        return secret
    found = parsed.get(member) if isinstance(parsed, dict) else None
    return found if isinstance(found, str) else secret
