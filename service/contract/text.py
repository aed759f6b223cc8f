"""A document that is put together from several places, each character of which still knows where it stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from service.importer.refusal import Place


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text from one place; lines and columns in it are those of the file."""

    text: str
    begins: Place
    made_up: bool = False
    """Whether it stands for a text that only the running program knows."""

    def at(self, offset: int) -> Place:
        """Where the character at an offset stands."""
        before = self.text[:offset]
        line = before.count("\n")
        column = len(before) - before.rfind("\n") if line else self.begins.column + offset
        return Place(self.begins.file, self.begins.line + line, column)

    def cut(self, start: int, end: int) -> Piece:
        """A part of it."""
        return Piece(self.text[start:end], self.at(start), self.made_up)


@dataclass(frozen=True)
class Text:
    """Pieces in a row."""

    pieces: tuple[Piece, ...]

    @classmethod
    def of_file(cls, content: str, file: str) -> Text:
        """The whole of a file."""
        return cls((Piece(content, Place(file, 1, 1)),))

    @classmethod
    def joined(cls, texts: Iterable[Text]) -> Text:
        """Several texts, each on lines of its own."""
        pieces: list[Piece] = []
        for text in texts:
            pieces += (*text.pieces, Piece("\n", text.place(len(text.string))))
        return cls(tuple(pieces))

    @cached_property
    def string(self) -> str:
        """All of it."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def is_made_up(self) -> bool:
        """Whether some of it is."""
        return any(piece.made_up for piece in self.pieces)

    def place(self, offset: int) -> Place:
        """Where the character at an offset stands; of what is behind the end, the end."""
        for piece in self.pieces[:-1]:
            if offset < len(piece.text):
                return piece.at(offset)
            offset -= len(piece.text)
        return self.pieces[-1].at(offset)

    def cut(self, start: int, end: int) -> Text:
        """A part of it."""
        pieces, position = [], 0
        for piece in self.pieces:
            first, last = max(start - position, 0), min(end - position, len(piece.text))
            if first < last:
                pieces.append(piece.cut(first, last))
            position += len(piece.text)
        return Text(tuple(pieces) or (Piece("", self.place(start)),))
