"""Entity tags: the version of a row, and for a part of it, or more than it, a hash of what was shown besides.

`"7"` is the whole row in its seventh version. `"7-1f3a9c02"` is what `fields` and `include` made of it: what it shows
of other rows may change while the row does not. A precondition of a write compares the version alone, so every
tag that was given for a version is good for it. A page of rows has a weak tag, a hash of all of it.
Source: RFC 9110, §8.8.3 and §13.1.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from service.rest.problems import Flaw, Flawed

MOST_TAGS = 10
"""Entity tags of one precondition."""
_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]*)"\s*')
_VERSION = re.compile(r"([0-9]{1,9})(?:-[0-9a-f]{8})?")


def entity_tag(version: int, projection: str | None = None, body: str = "") -> str:
    """The tag of a row in a version; `projection` says what was asked for, if it was not the row as it is."""
    if projection is None:
        return f'"{version}"'
    shown = blake2b(f"{projection}\0{body}".encode(), digest_size=4).hexdigest()
    return f'"{version}-{shown}"'


def page_tag(body: bytes) -> str:
    """The tag of a page of rows, weak because it is of no version that a change could be meant for."""
    return f'W/"{blake2b(body, digest_size=8).hexdigest()}"'


def is_known(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names the tag, strong or weak, so that the caller has what it stands for."""
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return tag.removeprefix("W/").strip('"') in (
        found[2] for each in header.split(",") if (found := _TAG.fullmatch(each))
    )


def is_since(header: str | None, modified: datetime | None) -> bool:
    """Whether `If-Modified-Since` is a date since which nothing changed, to the second."""
    if header is None or modified is None:
        return False
    try:
        return modified.replace(microsecond=0) <= parsedate_to_datetime(header)
    except (TypeError, ValueError):  # no date, or one without a time zone
        return False


def versions_in(header: str | None, at: str = "If-Match") -> tuple[int, ...] | None:
    """The versions that `If-Match` names; None without one, or for `*`: any version. Errors: Flawed.

    A weak tag, and one that is not ours, name no version that a row can have.
    """
    if header is None or header.strip() == "*":
        return None
    tags = [_TAG.fullmatch(each) for each in header.split(",")]
    if len(tags) > MOST_TAGS or not all(tags):
        detail = f'At most {MOST_TAGS} entity tags as they were given, in quotes: If-Match: "3".'
        raise Flawed([Flaw(at, "wrong_value", detail, in_body=False)])
    found = (_VERSION.fullmatch(tag[2]) for tag in tags if tag and not tag[1])
    return tuple(int(each[1]) for each in found if each)
