"""What is asked of every model, made from the catalog: every operation, with keys and values of another organization.

Each question is one document and its variables. Documents are few and variables many, so that each is compiled once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.catalog.model import Catalog, Model, Relation
from tests.access.organizations import BOTH, OURS, THEIRS, row_of

MISSING = "missing"
"""The key of no row."""


@dataclass(frozen=True)
class Question:
    """A document and what is asked with it."""

    what: str
    document: str
    variables: Mapping[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------- reads


def reads(model: Model, catalog: Catalog) -> Iterator[Question]:
    """Every way to read rows of a model."""
    shown = selection(model, catalog, depth=1 if model.name == "Organization" else 2)  # it leads to everything
    key = [model.field_by_name[name] for name in model.key]
    get = (
        f"query ({', '.join(f'${each.name}: {each.type}' for each in key)}) "
        f"{{ {model.operations.get}({', '.join(f'{each.name}: ${each.name}' for each in key)}) {shown} }}"
    )
    for name in ("ours-0", "ours-stray", "theirs-0", "theirs-stray", BOTH, OURS, THEIRS, MISSING):
        yield Question(f"get {name}", get, key_of(model, catalog, name))
    shown = selection(model, catalog, depth=1)
    listed = (
        f"query ($filter: Model{model.name}FilterInput, $limit: Int) "
        f"{{ {model.operations.list}(filter: $filter, limit: $limit) {{ items {shown} nextToken }} }}"
    )
    for what, filter_ in filters(model):
        yield Question(f"list {what}", listed, {"filter": filter_, "limit": 100})
    yield Question("first page", listed, {"limit": 1})
    for index in model.indexes:
        if index.query is None:
            continue
        type_ = model.field_by_name[index.hash].type.nullable
        by_index = (
            f"query ($value: {type_}!, $direction: ModelSortDirection) "
            f"{{ {index.query}({index.hash}: $value, sortDirection: $direction, limit: 100) "
            f"{{ items {_keys(model, catalog, 0)} nextToken }} }}"
        )
        values = [
            row_of(model, catalog, *of)[index.hash] for of in ((OURS, "ours-0"), (THEIRS, "theirs-0"), (OURS, BOTH))
        ]
        for value in dict.fromkeys(values):
            yield Question(f"{index.query} {value}", by_index, {"value": value, "direction": "ASC"})
        yield Question(f"{index.query} backwards", by_index, {"value": values[-1], "direction": "DESC"})


def filters(model: Model) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Filters that would find rows of theirs, if any could be found: by what they hold, and by what they are not."""
    texts = [each.name for each in model.fields if each.type.name in {"ID", "String"} and not each.type.is_list]
    yield "all", None
    yield "of theirs", {"or": [{name: {"contains": THEIRS}} for name in texts]}
    yield "not of ours", {"not": {texts[0]: {"beginsWith": OURS}}}
    yield "anything", {"or": [{texts[0]: {"ne": "x"}}, {texts[0]: {"eq": "x"}}]}


def selection(model: Model, catalog: Catalog, depth: int) -> str:
    """Every field, and the keys of related rows, as deep as that."""
    fields = [f"{each.name} {_inside(each.type.name, catalog)}" for each in model.fields]
    return f"{{ {' '.join([*fields, *_related(model, catalog, depth)])} }}"


def _keys(model: Model, catalog: Catalog, depth: int) -> str:
    return f"{{ {' '.join([*model.key, *_related(model, catalog, depth)])} }}"


def _related(model: Model, catalog: Catalog, depth: int) -> list[str]:
    return [_relation(each, catalog, depth - 1) for each in model.relations] if depth else []


def _relation(relation: Relation, catalog: Catalog, depth: int) -> str:
    shown = _keys(catalog.model_by_name[relation.target], catalog, depth)
    return (
        f"{relation.name}(limit: 50) {{ items {shown} nextToken }}" if relation.is_many else f"{relation.name} {shown}"
    )


def _inside(type_name: str, catalog: Catalog) -> str:
    if type_name not in catalog.object_by_name:
        return ""
    fields = catalog.object_by_name[type_name].fields
    return f"{{ {' '.join(f'{each.name} {_inside(each.type.name, catalog)}' for each in fields)} }}"


def key_of(model: Model, catalog: Catalog, name: str) -> dict[str, Any]:
    """The key of the row of that name."""
    organization = THEIRS if name.startswith(THEIRS) else OURS
    row = row_of(model, catalog, organization, name)
    return {each: row[each] for each in model.key}


# ---------------------------------------------------------------- writes


def writes(model: Model, catalog: Catalog) -> Iterator[Question]:
    """Every way to write rows of a model, aimed at rows of theirs; none refers to a row that a later one deletes."""
    yield from _creates(model, catalog)
    yield from _updates(model, catalog)
    yield from _deletes(model, catalog)


def input_of(model: Model, catalog: Catalog, name: str, **changed: Any) -> dict[str, Any]:
    """The input of a create: a new row of ours with references to ours, which is valid, and then what is changed."""
    row = row_of(model, catalog, OURS, "ours-0") | _own(model, name)
    return {each.name: row[each.name] for each in model.fields if each.in_input and not each.rules} | changed


def _own(model: Model, name: str) -> dict[str, str]:
    """What no two rows may have the same of."""
    unique = {each.hash for each in model.indexes if each.unique}
    return dict.fromkeys((*unique, model.key[-1]), name)


def _write(model: Model, catalog: Catalog, kind: str) -> str:
    shown = selection(model, catalog, depth=1)
    return (
        f"mutation ($input: {kind.title()}{model.name}Input!, $condition: Model{model.name}ConditionInput) "
        f"{{ {getattr(model.operations, kind)}(input: $input, condition: $condition) {shown} }}"
    )


def _creates(model: Model, catalog: Catalog) -> Iterator[Question]:
    if model.operations.create is None:
        return
    document = _write(model, catalog, "create")
    given = {"as it should be": input_of(model, catalog, "new-0")}
    if model.name != "Organization":
        given["with a key of theirs"] = input_of(model, catalog, "new-1") | key_of_theirs(model, catalog)
        given["with a key of ours"] = input_of(model, catalog, "new-2") | key_of(model, catalog, "ours-1")
    for index in model.indexes:
        if index.unique:
            value = row_of(model, catalog, THEIRS, "theirs-0")[index.hash]
            given[f"with {index.hash} of theirs"] = input_of(model, catalog, "new-3", **{index.hash: value})
    for number, (what, change) in enumerate(aimed(model)):
        given[what] = input_of(model, catalog, f"new-{4 + number}") | change
    for what, input_ in given.items():
        yield Question(f"create {what}", document, {"input": input_})


def key_of_theirs(model: Model, catalog: Catalog) -> dict[str, Any]:
    """The part of a key of theirs that refers to nothing; of a row that nothing else here is about."""
    return {model.key[-1]: key_of(model, catalog, "theirs-9")[model.key[-1]]}


def aimed(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes that would put a row into their organization, or make it refer to a row of theirs, or to none."""
    if model.tenant in model.fields and model.name != "Organization":
        assert model.tenant is not None
        yield "for their organization", {model.tenant.name: THEIRS}
    for relation in model.relations:
        if not relation.is_many and (model.tenant is None or relation.fields != (model.tenant.name,)):
            yield f"with their {relation.name}", {relation.fields[-1]: "theirs-0"}
            yield f"with a missing {relation.name}", {relation.fields[-1]: MISSING}


def _updates(model: Model, catalog: Catalog) -> Iterator[Question]:
    if model.operations.update is None:
        return
    document = _write(model, catalog, "update")
    touching = touched(model)
    for name in ("theirs-0", "theirs-stray", "theirs-1", THEIRS, MISSING, BOTH, "ours-stray"):
        yield Question(f"update {name}", document, {"input": key_of(model, catalog, name) | touching})
    condition = {next(iter(touching)): {"attributeExists": True}} if touching else None
    for name in ("theirs-0", MISSING, BOTH):
        variables = {"input": key_of(model, catalog, name) | touching, "condition": condition}
        yield Question(f"update {name} if", document, variables)
    for what, change in aimed(model):
        if not set(change) & set(model.key):
            yield Question(f"update {what}", document, {"input": key_of(model, catalog, "ours-1") | change})


def touched(model: Model) -> dict[str, Any]:
    """Harmless changes of a row."""
    return {each.name: _touched(each.type.name) for each in model.fields if _may_be_touched(model, each.name)}


def _may_be_touched(model: Model, name: str) -> bool:
    of = model.field_by_name[name]
    referring = {own for each in model.relations if not each.is_many for own in each.fields}
    taken = {*model.key, *referring, *(each.hash for each in model.indexes if each.unique), "owner", "organizationId"}
    return (
        of.in_input and not of.rules and name not in taken and of.type.name in {"String", "Int"} and not of.type.is_list
    )


def _touched(type_name: str) -> Any:
    return 8 if type_name == "Int" else "touched"


def _deletes(model: Model, catalog: Catalog) -> Iterator[Question]:
    if model.operations.delete is None:
        return
    document = _write(model, catalog, "delete")
    for name in ("theirs-0", "theirs-stray", THEIRS, MISSING):
        yield Question(f"delete {name}", document, {"input": key_of(model, catalog, name)})
    yield Question("delete new-1", document, {"input": {**key_of(model, catalog, "ours-0"), model.key[-1]: "new-0"}})
    yield Question("delete what both have", document, {"input": key_of(model, catalog, BOTH)})


# ---------------------------------------------------------------- beyond one model

SUGGESTED = "query ($of: ID!) { reorderSuggestions(organizationId: $of) { warehouseId quantity product { id } } }"
PLACED = "mutation ($input: PlacePurchaseOrderInput!) { placePurchaseOrder(input: $input) { number total } }"
RECEIVED = (
    "mutation ($id: ID!) { receivePurchaseOrder(purchaseOrderId: $id, lines: [{ lineNumber: 7, quantity: 1 }]) { id } }"
)
FAR = """
query ($id: ID!) { getProduct(id: $id) { ...Goods } }
fragment Goods on Product {
  suppliers { items { supplier { name products { items { product { ...Neighbours } } } } } }
  organization { users { items { email auditLogs { items { entityId } } roles { items { role { ...Holders } } } } } }
}
fragment Neighbours on Product { name category { name products { items { name } } } }
fragment Holders on Role { name users { items { id user { email } } } }
"""


def far_reads() -> Iterator[Question]:
    """Through many relations, and by fragments."""
    for name in ("ours-0", "ours-stray", "theirs-0", "theirs-stray", BOTH):
        yield Question(f"from {name} far", FAR, {"id": name})


def suggestions() -> Iterator[Question]:
    """The custom query, for ours, for theirs and for nobody."""
    for organization in (OURS, THEIRS, MISSING):
        yield Question(f"suggestions for {organization}", SUGGESTED, {"of": organization})


def custom_operations() -> Iterator[Question]:
    """The custom operations, with ids of theirs, of ours and of nothing.

    After the writes a product of ours has the id of one of theirs that cannot be ordered.
    """
    yield from suggestions()
    for what, changed in (
        ("placed", {}),
        ("with a number of theirs", {"number": "number of theirs-2 in theirs"}),
        ("for their organization", {"organizationId": THEIRS}),
        *(
            (f"with {name} {id_}", {name: id_})
            for name in ("supplierId", "warehouseId")
            for id_ in ("theirs-0", MISSING)
        ),
        *((f"with product {id_}", {"lines": [_line(id_)]}) for id_ in ("theirs-0", "theirs-9", MISSING)),
    ):
        order = {"organizationId": OURS, "number": what, "supplierId": "ours-0", "warehouseId": "ours-0"}
        yield Question(what, PLACED, {"input": order | {"lines": [_line("ours-0")]} | changed})
    for name in ("ours-0", "ours-1", "theirs-0", "theirs-1", "theirs-stray", MISSING):
        yield Question(f"received {name}", RECEIVED, {"id": name})


def _line(product: str) -> dict[str, Any]:
    return {"productId": product, "quantity": 2, "unitPrice": 1.5}
