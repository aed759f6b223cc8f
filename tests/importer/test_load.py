"""A path is enough: the importer finds the schema of a project, its settings, and says what it took."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.catalog.model import Provider
from service.importer import ImportRefused, load_schema

SCHEMA = "type {name} @model @auth(rules: [{{ allow: private }}]) {{ id: ID! }}\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def model_names(*paths: Path) -> list[str]:
    return [each.name for each in load_schema(*paths).catalog.models]


def test_a_file_several_files_and_a_folder(tmp_path: Path):
    write(tmp_path, {"a.graphql": SCHEMA.format(name="A"), "b.graphql": SCHEMA.format(name="B")})
    assert model_names(tmp_path / "a.graphql") == ["A"]
    assert model_names(tmp_path / "b.graphql", tmp_path / "a.graphql") == ["B", "A"]
    assert model_names(tmp_path) == ["A", "B"]


@pytest.mark.parametrize(
    "start", ["", "amplify", "amplify/backend/api/shop", "amplify/backend/api/shop/schema.graphql"]
)
def test_a_project_is_found_from_anywhere_with_its_settings(tmp_path: Path, start: str):
    api = "amplify/backend/api/shop"
    write(
        tmp_path,
        {
            f"{api}/schema.graphql": "type A @model @auth(rules: [{ allow: owner }]) { id: ID! b: Int @index }",
            f"{api}/cli-inputs.json": json.dumps({"serviceConfiguration": {"defaultAuthType": {"mode": "API_KEY"}}}),
            "amplify/cli.json": json.dumps(
                {"features": {"graphqltransformer": {"usesubusernamefordefaultidentityclaim": False}}}
            ),
        },
    )
    imported = load_schema(tmp_path / start)
    assert imported.files == (tmp_path / api / "schema.graphql",)
    assert imported.catalog.default_provider is Provider.API_KEY
    assert imported.catalog.models[0].rules[0].identity_claim == "username"
    assert imported.notices == ()


def test_a_schema_in_several_files_of_a_project(tmp_path: Path):
    api = "amplify/backend/api/shop"
    files = {f"{api}/schema/{name}.graphql": SCHEMA.format(name=name.upper()) for name in ("a", "b")}
    config = {"api": {"shop": {"output": {"authConfig": {"defaultAuthentication": {"authenticationType": "AWS_IAM"}}}}}}
    write(tmp_path, {**files, "amplify/backend/backend-config.json": json.dumps(config)})
    assert model_names(tmp_path) == ["A", "B"]
    assert load_schema(tmp_path).catalog.default_provider is Provider.IAM


def test_the_default_mode_is_given_or_suggested_by_the_rules(tmp_path: Path):
    path = tmp_path / "schema.graphql"
    path.write_text("type A @model @auth(rules: [{ allow: public }]) { id: ID! }")
    imported = load_schema(path)
    assert imported.catalog.default_provider is Provider.API_KEY
    assert [str(each) for each in imported.notices] == [
        "the default authorization mode is taken to be apiKey, as the rules suggest."
    ]
    given = load_schema(path, default_provider=Provider.OIDC)
    assert (given.catalog.default_provider, given.notices) == (Provider.OIDC, ())


def test_conflict_resolution_needs_a_person(tmp_path: Path):
    api = write(tmp_path, {"schema.graphql": SCHEMA.format(name="A")})
    write(api, {"transform.conf.json": json.dumps({"Version": 5, "ResolverConfig": {"project": {}}})})
    assert [each.text.partition(" uses ")[2] for each in load_schema(api).needs_person] == [
        "conflict resolution (DataStore): _version, _deleted and sync queries are left out."
    ]


@pytest.mark.parametrize(
    ("files", "start", "message"),
    [
        ({}, "", "{root} holds no GraphQL schema."),
        ({}, "nowhere", "{root}/nowhere does not exist."),
        ({"resource.ts": ""}, "resource.ts", "{root}/resource.ts is not a GraphQL schema. Amplify Gen 2"),
        ({"amplify/data/resource.ts": ""}, "", "{root}/amplify/data is an Amplify Gen 2 project,"),
        ({"amplify/data/resource.ts": ""}, "amplify/data", "{root}/amplify/data is an Amplify Gen 2 project,"),
        (
            {
                "amplify/backend/api/a/schema.graphql": SCHEMA.format(name="A"),
                "amplify/backend/api/b/schema.graphql": SCHEMA.format(name="B"),
            },
            "",
            "{root} holds several APIs: {root}/amplify/backend/api/a, {root}/amplify/backend/api/b.",
        ),
        (
            {"amplify/backend/api/a/schema.graphql": SCHEMA.format(name="A"), "amplify/data/resource.ts": ""},
            "amplify",
            "{root}/amplify holds several APIs: {root}/amplify/backend/api/a, {root}/amplify/data.",
        ),
        (
            {
                "amplify/backend/api/a/schema.graphql": SCHEMA.format(name="A"),
                "amplify/cli.json": '{"features": {"graphqltransformer": {"transformerversion": 1}}}',
            },
            "",
            "the project of {root}/amplify/backend/api/a/schema.graphql uses Amplify's GraphQL transformer v1",
        ),
        ({"schema.graphql": "", "cli-inputs.json": "{"}, "", "{root}/cli-inputs.json is not valid JSON."),
        ({"schema.graphql": "type A @model {"}, "", "{root}/schema.graphql:1:16: this is not GraphQL:"),
    ],
)
def test_refused(tmp_path: Path, files: dict[str, str], start: str, message: str):
    write(tmp_path, files)
    with pytest.raises(ImportRefused) as caught:
        load_schema(tmp_path / start)
    assert str(caught.value).startswith(message.format(root=tmp_path))


def test_a_file_that_is_no_text(tmp_path: Path):
    (tmp_path / "schema.graphql").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ImportRefused, match="is not UTF-8 text"):
        load_schema(tmp_path / "schema.graphql")
