"""The inventory in `enforced` integrity: the database keeps organizations apart, whatever a statement says.

What takes long has been done by the revision before. This one looks at no row: it takes all tables for a moment,
changes their keys, drops the indexes of old code and switches row-level security on. From here on code for `legacy`
tables sees nothing; deploy the other one first (docs/deploy.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from alembic import context

from service.db.migrations.live import lock_tables, run_at_once

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    before = expanded()
    lock_tables(*before.NAMES)
    run_at_once("SET LOCAL ROLE app_owner", *keyed(before.NAMES), *DROPPED, *before.triggers(), *SECURED, "RESET ROLE")


def downgrade() -> None:
    """Builds the old indexes and checks the references in one transaction, so readers and writers wait."""
    before = expanded()
    lock_tables(*before.NAMES)
    run_at_once("SET LOCAL statement_timeout = 0", "SET LOCAL ROLE app_owner")
    run_at_once(*opened(before.NAMES), *BRIDGE, *before.triggers(before.TOLD), *loosely_keyed(before), *OLD_INDEXES)
    run_at_once("RESET ROLE")


def expanded() -> ModuleType:
    """The revision that this one is the other half of."""
    module: ModuleType = context.script.get_revision("0002").module
    return module


def keyed(tables: tuple[str, ...]) -> Iterator[str]:
    """The organization leads the primary keys."""
    for table in tables:
        if table != "organizations":
            yield (
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, "
                f"ADD CONSTRAINT {table}_pkey PRIMARY KEY USING INDEX {table}_enforced_pkey"
            )


def loosely_keyed(before: ModuleType) -> Iterator[str]:
    for each in before.TABLES:
        for name, _ in before.foreign_keys(each):
            yield f"ALTER TABLE {each.table} DROP CONSTRAINT {name}"
    for each in before.TABLES:
        if each.table != "organizations":
            key = ", ".join(each.key)
            yield f"ALTER TABLE {each.table} DROP CONSTRAINT {each.table}_pkey, ADD PRIMARY KEY ({key})"
            yield f"CREATE UNIQUE INDEX {each.table}_enforced_pkey ON {each.table} (organization_id, {key})"
    for each in before.TABLES:
        for name, definition in before.foreign_keys(each):
            yield f"ALTER TABLE {each.table} ADD CONSTRAINT {name} {definition}"


def opened(tables: tuple[str, ...]) -> Iterator[str]:
    for table in tables:
        yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"
        for policy in ("tenant", "owner", "gate", "readers", "creators", "updaters", "deleters"):
            yield f"DROP POLICY {policy} ON {table}"
    yield "DROP POLICY writer ON audit_logs"


DROPPED = (
    "DROP TRIGGER organized ON product_suppliers",
    "DROP FUNCTION app_organize_product_supplier()",
    "DROP INDEX organizations_name_idx",
    "DROP INDEX users_cognito_sub_idx",
    "DROP INDEX users_email_idx",
    "DROP INDEX user_roles_role_id_user_id_idx",
    "DROP INDEX user_roles_user_id_role_id_idx",
    "DROP INDEX audit_logs_actor_id_occurred_at_idx",
    "DROP INDEX audit_logs_entity_type_entity_id_occurred_at_joined_idx",
    "DROP INDEX categories_parent_id_position_idx",
    "DROP INDEX categories_slug_idx",
    "DROP INDEX products_category_id_price_idx",
    "DROP INDEX products_sku_idx",
    "DROP INDEX warehouses_manager_id_idx",
    "DROP INDEX stock_items_product_id_quantity_idx",
    "DROP INDEX stock_items_warehouse_id_product_id_lot_joined_idx",
    "DROP INDEX stock_items_warehouse_id_quantity_idx",
    "DROP INDEX suppliers_name_idx",
    "DROP INDEX purchase_orders_number_idx",
    "DROP INDEX purchase_orders_status_ordered_at_idx",
    "DROP INDEX purchase_orders_supplier_id_ordered_at_idx",
    "DROP INDEX purchase_orders_warehouse_id_ordered_at_idx",
    "DROP INDEX purchase_order_items_product_id_idx",
    "DROP INDEX purchase_order_items_purchase_order_id_line_number_idx",
    "DROP INDEX product_suppliers_product_id_idx",
    "DROP INDEX product_suppliers_supplier_id_idx",
    "ALTER INDEX users_cognito_sub_enforced_idx RENAME TO users_cognito_sub_idx",
)

SECURED = (
    "ALTER TABLE organizations ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE organizations FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON organizations AS RESTRICTIVE TO app_rw USING (id = nullif(current_setting('app.organization', true), '')) WITH CHECK (id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON organizations TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON organizations FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON organizations FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON organizations FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])))",
    "CREATE POLICY updaters ON organizations FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON organizations FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])))",
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE users FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON users AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON users TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON users FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON users FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools') OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner))",
    "CREATE POLICY creators ON users FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner))",
    "CREATE POLICY updaters ON users FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner)) WITH CHECK (true)",
    "CREATE POLICY deleters ON users FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner))",
    "ALTER TABLE roles ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE roles FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON roles AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON roles TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON roles FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON roles FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON roles FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])))",
    "CREATE POLICY updaters ON roles FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON roles FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])))",
    "ALTER TABLE user_roles ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE user_roles FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON user_roles AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON user_roles TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON user_roles FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON user_roles FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON user_roles FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])))",
    "CREATE POLICY updaters ON user_roles FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON user_roles FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])))",
    "ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit_logs FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON audit_logs AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON audit_logs TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON audit_logs FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON audit_logs FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON audit_logs FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY updaters ON audit_logs FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service')) WITH CHECK (true)",
    "CREATE POLICY deleters ON audit_logs FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service'))",
    "ALTER TABLE categories ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE categories FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON categories AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON categories TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON categories FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON categories FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools' OR current_setting('app.provider', true) = 'apiKey'))",
    "CREATE POLICY creators ON categories FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY updaters ON categories FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON categories FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "ALTER TABLE products ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE products FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON products AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON products TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON products FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON products FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools' OR current_setting('app.provider', true) = 'apiKey'))",
    "CREATE POLICY creators ON products FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY updaters ON products FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON products FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "ALTER TABLE warehouses ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE warehouses FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON warehouses AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON warehouses TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON warehouses FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON warehouses FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON warehouses FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY updaters ON warehouses FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON warehouses FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "ALTER TABLE stock_items ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE stock_items FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON stock_items AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON stock_items TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON stock_items FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON stock_items FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON stock_items FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY updaters ON stock_items FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON stock_items FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "ALTER TABLE suppliers ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE suppliers FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON suppliers AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON suppliers TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON suppliers FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON suppliers FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON suppliers FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY updaters ON suppliers FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON suppliers FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "ALTER TABLE purchase_orders ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE purchase_orders FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON purchase_orders AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON purchase_orders TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON purchase_orders FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON purchase_orders FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('groups cognito:groups')) ?| approver_groups))",
    "CREATE POLICY creators ON purchase_orders FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner))",
    "CREATE POLICY updaters ON purchase_orders FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('groups cognito:groups')) ?| approver_groups)) WITH CHECK (true)",
    "CREATE POLICY deleters ON purchase_orders FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner))",
    "ALTER TABLE purchase_order_items ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE purchase_order_items FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON purchase_order_items AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON purchase_order_items TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON purchase_order_items FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON purchase_order_items FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'))",
    "CREATE POLICY creators ON purchase_order_items FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY updaters ON purchase_order_items FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON purchase_order_items FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "ALTER TABLE product_suppliers ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE product_suppliers FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON product_suppliers AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''))",
    "CREATE POLICY owner ON product_suppliers TO app_owner USING (true) WITH CHECK (true)",
    "CREATE POLICY gate ON product_suppliers FOR SELECT TO app_gate USING (true)",
    "CREATE POLICY readers ON product_suppliers FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools' OR current_setting('app.provider', true) = 'apiKey'))",
    "CREATE POLICY creators ON product_suppliers FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY updaters ON product_suppliers FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true)",
    "CREATE POLICY deleters ON product_suppliers FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])))",
    "CREATE POLICY writer ON audit_logs FOR INSERT TO app_gate WITH CHECK (true)",
)

BRIDGE = (
    """
        CREATE FUNCTION app_organize_product_supplier() RETURNS trigger
            LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            NEW.organization_id := (SELECT organization_id FROM products WHERE id = NEW.product_id);
            RETURN NEW;
        END $$
    """,
    """
        CREATE TRIGGER organized BEFORE INSERT ON product_suppliers FOR EACH ROW
            WHEN (NEW.organization_id IS NULL) EXECUTE FUNCTION app_organize_product_supplier()
    """,
    "GRANT EXECUTE ON FUNCTION app_organize_product_supplier() TO app_owner",
    "ALTER INDEX users_cognito_sub_idx RENAME TO users_cognito_sub_enforced_idx",
)

OLD_INDEXES = (
    "CREATE INDEX organizations_name_idx ON organizations (name, id)",
    "CREATE INDEX users_cognito_sub_idx ON users (cognito_sub, id)",
    "CREATE INDEX users_email_idx ON users (email, id)",
    "CREATE INDEX user_roles_role_id_user_id_idx ON user_roles (role_id, user_id, id)",
    "CREATE INDEX user_roles_user_id_role_id_idx ON user_roles (user_id, role_id, id)",
    "CREATE INDEX audit_logs_actor_id_occurred_at_idx ON audit_logs (actor_id, occurred_at, id)",
    """CREATE INDEX audit_logs_entity_type_entity_id_occurred_at_joined_idx ON audit_logs (entity_type, ((entity_id || '#' || aws_datetime(occurred_at)) COLLATE "C"), id)""",
    "CREATE INDEX categories_parent_id_position_idx ON categories (parent_id, position, id)",
    "CREATE INDEX categories_slug_idx ON categories (slug, id)",
    "CREATE INDEX products_category_id_price_idx ON products (category_id, price, id)",
    "CREATE INDEX products_sku_idx ON products (sku, id)",
    "CREATE INDEX warehouses_manager_id_idx ON warehouses (manager_id, id)",
    "CREATE INDEX stock_items_product_id_quantity_idx ON stock_items (product_id, quantity, warehouse_id, lot)",
    """CREATE INDEX stock_items_warehouse_id_product_id_lot_joined_idx ON stock_items (warehouse_id, ((product_id || '#' || lot) COLLATE "C"), product_id, lot)""",
    "CREATE INDEX stock_items_warehouse_id_quantity_idx ON stock_items (warehouse_id, quantity, product_id, lot)",
    "CREATE INDEX suppliers_name_idx ON suppliers (name, id)",
    "CREATE INDEX purchase_orders_number_idx ON purchase_orders (number, id)",
    "CREATE INDEX purchase_orders_status_ordered_at_idx ON purchase_orders (status, ordered_at, id)",
    "CREATE INDEX purchase_orders_supplier_id_ordered_at_idx ON purchase_orders (supplier_id, ordered_at, id)",
    "CREATE INDEX purchase_orders_warehouse_id_ordered_at_idx ON purchase_orders (warehouse_id, ordered_at, id)",
    "CREATE INDEX purchase_order_items_product_id_idx ON purchase_order_items (product_id, id)",
    "CREATE INDEX purchase_order_items_purchase_order_id_line_number_idx ON purchase_order_items (purchase_order_id, line_number, id)",
    "CREATE INDEX product_suppliers_product_id_idx ON product_suppliers (product_id, id)",
    "CREATE INDEX product_suppliers_supplier_id_idx ON product_suppliers (supplier_id, id)",
)
