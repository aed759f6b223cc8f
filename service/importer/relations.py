"""Relation directives → relations whose fields are filled in, with the foreign keys that Amplify implies.

Source: Amplify Gen 1, "Set up relationships between models"; the SDL its transformer compiles.
"""

from __future__ import annotations

from graphql import DirectiveNode, FieldDefinitionNode, Node, NonNullTypeNode

from service.catalog.model import Relation, RelationKind, TypeRef
from service.catalog.plurals import joined
from service.importer.directives import arguments, find, string, strings, type_of
from service.importer.drafts import Draft
from service.importer.flags import Flags
from service.importer.joins import Join
from service.importer.read import Document
from service.importer.refusal import ImportRefused
from service.importer.rules import rules_of


class Relations:
    """Resolves the relations of all models; every draft has its fields, key and indexes by now."""

    def __init__(self, drafts: dict[str, Draft], joins: dict[str, Join], document: Document, flags: Flags) -> None:
        self.drafts = drafts
        self.joins = joins
        self.document = document
        self.flags = flags

    def resolve(self, draft: Draft, directive_name: str) -> None:
        """Fills in a model's relations of one kind; Amplify takes the kinds one after the other, for all models."""
        for node in draft.written:
            directive = find(node, directive_name)
            if directive is None:
                continue
            match directive_name:
                case "manyToMany":
                    relation = self._many_to_many(draft, node, directive)
                case "hasMany":
                    relation = self._has_many(draft, node, directive)
                case _:
                    relation = self._to_one(draft, node, directive, RelationKind(directive_name))
            draft.members[node.name.value] = relation

    def _many_to_many(self, draft: Draft, node: FieldDefinitionNode, directive: DirectiveNode) -> Relation:
        join = self.joins[str(string(directive, "relationName"))]
        index = join.index_of(draft.name, node)
        return Relation(
            node.name.value,
            RelationKind.HAS_MANY,
            join.name,
            fields=draft.key,
            target_fields=(index.hash, *index.sort),
            index=index.name,
            rules=rules_of(node, self.flags),
        )

    def _has_many(self, draft: Draft, node: FieldDefinitionNode, directive: DirectiveNode) -> Relation:
        target = self._target(draft, node)
        if not type_of(node.type).is_list:
            raise ImportRefused(
                f"@hasMany on {draft.name}.{node.name.value} needs a list.",
                f"Write `[{target.name}]`, or @hasOne for a single one.",
                node=node,
            )
        if "limit" in arguments(directive):
            self.document.notice(
                f"{draft.name}.{node.name.value}: the default page size of @hasMany is left out.", node
            )
        index_name = string(directive, "indexName")
        fields = strings(directive, "fields")
        self._check_own_fields(draft, fields, directive)
        # Amplify adds the implied key even where an index makes it needless, and clients may write it.
        implied = () if fields else self._implied_keys(draft, node, draft, holder=target)
        if index_name:
            found = next((each for each in target.indexes if each.name == index_name), None)
            if found is None:
                raise ImportRefused(
                    f"@hasMany on {draft.name}.{node.name.value} follows the index {index_name}, "
                    f"which {target.name} does not have.",
                    f'Add @index(name: "{index_name}") to the field of {target.name} that names its {draft.name}.',
                    node=directive,
                )
            fields = fields or draft.key[:1]
            target_fields = (found.hash, *found.sort)[: len(fields)]
        elif fields:
            target_fields = target.key[: len(fields)]
        else:
            fields = draft.key
            target_fields = implied
        self._check_lengths(draft, node, fields, target_fields)
        return Relation(
            node.name.value,
            RelationKind.HAS_MANY,
            target.name,
            fields,
            target_fields,
            index=index_name,
            rules=rules_of(node, self.flags),
        )

    def _to_one(
        self, draft: Draft, node: FieldDefinitionNode, directive: DirectiveNode, kind: RelationKind
    ) -> Relation:
        target = self._target(draft, node)
        if type_of(node.type).is_list:
            raise ImportRefused(
                f"@{directive.name.value} on {draft.name}.{node.name.value} leads to one row, not to a list.",
                f"Write `{target.name}`, or use @hasMany.",
                node=node,
            )
        fields = strings(directive, "fields")
        self._check_own_fields(draft, fields, directive)
        if not fields:
            bare = kind is RelationKind.BELONGS_TO and not self._faces_has_one(draft, node)
            fields = self._keys_of_has_many(draft, node, target) if bare else self._implied_keys(draft, node, target)
        target_fields = target.key[: len(fields)]
        self._check_lengths(draft, node, fields, target_fields)
        return Relation(
            node.name.value,
            kind,
            target.name,
            fields,
            target_fields,
            required=isinstance(node.type, NonNullTypeNode),
            rules=rules_of(node, self.flags),
        )

    def _implied_keys(
        self, owner: Draft, node: FieldDefinitionNode, named_after: Draft, *, holder: Draft | None = None
    ) -> tuple[str, ...]:
        """Adds the fields that hold a key: `postCommentsId`. They stand on the holder, or on the owner itself."""
        holder = holder or owner
        required = isinstance(node.type, NonNullTypeNode)
        names = self._key_names(owner, node.name.value, named_after)
        for name, part in zip(names, named_after.key, strict=True):
            holder.add(name, TypeRef(named_after.base_type(part), required))
        return names

    def _key_names(self, owner: Draft, field: str, named_after: Draft) -> tuple[str, ...]:
        hash_, *sort = named_after.key
        suffixes = (hash_ if self.flags.key_named_suffix else "id", *sort)
        return tuple(joined(owner.name, field, suffix) for suffix in suffixes)

    def _facing(self, draft: Draft, node: FieldDefinitionNode) -> FieldDefinitionNode | None:
        """The first @hasOne or @hasMany of the other model that leads back."""
        target = self._target(draft, node)
        for each in target.written:
            if type_of(each.type).name == draft.name and (find(each, "hasOne") or find(each, "hasMany")):
                return each
        return None

    def _faces_has_one(self, draft: Draft, node: FieldDefinitionNode) -> bool:
        facing = self._facing(draft, node)
        return facing is not None and find(facing, "hasOne") is not None

    def _keys_of_has_many(self, draft: Draft, node: FieldDefinitionNode, target: Draft) -> tuple[str, ...]:
        """The foreign key of a bare `@belongsTo`: the one that the other model's `@hasMany` implies or follows."""
        facing = self._facing(draft, node)
        directive = find(facing, "hasMany") if facing else None
        if facing is None or directive is None:
            raise ImportRefused(
                f"@belongsTo on {draft.name}.{node.name.value} names no fields, and {target.name} has no @hasOne or "
                f"@hasMany that leads back.",
                f'Write @belongsTo(fields: ["…"]), or add the other side to {target.name}.',
                node=node,
            )
        index_name = string(directive, "indexName")
        if not index_name:
            return self._implied_keys(target, facing, target, holder=draft)
        index = next((each for each in draft.indexes if each.name == index_name), None)
        if index is None:
            raise ImportRefused(
                f"{target.name}.{facing.name.value} follows the index {index_name}, which {draft.name} does not have.",
                f'Add @index(name: "{index_name}") to the field of {draft.name} that names its {target.name}.',
                node=directive,
            )
        return (index.hash, *index.sort)[: len(target.key)]

    def _target(self, draft: Draft, node: FieldDefinitionNode) -> Draft:
        name = type_of(node.type).name
        if name not in self.drafts:
            raise ImportRefused(
                f"{draft.name}.{node.name.value} leads to {name}, which is no @model type.",
                f"Define `type {name} @model`, or remove the relation.",
                node=node,
            )
        return self.drafts[name]

    def _check_own_fields(self, draft: Draft, names: tuple[str, ...], node: Node) -> None:
        for name in names:
            if not draft.field(name):
                raise ImportRefused(
                    f"the relation names {draft.name}.{name}, which is no field that holds a value.",
                    f"Add it to {draft.name}, or name the field that holds the key.",
                    node=node,
                )

    def _check_lengths(
        self, draft: Draft, node: FieldDefinitionNode, fields: tuple[str, ...], target_fields: tuple[str, ...]
    ) -> None:
        if len(fields) != len(target_fields):
            raise ImportRefused(
                f"{draft.name}.{node.name.value} matches {len(fields)} fields with {len(target_fields)}.",
                "Name as many fields as the key or index on the other side has.",
                node=node,
            )
