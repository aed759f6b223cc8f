"""`@model` types → drafts: fields, key, indexes, operation names; relations come after all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from graphql import DirectiveNode, FieldDefinitionNode, ObjectTypeDefinitionNode

from service.catalog.model import Field, Index, Operations, Relation, Rule, Timestamps, TypeRef
from service.catalog.plurals import default_index_name, plural_of, standard_operations
from service.importer.directives import argument_names, arguments, find, find_all, string, strings, type_of
from service.importer.drafts import Draft, Unresolved
from service.importer.flags import Flags
from service.importer.read import Document
from service.importer.refusal import ImportRefused
from service.importer.rules import rules_of

RELATIONS = ("hasMany", "hasOne", "manyToMany", "belongsTo")
"""The relation directives, in the order in which Amplify resolves them."""


def draft_model(
    node: ObjectTypeDefinitionNode, document: Document, models: set[str], flags: Flags, global_: tuple[Rule, ...]
) -> Draft:
    """A model with everything that can be read from its own type, and the names of all `models`, alone."""
    name = node.name.value
    directive = find(node, "model")
    config = arguments(directive) if directive else {}
    plural = plural_of(name)
    draft = Draft(
        name=name,
        node=node,
        plural=plural,
        operations=operations_of(name, plural, config),
        rules=rules_of(node, flags) or ("auth" not in _names(node.directives or ()) and global_) or (),
        timestamps=_timestamps(config),
    )
    for each in draft.written:
        _draft_member(draft, each, document, models, flags)
    _set_key(draft)
    for each in draft.written:
        for index in find_all(each, "index"):
            draft.indexes.append(_index(draft, each, index, flags))
    _refuse_equal_indexes(draft)
    return draft


def operations_of(name: str, plural: str, config: dict[str, Any]) -> Operations:
    """The root fields of a model: Amplify's names, with what `@model(…)` renames or switches off (null)."""
    standard = standard_operations(name, plural)
    queries = _merged(config, "queries", {"get": standard.get, "list": standard.list})
    mutations = _merged(
        config, "mutations", {"create": standard.create, "update": standard.update, "delete": standard.delete}
    )
    events = {"onCreate": standard.on_create, "onUpdate": standard.on_update, "onDelete": standard.on_delete}
    subscriptions = _merged(config, "subscriptions", {**events, "level": "on"})
    # A subscription listens to a mutation: without the mutation there is nothing to listen to.
    heard = {
        event: _listed(subscriptions.get(event)) if mutations.get(event.removeprefix("on").lower()) else ()
        for event in (events if subscriptions.get("level") != "off" else ())
    }
    return Operations(
        **{name: queries.get(name) for name in ("get", "list")},
        **{name: mutations.get(name) for name in ("create", "update", "delete")},
        on_create=heard.get("onCreate", ()),
        on_update=heard.get("onUpdate", ()),
        on_delete=heard.get("onDelete", ()),
    )


def _merged(config: dict[str, Any], name: str, defaults: dict[str, Any]) -> dict[str, Any]:
    """The defaults with what is given laid over them; null for the whole switches all of it off."""
    if name not in config:
        return defaults
    given = config[name]
    return {**defaults, **{key: value for key, value in given.items() if value != []}} if given else {}


def _listed(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else (str(value),)


def _timestamps(config: dict[str, Any]) -> Timestamps:
    given = _merged(config, "timestamps", {"createdAt": "createdAt", "updatedAt": "updatedAt"})
    return Timestamps(given.get("createdAt"), given.get("updatedAt"))


def _names(directives: tuple[DirectiveNode, ...]) -> set[str]:
    return {each.name.value for each in directives}


def _draft_member(draft: Draft, node: FieldDefinitionNode, document: Document, models: set[str], flags: Flags) -> None:
    name = node.name.value
    type_ = type_of(node.type)
    if name.startswith("__"):
        raise ImportRefused(
            f"{draft.name}.{name} begins with two underscores, which GraphQL keeps for itself.",
            "Give the field another name.",
            node=node,
        )
    if any(find(node, relation) for relation in RELATIONS):
        draft.members[name] = None
    elif type_.name in models:
        draft.members[name] = Unresolved(type_)
        document.notice(
            f"{draft.name}.{name} has the type {type_.name} but no relation directive: it is always null, "
            "as it was. Add @hasMany, @hasOne or @belongsTo if it should lead somewhere.",
            node,
            needs_person=True,
        )
    else:
        default = find(node, "default")
        draft.members[name] = Field(
            name, type_, default=string(default, "value") if default else None, rules=rules_of(node, flags)
        )


def _set_key(draft: Draft) -> None:
    for node in draft.written:
        directive = find(node, "primaryKey")
        if directive:
            sort = strings(directive, "sortKeyFields")
            _check_fields(draft, sort, directive)
            draft.key = (node.name.value, *sort)
            draft.names_key = True
            return


def _index(draft: Draft, node: FieldDefinitionNode, directive: DirectiveNode, flags: Flags) -> Index:
    hash_ = node.name.value
    sort = strings(directive, "sortKeyFields")
    _check_fields(draft, (hash_, *sort), directive)
    default = default_index_name(draft.plural, (hash_, *sort))
    query = string(directive, "queryField")
    if query is None and flags.automatic_queries and "queryField" not in argument_names(directive):
        query = default
    return Index(string(directive, "name") or default, hash_, sort, query)


def _check_fields(draft: Draft, names: tuple[str, ...], directive: DirectiveNode) -> None:
    # A timestamp that the server adds can be a sort key before it is there.
    late = {draft.timestamps.created, draft.timestamps.updated}
    for name in names:
        if not draft.field(name) and name not in late:
            raise ImportRefused(
                f"@{directive.name.value} names {draft.name}.{name}, which is no field that holds a value.",
                f"Use a field of {draft.name} with a scalar or enum type.",
                node=directive,
            )


def _refuse_equal_indexes(draft: Draft) -> None:
    seen: set[str] = set()
    for index in draft.indexes:
        if index.name in seen:
            raise ImportRefused(
                f"{draft.name} has two indexes named {index.name}.", "Give each its own name.", node=draft.node
            )
        seen.add(index.name)


def finish(draft: Draft) -> None:
    """Adds what the server adds: an id if there is no key, and the timestamps."""
    if draft.key == ("id",):
        draft.add("id", TypeRef("ID", required=True))
    for name in (draft.timestamps.created, draft.timestamps.updated):
        if name:
            draft.add(name, TypeRef("AWSDateTime", required=True), in_input=False)


def drop_dead_rules(draft: Draft, document: Document) -> None:
    """Leaves out rules about groups in a field that the model has not: they can match no row."""
    draft.rules = tuple(_living(draft, draft.rules, document))
    for name, member in draft.members.items():
        if isinstance(member, Field | Relation) and member.rules:
            draft.members[name] = replace(member, rules=tuple(_living(draft, member.rules, document)))


def _living(draft: Draft, rules: tuple[Rule, ...], document: Document) -> Iterator[Rule]:
    for rule in rules:
        if rule.groups_field and not draft.field(rule.groups_field):
            document.notice(
                f"a rule of {draft.name} names groups in the field {rule.groups_field}, which there is not: "
                "it lets nobody in and is left out.",
                draft.node,
                needs_person=True,
            )
        else:
            yield rule


def add_owners(draft: Draft) -> None:
    """Adds the owner fields that rules name and the author did not write; no input shows them."""
    fields = [member for member in draft.members.values() if member is not None]
    rules = (*draft.rules, *(rule for each in fields for rule in each.rules))
    for rule in rules:
        if rule.owner_field:
            draft.add(rule.owner_field, TypeRef("String"), in_input=False)
