"""Documents → their operations, each alone with the fragments it needs, as a client sends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    Node,
    OperationDefinitionNode,
    OperationType,
    Visitor,
    parse,
    print_ast,
    visit,
)

from service.contract.documents import Document, Sure, Unfollowed
from service.contract.text import Text
from service.importer.refusal import Place


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation and all that is sent with it."""

    name: str
    type: OperationType
    text: Text
    place: Place


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that is no GraphQL."""

    name: str
    place: Place
    message: str


@dataclass(slots=True)
class Read:
    """What the documents hold."""

    operations: list[Operation] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    unfollowed: list[Unfollowed] = field(default_factory=list)
    schemas: list[str] = field(default_factory=list)
    """Files that define types and hold no operation."""


Fragments = Mapping[str, list[tuple[str, Text]]]
"""Name → the printed fragment and where it stands, each differing one."""


def read_operations(documents: Iterable[Document]) -> Read:
    """The operations of all documents, in their order."""
    read = Read()
    parsed = [(document, tree) for document in documents if (tree := _parse(document, read)) is not None]
    shared = _fragments((document, tree) for document, tree in parsed if document.is_file)
    for document, tree in parsed:
        # What reads files of documents knows the fragments of all of them; a template has only its own.
        own = _fragments([(document, tree)])
        found = list(_operations(document, tree, {**shared, **own} if document.is_file else own))
        read.operations += found
        if document.is_file and not any(isinstance(each, ExecutableDefinitionNode) for each in tree.definitions):
            read.schemas.append(document.text.place(0).file)
    return read


def _parse(document: Document, read: Read) -> DocumentNode | None:
    try:
        return parse(document.text.string)
    except GraphQLSyntaxError as error:
        place = document.text.place(min(error.positions or (0,)))
        message = error.message
    if document.sure is Sure.CERTAIN:
        name = document.name or "(a document)"
        read.unreadable.append(Unreadable(name, place, f"Unable to parse GraphQL query. {message}"))
    elif document.sure is Sure.LIKELY:
        read.unfollowed.append(Unfollowed(place, f"it begins like an operation, but {message}"))
    return None


def _operations(document: Document, tree: DocumentNode, fragments: Fragments) -> Iterator[Operation]:
    nodes = [each for each in tree.definitions if isinstance(each, OperationDefinitionNode)]
    for node in nodes:
        own = _cut(document, node)
        # A template is sent as it is, with a fragment that nobody asked for, which AppSync refuses.
        is_whole = len(nodes) == 1 and not document.is_file
        needed = fragments if is_whole else _spread(node, fragments)
        name = node.name.value if node.name else document.name or "(no name)"
        text = Text.joined((own, *(text for each in needed for _, text in fragments[each])))
        yield Operation(name, node.operation, text, own.place(0))


def _fragments(parsed: Iterable[tuple[Document, DocumentNode]]) -> dict[str, list[tuple[str, Text]]]:
    found: dict[str, dict[str, Text]] = defaultdict(dict)
    for document, tree in parsed:
        for node in tree.definitions:
            if isinstance(node, FragmentDefinitionNode):
                # The same fragment that comes along twice is one, as graphql-tag has it.
                found[node.name.value].setdefault(print_ast(node), _cut(document, node))
    return {name: list(variants.items()) for name, variants in found.items()}


def _spread(node: OperationDefinitionNode, fragments: Fragments) -> list[str]:
    """The names of the fragments that an operation needs, directly or through others."""
    needed: dict[str, None] = {}
    ahead = _spreads(node)
    while ahead:
        name = ahead.pop(0)
        if name in fragments and name not in needed:
            needed[name] = None
            for printed, _ in fragments[name]:
                ahead += _spreads(parse(printed))
    return list(needed)


def _spreads(node: Node) -> list[str]:
    class Finder(Visitor):
        def __init__(self) -> None:
            super().__init__()
            self.names: list[str] = []

        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            self.names.append(spread.name.value)

    finder = Finder()
    visit(node, finder)
    return finder.names


def _cut(document: Document, node: Node) -> Text:
    assert node.loc is not None  # it was parsed with places
    return document.text.cut(node.loc.start, node.loc.end)
