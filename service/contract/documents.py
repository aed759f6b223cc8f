"""Source files → the GraphQL documents in them, with the fragments that templates interpolate filled in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from service.contract.files import text_of
from service.contract.javascript import Literal, Part, literals
from service.contract.sources import COMPONENTS, DOCUMENTS
from service.contract.text import Piece, Text
from service.importer.refusal import Place

_WORTH_READING = re.compile(r"\b(?:gql|graphql|query|mutation|subscription|fragment)\b", re.IGNORECASE)
_OPERATION = re.compile(r"(?:\s|#[^\n]*\n)*(?:query|mutation|subscription)\b\s*\w*\s*[({@]")
_SHORTHAND = re.compile(r"\s*\{[^{}]*\{[^{}]*(?:\{|\})")
_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script\b", re.DOTALL | re.IGNORECASE)
_NAME = re.compile(r"\s*(?:[\w$]+\s*[?!]?\.\s*)*([\w$]+)\s*")
_ESCAPE = re.compile(r"\\(?:u\{[0-9a-fA-F]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_QUOTE = re.compile(r'(?<!\\)"')
_NOTHING = re.compile(r"(?:[\s,\ufeff]|#[^\n]*)*")
_PLAIN = {"n": " ", "t": " ", "r": " ", "u": "?", "x": "?"}


class Sure(Enum):
    """How sure it is that a text is a document."""

    CERTAIN = "a file of documents, a tag, a call or a comment says so"
    LIKELY = "it begins like one"
    POSSIBLE = "it begins with braces, as other things do"


@dataclass(frozen=True, slots=True)
class Document:
    """What is, or may be, a GraphQL document."""

    text: Text
    name: str | None = None
    """The variable that holds it."""
    sure: Sure = Sure.CERTAIN
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """Something that looks like a document but is put together at run time."""

    place: Place
    why: str


@dataclass(slots=True)
class Found:
    """What is in all the sources."""

    documents: list[Document] = field(default_factory=list)
    unfollowed: list[Unfollowed] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    """A literal and the file it is in. Compared by where it is, not by what it says."""

    literal: Literal
    text: Text


class _NotFollowed(Exception):
    def __init__(self, place: Place, why: str) -> None:
        super().__init__(why)
        self.unfollowed = Unfollowed(place, why)


def find_documents(paths: Iterable[Path]) -> Found:
    """The documents of all files, in their order. Errors: Unusable for a file that cannot be read."""
    found = Found()
    templates: list[_Template] = []
    others: list[Text] = []
    for path in paths:
        text = Text.of_file(text_of(path), str(path))
        if path.suffix.lower() in DOCUMENTS:
            if not _NOTHING.fullmatch(text.string):
                found.documents.append(Document(text, is_file=True))
        elif _WORTH_READING.search(text.string):
            templates += _templates(text)
        else:
            others.append(text)
    _Composer(templates, others).compose(found)
    return found


def _templates(text: Text) -> Iterator[_Template]:
    source = text.string
    is_component = text.place(0).file.lower().endswith(tuple(COMPONENTS))
    stretches = [match.span(1) for match in _SCRIPT.finditer(source)] if is_component else [(0, len(source))]
    for start, end in stretches:
        part = text.cut(start, end)
        yield from (_Template(literal, part) for literal in literals(part.string))


class _Composer:
    """Puts templates together."""

    def __init__(self, templates: list[_Template], others: list[Text]) -> None:
        self._templates = templates
        self._others = others
        """Sources with no document in them; they are read only if some template interpolates what is in none else."""
        self._by_name: dict[str, list[_Template]] = defaultdict(list)
        self._used: set[int] = set()
        """Templates that others interpolate, by identity: a part of a document need not be one."""
        self._remember(templates)

    def _remember(self, templates: Iterable[_Template]) -> None:
        for each in templates:
            if each.literal.name is not None:
                self._by_name[each.literal.name].append(each)

    def compose(self, found: Found) -> None:
        """Add what the templates make to what was found."""
        made: list[tuple[_Template, Document]] = []
        for each in self._templates:
            sure = _sureness(each.literal)
            if sure is None:
                continue
            try:
                made.append((each, Document(Text(tuple(self._pieces(each, ()))), each.literal.name, sure)))
            except _NotFollowed as stop:
                if sure is not Sure.POSSIBLE:
                    found.unfollowed.append(stop.unfollowed)
        found.documents += (document for each, document in made if id(each) not in self._used or _is_whole(document))

    def _pieces(self, template: _Template, around: tuple[_Template, ...]) -> Iterator[Piece]:
        before = ""
        for part in template.literal.parts:
            place = template.text.place(part.start)
            if not part.is_expression:
                before = cooked(part.text) if "\n" in part.text else before + cooked(part.text)
                yield Piece(cooked(part.text), place)
            elif _is_in_string(before):
                yield Piece("1", place, made_up=True)
            else:
                yield from self._interpolated(part, place, (*around, template))

    def _interpolated(self, part: Part, place: Place, around: tuple[_Template, ...]) -> Iterator[Piece]:
        inner = self._named(part, place, around[-1])
        if inner in around:
            raise _NotFollowed(place, f"${{{_short(part.text)}}} leads back to itself")
        self._used.add(id(inner))
        yield from self._pieces(inner, around)

    def _named(self, part: Part, place: Place, template: _Template) -> _Template:
        """The template that an expression names: one of the same file, else the only one of that name."""
        name = _NAME.fullmatch(part.text)
        if name and name[1] not in self._by_name:
            while self._others:
                self._remember(_templates(self._others.pop()))
        known = self._by_name.get(name[1], []) if name else []
        near = [each for each in known if each.text is template.text]
        candidates = near[-1:] or known
        if not candidates:
            raise _NotFollowed(place, f"${{{_short(part.text)}}} is no template in these files")
        if len({tuple(part.text for part in each.literal.parts) for each in candidates}) > 1:
            raise _NotFollowed(place, f"${{{_short(part.text)}}} could be any of {len(candidates)} templates")
        return candidates[0]


def _sureness(literal: Literal) -> Sure | None:
    begins = next((part.text for part in literal.parts if part.text.strip()), "")
    if not any("{" in part.text for part in literal.parts if not part.is_expression):
        return None
    if literal.marked:
        return Sure.CERTAIN
    if _OPERATION.match(begins):
        return Sure.LIKELY
    return Sure.POSSIBLE if _SHORTHAND.match(begins) else None


def _is_whole(document: Document) -> bool:
    """Whether it can stand alone, though others interpolate it too."""
    return bool(_OPERATION.match(document.text.string))


def _is_in_string(before: str) -> bool:
    """Whether a `${…}` behind this text is inside quotes of GraphQL: `eq: "${id}"` is a string whatever it holds."""
    return len(_QUOTE.findall(before.rpartition("\n")[2])) % 2 == 1


def _short(expression: str) -> str:
    words = " ".join(expression.split())
    return words if len(words) <= 40 else f"{words[:39]}…"


def cooked(raw: str) -> str:
    """The text of a literal as JavaScript reads it, at the same length, so that places stay right.

    What an escape leaves over is space before it; a character by number becomes `?`, which no name has.
    """
    return _ESCAPE.sub(lambda found: _cooked(found[0]), raw) if "\\" in raw else raw


def _cooked(escape: str) -> str:
    character = _PLAIN.get(escape[1], escape[1])
    return character.rjust(len(escape))
