"""Schema text → parsed definitions, with extensions merged; refuses what this importer cannot read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from graphql import (
    DefinitionNode,
    DirectiveNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLSyntaxError,
    InputObjectTypeDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    SchemaDefinitionNode,
    Source,
    parse,
)

from service.catalog.model import Root
from service.importer.directives import argument_names, find
from service.importer.refusal import ImportRefused, Notice, Place, place_of


@dataclass
class Document:
    """The definitions of a schema by kind, in the order of the text, and what was noticed on the way."""

    models: list[ObjectTypeDefinitionNode] = field(default_factory=list)
    objects: list[ObjectTypeDefinitionNode] = field(default_factory=list)
    roots: dict[Root, list[FieldDefinitionNode]] = field(default_factory=lambda: {root: [] for root in Root})
    enums: list[EnumTypeDefinitionNode] = field(default_factory=list)
    inputs: list[InputObjectTypeDefinitionNode] = field(default_factory=list)
    globals: InputObjectTypeDefinitionNode | None = None
    """`input AMPLIFY`, which holds the rule for models without one."""
    left_out: dict[str, str] = field(default_factory=dict)
    """The name of a type that Amplify APIs have none of → its kind: `union`, `interface`, `scalar`."""
    notices: list[Notice] = field(default_factory=list)

    def notice(self, text: str, node: Node | None = None, *, needs_person: bool = False) -> None:
        """Remembers something that a person should know."""
        self.notices.append(Notice(text, place_of(node), needs_person))


def read(sources: Sequence[Source]) -> Document:
    """The definitions of all sources as one document."""
    document = Document()
    definitions = [each for source in sources for each in _parse(source)]
    names = _root_names(definitions)
    extensions: list[ObjectTypeExtensionNode] = []
    for definition in definitions:
        match definition:
            case ObjectTypeExtensionNode():
                extensions.append(definition)
            case ObjectTypeDefinitionNode() | EnumTypeDefinitionNode() | InputObjectTypeDefinitionNode():
                _add(document, definition, names)
            case SchemaDefinitionNode():
                pass
            case _:
                _notice_unserved(document, definition)
    for extension in extensions:
        _extend(document, extension, names)
    _refuse_names(document)
    _refuse_other_generations(document)
    return document


def _parse(source: Source) -> Iterable[DefinitionNode]:
    try:
        return parse(source).definitions
    except GraphQLSyntaxError as error:
        spot = error.locations[0] if error.locations else None
        place = Place(source.name, spot.line, spot.column) if spot else None
        message = error.message.removeprefix("Syntax Error: ")
        raise ImportRefused(
            f"this is not GraphQL: {message}", "Correct the schema at this place and try again.", place=place
        ) from None


def _root_names(definitions: Iterable[DefinitionNode]) -> dict[str, Root]:
    """Type name → root; a `schema { }` block may rename them."""
    names = {root.value: root for root in Root}
    for definition in definitions:
        if isinstance(definition, SchemaDefinitionNode):
            for each in definition.operation_types:
                names[each.type.name.value] = Root(each.operation.value.capitalize())
    return names


def _add(
    document: Document,
    definition: ObjectTypeDefinitionNode | EnumTypeDefinitionNode | InputObjectTypeDefinitionNode,
    root_names: dict[str, Root],
) -> None:
    name = definition.name.value
    if isinstance(definition, EnumTypeDefinitionNode):
        document.enums.append(definition)
    elif isinstance(definition, InputObjectTypeDefinitionNode):
        if name == "AMPLIFY":
            document.globals = definition
        else:
            document.inputs.append(definition)
    elif name in root_names:
        document.roots[root_names[name]].extend(definition.fields or ())
    elif find(definition, "model"):
        document.models.append(definition)
    else:
        document.objects.append(definition)


def _extend(document: Document, extension: ObjectTypeExtensionNode, root_names: dict[str, Root]) -> None:
    name = extension.name.value
    if name in root_names:
        document.roots[root_names[name]].extend(extension.fields or ())
        return
    for nodes in (document.models, document.objects):
        for position, node in enumerate(nodes):
            if node.name.value == name:
                nodes[position] = replace(
                    node,
                    fields=(*(node.fields or ()), *(extension.fields or ())),
                    directives=(*(node.directives or ()), *(extension.directives or ())),
                )
                return
    raise ImportRefused(f"`extend type {name}` has no `type {name}` to extend.", "Define it first.", node=extension)


def _notice_unserved(document: Document, definition: DefinitionNode) -> None:
    kind = definition.kind.removesuffix("_definition").removesuffix("_type").replace("_", " ")
    name = getattr(definition, "name", None)
    if kind == "directive":
        return
    if name is not None:
        document.left_out[name.value] = kind
    if kind == "scalar":
        return
    document.notice(
        f"{kind} {name.value if name else ''} is left out: Amplify APIs have none.", definition, needs_person=True
    )


def _refuse_names(document: Document) -> None:
    seen: set[str] = set()
    for node in (*document.models, *document.objects, *document.enums, *document.inputs):
        if node.name.value.startswith("__"):
            raise ImportRefused(
                f"{node.name.value} begins with two underscores, which GraphQL keeps for itself.",
                "Give the type another name.",
                node=node,
            )
        if node.name.value in seen:
            raise ImportRefused(
                f"{node.name.value} is defined twice.", "Keep one definition, or use `extend type`.", node=node
            )
        seen.add(node.name.value)


def _refuse_other_generations(document: Document) -> None:
    for model in document.models:
        holders: list[ObjectTypeDefinitionNode | FieldDefinitionNode] = [model, *(model.fields or ())]
        for directive in (each for holder in holders for each in holder.directives or ()):
            _refuse_directive_of_another_generation(directive)


def _refuse_directive_of_another_generation(directive: DirectiveNode) -> None:
    name = directive.name.value
    if name in {"connection", "key", "versioned"}:
        raise ImportRefused(
            f"@{name} belongs to Amplify's GraphQL transformer v1, which is not supported yet.",
            "Migrate the schema with `amplify migrate api` first, or follow Amplify's guide to @hasMany and @index.",
            node=directive,
        )
    if name in {"hasMany", "hasOne", "belongsTo"} and "references" in argument_names(directive):
        raise ImportRefused(
            f"@{name}(references: …) is an Amplify Gen 2 relation, which is not supported yet.",
            "Import a Gen 1 schema, whose relations say `fields` and `indexName`.",
            node=directive,
        )
