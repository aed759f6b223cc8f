"""A packaged catalog is the catalog, exactly, and is read in a moment."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import orjson
import pytest

from service.catalog import model as model_module
from service.catalog.model import Catalog, Field, Model, Operation, Relation, RelationKind, Root, Rule, TypeRef
from service.catalog.packaged import dump, load, shipped, type_from_text
from service.importer import catalog_from_sdl

CASES = sorted((Path(__file__).parent / "cases").glob("*/in.graphql"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.parent.name)
def test_round_trip_is_exact(case: Path):
    catalog = catalog_from_sdl(case.read_text())
    data = dump(catalog)
    assert load(data) == catalog
    assert dump(load(data)) == data


def test_every_member_of_every_dataclass_survives():
    rule = Rule(model_module.Allow.OWNER, owner_field="o", access=frozenset({model_module.Access.GET}))
    field = Field(
        "f",
        TypeRef("Int", required=True, is_list=True, element_required=True),
        "c",
        default="1",
        rules=(rule,),
        in_input=False,
        at_least=1,
    )
    full = Catalog(
        models=(
            Model(
                name="M",
                plural="Ms",
                table="t",
                fields=(field,),
                key=("f", "g"),
                operations=model_module.Operations("a", "b", "c", "d", "e", ("f",), ("g",), ("h",)),
                relations=(
                    Relation(
                        "r",
                        RelationKind.HAS_ONE,
                        "N",
                        ("f",),
                        ("g",),
                        "i",
                        required=True,
                        rules=(rule,),
                        on_delete=model_module.OnDelete.CASCADE,
                    ),
                ),
                indexes=(model_module.Index("i", "f", ("g",), "q", unique=True),),
                rules=(rule,),
                timestamps=model_module.Timestamps("x", None),
                unresolved=(field,),
                order=("f",),
                names_key=True,
                is_join=True,
                module="m",
                description="d",
                tenant=field,
            ),
        ),
        enums=(model_module.EnumType("E", ("A",)),),
        objects=(model_module.ObjectType("O", (field,), (field,), ("f",)),),
        inputs=(model_module.InputType("I", (field,)),),
        operations=(Operation(Root.SUBSCRIPTION, "s", TypeRef("M"), (field,), "fn", (rule,), ("createM",)),),
        default_provider=model_module.Provider.IAM,
        integrity=model_module.Integrity.ENFORCED,
    )
    members = [full.models[0], full.models[0].relations[0], full.models[0].indexes[0], full.operations[0], field, full]
    for value in members:  # a member that is left at its default would prove nothing
        left = [
            each.name
            for each in dataclasses.fields(value)
            if each.default is not dataclasses.MISSING and getattr(value, each.name) == each.default
        ]
        assert left == []
    assert load(dump(full)) == full


@pytest.mark.parametrize("text", ["String", "String!", "[String]", "[String!]", "[String]!", "[String!]!"])
def test_a_type_is_read_back_from_its_text(text: str):
    assert str(type_from_text(text)) == text


def test_another_version_is_refused():
    content = orjson.loads(dump(Catalog(models=())))
    with pytest.raises(ValueError, match="is of version 0, not 2"):
        load(orjson.dumps(content | {"version": 0}))


def test_in_enforced_integrity_nothing_may_be_called_as_the_audit_trail_is():
    shipped_ = shipped()
    product = shipped_.model_by_name["Product"]
    for wrong, message in (
        ({"models": (dataclasses.replace(product, name="AuditEntry"),)}, "AuditEntry is the audit trail's own name"),
        ({"enums": (model_module.EnumType("AuditEntry", ("A",)),)}, "AuditEntry is the audit trail's own name"),
        ({"models": (dataclasses.replace(product, table="audit_entry"),)}, "give Product another __tablename__"),
    ):
        clashing = dataclasses.replace(shipped_, **wrong)
        with pytest.raises(ValueError, match=message):
            load(dump(clashing))
        assert load(dump(clashing.as_legacy())) == clashing.as_legacy()  # which keeps no trail
