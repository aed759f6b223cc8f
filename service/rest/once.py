"""`Idempotency-Key`: a write that is sent twice happens once.

Source: draft-ietf-httpapi-idempotency-key-header-07. An answer is kept only if the write was made: after a refusal,
the same key may be used again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import blake2b

from service.catalog.model import Provider
from service.db import idempotency
from service.db.idempotency import Answered, Scope
from service.db.repository import Repository
from service.rest.exchange import Reply, Request, Session
from service.rest.problems import Flaw, Flawed, KeyInUse, KeyReused

HEADER = "idempotency-key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
Write = Callable[[Session], Awaitable[Reply]]


class Once:
    """Runs writes in transactions, each with what its key stands for."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @asynccontextmanager
    async def transaction(self, session: Session) -> AsyncIterator[Session]:
        """The session inside one transaction: committed at the end of the block, undone if the block raises."""
        async with self._repository.transaction(session.principal) as transaction:
            yield replace(session, transaction=transaction)

    async def run(self, request: Request, body: bytes, write: Write, *, together: bool = False) -> Reply:
        """What `write` replies or, if a request with this key was answered, that reply again.

        `together`: the write has several statements, which all hold or none. Errors: KeyReused, KeyInUse, Flawed.
        """
        key = request.headers.get(HEADER)
        if key is None and not together:
            return await write(request.session)
        async with self.transaction(request.session) as session:
            return await write(session) if key is None else await self._keyed(request, session, key, body, write)

    async def _keyed(self, request: Request, session: Session, key: str, body: bytes, write: Write) -> Reply:
        scope, body_hash = _scope(request, key), _hash(body, session)
        assert session.transaction is not None
        try:
            answered = await idempotency.find(session.transaction, scope)
            if answered is not None:
                return _replayed(answered, body_hash)
            reply = await write(session)
            kept = Answered(body_hash, reply.status, reply.headers, reply.body.decode())
            await idempotency.keep(session.transaction, scope, kept)
        except idempotency.Taken:
            raise KeyInUse(
                "The first request with this Idempotency-Key is still under way. Send it again later."
            ) from None
        return reply


def _scope(request: Request, key: str) -> Scope:
    if not KEY.fullmatch(key):
        detail = "1 to 255 visible ASCII characters; a UUID is a good one."
        raise Flawed([Flaw("Idempotency-Key", "wrong_value", detail, in_body=False)])
    principal = request.session.principal
    subject = principal.sub or ("" if principal.provider is Provider.API_KEY else principal.username or "")
    return Scope(principal.organization or "", f"{principal.provider} {subject}", request.method, request.path, key)


def _hash(body: bytes, session: Session) -> str:
    """What requests with one key must have in common: who lost a role is not shown what they were answered in it."""
    rights = sorted({*session.principal.groups(), *(f"{claim} {group}" for claim, group in session.caller.groups)})
    return blake2b("\0".join(rights).encode() + b"\0\0" + body, digest_size=16).hexdigest()


def _replayed(answered: Answered, body_hash: str) -> Reply:
    if answered.body_hash != body_hash:
        raise KeyReused(
            "This Idempotency-Key was used with another body, or while you had other roles. Take a new one."
        )
    headers = (*answered.headers, ("idempotent-replayed", "true"))
    return Reply(answered.status, answered.body.encode(), headers)
