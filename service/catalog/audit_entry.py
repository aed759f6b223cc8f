"""The audit trail as a model: nobody's to write, an Admin's to read. It is in no GraphQL schema; REST has it."""

from __future__ import annotations

from service.catalog.model import Access, Allow, Catalog, Field, Index, Model, Operations, Rule, TypeRef

TABLE = "audit_entry"

AUDIT_ENTRY = Model(
    name="AuditEntry",
    plural="AuditEntries",
    table=TABLE,
    fields=tuple(
        Field(name, TypeRef(type_name.removesuffix("!"), required=type_name.endswith("!")), column, in_input=False)
        for name, type_name, column in (
            ("organizationId", "ID!", "organization_id"),
            ("id", "ID!", "id"),
            ("occurredAt", "AWSDateTime!", "occurred_at"),
            ("action", "String!", "action"),
            ("entityType", "String!", "entity_type"),
            ("entityId", "ID!", "entity_id"),
            ("actor", "String", "actor"),
            ("actorName", "String", "actor_name"),
            ("provider", "String", "provider"),
            ("address", "String", "address"),
            ("requestId", "String", "request_id"),
            ("before", "AWSJSON", "before"),
            ("after", "AWSJSON", "after"),
        )
    ),
    key=("id",),
    operations=Operations(get="getAuditEntry", list="listAuditEntries"),
    indexes=(Index("byTime", "occurredAt"), Index("byEntity", "entityType", ("entityId",))),
    rules=(Rule(Allow.GROUPS, access=frozenset({Access.GET, Access.LIST}), groups=("Admin",)),),
    tenant=Field("organizationId", TypeRef("ID", required=True), "organization_id", in_input=False),
    module="audit",
    description="What was done to a row: by whom, when, from where, and what it was before and after.",
)


def refuse_namesakes(catalog: Catalog) -> None:
    """Refuse a catalog that keeps a trail and has a type or a table of the trail's name. Errors: `ValueError`."""
    if not catalog.is_enforced:
        return
    inputs = (each.name for each in catalog.inputs)
    if AUDIT_ENTRY.name in {*catalog.model_by_name, *catalog.enum_by_name, *catalog.object_by_name, *inputs}:
        raise ValueError(
            f"{AUDIT_ENTRY.name} is the audit trail's own name in `enforced` integrity: "
            "call the type otherwise, or leave TENANT out, and the tables are `legacy` and keep no trail"
        )
    for model in catalog.models:
        if model.table == TABLE:
            raise ValueError(
                f"{TABLE} is the audit trail's own table in `enforced` integrity: "
                f"give {model.name} another __tablename__"
            )
