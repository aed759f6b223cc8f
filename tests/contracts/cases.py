"""Schemas in Amplify's syntax, each with the SDL that Amplify's own transformer compiles for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from graphql import GraphQLSchema

from service.catalog.model import Catalog
from service.graphql.light import light_schema
from service.importer import catalog_from_sdl

DATA = Path(__file__).parent / "data"
PRELUDE = (DATA / "appsync-prelude.graphql").read_text()
CASES = Path(__file__).parents[1] / "importer" / "cases"
NAMES = sorted(path.name for path in CASES.iterdir())


@cache
def catalog(name: str) -> Catalog:
    return catalog_from_sdl((CASES / name / "in.graphql").read_text())


@cache
def schema(name: str) -> GraphQLSchema:
    return light_schema(catalog(name))


@cache
def compiled(name: str) -> str:
    return (CASES / name / "compiled.graphql").read_text()
