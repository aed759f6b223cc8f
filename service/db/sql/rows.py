"""The rows of a model under an alias of a statement: what expressions are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from service.catalog.model import Model
from service.db.schema.tables import Tables, version_column

Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Row:
    """The rows of a model under one alias of a statement."""

    model: Model
    source: FromClause

    def __getitem__(self, field: str) -> Sql:
        """The column of an API field."""
        return self.source.c[self.model.field_by_name[field].column]

    @property
    def version(self) -> Sql:
        """How often the row has been written."""
        return self.source.c[version_column(self.model)]


class Aliases:
    """The aliases of one statement, each of them new."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._given = 0

    def row(self, model: Model) -> Row:
        """The rows of a model under a new alias."""
        return Row(model, self._tables[model.name].alias(self.new("t")))

    def new(self, prefix: str) -> str:
        """A name that begins so."""
        self._given += 1
        return f"{prefix}{self._given}"
