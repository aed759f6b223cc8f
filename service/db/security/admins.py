"""No organization loses its last Admin, whatever the service is asked to change.

Who counts is who `app_membership` would let in as one: a user who is not suspended, with the role until its end. A
token can name the group as well; of that PostgreSQL knows nothing. Changes that take an Admin away wait for each
other, organization by organization, so that of two Admins who remove each other the second finds nobody left.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.db.connections.failures import LAST_ADMIN
from service.db.schema.quoting import literal
from service.db.security.roles import GATE, SERVE

_HELD = """\
SELECT FROM user_roles AS held
            JOIN roles AS r ON (r.organization_id, r.id) = (held.organization_id, held.role_id)
            JOIN users AS u ON (u.organization_id, u.id) = (held.organization_id, held.user_id)
            WHERE held.organization_id = OLD.organization_id
                AND (held.expires_on IS NULL OR held.expires_on >= current_date)"""
ADMIN = "Admin"
"""The name of the role of those who run an organization."""
_IS_ADMIN = f"r.name = {literal(ADMIN)}"
_IS_LET_IN = "u.status IS DISTINCT FROM 'SUSPENDED'"

_KEEP = f"""\
CREATE FUNCTION app_keep_an_admin() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    was_admin boolean;
BEGIN
    IF TG_TABLE_NAME = 'users' THEN
        was_admin := EXISTS ({_HELD} AND u.id = OLD.id AND {_IS_ADMIN});
    ELSIF TG_TABLE_NAME = 'roles' THEN
        was_admin := EXISTS ({_HELD} AND r.id = OLD.id AND {_IS_LET_IN});
    ELSIF OLD.expires_on IS NULL OR OLD.expires_on >= current_date THEN
        was_admin := EXISTS (SELECT FROM roles AS r, users AS u
            WHERE (r.organization_id, r.id) = (OLD.organization_id, OLD.role_id) AND {_IS_ADMIN}
                AND (u.organization_id, u.id) = (OLD.organization_id, OLD.user_id) AND {_IS_LET_IN});
    END IF;
    IF was_admin THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('admins ' || OLD.organization_id, 0));
        IF NOT EXISTS ({_HELD} AND {_IS_ADMIN} AND {_IS_LET_IN}) THEN
            RAISE EXCEPTION USING ERRCODE = '{LAST_ADMIN}', MESSAGE = 'the last Admin';
        END IF;
    END IF;
    RETURN NULL;
END $$"""

_TRIGGERS = (
    ("DELETE OR UPDATE OF user_id, role_id, expires_on ON user_roles", ""),
    ("UPDATE OF status ON users", " AND NEW.status = 'SUSPENDED' AND OLD.status IS DISTINCT FROM NEW.status"),
    ("UPDATE OF name ON roles", f" AND OLD.name = {literal(ADMIN)} AND NEW.name IS DISTINCT FROM OLD.name"),
)
"""What may take an Admin away. A user or a role that somebody has cannot be deleted: a reference says so."""


def admins_sql() -> Iterator[str]:
    """The statements that keep every organization its last Admin, once the tables of `accounts.py` are there."""
    yield _KEEP
    yield f"ALTER FUNCTION app_keep_an_admin() OWNER TO {GATE}"
    yield "REVOKE ALL ON FUNCTION app_keep_an_admin() FROM PUBLIC"
    for event, condition in _TRIGGERS:
        yield (
            f"CREATE TRIGGER admin_kept AFTER {event} FOR EACH ROW "
            f"WHEN (current_user = '{SERVE}'{condition}) EXECUTE FUNCTION app_keep_an_admin()"
        )
