"""A schema in either integrity, so that one test speaks of both.

Organizations are not the matter of most schemas in tests. Enforced, their models have one that no API shows, as the
join model of the shipped inventory has; every caller and every row is of the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from service.catalog.model import Catalog, Field, Integrity, Model, TypeRef
from service.db.connections.engine import Database
from service.db.development.embedded import url_as
from service.db.security.roles import SERVE

ORGANIZATION = "o1"
"""Whom callers act for who name no organization."""
TENANT = Field("organizationId", TypeRef("ID", required=True), "organization_id", in_input=False)


def in_integrity(catalog: Catalog, integrity: Integrity) -> Catalog:
    """The same API on tables of that integrity."""
    if integrity is catalog.integrity:
        return catalog
    if integrity is Integrity.LEGACY:
        return catalog.as_legacy()
    models = tuple(replace(each, tenant=_tenant(each)) for each in catalog.models)
    return replace(catalog, models=models, integrity=integrity)


def _tenant(model: Model) -> Field:
    if model.name == "Organization":
        return model.field_by_name["id"]
    return model.field_by_name.get(TENANT.name, TENANT)


def seated(caller: Principal, catalog: Catalog) -> Principal:
    """The caller, in an organization if there must be one."""
    if not catalog.is_enforced or caller.organization is not None:
        return caller
    return replace(caller, claims={**caller.claims, ORGANIZATION_CLAIM: ORGANIZATION})


def served(url: str, catalog: Catalog, *, size: int) -> Database:
    """The database as the service is connected: where tables are enforced, as the role that policies bind."""
    return Database.connect(url_as(url, SERVE) if catalog.is_enforced else url, size=size)


async def forgive(url: str, catalog: Catalog) -> None:
    """Let tests plant rows in SQL without what the service always fills in: organization and times."""
    if catalog.is_enforced:
        owned = Database.connect(url, size=1)
        await owned.execute_ddl(";".join(each for model in catalog.models for each in _defaults(model)))
        await owned.close()


def _defaults(model: Model) -> Iterator[str]:
    stamps = {"AWSDateTime": "now()", "AWSTimestamp": "0"}
    filled = {TENANT.name: f"'{ORGANIZATION}'"} if model.tenant == TENANT else {}
    for name in (model.timestamps.created, model.timestamps.updated):
        if name in model.field_by_name:
            filled[name] = stamps[model.field_by_name[name].type.name]
    for name, value in filled.items():
        yield f'ALTER TABLE "{model.table}" ALTER "{model.stored_by_name[name].column}" SET DEFAULT {value}'
