"""A database role that reports: it reads what belongs to one organization, and can do nothing else.

The organization stands in policies, not in a setting that the role could change. It reads the tables whose rows
`policies.py` shows to callers; neither keys nor stored answers are among them.
"""

from __future__ import annotations

import re

import orjson

from service.db.connections.engine import Database
from service.db.schema.quoting import literal, quoted
from service.errors import CommandError

NAME = re.compile(r"report_[a-z0-9_]{1,40}")
SECONDS = 60
"""How long one of its statements may take."""

READABLE = """
SELECT coalesce(json_agg(DISTINCT jsonb_build_array(relname, attname)), '[]')
FROM pg_policy AS tenant
JOIN pg_class ON pg_class.oid = tenant.polrelid AND relnamespace = 'public'::regnamespace
JOIN pg_depend ON pg_depend.classid = 'pg_policy'::regclass AND objid = tenant.oid
    AND refclassid = 'pg_class'::regclass AND refobjid = tenant.polrelid AND refobjsubid > 0
JOIN pg_attribute ON attrelid = tenant.polrelid AND attnum = refobjsubid
WHERE tenant.polname = 'tenant'
    AND EXISTS (SELECT FROM pg_policy WHERE polrelid = tenant.polrelid AND polname = 'readers')
"""
"""Each table that callers may read, with the column that its tenant's policy compares with their organization."""


async def make_reporting_role(database: Database, role: str, organization: str) -> list[str]:
    """Make the role, or bind it to this organization from now on; the tables that it reads.

    On RDS it logs in by IAM. The database must be connected to as the one that made the other roles. A table that a
    later migration adds is not read before this is done again. Errors: CommandError, Unavailable.
    """
    if not NAME.fullmatch(role):
        raise CommandError(f"{role!r} is not the name of a reporting role.", hint="Such as report_harbour.")
    readable: list[tuple[str, str]] = orjson.loads(await database.fetch_value(READABLE) or "[]")
    if not readable:
        raise CommandError(
            "No table has row-level security, so the role would see every organization.",
            hint="Migrate first; in legacy integrity there is none.",
        )
    if await database.fetch_value("SELECT id FROM organizations WHERE id = $1", [organization]) is None:
        raise CommandError(f"There is no organization {organization}.")
    await database.execute_ddl("\n".join([_made(role), *(_reads(role, *each, organization) for each in readable)]))
    return [table for table, _ in readable]


def _made(role: str) -> str:
    return f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN; END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN GRANT rds_iam TO {role}; END IF;
END $$;
ALTER ROLE {role} SET default_transaction_read_only = on;
ALTER ROLE {role} SET statement_timeout = '{SECONDS}s';
GRANT USAGE ON SCHEMA public TO {role};"""  # noqa: S608  the name is one of NAME


def _reads(role: str, table: str, column: str, organization: str) -> str:
    name = quoted(table)
    return f"""
DROP POLICY IF EXISTS {role} ON {name};
CREATE POLICY {role} ON {name} FOR SELECT TO {role} USING ({quoted(column)} = {literal(organization)});
GRANT SELECT ON {name} TO {role};"""
