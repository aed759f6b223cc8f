"""The audit trail as a model: nobody's to write, an Admin's to read. It is in no GraphQL schema; REST has it."""

from __future__ import annotations

from service.catalog.model import Access, Allow, Field, Index, Model, Operations, Rule, TypeRef

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
