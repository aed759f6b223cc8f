"""The inventory, as DynamoDB held it: keys are required, and nothing else is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text(collation="C")
MOMENT = postgresql.TIMESTAMP(timezone=True, precision=3)


def upgrade() -> None:
    create_functions()
    create_organizations()
    create_users()
    create_roles()
    create_user_roles()
    create_audit_logs()
    create_categories()
    create_products()
    create_warehouses()
    create_stock_items()
    create_suppliers()
    create_purchase_orders()
    create_purchase_order_items()
    create_product_suppliers()


def downgrade() -> None:
    for table in (
        "product_suppliers",
        "purchase_order_items",
        "purchase_orders",
        "suppliers",
        "stock_items",
        "warehouses",
        "products",
        "categories",
        "audit_logs",
        "user_roles",
        "roles",
        "users",
        "organizations",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION aws_date(date)")
    op.execute("DROP FUNCTION aws_datetime(timestamptz)")


def create_functions() -> None:
    op.execute(
        """
        CREATE FUNCTION aws_datetime(value timestamptz) RETURNS text
            LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
            AS $$ BEGIN RETURN to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'); END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION aws_date(value date) RETURNS text
            LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
            AS $$ BEGIN RETURN to_char(value::timestamp, 'YYYY-MM-DD'); END $$
        """
    )


def create_organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT),
        sa.Column("slug", TEXT),
        sa.Column("plan", TEXT),
        sa.Column("website", TEXT),
        sa.Column("contact_email", TEXT),
        sa.Column("phone", TEXT),
        sa.Column("address", postgresql.JSONB()),
        sa.Column("tags", sa.ARRAY(sa.Text())),
        sa.Column("settings", postgresql.JSON()),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("organizations_name_idx", "organizations", ["name", "id"])


def create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner", TEXT),
        sa.Column("cognito_sub", TEXT),
        sa.Column("email", TEXT),
        sa.Column("first_name", TEXT),
        sa.Column("last_name", TEXT),
        sa.Column("phone", TEXT),
        sa.Column("status", TEXT),
        sa.Column("birth_date", sa.Date()),
        sa.Column("daily_digest_at", TEXT),
        sa.Column("last_login_at", sa.BigInteger()),
        sa.Column("last_login_ip", TEXT),
        sa.Column("preferences", postgresql.JSON()),
        sa.Column("salary", sa.Double()),
        sa.Column("organization_id", TEXT),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("users_cognito_sub_idx", "users", ["cognito_sub", "id"])
    op.create_index("users_email_idx", "users", ["email", "id"])
    op.create_index("users_organization_id_email_idx", "users", ["organization_id", "email", "id"])


def create_roles() -> None:
    op.create_table(
        "roles",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("name", TEXT),
        sa.Column("description", TEXT),
        sa.Column("permissions", sa.ARRAY(sa.Text())),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("roles_organization_id_name_idx", "roles", ["organization_id", "name", "id"])


def create_user_roles() -> None:
    op.create_table(
        "user_roles",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("user_id", TEXT),
        sa.Column("role_id", TEXT),
        sa.Column("granted_at", MOMENT),
        sa.Column("expires_on", sa.Date()),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("user_roles_role_id_user_id_idx", "user_roles", ["role_id", "user_id", "id"])
    op.create_index("user_roles_user_id_role_id_idx", "user_roles", ["user_id", "role_id", "id"])


def create_audit_logs() -> None:
    op.create_table(
        "audit_logs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("actor_id", TEXT),
        sa.Column("action", TEXT),
        sa.Column("entity_type", TEXT),
        sa.Column("entity_id", TEXT),
        sa.Column("occurred_at", MOMENT),
        sa.Column("ip", TEXT),
        sa.Column("changes", postgresql.JSON()),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_logs_actor_id_occurred_at_idx", "audit_logs", ["actor_id", "occurred_at", "id"])
    op.create_index(
        "audit_logs_entity_type_entity_id_occurred_at_joined_idx",
        "audit_logs",
        ["entity_type", sa.text("((entity_id || '#' || aws_datetime(occurred_at)) COLLATE \"C\")"), "id"],
    )
    op.create_index(
        "audit_logs_organization_id_occurred_at_idx", "audit_logs", ["organization_id", "occurred_at", "id"]
    )


def create_categories() -> None:
    op.create_table(
        "categories",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("name", TEXT),
        sa.Column("slug", TEXT),
        sa.Column("position", sa.Integer()),
        sa.Column("parent_id", TEXT),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("categories_organization_id_name_idx", "categories", ["organization_id", "name", "id"])
    op.create_index("categories_parent_id_position_idx", "categories", ["parent_id", "position", "id"])
    op.create_index("categories_slug_idx", "categories", ["slug", "id"])


def create_products() -> None:
    op.create_table(
        "products",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("sku", TEXT),
        sa.Column("name", TEXT),
        sa.Column("description", TEXT),
        sa.Column("price", sa.Double()),
        sa.Column("quantity", sa.Integer()),
        sa.Column("active", sa.Boolean()),
        sa.Column("unit", TEXT),
        sa.Column("tags", sa.ARRAY(sa.Text())),
        sa.Column("ratings", sa.ARRAY(sa.Double())),
        sa.Column("photos", sa.ARRAY(sa.Text())),
        sa.Column("metadata", postgresql.JSON()),
        sa.Column("released_on", sa.Date()),
        sa.Column("available_from", TEXT),
        sa.Column("synced_at", sa.BigInteger()),
        sa.Column("discontinued_at", MOMENT),
        sa.Column("dimensions", postgresql.JSONB()),
        sa.Column("category_id", TEXT),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("products_category_id_price_idx", "products", ["category_id", "price", "id"])
    op.create_index("products_organization_id_name_idx", "products", ["organization_id", "name", "id"])
    op.create_index("products_sku_idx", "products", ["sku", "id"])


def create_warehouses() -> None:
    op.create_table(
        "warehouses",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("code", TEXT),
        sa.Column("name", TEXT),
        sa.Column("address", postgresql.JSONB()),
        sa.Column("capacity", sa.Integer()),
        sa.Column("opens_at", TEXT),
        sa.Column("closes_at", TEXT),
        sa.Column("manager_id", TEXT),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("warehouses_manager_id_idx", "warehouses", ["manager_id", "id"])
    op.create_index("warehouses_organization_id_code_idx", "warehouses", ["organization_id", "code", "id"])


def create_stock_items() -> None:
    op.create_table(
        "stock_items",
        sa.Column("warehouse_id", TEXT, nullable=False),
        sa.Column("product_id", TEXT, nullable=False),
        sa.Column("lot", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("quantity", sa.Integer()),
        sa.Column("on_order", sa.Integer()),
        sa.Column("reserved", sa.Integer()),
        sa.Column("reorder_point", sa.Integer()),
        sa.Column("counted_on", sa.Date()),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("warehouse_id", "product_id", "lot"),
    )
    op.create_index(
        "stock_items_product_id_quantity_idx", "stock_items", ["product_id", "quantity", "warehouse_id", "lot"]
    )
    op.create_index(
        "stock_items_warehouse_id_product_id_lot_joined_idx",
        "stock_items",
        ["warehouse_id", sa.text("((product_id || '#' || lot) COLLATE \"C\")"), "product_id", "lot"],
    )
    op.create_index(
        "stock_items_warehouse_id_quantity_idx", "stock_items", ["warehouse_id", "quantity", "product_id", "lot"]
    )


def create_suppliers() -> None:
    op.create_table(
        "suppliers",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("name", TEXT),
        sa.Column("email", TEXT),
        sa.Column("phone", TEXT),
        sa.Column("website", TEXT),
        sa.Column("address", postgresql.JSONB()),
        sa.Column("lead_time_days", sa.Integer()),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("suppliers_name_idx", "suppliers", ["name", "id"])
    op.create_index("suppliers_organization_id_name_idx", "suppliers", ["organization_id", "name", "id"])


def create_purchase_orders() -> None:
    op.create_table(
        "purchase_orders",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("number", TEXT),
        sa.Column("status", TEXT),
        sa.Column("ordered_at", MOMENT),
        sa.Column("expected_on", sa.Date()),
        sa.Column("total", sa.Double()),
        sa.Column("notes", TEXT),
        sa.Column("approver_groups", sa.ARRAY(sa.Text())),
        sa.Column("supplier_id", TEXT),
        sa.Column("warehouse_id", TEXT),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.Column("owner", TEXT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("purchase_orders_number_idx", "purchase_orders", ["number", "id"])
    op.create_index(
        "purchase_orders_organization_id_ordered_at_idx", "purchase_orders", ["organization_id", "ordered_at", "id"]
    )
    op.create_index("purchase_orders_status_ordered_at_idx", "purchase_orders", ["status", "ordered_at", "id"])
    op.create_index(
        "purchase_orders_supplier_id_ordered_at_idx", "purchase_orders", ["supplier_id", "ordered_at", "id"]
    )
    op.create_index(
        "purchase_orders_warehouse_id_ordered_at_idx", "purchase_orders", ["warehouse_id", "ordered_at", "id"]
    )


def create_purchase_order_items() -> None:
    op.create_table(
        "purchase_order_items",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization_id", TEXT),
        sa.Column("purchase_order_id", TEXT),
        sa.Column("line_number", sa.Integer()),
        sa.Column("product_id", TEXT),
        sa.Column("quantity", sa.Integer()),
        sa.Column("unit_price", sa.Double()),
        sa.Column("received_quantity", sa.Integer()),
        sa.Column("created_on", MOMENT),
        sa.Column("updated_on", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("purchase_order_items_product_id_idx", "purchase_order_items", ["product_id", "id"])
    op.create_index(
        "purchase_order_items_purchase_order_id_line_number_idx",
        "purchase_order_items",
        ["purchase_order_id", "line_number", "id"],
    )


def create_product_suppliers() -> None:
    op.create_table(
        "product_suppliers",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("product_id", TEXT),
        sa.Column("supplier_id", TEXT),
        sa.Column("created_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("product_suppliers_product_id_idx", "product_suppliers", ["product_id", "id"])
    op.create_index("product_suppliers_supplier_id_idx", "product_suppliers", ["supplier_id", "id"])
