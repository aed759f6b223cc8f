"""Who belongs to which organization: what the gate answers about identity, from the tables of those models that say so.

Asked before anybody's organization is known, so these functions look at all of them; each answers about one `sub` or
one key, which its caller has proven.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.catalog.model import Catalog
from service.db.security.context import GROUPS
from service.db.security.gate import owned_by_gate
from service.db.security.roles import GATE, OWNER, SERVE

_OF_ORGANIZATION = " REFERENCES organizations (id) ON DELETE CASCADE"
_API_KEYS = f"""\
CREATE TABLE api_key (
    digest bytea PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL{_OF_ORGANIZATION},
    name text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3),
    revoked_at timestamptz(3)
)"""

_MEMBERSHIP = """\
CREATE FUNCTION app_membership(sub text, organization text)
    RETURNS TABLE (organization_id text, status text, roles text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT u.organization_id, CASE WHEN bool_or(u.status = 'SUSPENDED') THEN 'SUSPENDED' ELSE min(u.status) END,
           array_agg(DISTINCT r.name) FILTER (WHERE r.name IS NOT NULL)
    FROM users AS u
    LEFT JOIN user_roles AS ur ON ur.user_id = u.id AND ur.organization_id = u.organization_id
        AND (ur.expires_on IS NULL OR ur.expires_on >= current_date)
    LEFT JOIN roles AS r ON r.id = ur.role_id AND r.organization_id = u.organization_id
    WHERE u.cognito_sub = app_membership.sub
      AND (app_membership.organization IS NULL OR u.organization_id = app_membership.organization)
    GROUP BY u.organization_id
    ORDER BY u.organization_id
    LIMIT 2
$$"""

_API_KEY = """\
CREATE FUNCTION app_api_key(digest bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT organization_id FROM api_key AS k
    WHERE k.digest = app_api_key.digest AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$"""

_NOBODY = """\
CREATE FUNCTION app_membership(sub text, organization text)
    RETURNS TABLE (organization_id text, status text, roles text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NULL::text, NULL::text, NULL::text[] WHERE false
$$"""
"""Where no table says who belongs where: only a claim of the token does."""

_GUARD = f"""\
CREATE FUNCTION app_guard_user() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('app.provider', true) = 'service' OR app_names('{GROUPS}') ? 'Admin' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.cognito_sub IS DISTINCT FROM nullif(current_setting('app.caller', true), '')::jsonb ->> 'sub' THEN
            RAISE insufficient_privilege;
        END IF;
    ELSIF (NEW.cognito_sub, NEW.status) IS DISTINCT FROM (OLD.cognito_sub, OLD.status) THEN
        RAISE insufficient_privilege;
    END IF;
    RETURN NEW;
END $$"""
"""Whose row it is decides what they may do, so only an Admin gives it to somebody, or suspends them: a Manager who
writes their own `sub` into an Admin's row would be one."""


ACCOUNTS = {
    "organizations": {"id"},
    "users": {"organization_id", "id", "cognito_sub", "status"},
    "roles": {"organization_id", "id", "name"},
    "user_roles": {"organization_id", "user_id", "role_id", "expires_on"},
}
"""The tables, with their columns, that say who belongs where."""


def has_accounts(catalog: Catalog) -> bool:
    """Whether the models of a catalog say who belongs where: those of the shipped inventory do."""
    columns = {
        model.table: {each.column for each in (*model.stored, *([model.tenant] if model.tenant else []))}
        for model in catalog.models
    }
    return all(needed <= columns.get(table, set()) for table, needed in ACCOUNTS.items())


def accounts_sql(catalog: Catalog) -> Iterator[str]:
    """The statements that make the gate's functions about identity, and what keeps them honest."""
    is_known = has_accounts(catalog)
    yield _API_KEYS if is_known else _API_KEYS.replace(_OF_ORGANIZATION, "")
    yield "ALTER TABLE api_key ENABLE ROW LEVEL SECURITY"
    yield "ALTER TABLE api_key FORCE ROW LEVEL SECURITY"
    yield f"CREATE POLICY owner ON api_key TO {OWNER} USING (true) WITH CHECK (true)"
    yield f"CREATE POLICY gate ON api_key FOR SELECT TO {GATE} USING (true)"
    yield f"REVOKE ALL ON api_key FROM {SERVE}"
    yield f"GRANT SELECT ON {'api_key, users, user_roles, roles' if is_known else 'api_key'} TO {GATE}"
    if is_known:
        # One of all organizations: the only index that no organization leads, for the only question that has none.
        yield "CREATE INDEX users_cognito_sub_idx ON users (cognito_sub)"
    membership = _MEMBERSHIP if is_known else _NOBODY
    for definition, signature in ((membership, "app_membership(text, text)"), (_API_KEY, "app_api_key(bytea)")):
        yield definition
        yield from owned_by_gate(signature)
    if not is_known:
        return
    yield _GUARD
    yield (
        "CREATE TRIGGER guarded BEFORE INSERT OR UPDATE OF cognito_sub, status ON users FOR EACH ROW "
        f"WHEN (current_user = '{SERVE}') EXECUTE FUNCTION app_guard_user()"
    )
