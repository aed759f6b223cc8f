"""What deployed frontends send is valid: generated documents, and the requests the real client made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import DocumentNode, GraphQLError, parse, validate
from graphql.execution.values import get_variable_values

from tests.contracts.cases import DATA, schema

GENERATED = sorted(DATA.glob("*/operations/*.graphql"))
CLIENT = json.loads((DATA / "inventory" / "client_documents.json").read_text())
SCALARS = json.loads((DATA / "inventory" / "scalars.json").read_text())


def refusals(name: str, query: str, variables: dict[str, Any]) -> list[GraphQLError]:
    """Why a request is refused before it is executed; empty if it is not."""
    document = parse(query)
    invalid = validate(schema(name), document)
    if invalid:
        return invalid
    coerced = get_variable_values(schema(name), document.definitions[0].variable_definitions or (), variables)
    return coerced if isinstance(coerced, list) else []


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_generated_documents_are_valid(path: Path):
    definitions = parse(path.read_text()).definitions
    assert len(definitions) > 30
    for definition in definitions:  # each is sent alone
        assert validate(schema(path.parts[-3]), DocumentNode(definitions=(definition,))) == []


@pytest.mark.parametrize("sent", CLIENT, ids=lambda sent: sent["name"])
def test_what_the_client_sends_is_valid(sent: dict[str, Any]):
    assert refusals("inventory", sent["query"], sent["variables"]) == []


@pytest.mark.parametrize("case", SCALARS, ids=lambda case: case["title"])
def test_scalars_accept_and_refuse_what_the_old_backend_did(case: dict[str, Any]):
    assert bool(refusals("inventory", case["query"], case["variables"])) is case["refused"]
