"""What `enforced` integrity asks of the rows, while the code before it goes on serving: columns, indexes, constraints.

On tables with rows every step is one that clients do not wait for (service/db/migrations/live.py), and a migration that was cut
off goes on where it was; wrong rows are reported before anything changes. Code for `legacy` tables reads and writes
these as before, and so does code for `enforced` ones, which keeps organizations apart by its predicates alone until
the next revision switches row-level security on. It needs the roles (service/db/security/roles.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic import op

from service.db.migrations.live import Live, live, lock_tables, run_at_once
from service.db.migrations.preflight import Enforced, Reference, refuse_wrong_rows, telling_wrong_rows
from service.errors import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    require_roles()
    with live(*NAMES) as steps:
        if steps.in_use:
            refuse_wrong_rows(steps.connection, TABLES)
        take_over(steps)
        add_columns(steps)
        with telling_wrong_rows(steps.connection, TABLES):
            add_indexes(steps)
            add_constraints(steps)
    lock_tables(*NAMES, mode="SHARE ROW EXCLUSIVE")
    run_at_once(
        "SET LOCAL ROLE app_owner", *OURS, *triggers(TOLD), "RESET ROLE", "GRANT SELECT ON alembic_version TO app_rw"
    )


def downgrade() -> None:
    lock_tables(*NAMES)
    run_at_once("SET LOCAL ROLE app_owner", *UNDONE, *loosened(), "RESET ROLE")


def require_roles() -> None:
    roles = "SELECT count(*) FROM pg_roles WHERE rolname IN ('app_owner', 'app_gate', 'app_migrate', 'app_rw')"
    if op.get_bind().exec_driver_sql(roles).scalar() != 4:
        raise CommandError(
            "The roles app_owner, app_gate, app_migrate and app_rw are not there.",
            hint="Run offramp db upgrade once as an administrator of the server, who may make them.",
        )


def take_over(steps: Live) -> None:
    """What the first revision has made belongs to the owner, if somebody else ran it."""
    for table in ("alembic_version", *NAMES):
        if steps.ask(f"SELECT relowner::regrole::text FROM pg_class WHERE oid = '{table}'::regclass") != OWNER:  # noqa: S608
            steps.run(f"ALTER TABLE {table} OWNER TO app_owner", role=None)
    for function in ("aws_datetime(timestamptz)", "aws_date(date)"):
        if steps.ask(f"SELECT proowner::regrole::text FROM pg_proc WHERE oid = '{function}'::regprocedure") != OWNER:  # noqa: S608
            steps.run(f"ALTER FUNCTION {function} OWNER TO app_owner", role=None)


def add_columns(steps: Live) -> None:
    steps.run(*FUNCTIONS)
    steps.run(
        """ALTER TABLE product_suppliers ADD COLUMN IF NOT EXISTS organization_id text COLLATE "C" """,
        "CREATE OR REPLACE TRIGGER organized BEFORE INSERT ON product_suppliers FOR EACH ROW "
        "WHEN (NEW.organization_id IS NULL) EXECUTE FUNCTION app_organize_product_supplier()",
    )
    steps.fill(
        """
        UPDATE product_suppliers AS t SET organization_id = p.organization_id FROM products AS p
        WHERE p.id = t.product_id AND t.id IN (
            SELECT s.id FROM product_suppliers AS s JOIN products AS p ON p.id = s.product_id
            WHERE s.organization_id IS NULL AND p.organization_id IS NOT NULL LIMIT {batch})
        """
    )
    for table in NAMES:
        steps.run(
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS row_version integer NOT NULL DEFAULT 1",
            f"CREATE OR REPLACE TRIGGER versioned BEFORE UPDATE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION app_raise_row_version()",
        )


def add_indexes(steps: Live) -> None:
    """The old ones stay as long as old code may be served."""
    for each in TABLES:
        if each.table != "organizations":
            key = ", ".join(("organization_id", *each.key))
            # Of the primary key to come; foreign keys lead to it.
            steps.index(f"CREATE UNIQUE INDEX {each.table}_enforced_pkey ON {each.table} ({key})")
        for column in each.unique:
            name = f"{each.table}_organization_id_{column}_key"
            steps.unique(each.table, name, f"organization_id, {column}")
    for statement in INDEXES:
        steps.index(statement)


def add_constraints(steps: Live) -> None:
    for each in TABLES:
        steps.constrain(
            each.table,
            {
                **{f"{each.table}_{column}_check": f"CHECK ({check})" for column, check in each.checks.items()},
                **dict(foreign_keys(each)),
            },
        )
        steps.require(each.table, required_of(each))


def required_of(each: Enforced) -> tuple[str, ...]:
    return ("organization_id", *each.required) if each.table == "product_suppliers" else each.required


def foreign_keys(about: Enforced) -> Iterator[tuple[str, str]]:
    for each in about.references:
        if each.target == "organizations":
            name, columns, key = f"{about.table}_organization_id_fkey", "organization_id", "id"
        else:
            name = f"{about.table}_organization_id_{each.column}_fkey"
            columns, key = f"organization_id, {each.column}", "organization_id, id"
        yield name, f"FOREIGN KEY ({columns}) REFERENCES {each.target} ({key}) ON DELETE {each.on_delete}"


OWNER = "app_owner"

TABLES = (
    Enforced(
        "organizations",
        required=("name", "created_at", "updated_at"),
        checks={
            "plan": "plan IN ('FREE', 'STANDARD', 'ENTERPRISE')",
        },
    ),
    Enforced(
        "users",
        required=("cognito_sub", "email", "status", "organization_id", "created_at", "updated_at"),
        checks={
            "status": "status IN ('ACTIVE', 'INVITED', 'SUSPENDED')",
        },
        unique=("cognito_sub",),
        references=(Reference("organization_id", "organizations"),),
    ),
    Enforced(
        "roles",
        required=("organization_id", "name", "created_at", "updated_at"),
        references=(Reference("organization_id", "organizations"),),
    ),
    Enforced(
        "user_roles",
        required=("organization_id", "user_id", "role_id", "created_at", "updated_at"),
        references=(
            Reference("role_id", "roles"),
            Reference("user_id", "users"),
        ),
    ),
    Enforced(
        "audit_logs",
        required=("organization_id", "action", "entity_type", "entity_id", "occurred_at", "created_at", "updated_at"),
        checks={
            "action": "action IN ('CREATE', 'UPDATE', 'DELETE', 'LOGIN', 'EXPORT')",
        },
        references=(
            Reference("actor_id", "users", on_delete="SET NULL (actor_id)"),
            Reference("organization_id", "organizations"),
        ),
    ),
    Enforced(
        "categories",
        required=("organization_id", "name", "created_at", "updated_at"),
        references=(
            Reference("organization_id", "organizations"),
            Reference("parent_id", "categories"),
        ),
    ),
    Enforced(
        "products",
        required=("organization_id", "sku", "name", "price", "active", "ratings", "created_at", "updated_at"),
        checks={
            "price": "price >= 0 AND price < 'infinity'",
            "unit": "unit IN ('EACH', 'KG', 'LITRE', 'METRE', 'BOX')",
        },
        references=(
            Reference("category_id", "categories"),
            Reference("organization_id", "organizations"),
        ),
    ),
    Enforced(
        "warehouses",
        required=("organization_id", "code", "name", "created_at", "updated_at"),
        references=(
            Reference("organization_id", "organizations"),
            Reference("manager_id", "users", on_delete="SET NULL (manager_id)"),
        ),
    ),
    Enforced(
        "stock_items",
        required=("organization_id", "quantity", "created_at", "updated_at"),
        checks={
            "on_order": "on_order >= 0",
            "quantity": "quantity >= 0",
            "reserved": "reserved >= 0",
        },
        references=(
            Reference("product_id", "products"),
            Reference("warehouse_id", "warehouses"),
        ),
        key=("warehouse_id", "product_id", "lot"),
    ),
    Enforced(
        "suppliers",
        required=("organization_id", "name", "created_at", "updated_at"),
        references=(Reference("organization_id", "organizations"),),
    ),
    Enforced(
        "purchase_orders",
        required=("organization_id", "number", "status", "supplier_id", "created_at", "updated_at"),
        checks={
            "status": "status IN ('DRAFT', 'SUBMITTED', 'APPROVED', 'RECEIVED', 'CANCELLED')",
        },
        unique=("number",),
        references=(
            Reference("organization_id", "organizations"),
            Reference("supplier_id", "suppliers"),
            Reference("warehouse_id", "warehouses"),
        ),
    ),
    Enforced(
        "purchase_order_items",
        required=(
            "organization_id",
            "purchase_order_id",
            "line_number",
            "product_id",
            "quantity",
            "unit_price",
            "created_on",
            "updated_on",
        ),
        checks={
            "quantity": "quantity >= 1",
            "received_quantity": "received_quantity >= 0",
            "unit_price": "unit_price >= 0 AND unit_price < 'infinity'",
        },
        references=(
            Reference("product_id", "products"),
            Reference("purchase_order_id", "purchase_orders"),
        ),
    ),
    Enforced(
        "product_suppliers",
        required=("product_id", "supplier_id", "created_at", "updated_at"),
        references=(
            Reference("product_id", "products", on_delete="CASCADE"),
            Reference("supplier_id", "suppliers", on_delete="CASCADE"),
        ),
        organization="(SELECT p.organization_id FROM products AS p WHERE p.id = t.product_id)",
    ),
)
"""What each table enforces from here on; the order is that of the models."""

NAMES = tuple(each.table for each in TABLES)

FUNCTIONS = (
    """
        CREATE OR REPLACE FUNCTION app_raise_row_version() RETURNS trigger
            LANGUAGE plpgsql AS $$
        BEGIN
            NEW.row_version := OLD.row_version OPERATOR(pg_catalog.+) 1;
            RETURN NEW;
        END $$
    """,
    # Code that does not know the column leaves it out.
    """
        CREATE OR REPLACE FUNCTION app_organize_product_supplier() RETURNS trigger
            LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            NEW.organization_id := (SELECT organization_id FROM products WHERE id = NEW.product_id);
            RETURN NEW;
        END $$
    """,
)

INDEXES = (
    "CREATE INDEX organizations_id_name_idx ON organizations (id, name)",
    "CREATE INDEX users_organization_id_cognito_sub_idx ON users (organization_id, cognito_sub, id)",
    "CREATE INDEX user_roles_organization_id_role_id_user_id_idx ON user_roles (organization_id, role_id, user_id, id)",
    "CREATE INDEX user_roles_organization_id_user_id_role_id_idx ON user_roles (organization_id, user_id, role_id, id)",
    "CREATE INDEX audit_logs_organization_id_actor_id_occurred_at_idx ON audit_logs (organization_id, actor_id, occurred_at, id)",
    """CREATE INDEX audit_logs_organization_id_entity_type_entity_id_occur_fc381f52 ON audit_logs (organization_id, entity_type, ((entity_id || '#' || aws_datetime(occurred_at)) COLLATE "C"), id)""",
    "CREATE INDEX categories_organization_id_parent_id_position_idx ON categories (organization_id, parent_id, position, id)",
    "CREATE INDEX categories_organization_id_slug_idx ON categories (organization_id, slug, id)",
    "CREATE INDEX products_organization_id_category_id_price_idx ON products (organization_id, category_id, price, id)",
    "CREATE INDEX products_organization_id_sku_idx ON products (organization_id, sku, id)",
    "CREATE INDEX warehouses_organization_id_manager_id_idx ON warehouses (organization_id, manager_id, id)",
    "CREATE INDEX stock_items_organization_id_product_id_quantity_idx ON stock_items (organization_id, product_id, quantity, warehouse_id, lot)",
    """CREATE INDEX stock_items_organization_id_warehouse_id_product_id_lo_f08510f3 ON stock_items (organization_id, warehouse_id, ((product_id || '#' || lot) COLLATE "C"), product_id, lot)""",
    "CREATE INDEX stock_items_organization_id_warehouse_id_quantity_idx ON stock_items (organization_id, warehouse_id, quantity, product_id, lot)",
    "CREATE INDEX purchase_orders_organization_id_number_idx ON purchase_orders (organization_id, number, id)",
    "CREATE INDEX purchase_orders_organization_id_status_ordered_at_idx ON purchase_orders (organization_id, status, ordered_at, id)",
    "CREATE INDEX purchase_orders_organization_id_supplier_id_ordered_at_idx ON purchase_orders (organization_id, supplier_id, ordered_at, id)",
    "CREATE INDEX purchase_orders_organization_id_warehouse_id_ordered_at_idx ON purchase_orders (organization_id, warehouse_id, ordered_at, id)",
    "CREATE INDEX purchase_order_items_organization_id_product_id_idx ON purchase_order_items (organization_id, product_id, id)",
    "CREATE INDEX purchase_order_items_organization_id_purchase_order_id_25cc0b86 ON purchase_order_items (organization_id, purchase_order_id, line_number, id)",
    "CREATE INDEX product_suppliers_organization_id_product_id_idx ON product_suppliers (organization_id, product_id, id)",
    "CREATE INDEX product_suppliers_organization_id_supplier_id_idx ON product_suppliers (organization_id, supplier_id, id)",
    # The next revision gives it the name of the one that it takes the place of.
    "CREATE INDEX users_cognito_sub_enforced_idx ON users (cognito_sub)",
)

TOLD = "coalesce(current_setting('app.provider', true), '') <> ''"
"""Who asks has been told: by code that knows of organizations. Of the code before it these triggers ask nothing."""


SERVING, NOT_THE_TRAIL = "current_user = 'app_rw'", "current_user <> 'app_gate'"


def triggers(*conditions: str) -> Iterator[str]:
    def when(*more: str) -> str:
        asked = " AND ".join((*more, *conditions))
        return f"WHEN ({asked}) " if asked else ""

    yield (
        f"CREATE OR REPLACE TRIGGER signed BEFORE INSERT ON audit_logs FOR EACH ROW {when(SERVING)}"
        "EXECUTE FUNCTION app_sign_audit_log()"
    )
    yield (
        "CREATE OR REPLACE TRIGGER guarded BEFORE INSERT OR UPDATE OF cognito_sub, status ON users FOR EACH ROW "
        f"{when(SERVING)}EXECUTE FUNCTION app_guard_user()"
    )
    for events, table, more in (
        ("DELETE OR UPDATE OF user_id, role_id, expires_on", "user_roles", ()),
        ("UPDATE OF status", "users", ("NEW.status = 'SUSPENDED'", "OLD.status IS DISTINCT FROM NEW.status")),
        ("UPDATE OF name", "roles", ("OLD.name = 'Admin'", "NEW.name IS DISTINCT FROM OLD.name")),
    ):
        yield (
            f"CREATE OR REPLACE TRIGGER admin_kept AFTER {events} ON {table} FOR EACH ROW {when(SERVING, *more)}"
            "EXECUTE FUNCTION app_keep_an_admin()"
        )
    for table, about in AUDITED.items():
        is_log = table == "audit_logs"
        yield (
            f"CREATE OR REPLACE TRIGGER audited AFTER {'INSERT OR DELETE' if is_log else 'INSERT OR UPDATE OR DELETE'} "
            f"ON {table} FOR EACH ROW {when(NOT_THE_TRAIL) if is_log else when()}"
            f"EXECUTE FUNCTION app_audit('{about}')"
        )


AUDITED = {
    "organizations": """{"model":"Organization","tenant":"id","key":["id"],"names":{"id":"id","name":"name","slug":"slug","plan":"plan","website":"website","contact_email":"contactEmail","phone":"phone","address":"address","tags":"tags","settings":"settings","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "users": """{"model":"User","tenant":"organization_id","key":["id"],"names":{"id":"id","owner":"owner","cognito_sub":"cognitoSub","email":"email","first_name":"firstName","last_name":"lastName","phone":"phone","status":"status","birth_date":"birthDate","daily_digest_at":"dailyDigestAt","last_login_at":"lastLoginAt","last_login_ip":"lastLoginIp","preferences":"preferences","salary":"salary","organization_id":"organizationId","created_at":"createdAt","updated_at":"updatedAt"},"masked":["salary"]}""",
    "roles": """{"model":"Role","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","name":"name","description":"description","permissions":"permissions","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "user_roles": """{"model":"UserRole","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","user_id":"userId","role_id":"roleId","granted_at":"grantedAt","expires_on":"expiresOn","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "audit_logs": """{"model":"AuditLog","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","actor_id":"actorId","action":"action","entity_type":"entityType","entity_id":"entityId","occurred_at":"occurredAt","ip":"ip","changes":"changes","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "categories": """{"model":"Category","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","name":"name","slug":"slug","position":"position","parent_id":"parentId","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "products": """{"model":"Product","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","sku":"sku","name":"name","description":"description","price":"price","quantity":"quantity","active":"active","unit":"unit","tags":"tags","ratings":"ratings","photos":"photos","metadata":"metadata","released_on":"releasedOn","available_from":"availableFrom","synced_at":"syncedAt","discontinued_at":"discontinuedAt","dimensions":"dimensions","category_id":"categoryId","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "warehouses": """{"model":"Warehouse","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","code":"code","name":"name","address":"address","capacity":"capacity","opens_at":"opensAt","closes_at":"closesAt","manager_id":"managerId","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "stock_items": """{"model":"StockItem","tenant":"organization_id","key":["warehouse_id","product_id","lot"],"names":{"warehouse_id":"warehouseId","product_id":"productId","lot":"lot","organization_id":"organizationId","quantity":"quantity","on_order":"onOrder","reserved":"reserved","reorder_point":"reorderPoint","counted_on":"countedOn","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "suppliers": """{"model":"Supplier","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","name":"name","email":"email","phone":"phone","website":"website","address":"address","lead_time_days":"leadTimeDays","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}""",
    "purchase_orders": """{"model":"PurchaseOrder","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","number":"number","status":"status","ordered_at":"orderedAt","expected_on":"expectedOn","total":"total","notes":"notes","approver_groups":"approverGroups","supplier_id":"supplierId","warehouse_id":"warehouseId","created_at":"createdAt","updated_at":"updatedAt","owner":"owner"},"masked":[]}""",
    "purchase_order_items": """{"model":"PurchaseOrderItem","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","purchase_order_id":"purchaseOrderId","line_number":"lineNumber","product_id":"productId","quantity":"quantity","unit_price":"unitPrice","received_quantity":"receivedQuantity","created_on":"createdOn","updated_on":"updatedOn"},"masked":[]}""",
    "product_suppliers": """{"model":"ProductSupplier","tenant":"organization_id","key":["id"],"names":{"id":"id","product_id":"productId","supplier_id":"supplierId","created_at":"createdAt","updated_at":"updatedAt","organization_id":"organizationId"},"masked":[]}""",
}

OURS = (
    """
        CREATE TABLE idempotency_key (
            organization text NOT NULL,
            subject text NOT NULL,
            method text NOT NULL,
            path text NOT NULL,
            key text NOT NULL,
            body_hash text NOT NULL,
            status integer NOT NULL,
            headers text NOT NULL,
            body text NOT NULL,
            created_at timestamptz(3) NOT NULL DEFAULT now(),
            PRIMARY KEY (organization, subject, method, path, key)
        )
    """,
    "CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON organizations TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON users TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON roles TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON user_roles TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON audit_logs TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON categories TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON products TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON warehouses TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON stock_items TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON suppliers TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON purchase_orders TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON purchase_order_items TO app_rw",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON product_suppliers TO app_rw",
    """
        CREATE FUNCTION app_context(organization text, provider text, caller text) RETURNS boolean
            LANGUAGE sql VOLATILE PARALLEL UNSAFE
            RETURN set_config('app.organization', coalesce(organization, ''), true) IS NOT NULL
                AND set_config('app.provider', coalesce(provider, ''), true) IS NOT NULL
                AND set_config('app.caller', coalesce(caller, ''), true) IS NOT NULL
    """,
    """
        CREATE FUNCTION app_names(named text) RETURNS jsonb
            LANGUAGE sql STABLE PARALLEL SAFE
            RETURN nullif(current_setting('app.caller', true), '')::jsonb -> 'names' -> named
    """,
    "GRANT SELECT ON users TO app_gate",
    """
        CREATE FUNCTION app_holds_users(text, TEXT) RETURNS boolean
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
            SELECT $1 = nullif(current_setting('app.organization', true), '') AND EXISTS (SELECT FROM users WHERE organization_id = $1 AND id = $2)
        $$
    """,
    "ALTER FUNCTION app_holds_users(text, TEXT) OWNER TO app_gate",
    "REVOKE ALL ON FUNCTION app_holds_users(text, TEXT) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION app_holds_users(text, TEXT) TO app_rw",
    "GRANT SELECT ON purchase_orders TO app_gate",
    """
        CREATE FUNCTION app_holds_purchase_orders(text, TEXT) RETURNS boolean
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
            SELECT $1 = nullif(current_setting('app.organization', true), '') AND EXISTS (SELECT FROM purchase_orders WHERE organization_id = $1 AND id = $2)
        $$
    """,
    "ALTER FUNCTION app_holds_purchase_orders(text, TEXT) OWNER TO app_gate",
    "REVOKE ALL ON FUNCTION app_holds_purchase_orders(text, TEXT) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION app_holds_purchase_orders(text, TEXT) TO app_rw",
    """
        CREATE TABLE audit_entry (
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
        )
    """,
    "CREATE INDEX audit_entry_occurred_at_idx ON audit_entry (organization_id, occurred_at, id)",
    "CREATE INDEX audit_entry_entity_idx ON audit_entry (organization_id, entity_type, entity_id, occurred_at, id)",
    "ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON audit_entry AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON audit_entry TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY readers ON audit_entry FOR SELECT TO app_rw USING ((SELECT (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])))",
    "CREATE POLICY writer ON audit_entry FOR INSERT TO app_gate WITH CHECK (true)",
    "REVOKE ALL ON audit_entry FROM app_rw",
    "GRANT SELECT ON audit_entry TO app_rw",
    "GRANT INSERT ON audit_entry TO app_gate",
    """
        CREATE FUNCTION app_shown(stored jsonb, names jsonb, masked jsonb) RETURNS jsonb
            LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
            SELECT jsonb_object_agg(names ->> key, CASE WHEN masked ? key AND value <> 'null' THEN '"***"' ELSE value END)
            FROM jsonb_each(stored) WHERE names ? key
        $$
    """,
    """
        CREATE FUNCTION app_changed(stored jsonb, other jsonb) RETURNS jsonb
            LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
            SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(stored)
            WHERE value IS DISTINCT FROM other -> key
        $$
    """,
    """
        CREATE FUNCTION app_audit() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
        DECLARE
            caller jsonb := coalesce(nullif(current_setting('app.caller', true), ''), '{}')::jsonb;
            about jsonb := TG_ARGV[0]::jsonb;
            was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
            becomes jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
            stored jsonb := coalesce(becomes, was);
            entry audit_entry;
        BEGIN
            IF session_user <> 'app_rw' AND current_setting('app.unaudited', true) = 'on' THEN
                RETURN NULL;
            END IF;
            SELECT string_agg(stored ->> key, '#' ORDER BY at) INTO entry.entity_id
            FROM jsonb_array_elements_text(about -> 'key') WITH ORDINALITY AS part (key, at);
            entry.organization_id := stored ->> (about ->> 'tenant');
            entry.id := gen_random_uuid();
            entry.occurred_at := clock_timestamp();
            entry.action := CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END;
            entry.entity_type := about ->> 'model';
            entry.actor := coalesce(caller ->> 'sub', CASE WHEN caller = '{}' THEN session_user END);
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
            INSERT INTO audit_entry VALUES (entry.*);
            IF TG_TABLE_NAME <> 'audit_logs' THEN
                INSERT INTO audit_logs (organization_id, id, actor_id, action, entity_type, entity_id, occurred_at, ip, changes,
                    created_at, updated_at)
                SELECT entry.organization_id, entry.id, (SELECT id FROM users
                        WHERE organization_id = entry.organization_id AND cognito_sub = entry.actor),
                    entry.action, entry.entity_type, entry.entity_id, entry.occurred_at, entry.address,
                    json_build_object('before', entry.before, 'after', entry.after), entry.occurred_at, entry.occurred_at;
            END IF;
            RETURN NULL;
        END $$
    """,
    "ALTER FUNCTION app_audit() OWNER TO app_gate",
    "REVOKE ALL ON FUNCTION app_audit() FROM PUBLIC",
    "GRANT SELECT, INSERT ON audit_logs TO app_gate",
    "GRANT SELECT ON users TO app_gate",
    """
        CREATE FUNCTION app_own_user(sub text) RETURNS text
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
            SELECT id FROM users WHERE organization_id = nullif(current_setting('app.organization', true), '') AND cognito_sub = sub
        $$
    """,
    "ALTER FUNCTION app_own_user(text) OWNER TO app_gate",
    "REVOKE ALL ON FUNCTION app_own_user(text) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION app_own_user(text) TO app_rw",
    """
        CREATE FUNCTION app_sign_audit_log() RETURNS trigger
            LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
        DECLARE
            caller jsonb := coalesce(nullif(current_setting('app.caller', true), ''), '{}')::jsonb;
        BEGIN
            NEW.actor_id := app_own_user(caller ->> 'sub');
            NEW.occurred_at := clock_timestamp();
            NEW.ip := caller ->> 'address';
            RETURN NEW;
        END $$
    """,
    "ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE idempotency_key FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON idempotency_key AS RESTRICTIVE TO app_rw USING (organization = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON idempotency_key TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY own ON idempotency_key TO app_rw USING (true) WITH CHECK (true)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_key TO app_rw",
    """
        CREATE TABLE api_key (
            digest bytea PRIMARY KEY,
            organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
            name text,
            created_at timestamptz(3) NOT NULL DEFAULT now(),
            expires_at timestamptz(3),
            revoked_at timestamptz(3)
        )
    """,
    "ALTER TABLE api_key ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE api_key FORCE ROW LEVEL SECURITY",
    "CREATE POLICY owner ON api_key TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON api_key FOR SELECT TO app_gate USING (true)",
    "REVOKE ALL ON api_key FROM app_rw",
    "GRANT SELECT ON api_key, users, user_roles, roles TO app_gate",
    """
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
        $$
    """,
    "ALTER FUNCTION app_membership(text, text) OWNER TO app_gate",
    "REVOKE ALL ON FUNCTION app_membership(text, text) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION app_membership(text, text) TO app_rw",
    """
        CREATE FUNCTION app_api_key(digest bytea) RETURNS text
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
            SELECT organization_id FROM api_key AS k
            WHERE k.digest = app_api_key.digest AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
        $$
    """,
    "ALTER FUNCTION app_api_key(bytea) OWNER TO app_gate",
    "REVOKE ALL ON FUNCTION app_api_key(bytea) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION app_api_key(bytea) TO app_rw",
    """
        CREATE FUNCTION app_guard_user() RETURNS trigger
            LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            IF current_setting('app.provider', true) = 'service' OR app_names('groups cognito:groups') ? 'Admin' THEN
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
        END $$
    """,
    """
        CREATE FUNCTION app_keep_an_admin() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
        DECLARE
            was_admin boolean;
        BEGIN
            IF TG_TABLE_NAME = 'users' THEN
                was_admin := EXISTS (SELECT FROM user_roles AS held
                    JOIN roles AS r ON (r.organization_id, r.id) = (held.organization_id, held.role_id)
                    JOIN users AS u ON (u.organization_id, u.id) = (held.organization_id, held.user_id)
                    WHERE held.organization_id = OLD.organization_id
                        AND (held.expires_on IS NULL OR held.expires_on >= current_date) AND u.id = OLD.id AND r.name = 'Admin');
            ELSIF TG_TABLE_NAME = 'roles' THEN
                was_admin := EXISTS (SELECT FROM user_roles AS held
                    JOIN roles AS r ON (r.organization_id, r.id) = (held.organization_id, held.role_id)
                    JOIN users AS u ON (u.organization_id, u.id) = (held.organization_id, held.user_id)
                    WHERE held.organization_id = OLD.organization_id
                        AND (held.expires_on IS NULL OR held.expires_on >= current_date) AND r.id = OLD.id AND u.status IS DISTINCT FROM 'SUSPENDED');
            ELSIF OLD.expires_on IS NULL OR OLD.expires_on >= current_date THEN
                was_admin := EXISTS (SELECT FROM roles AS r, users AS u
                    WHERE (r.organization_id, r.id) = (OLD.organization_id, OLD.role_id) AND r.name = 'Admin'
                        AND (u.organization_id, u.id) = (OLD.organization_id, OLD.user_id) AND u.status IS DISTINCT FROM 'SUSPENDED');
            END IF;
            IF was_admin THEN
                PERFORM pg_advisory_xact_lock(hashtextextended('admins ' || OLD.organization_id, 0));
                IF NOT EXISTS (SELECT FROM user_roles AS held
                    JOIN roles AS r ON (r.organization_id, r.id) = (held.organization_id, held.role_id)
                    JOIN users AS u ON (u.organization_id, u.id) = (held.organization_id, held.user_id)
                    WHERE held.organization_id = OLD.organization_id
                        AND (held.expires_on IS NULL OR held.expires_on >= current_date) AND r.name = 'Admin' AND u.status IS DISTINCT FROM 'SUSPENDED') THEN
                    RAISE EXCEPTION USING ERRCODE = 'OF001', MESSAGE = 'the last Admin';
                END IF;
            END IF;
            RETURN NULL;
        END $$
    """,
    "ALTER FUNCTION app_keep_an_admin() OWNER TO app_gate",
    "REVOKE ALL ON FUNCTION app_keep_an_admin() FROM PUBLIC",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO app_owner",
    "GRANT USAGE ON SCHEMA public TO app_rw",
)

UNDONE = (
    *(f"DROP TRIGGER audited ON {table}" for table in NAMES),
    *(f"DROP TRIGGER versioned ON {table}" for table in NAMES),
    "DROP TRIGGER signed ON audit_logs",
    "DROP TRIGGER guarded ON users",
    "DROP TRIGGER organized ON product_suppliers",
    *(f"DROP TRIGGER admin_kept ON {table}" for table in ("users", "roles", "user_roles")),
    "DROP FUNCTION app_keep_an_admin()",
    *(f"REVOKE ALL ON {table} FROM app_gate" for table in NAMES),
    "DROP TABLE api_key, audit_entry, idempotency_key",
    """
        DROP FUNCTION app_membership(text, text), app_api_key(bytea), app_guard_user(), app_sign_audit_log(), app_own_user(text),
            app_audit(), app_shown(jsonb, jsonb, jsonb), app_changed(jsonb, jsonb), app_names(text), app_context(text, text, text),
            app_holds_users(text, text), app_holds_purchase_orders(text, text), app_raise_row_version(),
            app_organize_product_supplier()
    """,
)


def loosened() -> Iterator[str]:
    for each in TABLES:
        for name, _ in foreign_keys(each):
            yield f"ALTER TABLE {each.table} DROP CONSTRAINT {name}"
    for statement in INDEXES:
        yield f"DROP INDEX {statement.split()[2]}"
    for each in TABLES:
        named = [*(f"{column}_check" for column in each.checks), *(f"organization_id_{one}_key" for one in each.unique)]
        yield f"ALTER TABLE {each.table} " + ", ".join(
            [
                *(f"DROP CONSTRAINT {each.table}_{name}" for name in named),
                *(f"ALTER COLUMN {column} DROP NOT NULL" for column in each.required),
                "DROP COLUMN row_version",
            ]
        )
        if each.table != "organizations":
            yield f"DROP INDEX {each.table}_enforced_pkey"
    yield "ALTER TABLE product_suppliers DROP COLUMN organization_id"
