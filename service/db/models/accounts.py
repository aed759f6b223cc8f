"""Accounts: Organization, User, Role, UserRole and AuditLog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.db.models.types import Address, AuditAction, OrganizationPlan, UserStatus
from service.db.vocabulary import (
    ID,
    JSON,
    URL,
    Date,
    DateTime,
    Email,
    IPAddress,
    Mapped,
    Model,
    OnDelete,
    Phone,
    Time,
    Timestamp,
    allow,
    belongs_to,
    field,
    has_many,
    index,
)

if TYPE_CHECKING:
    from service.db.models.inventory import Category, Product, PurchaseOrder, Supplier, Warehouse


class Organization(Model):
    __tablename__ = "organizations"
    tenant = "id"
    access = (
        allow.groups("Admin"),
        allow.signed_in(to="read"),
    )

    name: Mapped[str] = field(index("organizationsByName"))
    slug: Mapped[str | None]
    plan: Mapped[OrganizationPlan | None] = field(default=OrganizationPlan.FREE)
    website: Mapped[URL | None]
    contact_email: Mapped[Email | None]
    phone: Mapped[Phone | None]
    address: Mapped[Address | None]
    tags: Mapped[list[str] | None]
    settings: Mapped[JSON | None]
    users: Mapped[list[User]] = has_many("organization_id")
    roles: Mapped[list[Role]] = has_many("organization_id")
    categories: Mapped[list[Category]] = has_many("organization_id")
    products: Mapped[list[Product]] = has_many("organization_id")
    warehouses: Mapped[list[Warehouse]] = has_many("organization_id")
    suppliers: Mapped[list[Supplier]] = has_many("organization_id")
    purchase_orders: Mapped[list[PurchaseOrder]] = has_many("organization_id")
    audit_logs: Mapped[list[AuditLog]] = has_many("organization_id")


class User(Model):
    __tablename__ = "users"
    access = (
        allow.owner(),
        allow.groups("Admin"),
        allow.groups("Manager", to=("read", "update")),
        allow.signed_in(to="get"),
    )

    owner: Mapped[str | None]
    cognito_sub: Mapped[str] = field(index("userByCognitoSub", unique=True))
    email: Mapped[Email] = field(index("usersByEmail"))
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    phone: Mapped[Phone | None]
    status: Mapped[UserStatus] = field(default=UserStatus.INVITED)
    birth_date: Mapped[Date | None]
    daily_digest_at: Mapped[Time | None]
    last_login_at: Mapped[Timestamp | None]
    last_login_ip: Mapped[IPAddress | None]
    preferences: Mapped[JSON | None]
    salary: Mapped[float | None] = field(access=(allow.groups("Admin"),))
    organization_id: Mapped[ID] = field(index("usersByOrganization", sort="email"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    roles: Mapped[list[UserRole]] = has_many("user_id")
    audit_logs: Mapped[list[AuditLog]] = has_many("actor_id")


class Role(Model):
    __tablename__ = "roles"
    access = (
        allow.groups("Admin"),
        allow.signed_in(to="read"),
    )

    organization_id: Mapped[ID] = field(index("rolesByOrganization", sort="name"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    name: Mapped[str]
    description: Mapped[str | None]
    permissions: Mapped[list[str | None] | None]
    users: Mapped[list[UserRole]] = has_many("role_id")


class UserRole(Model):
    __tablename__ = "user_roles"
    access = (
        allow.groups("Admin"),
        allow.signed_in(to="read"),
    )

    organization_id: Mapped[ID]
    user_id: Mapped[ID] = field(index("userRolesByUser", sort="role_id"))
    role_id: Mapped[ID] = field(index("userRolesByRole", sort="user_id"))
    user: Mapped[User | None] = belongs_to("user_id")
    role: Mapped[Role | None] = belongs_to("role_id")
    granted_at: Mapped[DateTime | None]
    expires_on: Mapped[Date | None]


class AuditLog(Model):
    __tablename__ = "audit_logs"
    access = (
        allow.groups("Admin", to="read"),
        allow.signed_in(to="create"),
    )

    organization_id: Mapped[ID] = field(index("auditLogsByOrganization", sort="occurred_at"))
    organization: Mapped[Organization | None] = belongs_to("organization_id")
    actor_id: Mapped[ID | None] = field(index("auditLogsByActor", sort="occurred_at"))
    actor: Mapped[User | None] = belongs_to("actor_id", on_delete=OnDelete.SET_NULL)
    action: Mapped[AuditAction]
    entity_type: Mapped[str] = field(index("auditLogsByEntity", sort=("entity_id", "occurred_at"), name="byEntity"))
    entity_id: Mapped[ID]
    occurred_at: Mapped[DateTime]
    ip: Mapped[IPAddress | None]
    changes: Mapped[JSON | None]
