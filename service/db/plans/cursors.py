"""Cursors: opaque, signed, and good only for the order of rows they were made for.

A cursor holds the key values of the last row of a page, so the next page is a range of an index
and costs the same however deep it lies. The signature is made with a key that all instances of
the service share; a cursor that was changed, or made for another list, is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import blake2b
from typing import Any

import orjson

from service.db.plans.sources import PageOrder
from service.errors import CursorMismatch

SIGNATURE = 12
"""Bytes of the signature: 96 bits of keyed BLAKE2b (RFC 7693), which Python computes itself and OpenSSL sets up."""


class Cursors:
    """Makes and reads cursors with one signing key."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key).digest()

    def encode(self, order: PageOrder, values: list[Any], bound: str = "") -> str:
        """The cursor for the row with these key values, as JSON values in the order of the page's key.

        `bound` is the text that `order.bound` has in this request.
        """
        body = orjson.dumps(values)
        return _text(self._sign(order, bound, body) + body)

    def decode(self, order: PageOrder, token: str, bound: str = "") -> list[Any]:
        """The key values in a cursor. Raises `CursorMismatch` if it was not made here for this order."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise _refused() from None
        if _text(raw) != token:  # Python leaves out what is no base64, and a cursor would have many spellings
            raise _refused()
        signature, body = raw[:SIGNATURE], raw[SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(order, bound, body)):
            raise _refused()
        values: list[Any] = orjson.loads(body)
        return values

    def _sign(self, order: PageOrder, bound: str, body: bytes) -> bytes:
        keys = ",".join(f"{'+'.join(each.fields)} {each.descending}" for each in order.sort)
        made_for = f"{order.model.name}\0{keys}\0{order.descending}\0{bound}\0".encode()
        return blake2b(made_for + body, key=self._key, digest_size=SIGNATURE).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _refused() -> CursorMismatch:
    return CursorMismatch(
        "The nextToken is not one that this list has given. Leave it out to start from the beginning."
    )
