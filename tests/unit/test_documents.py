"""Which documents are kept, and for how long."""

from __future__ import annotations

import pytest
from graphql import build_schema

from service.graphql.documents import Documents

SCHEMA = build_schema("type Query { a: Int b: Int c: Int }")


def documents() -> Documents:
    return Documents(SCHEMA, max_tokens=1_000, max_depth=5, max_roots=10)


def test_a_document_is_parsed_once():
    kept = documents()
    assert kept.operation("{ a }", None) is kept.operation("{ a }", None)


def test_what_was_asked_least_recently_goes_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.graphql.documents.KEPT_TEXT", len("{ a }{ b }"))
    kept = documents()
    a, b = kept.operation("{ a }", None), kept.operation("{ b }", None)
    assert kept.operation("{ a }", None) is a
    kept.operation("{ c }", None)
    assert kept.operation("{ a }", None) is a
    assert kept.operation("{ b }", None) is not b


def test_a_document_larger_than_all_that_is_kept_is_executed_and_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.graphql.documents.KEPT_TEXT", 4)
    kept = documents()
    assert kept.operation("{ a }", None) is not kept.operation("{ a }", None)
