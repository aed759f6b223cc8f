-- Written by `offramp contract export` from the models; see README.md beside it.

CREATE FUNCTION aws_datetime(value timestamptz) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN RETURN to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'); END $$;

CREATE FUNCTION aws_date(value date) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN RETURN to_char(value::timestamp, 'YYYY-MM-DD'); END $$;

CREATE TABLE organizations (
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    slug TEXT COLLATE "C",
    plan TEXT COLLATE "C",
    website TEXT COLLATE "C",
    contact_email TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    address JSONB,
    tags TEXT[],
    settings JSON,
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX organizations_name_idx ON organizations (name, id);

CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C",
    cognito_sub TEXT COLLATE "C",
    email TEXT COLLATE "C",
    first_name TEXT COLLATE "C",
    last_name TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    status TEXT COLLATE "C",
    birth_date DATE,
    daily_digest_at TEXT COLLATE "C",
    last_login_at BIGINT,
    last_login_ip TEXT COLLATE "C",
    preferences JSON,
    salary DOUBLE PRECISION,
    organization_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX users_cognito_sub_idx ON users (cognito_sub, id);

CREATE INDEX users_email_idx ON users (email, id);

CREATE INDEX users_organization_id_email_idx ON users (organization_id, email, id);

CREATE TABLE roles (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    name TEXT COLLATE "C",
    description TEXT COLLATE "C",
    permissions TEXT[],
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX roles_organization_id_name_idx ON roles (organization_id, name, id);

CREATE TABLE user_roles (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    user_id TEXT COLLATE "C",
    role_id TEXT COLLATE "C",
    granted_at TIMESTAMP(3) WITH TIME ZONE,
    expires_on DATE,
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX user_roles_role_id_user_id_idx ON user_roles (role_id, user_id, id);

CREATE INDEX user_roles_user_id_role_id_idx ON user_roles (user_id, role_id, id);

CREATE TABLE audit_logs (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    actor_id TEXT COLLATE "C",
    action TEXT COLLATE "C",
    entity_type TEXT COLLATE "C",
    entity_id TEXT COLLATE "C",
    occurred_at TIMESTAMP(3) WITH TIME ZONE,
    ip TEXT COLLATE "C",
    changes JSON,
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX audit_logs_actor_id_occurred_at_idx ON audit_logs (actor_id, occurred_at, id);

CREATE INDEX audit_logs_entity_type_entity_id_occurred_at_joined_idx ON audit_logs (entity_type, ((entity_id || '#' || aws_datetime(occurred_at)) COLLATE "C"), id);

CREATE INDEX audit_logs_organization_id_occurred_at_idx ON audit_logs (organization_id, occurred_at, id);

CREATE TABLE categories (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    name TEXT COLLATE "C",
    slug TEXT COLLATE "C",
    position INTEGER,
    parent_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX categories_organization_id_name_idx ON categories (organization_id, name, id);

CREATE INDEX categories_parent_id_position_idx ON categories (parent_id, position, id);

CREATE INDEX categories_slug_idx ON categories (slug, id);

CREATE TABLE products (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    sku TEXT COLLATE "C",
    name TEXT COLLATE "C",
    description TEXT COLLATE "C",
    price DOUBLE PRECISION,
    quantity INTEGER,
    active BOOLEAN,
    unit TEXT COLLATE "C",
    tags TEXT[],
    ratings DOUBLE PRECISION[],
    photos TEXT[],
    metadata JSON,
    released_on DATE,
    available_from TEXT COLLATE "C",
    synced_at BIGINT,
    discontinued_at TIMESTAMP(3) WITH TIME ZONE,
    dimensions JSONB,
    category_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX products_category_id_price_idx ON products (category_id, price, id);

CREATE INDEX products_organization_id_name_idx ON products (organization_id, name, id);

CREATE INDEX products_sku_idx ON products (sku, id);

CREATE TABLE warehouses (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    code TEXT COLLATE "C",
    name TEXT COLLATE "C",
    address JSONB,
    capacity INTEGER,
    opens_at TEXT COLLATE "C",
    closes_at TEXT COLLATE "C",
    manager_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX warehouses_manager_id_idx ON warehouses (manager_id, id);

CREATE INDEX warehouses_organization_id_code_idx ON warehouses (organization_id, code, id);

CREATE TABLE stock_items (
    warehouse_id TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    lot TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    quantity INTEGER,
    on_order INTEGER,
    reserved INTEGER,
    reorder_point INTEGER,
    counted_on DATE,
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (warehouse_id, product_id, lot)
);

CREATE INDEX stock_items_product_id_quantity_idx ON stock_items (product_id, quantity, warehouse_id, lot);

CREATE INDEX stock_items_warehouse_id_product_id_lot_joined_idx ON stock_items (warehouse_id, ((product_id || '#' || lot) COLLATE "C"), product_id, lot);

CREATE INDEX stock_items_warehouse_id_quantity_idx ON stock_items (warehouse_id, quantity, product_id, lot);

CREATE TABLE suppliers (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    name TEXT COLLATE "C",
    email TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    website TEXT COLLATE "C",
    address JSONB,
    lead_time_days INTEGER,
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX suppliers_name_idx ON suppliers (name, id);

CREATE INDEX suppliers_organization_id_name_idx ON suppliers (organization_id, name, id);

CREATE TABLE purchase_orders (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    number TEXT COLLATE "C",
    status TEXT COLLATE "C",
    ordered_at TIMESTAMP(3) WITH TIME ZONE,
    expected_on DATE,
    total DOUBLE PRECISION,
    notes TEXT COLLATE "C",
    approver_groups TEXT[],
    supplier_id TEXT COLLATE "C",
    warehouse_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    owner TEXT COLLATE "C",
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX purchase_orders_number_idx ON purchase_orders (number, id);

CREATE INDEX purchase_orders_organization_id_ordered_at_idx ON purchase_orders (organization_id, ordered_at, id);

CREATE INDEX purchase_orders_status_ordered_at_idx ON purchase_orders (status, ordered_at, id);

CREATE INDEX purchase_orders_supplier_id_ordered_at_idx ON purchase_orders (supplier_id, ordered_at, id);

CREATE INDEX purchase_orders_warehouse_id_ordered_at_idx ON purchase_orders (warehouse_id, ordered_at, id);

CREATE TABLE purchase_order_items (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    purchase_order_id TEXT COLLATE "C",
    line_number INTEGER,
    product_id TEXT COLLATE "C",
    quantity INTEGER,
    unit_price DOUBLE PRECISION,
    received_quantity INTEGER,
    created_on TIMESTAMP(3) WITH TIME ZONE,
    updated_on TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX purchase_order_items_product_id_idx ON purchase_order_items (product_id, id);

CREATE INDEX purchase_order_items_purchase_order_id_line_number_idx ON purchase_order_items (purchase_order_id, line_number, id);

CREATE TABLE product_suppliers (
    id TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C",
    supplier_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE,
    updated_at TIMESTAMP(3) WITH TIME ZONE,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX product_suppliers_product_id_idx ON product_suppliers (product_id, id);

CREATE INDEX product_suppliers_supplier_id_idx ON product_suppliers (supplier_id, id);

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
);

CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);
