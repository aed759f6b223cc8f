"""Parsed definitions → catalog: every name settled, every relation filled in, every type known."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable

from graphql import DirectiveNode, Node, ObjectTypeDefinitionNode

from service.catalog.columns import distinct_names
from service.catalog.model import Catalog, Field, Model, Provider, Relation, TypeRef
from service.catalog.scalars import SCALARS
from service.importer.custom import RESOLVED_BY, enum_type, input_type, object_type, operations
from service.importer.directives import KNOWN, Directed, type_of
from service.importer.drafts import Draft, Unresolved
from service.importer.flags import Flags
from service.importer.joins import joins_of
from service.importer.models import RELATIONS, add_owners, draft_model, drop_dead_rules, finish
from service.importer.read import Document
from service.importer.refusal import ImportRefused
from service.importer.relations import Relations
from service.importer.rules import global_rules
from service.importer.sections import section_names

GENERATED = re.compile(r"Model\w+(Connection|Input)|(Create|Update|Delete)\w+Input|Model(SortDirection|AttributeTypes)")
"""Names of types that a model generates, which a custom operation may use."""


def resolve(document: Document, default_provider: Provider, flags: Flags) -> Catalog:
    """The catalog of a document. What a person should know is added to the document's notices."""
    _refuse_no_model(document)
    global_ = global_rules(document.globals, flags)
    models = {node.name.value for node in document.models}
    drafts = {node.name.value: draft_model(node, document, models, flags, global_) for node in document.models}
    joins = joins_of(drafts, flags)
    relations = Relations(drafts, joins, document, flags)
    finished = [*drafts.values(), *(join.draft for join in joins.values())]
    for draft in finished:
        finish(draft)
    for kind in RELATIONS:
        for draft in drafts.values():
            relations.resolve(draft, kind)
    for draft in finished:
        drop_dead_rules(draft, document)
        add_owners(draft)
    _set_modules(document, drafts)
    for join in joins.values():
        join.draft.module = drafts[join.sides[0][0]].module
    tables = distinct_names(draft.plural for draft in finished)
    catalog = Catalog(
        models=tuple(_model(draft, tables[draft.plural], is_join=draft.node is None) for draft in finished),
        enums=tuple(enum_type(node) for node in document.enums),
        objects=tuple(object_type(node, set(drafts), flags) for node in document.objects),
        inputs=tuple(input_type(node) for node in document.inputs),
        operations=operations(document, flags, default_provider),
        default_provider=default_provider,
    )
    _refuse_unknown_types(document, catalog)
    _notice_rules(document, catalog)
    _notice_unknown_directives(document)
    return catalog


def _model(draft: Draft, table: str, *, is_join: bool) -> Model:
    columns = distinct_names(name for name, member in draft.members.items() if isinstance(member, Field))
    members = draft.members.items()
    return Model(
        name=draft.name,
        plural=draft.plural,
        table=table,
        fields=tuple(_with_column(each, columns) for _, each in members if isinstance(each, Field)),
        key=draft.key,
        operations=draft.operations,
        relations=tuple(each for _, each in members if isinstance(each, Relation)),
        indexes=tuple(draft.indexes),
        rules=draft.rules,
        timestamps=draft.timestamps,
        unresolved=tuple(
            Field(name, each.type, in_input=False) for name, each in members if isinstance(each, Unresolved)
        ),
        order=tuple(draft.members),
        names_key=draft.names_key,
        is_join=is_join,
        module=draft.module,
        description=_description(draft.node),
    )


def _with_column(field: Field, columns: dict[str, str]) -> Field:
    return Field(
        field.name, field.type, columns[field.name], default=field.default, rules=field.rules, in_input=field.in_input
    )


def _description(node: ObjectTypeDefinitionNode | None) -> str | None:
    return inspect.cleandoc(node.description.value) if node and node.description else None


def _refuse_no_model(document: Document) -> None:
    if document.models:
        return
    compiled = next((each for each in document.objects if re.fullmatch(r"Model\w+Connection", each.name.value)), None)
    if compiled:
        raise ImportRefused(
            "this is what Amplify compiled, without the directives that say what it means.",
            "Give the schema.graphql with the @model types that it was compiled from.",
            node=compiled,
        )
    unknown = next((each for node in document.objects for each in node.directives or () if _is_unknown(each)), None)
    if unknown:
        raise ImportRefused(
            f"@{unknown.name.value} is not known, and the schema has no @model type.",
            "Write @model behind the name of each type that has a table.",
            node=unknown,
        )
    raise ImportRefused("the schema has no @model type.", "Give the schema.graphql of an Amplify Gen 1 API.")


def _set_modules(document: Document, drafts: dict[str, Draft]) -> None:
    for name, section in section_names(document.models).items():
        drafts[name].module = section


def _refuse_unknown_types(document: Document, catalog: Catalog) -> None:
    stored = {*SCALARS, *catalog.enum_by_name, *catalog.object_by_name}
    returned = stored | set(catalog.model_by_name)
    taken = {*SCALARS, *catalog.enum_by_name, *(each.name for each in catalog.inputs)}
    for model in document.models:
        for field in model.fields or ():
            found = catalog.model_by_name[model.name.value].field_by_name.get(field.name.value)
            if found:
                _refuse_unknown([found.type], stored, f"{model.name.value}.{field.name.value}", field, document)
    for kind in document.objects:
        for field in kind.fields or ():
            _refuse_unknown([type_of(field.type)], returned, f"{kind.name.value}.{field.name.value}", field, document)
    for written, given in zip(document.inputs, catalog.inputs, strict=True):
        _refuse_unknown([each.type for each in given.fields], taken, given.name, written, document)
    nodes = [node for fields in document.roots.values() for node in fields]
    for node, operation in zip(nodes, catalog.operations, strict=True):
        name = f"{operation.root}.{operation.name}"
        _refuse_unknown([operation.type], returned, name, node, document)
        _refuse_unknown([each.type for each in operation.arguments], taken, name, node, document)


def _refuse_unknown(types: Iterable[TypeRef], known: set[str], where: str, node: Node, document: Document) -> None:
    for type_ in types:
        if type_.name in known or GENERATED.fullmatch(type_.name):
            continue
        kind = document.left_out.get(type_.name)
        raise ImportRefused(
            f"{where} has the type {type_.name}, and Amplify APIs have no {kind} of their own."
            if kind
            else f"{where} has the type {type_.name}, which the schema does not define.",
            "Use a type, an enum or one of AppSync's scalars." if kind else "Define it, or correct the name.",
            node=node,
        )


def _notice_rules(document: Document, catalog: Catalog) -> None:
    nodes = {node.name.value: node for node in document.models}
    for model in catalog.models:
        if not model.rules and not any(field.rules for field in model.fields):
            document.notice(
                f"{model.name} has no rule: nobody can use it. Add @auth, or `input AMPLIFY` for all.",
                nodes.get(model.name),
                needs_person=True,
            )


def _notice_unknown_directives(document: Document) -> None:
    types = [*document.models, *document.objects]
    fields = [field for type_ in types for field in type_.fields or ()]
    roots = [field for nodes in document.roots.values() for field in nodes]
    holders: list[Directed] = [*types, *fields, *roots]
    for node in holders:
        for directive in node.directives or ():
            if _is_unknown(directive):
                document.notice(
                    f"@{directive.name.value} is not known and has no effect.", directive, needs_person=True
                )


def _is_unknown(directive: DirectiveNode) -> bool:
    return directive.name.value not in KNOWN and directive.name.value not in RESOLVED_BY
