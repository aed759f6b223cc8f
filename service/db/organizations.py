"""The first rows of an organization: what nobody can make through the API, because nobody is its Admin yet.

Runs as the role that migrates, which sees every organization.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from service.auth.api_keys import digest_of, new_api_key
from service.db.connections.engine import Database, Transaction
from service.db.schema.quoting import quoted
from service.db.security.accounts import ACCOUNTS
from service.db.security.admins import ADMIN
from service.errors import ConditionFailed, Invalid

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


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
            if not value.strip():
                raise Invalid(f"The {what} must not be empty.")
            if not value.isprintable():
                raise Invalid(f"The {what} has a character that cannot be shown: {value!r}.")
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

    Columns that the inventory has and other models have not are left out. Errors: ConditionFailed for a slug that is in
    use, Invalid where the tables are not those of accounts, or need values that nobody has given.
    """
    async with database.transaction() as transaction:
        tables = {table: await _columns(transaction, table, needed) for table, needed in ACCOUNTS.items()}
        if with_api_key and not await transaction.fetch_value("SELECT to_regclass('api_key')::text"):
            raise Invalid("The database has no table for API keys; OFFRAMP_API_KEYS can hold one.")
        if "slug" in tables["organizations"]:
            await _check_slug(transaction, new.slug)
        is_elsewhere = await transaction.fetch_row("SELECT FROM users WHERE cognito_sub = $1", [new.admin_sub])
        rows = _Rows(transaction, tables)
        organization, admin, roles = await _insert(rows, new)
        key = await _insert_api_key(transaction, organization) if with_api_key else None
    return MadeOrganization(organization, admin, roles, key, admin_is_elsewhere=is_elsewhere is not None)


async def _columns(transaction: Transaction, table: str, needed: set[str]) -> dict[str, bool]:
    """The columns of a table, and which of them must be given. Errors: Invalid."""
    columns: dict[str, bool] = orjson.loads(await transaction.fetch_value(_COLUMNS, [table]) or "{}")
    if missing := sorted(needed - columns.keys()):
        raise Invalid(
            f"Who belongs where is not in these tables: {table} has no {', '.join(missing)}. "
            "Make the first rows by `offramp db shell`, and have tokens name the organization."
        )
    return columns


async def _check_slug(transaction: Transaction, slug: str) -> None:
    # Of two that want one slug, the second waits here, then finds the first.
    await transaction.fetch_row("SELECT pg_advisory_xact_lock(hashtextextended('organizations.slug', 0))")
    if await transaction.fetch_row("SELECT FROM organizations WHERE slug = $1", [slug]) is not None:
        raise ConditionFailed(f"There is an organization with the slug '{slug}' already. Choose another slug.")


_COLUMNS = """
SELECT json_object_agg(attname, attnotnull AND NOT atthasdef)
FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
"""
_API_KEY = "INSERT INTO api_key (digest, organization_id) VALUES ($1, $2)"


@dataclass(frozen=True, slots=True)
class _Rows:
    """New rows, written at one time."""

    transaction: Transaction
    tables: Mapping[str, Mapping[str, bool]]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def insert(self, table: str, **values: object) -> str:
        """Make a row of the values that the table has columns for; its id. Errors: Invalid."""
        made = {"id": str(uuid.uuid4()), "created_at": self.now, "updated_at": self.now, **values}
        columns = self.tables[table]
        if missing := [name for name, needed in columns.items() if needed and made.get(name) is None]:
            raise Invalid(
                f"{table}.{missing[0]} must have a value, and there is none to give it. "
                "Make the first rows by `offramp db shell`."
            )
        given = {quoted(name): value for name, value in made.items() if name in columns}
        places = ", ".join(f"${at}" for at in range(1, len(given) + 1))
        insert = f"INSERT INTO {quoted(table)} ({', '.join(given)}) VALUES ({places})"  # noqa: S608  names of columns
        await self.transaction.fetch_row(insert, list(given.values()))
        return str(made["id"])


async def _insert(rows: _Rows, new: NewOrganization) -> tuple[str, str, dict[str, str]]:
    """The id of the organization, that of its Admin, and those of the roles by name."""
    organization = await rows.insert(
        "organizations", name=new.name, slug=new.slug, plan="FREE", contact_email=new.admin_email
    )
    roles = {
        name: await rows.insert(
            "roles",
            organization_id=organization,
            name=name,
            description=role.description,
            permissions=list(role.permissions),
        )
        for name, role in ROLES.items()
    }
    admin = await rows.insert(
        "users",
        organization_id=organization,
        cognito_sub=new.admin_sub,
        owner=new.admin_sub,
        email=new.admin_email,
        status="ACTIVE",
    )
    await rows.insert(
        "user_roles", organization_id=organization, user_id=admin, role_id=roles[ADMIN], granted_at=rows.now
    )
    return organization, admin, roles


async def _insert_api_key(transaction: Transaction, organization: str) -> str:
    key = new_api_key()
    await transaction.fetch_row(_API_KEY, [digest_of(key), organization])
    return key
