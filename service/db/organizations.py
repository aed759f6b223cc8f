"""The first rows of an organization: what nobody can make through the API, because nobody is its Admin yet.

Runs as the role that migrates, which sees every organization.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from service.auth.api_keys import digest_of, new_api_key
from service.db.connections.engine import Database, Transaction
from service.errors import ConditionFailed, Invalid

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
ADMIN = "Admin"


@dataclass(frozen=True, slots=True)
class Role:
    """A role that every organization begins with."""

    description: str
    permissions: tuple[str, ...]


ROLES = {
    ADMIN: Role("May do everything", ("*",)),
    "Manager": Role("Runs stock and orders", ("products:write", "orders:write", "stock:write")),
    "Viewer": Role("Looks, changes nothing", ("products:read", "stock:read")),
}
"""By name. What each may do is said by the `@auth` rules that name it; `permissions` are for frontends to show."""


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What to make. Errors: Invalid for a value that cannot be."""

    name: str
    slug: str
    admin_sub: str
    """The `sub` that the user pool has given to the first Admin."""
    admin_email: str

    def __post_init__(self) -> None:
        for what, value in (("name", self.name), ("sub of the Admin", self.admin_sub)):
            if not value.strip() or not value.isprintable():
                raise Invalid(f"The {what} must be a text that can be read, not {value!r}.")
        if not SLUG.fullmatch(self.slug):
            raise Invalid(f"The slug must be small letters, digits and single hyphens, not {self.slug!r}.")
        if not EMAIL.fullmatch(self.admin_email) or not self.admin_email.isprintable():
            raise Invalid(f"{self.admin_email!r} is not an email address.")


@dataclass(frozen=True, slots=True)
class MadeOrganization:
    """What was made."""

    id: str
    admin_id: str
    roles: dict[str, str]
    """Name → id."""
    api_key: str | None
    """The key itself, which is nowhere else: the database has its digest."""
    admin_is_elsewhere: bool
    """Whether the Admin's `sub` is that of users of other organizations: then their tokens need a claim."""


async def create_organization(database: Database, new: NewOrganization, *, with_api_key: bool) -> MadeOrganization:
    """Make an organization with its roles, its first user as Admin and, if wanted, an API key: all or nothing.

    Errors: ConditionFailed for a slug that is in use, Invalid for an API key where there is no table for it, and those
    of the database.
    """
    async with database.transaction() as transaction:
        await _check(transaction, new, with_api_key=with_api_key)
        is_elsewhere = await transaction.fetch_row("SELECT FROM users WHERE cognito_sub = $1", [new.admin_sub])
        organization = str(uuid.uuid4())
        admin, roles = await _insert(transaction, organization, new)
        key = await _insert_api_key(transaction, organization) if with_api_key else None
    return MadeOrganization(organization, admin, roles, key, admin_is_elsewhere=is_elsewhere is not None)


async def _check(transaction: Transaction, new: NewOrganization, *, with_api_key: bool) -> None:
    # Of two that want one slug, the second waits here, then finds the first.
    await transaction.fetch_row("SELECT pg_advisory_xact_lock(hashtextextended('organizations.slug', 0))")
    if await transaction.fetch_row("SELECT FROM organizations WHERE slug = $1", [new.slug]) is not None:
        raise ConditionFailed(f"There is an organization with the slug '{new.slug}' already.")
    if with_api_key and not await transaction.fetch_value("SELECT to_regclass('api_key')::text"):
        raise Invalid("The database has no table for API keys; OFFRAMP_API_KEYS can hold one.")


_ORGANIZATION = """\
INSERT INTO organizations (id, name, slug, plan, contact_email, created_at, updated_at)
VALUES ($1, $2, $3, 'FREE', $4, now(), now())"""

_ROLE = """\
INSERT INTO roles (id, organization_id, name, description, permissions, created_at, updated_at)
VALUES (gen_random_uuid(), $1, $2, $3, $4, now(), now()) RETURNING id"""

_USER = """\
INSERT INTO users (id, organization_id, cognito_sub, owner, email, status, created_at, updated_at)
VALUES (gen_random_uuid(), $1, $2, $2, $3, 'ACTIVE', now(), now()) RETURNING id"""

_USER_ROLE = """\
INSERT INTO user_roles (id, organization_id, user_id, role_id, granted_at, created_at, updated_at)
VALUES (gen_random_uuid(), $1, $2, $3, now(), now(), now())"""

_API_KEY = "INSERT INTO api_key (digest, organization_id) VALUES ($1, $2)"


async def _insert(transaction: Transaction, organization: str, new: NewOrganization) -> tuple[str, dict[str, str]]:
    """The id of the Admin, and those of the roles by name."""
    await transaction.fetch_row(_ORGANIZATION, [organization, new.name, new.slug, new.admin_email])
    roles = {}
    for name, role in ROLES.items():
        values = [organization, name, role.description, list(role.permissions)]
        roles[name] = await _id(transaction, _ROLE, values)
    admin = await _id(transaction, _USER, [organization, new.admin_sub, new.admin_email])
    await transaction.fetch_row(_USER_ROLE, [organization, admin, roles[ADMIN]])
    return admin, roles


async def _insert_api_key(transaction: Transaction, organization: str) -> str:
    key = new_api_key()
    await transaction.fetch_row(_API_KEY, [digest_of(key), organization])
    return key


async def _id(transaction: Transaction, sql: str, values: Sequence[object]) -> str:
    made = await transaction.fetch_value(sql, values)
    assert made is not None
    return made
