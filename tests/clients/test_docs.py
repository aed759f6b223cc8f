"""docs/clients.md: its snippets are from files that run here, its versions are those that are installed."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "clients.md").read_text()
SNIPPETS = re.findall(r"<!-- (\S+) -->\n```(\w+)\n(.*?)```\n", PAGE, re.DOTALL)
CODE = [(file, text) for file, language, text in SNIPPETS if language != "diff"]
DIFFS = [(file, text) for file, language, text in SNIPPETS if language == "diff"]


def test_every_block_says_where_it_is_from():
    assert len(SNIPPETS) == PAGE.count("```") / 2
    assert len(SNIPPETS) > 5


@pytest.mark.parametrize(("file", "text"), CODE, ids=[file for file, _ in CODE])
def test_a_snippet_is_in_its_file(file, text):
    assert text in (HERE / file).read_text()


@pytest.mark.parametrize(("file", "text"), DIFFS, ids=[file for file, _ in DIFFS])
def test_a_change_is_of_the_url_alone(file, text):
    removed, added = text.splitlines()
    assert removed[1:] in (HERE / file).read_text().splitlines()
    old, new = (re.sub(r'"https?://[^"]+"', "URL", line[1:]) for line in (removed, added))
    assert old == new
    assert urlsplit(added.split('"')[-2]).path == "/graphql"


def test_the_versions_are_those_that_are_tested():
    current, before = (
        json.loads((HERE / folder / "package.json").read_text())["dependencies"] for folder in (".", "v5")
    )
    apollo_3 = current["apollo-client-3"].rpartition("@")[2]
    for version in (current["aws-amplify"], current["@apollo/client"], current["aws-appsync-auth-link"], apollo_3):
        assert f" {version}" in PAGE
    assert f"| {before['aws-amplify']} |" in PAGE


def test_the_tests_it_names_exist():
    named = set(re.findall(r"`(test_\w+\.py)`", PAGE))
    assert {name for name in named if not (HERE / name).exists()} == set()
