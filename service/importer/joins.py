"""`@manyToMany` → the model in between, which Amplify makes and nobody writes."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import FieldDefinitionNode

from service.catalog.model import Field, Index, Relation, RelationKind, Rule, TypeRef
from service.catalog.plurals import default_index_name, lower_first, plural_of, standard_operations, upper_first
from service.importer.directives import find, string, type_of
from service.importer.drafts import Draft
from service.importer.flags import Flags
from service.importer.refusal import ImportRefused


@dataclass(frozen=True)
class Join:
    """The two sides of a many-to-many relation and the draft of the model between them."""

    name: str
    draft: Draft
    sides: tuple[tuple[str, FieldDefinitionNode], tuple[str, FieldDefinitionNode]]
    """Each side's model and field, in the order of the schema."""

    def index_of(self, model: str, node: FieldDefinitionNode) -> Index:
        """The index by which a side finds its join rows."""
        position = next(i for i, side in enumerate(self.sides) if side == (model, node))
        return self.draft.indexes[position]


def joins_of(drafts: dict[str, Draft], flags: Flags) -> dict[str, Join]:
    """Relation name → join, for every `@manyToMany` of the schema."""
    sides: dict[str, list[tuple[str, FieldDefinitionNode]]] = {}
    for draft in drafts.values():
        for node in draft.written:
            directive = find(node, "manyToMany")
            if directive:
                name = string(directive, "relationName")
                if not name:
                    raise ImportRefused("@manyToMany needs a relationName.", "Give both sides the same.", node=node)
                sides.setdefault(name, []).append((draft.name, node))
    return {name: _join(name, found, drafts, flags) for name, found in sides.items()}


def _join(name: str, sides: list[tuple[str, FieldDefinitionNode]], drafts: dict[str, Draft], flags: Flags) -> Join:
    model, node = sides[0]
    if len(sides) != 2 or type_of(node.type).name != sides[1][0] or type_of(sides[1][1].type).name != model:
        raise ImportRefused(
            f"@manyToMany {name} must stand on exactly two fields that lead to each other's model.",
            "Give each pair of fields a relationName of its own.",
            node=node,
        )
    if name in drafts:
        raise ImportRefused(
            f"@manyToMany {name} has the name of a model.", "Give the relation another name.", node=node
        )
    one, two = drafts[sides[0][0]], drafts[sides[1][0]]
    plural = plural_of(name)
    draft = Draft(name, None, plural, standard_operations(name, plural), _union(one.rules, two.rules))
    draft.members["id"] = Field("id", TypeRef("ID", required=True))
    keys = [_add_key(draft, side, flags) for side in (one, two)]
    for side, fields in zip((one, two), keys, strict=True):
        field = lower_first(side.name)
        draft.members[field] = Relation(
            field, RelationKind.BELONGS_TO, side.name, fields, target_fields=side.key, required=True
        )
    return Join(name, draft, (sides[0], sides[1]))


def _add_key(draft: Draft, side: Draft, flags: Flags) -> tuple[str, ...]:
    """Adds the fields that hold a side's key and the index over them."""
    hash_, *sort = side.key
    prefix = lower_first(side.name)
    first = prefix + (upper_first(hash_) if flags.key_named_suffix else "ID")
    # The sort fields keep their case, `postauthor` for the author of a post: Amplify joins them so.
    names = (first, *(prefix + each for each in sort))
    for name, part in zip(names, side.key, strict=True):
        draft.members[name] = Field(name, TypeRef(side.base_type(part), required=True))
    query = default_index_name(draft.plural, names) if flags.automatic_queries else None
    draft.indexes.append(Index(f"by{side.name}", names[0], names[1:], query))
    return names


def _union(one: tuple[Rule, ...], two: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return (*one, *(rule for rule in two if rule not in one))
