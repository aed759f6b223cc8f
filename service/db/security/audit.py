"""The audit trail: every change of a row leaves an entry, in the same transaction, whoever made it and however.

Triggers write it, with the rights of the gate; the role that serves can read it and do nothing else to it. An entry
says who and from where by what `app_context` was told, and shows what changed under the names of the API. Fields with
rules of their own are masked: the entry says that they changed, and not to what.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from service.catalog.audit_entry import AUDIT_ENTRY, TABLE
from service.catalog.model import Catalog, Model
from service.db.schema.quoting import literal, quoted
from service.db.security.context import ORGANIZATION
from service.db.security.gate import owned_by_gate
from service.db.security.policies import secured, static_conditions
from service.db.security.roles import GATE, SERVE

UNAUDITED = "SET LOCAL app.unaudited = 'on'"
"""Begins a bulk load that leaves no trail: by the owner or an administrator, never by the role that serves."""

_TABLE = f"""\
CREATE TABLE {TABLE} (
    organization_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL DEFAULT gen_random_uuid(),
    occurred_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    action text COLLATE "C" NOT NULL,
    entity_type text COLLATE "C" NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    actor text COLLATE "C",
    actor_name text COLLATE "C",
    provider text COLLATE "C",
    address text COLLATE "C",
    request_id text COLLATE "C",
    before json,
    after json,
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (organization_id, id)
)"""

_INDEXES = (
    f"CREATE INDEX {TABLE}_occurred_at_idx ON {TABLE} (organization_id, occurred_at, id)",
    f"CREATE INDEX {TABLE}_entity_idx ON {TABLE} (organization_id, entity_type, entity_id, occurred_at, id)",
)

_SHOWN = """\
CREATE FUNCTION app_shown(stored jsonb, names jsonb, masked jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT jsonb_object_agg(names ->> key, CASE WHEN masked ? key AND value <> 'null' THEN '"***"' ELSE value END)
    FROM jsonb_each(stored) WHERE names ? key
$$"""

_CHANGED = """\
CREATE FUNCTION app_changed(stored jsonb, other jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(stored)
    WHERE value IS DISTINCT FROM other -> key
$$"""

_TRIGGER = """\
CREATE FUNCTION app_audit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    caller jsonb := coalesce(nullif(current_setting('app.caller', true), ''), '{{}}')::jsonb;
    about jsonb := TG_ARGV[0]::jsonb;
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    becomes jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    stored jsonb := coalesce(becomes, was);
    entry {table};
BEGIN
    IF session_user <> '{serve}' AND current_setting('app.unaudited', true) = 'on' THEN
        RETURN NULL;
    END IF;
    SELECT string_agg(stored ->> key, '#' ORDER BY at) INTO entry.entity_id
    FROM jsonb_array_elements_text(about -> 'key') WITH ORDINALITY AS part (key, at);
    entry.organization_id := stored ->> (about ->> 'tenant');
    entry.id := gen_random_uuid();
    entry.occurred_at := clock_timestamp();
    entry.action := CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END;
    entry.entity_type := about ->> 'model';
    entry.actor := coalesce(caller ->> 'sub', CASE WHEN caller = '{{}}' THEN session_user END);
    entry.actor_name := caller ->> 'username';
    entry.provider := coalesce(caller ->> 'provider', 'database');
    entry.address := caller ->> 'address';
    entry.request_id := caller ->> 'request';
    IF TG_OP = 'UPDATE' THEN
        stored := was;
        was := app_changed(was, becomes);
        becomes := app_changed(becomes, stored);
    END IF;
    entry.before := app_shown(was, about -> 'names', about -> 'masked');
    entry.after := app_shown(becomes, about -> 'names', about -> 'masked');
    entry.row_version := 1;
    INSERT INTO {table} VALUES (entry.*);{more}
    RETURN NULL;
END $$"""

_SHOWN_LOG = """
    IF TG_TABLE_NAME <> 'audit_logs' THEN
        INSERT INTO audit_logs (organization_id, id, actor_id, action, entity_type, entity_id, occurred_at, ip, changes,
            created_at, updated_at)
        SELECT entry.organization_id, entry.id, (SELECT id FROM users
                WHERE organization_id = entry.organization_id AND cognito_sub = entry.actor),
            entry.action, entry.entity_type, entry.entity_id, entry.occurred_at, entry.address,
            json_build_object('before', entry.before, 'after', entry.after), entry.occurred_at, entry.occurred_at;
    END IF;"""
"""The shipped inventory has a model for its frontend to show: the same entry, under the same id."""

_SIGNED_LOG = """\
CREATE FUNCTION app_sign_audit_log() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    caller jsonb := coalesce(nullif(current_setting('app.caller', true), ''), '{}')::jsonb;
BEGIN
    NEW.actor_id := app_own_user(caller ->> 'sub');
    NEW.occurred_at := clock_timestamp();
    NEW.ip := caller ->> 'address';
    RETURN NEW;
END $$"""
"""What a frontend logs of its own accord (a login, an export) is its word; who, when and where is ours."""

_OWN_USER = f"""\
CREATE FUNCTION app_own_user(sub text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM users WHERE organization_id = {ORGANIZATION} AND cognito_sub = sub
$$"""  # noqa: S608  of a constant


def audit_sql(catalog: Catalog) -> Iterator[str]:
    """The statements that make the trail, and the triggers that write it."""
    yield _TABLE
    yield from _INDEXES
    yield from secured(TABLE, f"organization_id = {ORGANIZATION}")
    admins = " OR ".join(static_conditions(AUDIT_ENTRY.rules))
    yield f"CREATE POLICY readers ON {TABLE} FOR SELECT TO {SERVE} USING ((SELECT {admins}))"
    yield f"CREATE POLICY writer ON {TABLE} FOR INSERT TO {GATE} WITH CHECK (true)"
    yield f"REVOKE ALL ON {TABLE} FROM {SERVE}"
    yield f"GRANT SELECT ON {TABLE} TO {SERVE}"
    yield f"GRANT INSERT ON {TABLE} TO {GATE}"
    yield _SHOWN
    yield _CHANGED
    has_log = _has_log(catalog)
    yield _TRIGGER.format(table=TABLE, serve=SERVE, more=_SHOWN_LOG if has_log else "")
    yield f"ALTER FUNCTION app_audit() OWNER TO {GATE}"
    yield "REVOKE ALL ON FUNCTION app_audit() FROM PUBLIC"
    if has_log:
        yield from _log_sql()
    for model in catalog.models:
        yield _audited(model)


def _log_sql() -> Iterator[str]:
    yield f"GRANT SELECT, INSERT ON audit_logs TO {GATE}"
    yield f"GRANT SELECT ON users TO {GATE}"
    yield f"CREATE POLICY writer ON audit_logs FOR INSERT TO {GATE} WITH CHECK (true)"
    yield _OWN_USER
    yield from owned_by_gate("app_own_user(text)")
    yield _SIGNED_LOG
    yield (
        "CREATE TRIGGER signed BEFORE INSERT ON audit_logs FOR EACH ROW "
        f"WHEN (current_user = '{SERVE}') EXECUTE FUNCTION app_sign_audit_log()"
    )


def _has_log(catalog: Catalog) -> bool:
    return {"AuditLog", "User"} <= catalog.model_by_name.keys()


def _audited(model: Model) -> str:
    assert model.tenant is not None
    about = {
        "model": model.name,
        "tenant": model.tenant.column,
        "key": [model.field_by_name[name].column for name in model.key],
        "names": {each.column: each.name for each in model.stored},
        "masked": [each.column for each in model.fields if each.rules],
    }
    events, unless = "INSERT OR UPDATE OR DELETE", ""
    if model.table == "audit_logs":
        # What the trail itself shows there is no news, nor is that a deleted user's log entries lose the reference.
        events, unless = "INSERT OR DELETE", f"WHEN (current_user <> '{GATE}') "
    return (
        f"CREATE TRIGGER audited AFTER {events} ON {quoted(model.table)} FOR EACH ROW {unless}"
        f"EXECUTE FUNCTION app_audit({literal(orjson.dumps(about).decode())})"
    )
