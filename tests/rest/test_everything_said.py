"""What no operation of the OpenAPI document may lack, and that nothing of the door is made for one model."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from service.catalog.model import Catalog
from service.errors import NotFound
from service.rest.openapi.document import openapi_document
from service.rest.resources import resources_of
from service.rest.routes import Branch, Routes
from tests.contracts.cases import catalog

DOOR = Path(__file__).parents[2] / "service" / "rest"
EVERY_REFUSAL = {"400", "401", "403", "406", "413", "429", "500", "503", "504"}


@pytest.fixture(scope="module", params=["inventory", "custom", "relations"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return openapi_document(catalog(request.param))


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_has_all_that_a_reader_and_a_generator_need(document: dict[str, Any]):
    tags = {each["name"] for each in document["tags"]}
    schemes = set(document["components"]["securitySchemes"])
    for name, operation in operations(document):
        assert {"operationId", "summary", "description", "tags", "security", "responses"} <= operation.keys(), name
        assert set(operation["tags"]) <= tags, name
        assert operation["security"], name
        assert {scheme for each in operation["security"] for scheme in each} <= schemes, name
        assert operation["responses"].keys() >= EVERY_REFUSAL, name
        assert any(status.startswith("2") for status in operation["responses"]), name
    for name, response in document["components"]["responses"].items():
        [(kind, content)] = response["content"].items()
        assert (kind, content["schema"]["$ref"]) == ("application/problem+json", "#/components/schemas/rest.Problem")
        assert {"example"} <= content.keys(), name


def test_every_body_has_an_example_that_it_allows(document: dict[str, Any]):
    registry = Registry().with_resource("urn:document", Resource(document, DRAFT202012))
    bodies = {
        content["schema"].get("$ref", name): content["schema"]
        for name, operation in operations(document)
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }
    assert len(bodies) > 10
    for name, schema in bodies.items():
        target = _at(document, schema["$ref"]) if "$ref" in schema else schema
        assert target.get("examples"), name
        absolute = json.loads(json.dumps(target).replace('"#/', '"urn:document#/'))
        for example in target["examples"]:
            Draft202012Validator(absolute, registry=registry).validate(example)


def test_what_may_be_sorted_by_is_listed(document: dict[str, Any]):
    parameters = document["components"]["parameters"]
    sorts = {key: each for key, each in parameters.items() if key.endswith(".sort")}
    assert sorts
    for key, each in sorts.items():
        names = _at(document, each["schema"]["items"]["$ref"])["enum"]
        assert {f"-{name}" for name in names if name[0] != "-"} == {name for name in names if name[0] == "-"}, key
        assert (each["schema"]["maxItems"], each["schema"]["uniqueItems"]) == (5, True)


def _at(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


class _Counted(dict[str, Branch]):
    """Branches that are looked up, and counts how often; looking through them would be one for each model."""

    lookups = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.lookups += 1
        return super().get(key, default)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("looked through")

    items = keys = values = __iter__  # type: ignore[assignment]


@pytest.mark.parametrize("name", ["inventory", "erp"])
@pytest.mark.parametrize("below", ["", "/x", "/x/y", "/x/y/z", "s"])
def test_an_address_is_one_lookup_however_many_models_there_are(name: str, below: str):
    branches = _Counted({each.name: Branch({"GET": _nothing}) for each in resources_of(catalog(name))})
    last = resources_of(catalog(name))[-1].name
    with suppress(NotFound):  # whether there is something is not the question
        Routes(branches).find(f"/v1/{last}{below}")
    assert branches.lookups == 1


async def _nothing(_request: Any) -> Any: ...


def test_no_model_is_named_in_the_code(enforced: Catalog):
    """But for examples in docstrings and messages, which are longer than a name."""
    resources = resources_of(enforced)
    models = [each.model for each in resources if each.model.name != "AuditEntry"]
    names = {name for each in models for name in (each.name, each.plural, each.table)}
    names |= {each.name for each in resources if each.model in models}
    for file in DOOR.rglob("*.py"):
        tree = ast.parse(file.read_text())
        said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not (said | called) & names, file
