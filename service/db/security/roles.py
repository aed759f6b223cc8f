"""The database roles: who owns, who migrates, who serves.

The administrator of the server makes them, once; everything after that is done by one of them. None of the statements
holds a password: what PostgreSQL keeps of one is computed here, so that no log of the server can tell it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping

import orjson

from service.db.connections.engine import DIRECT_SETTINGS, Database
from service.errors import CommandError

OWNER = "app_owner"
"""Owns every table and function; nobody logs in as it."""
GATE = "app_gate"
"""Answers what the role that serves may not look up itself; nobody logs in as it."""
MIGRATE = "app_migrate"
"""Logs in to migrate; what it makes belongs to the owner."""
SERVE = "app_rw"
"""Logs in to serve: reads and writes rows, and owns nothing."""

LOGINS = (MIGRATE, SERVE)
EXISTING = "SELECT coalesce(json_agg(rolname), '[]') FROM pg_roles WHERE rolname = ANY($1)"
ITERATIONS = 4096

RIGHTS = f"""
GRANT {OWNER} TO CURRENT_USER, {MIGRATE};
GRANT {GATE} TO {OWNER};
ALTER ROLE {MIGRATE} SET role = '{OWNER}';
GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}, {GATE};
GRANT USAGE ON SCHEMA public TO {SERVE};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {SERVE};
"""

MAKER = 0x0FF7A3E
"""The advisory lock of whoever makes them."""

LOCAL_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN {created} END IF;
END $$;
"""

NO_TEMPORARY_TABLES = """
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
"""
"""They would pin a connection of the proxy, and stand before the real ones for whoever uses a connection next."""

AUDITED = """
DO $$ BEGIN
    IF current_setting('pgaudit.log', true) IS NOT NULL THEN CREATE EXTENSION IF NOT EXISTS pgaudit; END IF;
EXCEPTION WHEN OTHERS THEN RAISE WARNING 'no extension pgaudit: %', SQLERRM;
END $$;
"""
"""Where the library is loaded, its log names the object of each change. Without the extension it has the statement."""


async def make_local_roles(database: Database) -> None:
    """Make the roles on a server of one's own, where nobody needs a password: for development and tests."""
    made = "\n".join(LOCAL_ROLE.format(role=role, created=_created(role)) for role in (OWNER, GATE, *LOGINS))
    await database.execute_ddl(f"SELECT pg_advisory_xact_lock({MAKER});\n{made}\n{RIGHTS}\n{NO_TEMPORARY_TABLES}")


async def make_roles(database: Database, passwords: Mapping[str, str], *, reset_passwords: bool = False) -> list[str]:
    """Make the roles that are missing and give all of them their rights; the names of those made.

    `passwords`: by role, for those that log in. A role that exists keeps its password, which may have been rotated
    since, unless `reset_passwords`. The database must be connected to as one that may create roles.
    Errors: CommandError, Unavailable.
    """
    if missing := [role for role in LOGINS if role not in passwords]:
        raise CommandError(f"There is no password for {', '.join(missing)}.", hint="OFFRAMP_ROLE_SECRETS names them")
    roles = [OWNER, GATE, *LOGINS]
    existing = orjson.loads(await database.fetch_value(EXISTING, [roles]) or "[]")
    made = [role for role in roles if role not in existing]
    changes = [_created(role) for role in made]
    changes += [
        f"ALTER ROLE {role} PASSWORD '{password_verifier(passwords[role])}';"
        for role in LOGINS
        if role in made or reset_passwords
    ]
    await database.execute_ddl("\n".join([*changes, RIGHTS, *_limits(), NO_TEMPORARY_TABLES, AUDITED]))
    return made


def _created(role: str) -> str:
    return f"CREATE ROLE {role}{' LOGIN NOINHERIT' if role in LOGINS else ''};"


def password_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5803). Errors: CommandError for one beyond ASCII."""
    if not password.isascii():
        raise CommandError("A password has characters beyond ASCII, which would have to be normalized first.")
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client, server = (hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    salt_text, stored_text, server_text = (b64encode(each).decode() for each in (salt, stored, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt_text}${stored_text}:{server_text}"


def _limits() -> list[str]:
    """The settings that a direct connection sends, as the role's own: behind a proxy nothing may be sent."""
    settings = {name: value for name, value in DIRECT_SETTINGS.items() if name != "application_name"}
    return [f"ALTER ROLE {SERVE} SET {name} = '{value}';" for name, value in settings.items()]
