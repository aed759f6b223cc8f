"""The gate: the few questions that must be answered about rows which the caller may not see.

Its functions run with the rights of a role of their own, `app_gate`, that can only read; each looks inside one
organization, that of whoever asks, and says no more than yes or no.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.catalog.columns import shortened
from service.catalog.model import Access, Catalog, Model
from service.db.schema.quoting import quoted
from service.db.schema.tables import column_type
from service.db.security.context import ORGANIZATION
from service.db.security.roles import GATE, SERVE


def gate_of(model: Model) -> str:
    """The function that says whether a row exists: a caller who may not read it is told so, as AppSync does."""
    return shortened(f"app_holds_{model.table}")


def has_gate(model: Model) -> bool:
    """Whether some rule about reading one row depends on the row."""
    return any(rule.is_dynamic and Access.GET in rule.access for rule in model.rules)


def gate_sql(catalog: Catalog) -> Iterator[str]:
    """The statements that make the gate's functions and give it what it needs."""
    for model in catalog.models:
        if has_gate(model):
            yield f"GRANT SELECT ON {quoted(model.table)} TO {GATE}"
            yield _function(model, catalog)
            yield from owned_by_gate(f"{quoted(gate_of(model))}({', '.join(_types(model, catalog))})")


def owned_by_gate(signature: str) -> Iterator[str]:
    """Give a function to the gate, to be called by the role that serves and by nobody else."""
    yield f"ALTER FUNCTION {signature} OWNER TO {GATE}"
    yield f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION {signature} TO {SERVE}"


def _types(model: Model, catalog: Catalog) -> list[str]:
    key = (column_type(model.field_by_name[name], catalog) for name in model.key)
    return ["text", *(str(each.compile()).partition(" COLLATE")[0] for each in key)]


def _function(model: Model, catalog: Catalog) -> str:
    assert model.tenant is not None
    columns = [model.tenant.column, *(model.field_by_name[name].column for name in model.key)]
    keys = " AND ".join(f"{quoted(column)} = ${number}" for number, column in enumerate(columns, 1))
    return f"""\
CREATE FUNCTION {quoted(gate_of(model))}({", ".join(_types(model, catalog))}) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT $1 = {ORGANIZATION} AND EXISTS (SELECT FROM {quoted(model.table)} WHERE {keys})
$$"""  # noqa: S608  of names in the catalog
