"""A row as the database gives it: its JSON, and before it what the headers are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Self

from service.db.plans.conversions import instant
from service.db.sql.marks import DENIED_TEXT, first_mark
from service.errors import Forbidden
from service.rest.etags import entity_tag
from service.rest.exchange import Headers
from service.rest.planning import MODIFIED, VERSION
from service.rest.questions import ItemQuestion

_ABOUT = re.compile(rf'\{{"{VERSION}":([0-9]+)(?:,"{MODIFIED}":(?:null|"([^"]+)"))?,?')
_DENIED_MEMBER = re.compile(rf',"\w+":{DENIED_TEXT}|"\w+":{DENIED_TEXT},?', re.ASCII)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row as a caller may see it."""

    body: str
    version: int
    modified: datetime | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """The row in what the repository gave. Errors: Forbidden if the rules keep all of it from the caller."""
        shown = without_denied(text)
        about = _ABOUT.match(shown)
        assert about is not None
        moment = instant(about[2]) if about[2] else None
        return cls("{" + shown[about.end() :], int(about[1]), moment)

    def headers(self, question: ItemQuestion) -> Headers:
        """`ETag` and, where the row says when it was changed, `Last-Modified`."""
        tag = entity_tag(self.version, None if question.is_plain else repr(question.shape), self.body)
        if self.modified is None:
            return (("etag", tag),)
        return (("etag", tag), ("last-modified", format_datetime(self.modified, usegmt=True)))


def without_denied(text: str) -> str:
    """JSON text without the members whose value the rules keep from the caller. Errors: Forbidden if that is all."""
    if first_mark(text) < 0:
        return text
    if first_mark(text) == 0:
        raise Forbidden
    return _DENIED_MEMBER.sub("", text)
