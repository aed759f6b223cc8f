"""Where two databases differ, as data and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.db.comparison.structure import Key, Kind, Structure

LONGEST = 100
"""Characters of a definition that a line shows whole; of a longer one it shows where it differs."""
AROUND, SHOWN = 12, 60
"""Characters before that place, and in all."""

WHOLES = (Kind.TABLE, Kind.FUNCTION)
"""What has parts: where the whole is missing, its parts are not worth a word."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that two databases do not have alike; None where one does not have it at all."""

    key: Key
    found: str | None
    wanted: str | None

    def __str__(self) -> str:
        """The difference in a line."""
        what = f"{_called(self.key)} {'are' if self.key.kind is Kind.RIGHTS else 'is'}"
        if self.key.kind in WHOLES and (self.found is None or self.wanted is None):
            return f"{what} {'missing' if self.found is None else 'in no model'}"
        if self.found is None:
            return f"{what} missing: {_cut(self.wanted or '')}"
        if self.wanted is None:
            return f"{what} in no model: {_cut(self.found)}"
        found, wanted = _apart(_plain(self.found), _plain(self.wanted))
        return f"{what} {found}, and the models say {wanted}"


def differences(found: Structure, wanted: Structure) -> list[Difference]:
    """Where a database is not what it should be, table by table; none if only columns stand in another order."""
    return [*_differences(found, wanted)]


def _differences(found: Structure, wanted: Structure) -> Iterator[Difference]:
    whole = {key.of for key in found.keys() ^ wanted.keys() if key.kind in WHOLES}
    functions = {key.of for key in {**wanted, **found} if key.kind is Kind.FUNCTION}
    order = {each: number for number, each in enumerate(Kind)}
    for key in sorted({**wanted, **found}, key=lambda key: (key.of in functions, key.of, order[key.kind])):
        if key.of in whole and key.kind not in WHOLES:
            continue
        has, should = found.get(key), wanted.get(key)
        if has is None or should is None or _plain(has) != _plain(should):
            yield Difference(key, has, should)


def _called(key: Key) -> str:
    """What a part is called in a sentence."""
    match key.kind:
        case Kind.TABLE | Kind.FUNCTION:
            return f"{key.kind} {key.of}"
        case Kind.SECURITY | Kind.OWNER:
            return f"{key.kind} of {key.of}"
        case Kind.RIGHTS:
            return f"{key.kind} of {key.name} on {key.of}"
        case Kind.INDEX:  # its name is its own in the whole schema
            return f"{key.kind} {key.name} of {key.of}"
        case _:
            return f"{key.kind} {key.of}.{key.name}"


def _plain(definition: str) -> str:
    return " ".join(definition.split())


def _cut(definition: str) -> str:
    text = _plain(definition)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _apart(one: str, other: str) -> tuple[str, str]:
    """Two texts; if they are long, of each an excerpt from where they part."""
    if max(len(one), len(other)) <= LONGEST:
        return one, other
    parting = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(one), len(other)) if parting is None else parting
    return _excerpt(one, at), _excerpt(other, at)


def _excerpt(text: str, at: int) -> str:
    start = max(0, at - AROUND)
    start = text.rfind(" ", max(0, start - AROUND), start) + 1 or start  # at the start of a word, if one is near
    end = start + SHOWN
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
