"""The catalog holds what Amplify's model introspection says, from which Gen 2 clients build their queries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.catalog.model import Catalog, Field, Model, Relation, RelationKind
from service.importer import catalog_from_sdl

CASES = Path(__file__).parent / "cases"
NAMES = ("inventory", "erp")
KINDS = {
    RelationKind.BELONGS_TO: "BELONGS_TO",
    RelationKind.HAS_ONE: "HAS_ONE",
    RelationKind.HAS_MANY: "HAS_MANY",
}


@pytest.fixture(scope="module", params=NAMES)
def imported(request: pytest.FixtureRequest) -> tuple[Catalog, dict[str, Any]]:
    folder = CASES / request.param
    introspection = json.loads((folder / "introspection.json").read_text())
    return catalog_from_sdl((folder / "in.graphql").read_text()), introspection


def test_models_enums_and_types(imported: tuple[Catalog, dict[str, Any]]):
    catalog, theirs = imported
    assert [each.name for each in catalog.models] == list(theirs["models"])
    assert {each.name: list(each.values) for each in catalog.enums} == {
        name: each["values"] for name, each in theirs["enums"].items()
    }
    assert {each.name: list(each.order) for each in catalog.objects} == {
        name: list(each["fields"]) for name, each in theirs["nonModels"].items()
    }
    assert {each.name: each.plural for each in catalog.models} == {
        name: each["pluralName"] for name, each in theirs["models"].items()
    }


def test_fields_with_their_types(imported: tuple[Catalog, dict[str, Any]]):
    catalog, theirs = imported
    for model in catalog.models:
        fields = theirs["models"][model.name]["fields"]
        assert set(model.order) - _implicit_owners(model) == set(fields)
        assert {each.name: _described(each) for each in model.fields if each.name in fields} == {
            name: _description(each, model) for name, each in fields.items() if "model" not in each["type"]
        }


def test_relations(imported: tuple[Catalog, dict[str, Any]]):
    catalog, theirs = imported
    for model in catalog.models:
        fields = theirs["models"][model.name]["fields"]
        assert {each.name: _relation(each) for each in model.relations} == {
            name: _association(each, catalog) for name, each in fields.items() if "association" in each
        }


def test_keys_and_indexes(imported: tuple[Catalog, dict[str, Any]]):
    catalog, theirs = imported
    for model in catalog.models:
        described = theirs["models"][model.name]
        key = described["primaryKeyInfo"]
        assert model.key == (key["primaryKeyFieldName"], *key["sortKeyFieldNames"])
        indexes = [each["properties"] for each in described["attributes"] if each["type"] == "key"]
        assert [(each.name, (each.hash, *each.sort)) for each in model.indexes] == [
            (each["name"], tuple(each["fields"])) for each in indexes if "name" in each
        ]
        assert {each["name"]: each["queryField"] for each in indexes if "queryField" in each}.items() <= {
            each.name: each.query for each in model.indexes
        }.items()


def test_rules(imported: tuple[Catalog, dict[str, Any]]):
    catalog, theirs = imported
    for model in catalog.models:
        attributes = theirs["models"][model.name]["attributes"]
        rules = [rule for each in attributes if each["type"] == "auth" for rule in each["properties"]["rules"]]
        expected = list(dict.fromkeys((rule["allow"], tuple(rule.get("groups", ()))) for rule in rules))
        ours = [(rule.allow.value, rule.groups) for rule in model.rules]
        # The introspection repeats a many-to-many's equal rules, which its SDL does not.
        assert list(dict.fromkeys(ours)) == expected


def test_custom_operations(imported: tuple[Catalog, dict[str, Any]]):
    catalog, theirs = imported
    described = {"Query": theirs.get("queries", {}), "Mutation": theirs.get("mutations", {})}
    expected = {
        (root, name): {key: each["isRequired"] for key, each in operation.get("arguments", {}).items()}
        for root, operations in described.items()
        for name, operation in operations.items()
    }
    assert {
        (each.root.value, each.name): {argument.name: argument.type.required for argument in each.arguments}
        for each in catalog.operations
    } == expected


def _implicit_owners(model: Model) -> set[str]:
    """Owners that nobody declared: the SDL has them, the introspection leaves them out."""
    stamps = {model.timestamps.created, model.timestamps.updated}
    return {each.name for each in model.fields if not each.in_input and each.name not in stamps}


def _described(field: Field) -> tuple[str, bool, bool, bool]:
    type_ = field.type
    return type_.name, type_.is_list, type_.element_required if type_.is_list else type_.required, type_.required


def _description(field: dict[str, Any], model: Model) -> tuple[str, bool, bool, bool]:
    """Type, list, and whether an element and the whole are required; both are one unless it is a list."""
    name = field["type"] if isinstance(field["type"], str) else next(iter(field["type"].values()))
    required = field["isRequired"]
    if field.get("isReadOnly"):
        required = True  # the introspection says a timestamp is optional, the SDL that it is not
    if model.is_join and field["name"] in {each.fields[0] for each in model.relations}:
        required = True  # likewise for the keys of a many-to-many
    whole = not field["isArrayNullable"] if field["isArray"] else required
    return name, field["isArray"], required, whole


def _relation(relation: Relation) -> tuple[str, str, tuple[str, ...]]:
    fields = relation.target_fields if relation.is_many else relation.fields
    return KINDS[relation.kind], relation.target, fields


def _association(field: dict[str, Any], catalog: Catalog) -> tuple[str, str, tuple[str, ...]]:
    """The kind, the target, and the key: of this model for one row, of the target for many."""
    association = field["association"]
    target = catalog.model_by_name[field["type"]["model"]]
    if association["connectionType"] != "HAS_MANY":
        return association["connectionType"], target.name, tuple(association["targetNames"])
    # It names the relation that leads back, or the field itself.
    found = [target.relation_by_name.get(name) for name in association["associatedWith"]]
    fields = [
        name
        for back, given in zip(found, association["associatedWith"], strict=True)
        for name in (back.fields if back else (given,))
    ]
    return "HAS_MANY", target.name, tuple(fields)
