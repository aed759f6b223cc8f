"""Run on its own: derives the catalog of a package of models and says how its tables differ from the catalog's.

A process of its own, because two packages of models that both have a `products` cannot be mapped in one.
"""

from __future__ import annotations

import sys

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import configure_mappers

from service.catalog.packaged import dump
from service.db.schema.tables import tables_from_catalog
from service.db.vocabulary.declarative import Record
from service.db.vocabulary.derive import catalog_from_models

DIALECT = postgresql.dialect()


def shape(table: Table) -> tuple[list[object], list[str]]:
    columns = [
        (each.name, each.type.compile(DIALECT), each.nullable) for each in table.columns if each.name != "row_version"
    ]
    return columns, [each.name for each in table.primary_key.columns]


catalog = catalog_from_models(sys.argv[1])
configure_mappers()
theirs = tables_from_catalog(catalog).tables
ours = Record.metadata.tables
different = [name for name in {*ours, *theirs} if shape(ours[name]) != shape(theirs[name])]
sys.stdout.buffer.write(f"different tables: {different}\n".encode() + dump(catalog))
