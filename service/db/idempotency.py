"""Requests that were answered, by the key their sender gave them: sent again, they are answered alike and do nothing.

A key is kept in the transaction of the change it stands for, so that there is either both or neither. A request under
way holds a lock on its key. Keys are forgotten after a day, a few with each new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from service.db.connections.engine import Transaction
from service.db.security.context import ORGANIZATION
from service.db.security.policies import secured
from service.db.security.roles import SERVE

HOURS = 24
"""How long an answer is kept."""

DDL = (
    """\
CREATE TABLE idempotency_key (
    organization text NOT NULL,
    subject text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_hash text NOT NULL,
    status integer NOT NULL,
    headers text NOT NULL,
    body text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (organization, subject, method, path, key)
)""",
    "CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at)",
)
"""The statements that create the table."""


def security_sql() -> Iterator[str]:
    """The statements that keep each organization to its own keys."""
    yield from secured("idempotency_key", f"organization = {ORGANIZATION}")
    yield f"CREATE POLICY own ON idempotency_key TO {SERVE} USING (true) WITH CHECK (true)"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_key TO {SERVE}"


_SCOPE = "organization = $1 AND subject = $2 AND method = $3 AND path = $4 AND key = $5"
_FIND = f"""\
SELECT CASE
    WHEN NOT pg_try_advisory_xact_lock($6) THEN '"taken"'
    ELSE (
        SELECT json_build_object('body_hash', body_hash, 'status', status, 'headers', headers, 'body', body)::text
        FROM idempotency_key WHERE {_SCOPE} AND created_at > now() - interval '{HOURS} hours'
    )
END"""  # noqa: S608  of constants
_KEEP = f"""\
WITH old AS (
    SELECT organization, subject, method, path, key FROM idempotency_key
    WHERE created_at < now() - interval '{HOURS} hours' AND NOT ({_SCOPE})
    ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM idempotency_key USING old
    WHERE (idempotency_key.organization, idempotency_key.subject, idempotency_key.method, idempotency_key.path,
        idempotency_key.key) = (old.organization, old.subject, old.method, old.path, old.key)
)
INSERT INTO idempotency_key (organization, subject, method, path, key, body_hash, status, headers, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (organization, subject, method, path, key) DO UPDATE
SET body_hash = excluded.body_hash, status = excluded.status, headers = excluded.headers, body = excluded.body,
    created_at = excluded.created_at
WHERE idempotency_key.created_at <= now() - interval '{HOURS} hours'
RETURNING key"""  # noqa: S608  of constants


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key is unique in: who sent it, and where to."""

    organization: str
    subject: str
    method: str
    path: str
    key: str

    @property
    def arguments(self) -> list[object]:
        """The parameters that name it, in the order of the statements."""
        return [self.organization, self.subject, self.method, self.path, self.key]

    @property
    def lock(self) -> int:
        """The advisory lock of whoever works on it."""
        digest = blake2b("\0".join(map(str, self.arguments)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and its answer, as they are kept."""

    body_hash: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


class Taken(Exception):
    """A request with this key is under way."""


async def find(transaction: Transaction, scope: Scope) -> Answered | None:
    """The answer that was given; None to a new key, which is held until the transaction ends. Errors: Taken."""
    text = await transaction.fetch_value(_FIND, [*scope.arguments, scope.lock])
    if text is None:
        return None
    found = orjson.loads(text)
    if found == "taken":
        raise Taken
    headers = tuple((name, value) for name, value in orjson.loads(found["headers"]))
    return Answered(found["body_hash"], found["status"], headers, found["body"])


async def keep(transaction: Transaction, scope: Scope, answered: Answered) -> None:
    """Keep an answer. Errors: Taken, if another request with this key came to its end just before."""
    headers = orjson.dumps(answered.headers).decode()
    values = [answered.body_hash, answered.status, headers, answered.body]
    if await transaction.fetch_value(_KEEP, [*scope.arguments, *values]) is None:
        raise Taken
