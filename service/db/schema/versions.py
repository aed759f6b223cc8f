"""The version of a row, which its ETag shows: a trigger raises it with every update, whoever makes it and however.

So a reference that ON DELETE SET NULL empties, and a change by hand, give a row another ETag, too. The function looks
for nothing by name that is not PostgreSQL's own, and has no rights beyond its caller's: it needs no `search_path`,
which would cost as much again as the rest of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.catalog.model import Catalog, Model
from service.db.schema.quoting import quoted
from service.db.schema.tables import version_column

_FUNCTION = """\
CREATE FUNCTION app_raise_{column}() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.{column} := OLD.{column} OPERATOR(pg_catalog.+) 1;
    RETURN NEW;
END $$"""


def version_functions(catalog: Catalog) -> Iterator[str]:
    """The statements that make the functions of the triggers: one for each name that the column has."""
    for column in sorted({version_column(model) for model in catalog.models}):
        yield _FUNCTION.format(column=column)


def version_trigger(model: Model) -> str:
    """The statement that makes a model's table raise the version of its rows."""
    return (
        f"CREATE TRIGGER versioned BEFORE UPDATE ON {quoted(model.table)} FOR EACH ROW "
        f"EXECUTE FUNCTION app_raise_{version_column(model)}()"
    )
