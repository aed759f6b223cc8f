"""What stops an import, and what an importer noticed without stopping; both say where."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import Node, get_location

from service.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file, counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def place_of(node: Node | None) -> Place | None:
    """Where a node of a parsed schema stands; None for one that was made up."""
    if node is None or node.loc is None:
        return None
    spot = get_location(node.loc.source, node.loc.start)
    return Place(node.loc.source.name, spot.line, spot.column)


class ImportRefused(ServiceError):
    """The schema cannot be imported. The message says where, what is wrong and what to do."""

    code = "import_refused"
    status = 400

    def __init__(self, what: str, todo: str = "", *, node: Node | None = None, place: Place | None = None) -> None:
        self.what = what
        self.todo = todo
        self.place = place or place_of(node)
        where = f"{self.place}: " if self.place else ""
        super().__init__(f"{where}{what}{' ' + todo if todo else ''}")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know or decide. `needs_person` if the API differs without them."""

    text: str
    place: Place | None = None
    needs_person: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text
