"""The whole database of a catalog, as the statements that make it: tables, and everything that guards them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from service.catalog.model import Catalog
from service.db import idempotency
from service.db.schema.functions import FUNCTIONS
from service.db.schema.tables import tables_from_catalog
from service.db.schema.versions import version_functions, version_trigger
from service.db.security import context
from service.db.security.accounts import accounts_sql, has_accounts
from service.db.security.admins import admins_sql
from service.db.security.audit import audit_sql
from service.db.security.gate import gate_sql
from service.db.security.policies import policies_sql
from service.db.security.roles import OWNER, SERVE

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


def schema_sql(catalog: Catalog) -> str:
    """The statements that create the tables of a catalog in an empty schema and, in `enforced` integrity, guard them.

    Those of an `enforced` catalog need the roles (`security/roles.py`), and make everything theirs who owns it.
    """
    if not catalog.is_enforced:
        return script(tables_sql(catalog))
    return script([f"SET LOCAL ROLE {OWNER}", *tables_sql(catalog), *security_sql(catalog), "RESET ROLE"])


def script(statements: Iterable[str]) -> str:
    """Statements as one text, an empty line after each."""
    return "".join(f"{each};\n\n" for each in statements)


def tables_sql(catalog: Catalog) -> Iterator[str]:
    """Functions, then tables with what is on them, in the catalog's order, then references, then our own tables."""
    metadata = tables_from_catalog(catalog)
    tables = [metadata.tables[model.table] for model in catalog.models]
    yield from FUNCTIONS.values()
    yield from version_functions(catalog)
    for model, table in zip(catalog.models, tables, strict=True):
        yield _sql(CreateTable(table, include_foreign_key_constraints=[]))
        yield from (_sql(CreateIndex(each)) for each in sorted(table.indexes, key=lambda each: str(each.name)))
        yield version_trigger(model)
    for table in tables:
        for each in sorted(table.foreign_key_constraints, key=lambda each: str(each.name)):
            yield _sql(AddConstraint(each))
    yield from idempotency.DDL


def security_sql(catalog: Catalog) -> Iterator[str]:
    """Context, policies, gate, audit trail and rights of an `enforced` catalog."""
    yield from context.FUNCTIONS
    yield from policies_sql(catalog)
    yield from gate_sql(catalog)
    yield from audit_sql(catalog)
    yield from idempotency.security_sql()
    yield from accounts_sql(catalog)
    if has_accounts(catalog):
        yield from admins_sql()
    yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {OWNER}"
    yield f"GRANT USAGE ON SCHEMA public TO {SERVE}"


def _sql(statement: CreateTable | CreateIndex | AddConstraint) -> str:
    text = str(statement.compile(dialect=_DIALECT)).strip().replace("\t", "    ")
    return "\n".join(line.rstrip() for line in text.splitlines())
