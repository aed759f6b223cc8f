-- Written by `offramp contract export` from the models; see README.md beside it.

SET LOCAL ROLE app_owner;

CREATE FUNCTION aws_datetime(value timestamptz) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN RETURN to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'); END $$;

CREATE FUNCTION aws_date(value date) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN RETURN to_char(value::timestamp, 'YYYY-MM-DD'); END $$;

CREATE FUNCTION app_raise_row_version() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.row_version := OLD.row_version OPERATOR(pg_catalog.+) 1;
    RETURN NEW;
END $$;

CREATE TABLE organizations (
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    slug TEXT COLLATE "C",
    plan TEXT COLLATE "C",
    website TEXT COLLATE "C",
    contact_email TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    address JSONB,
    tags TEXT[],
    settings JSON,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT organizations_plan_check CHECK (plan IN ('FREE', 'STANDARD', 'ENTERPRISE'))
);

CREATE INDEX organizations_id_name_idx ON organizations (id, name);

CREATE TRIGGER versioned BEFORE UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C",
    cognito_sub TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    first_name TEXT COLLATE "C",
    last_name TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    status TEXT COLLATE "C" NOT NULL,
    birth_date DATE,
    daily_digest_at TEXT COLLATE "C",
    last_login_at BIGINT,
    last_login_ip TEXT COLLATE "C",
    preferences JSON,
    salary DOUBLE PRECISION,
    organization_id TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT users_status_check CHECK (status IN ('ACTIVE', 'INVITED', 'SUSPENDED')),
    CONSTRAINT users_organization_id_cognito_sub_key UNIQUE (organization_id, cognito_sub)
);

CREATE INDEX users_organization_id_cognito_sub_idx ON users (organization_id, cognito_sub, id);

CREATE INDEX users_organization_id_email_idx ON users (organization_id, email, id);

CREATE TRIGGER versioned BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE roles (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    permissions TEXT[],
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX roles_organization_id_name_idx ON roles (organization_id, name, id);

CREATE TRIGGER versioned BEFORE UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE user_roles (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role_id TEXT COLLATE "C" NOT NULL,
    granted_at TIMESTAMP(3) WITH TIME ZONE,
    expires_on DATE,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX user_roles_organization_id_role_id_user_id_idx ON user_roles (organization_id, role_id, user_id, id);

CREATE INDEX user_roles_organization_id_user_id_role_id_idx ON user_roles (organization_id, user_id, role_id, id);

CREATE TRIGGER versioned BEFORE UPDATE ON user_roles FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE audit_logs (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    actor_id TEXT COLLATE "C",
    action TEXT COLLATE "C" NOT NULL,
    entity_type TEXT COLLATE "C" NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    occurred_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    ip TEXT COLLATE "C",
    changes JSON,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT audit_logs_action_check CHECK (action IN ('CREATE', 'UPDATE', 'DELETE', 'LOGIN', 'EXPORT'))
);

CREATE INDEX audit_logs_organization_id_actor_id_occurred_at_idx ON audit_logs (organization_id, actor_id, occurred_at, id);

CREATE INDEX audit_logs_organization_id_entity_type_entity_id_occur_fc381f52 ON audit_logs (organization_id, entity_type, ((entity_id || '#' || aws_datetime(occurred_at)) COLLATE "C"), id);

CREATE INDEX audit_logs_organization_id_occurred_at_idx ON audit_logs (organization_id, occurred_at, id);

CREATE TRIGGER versioned BEFORE UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE categories (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    slug TEXT COLLATE "C",
    position INTEGER,
    parent_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX categories_organization_id_name_idx ON categories (organization_id, name, id);

CREATE INDEX categories_organization_id_parent_id_position_idx ON categories (organization_id, parent_id, position, id);

CREATE INDEX categories_organization_id_slug_idx ON categories (organization_id, slug, id);

CREATE TRIGGER versioned BEFORE UPDATE ON categories FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE products (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    sku TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    price DOUBLE PRECISION NOT NULL,
    quantity INTEGER,
    active BOOLEAN NOT NULL,
    unit TEXT COLLATE "C",
    tags TEXT[],
    ratings DOUBLE PRECISION[] NOT NULL,
    photos TEXT[],
    metadata JSON,
    released_on DATE,
    available_from TEXT COLLATE "C",
    synced_at BIGINT,
    discontinued_at TIMESTAMP(3) WITH TIME ZONE,
    dimensions JSONB,
    category_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT products_price_check CHECK (price >= 0 AND price < 'infinity'),
    CONSTRAINT products_unit_check CHECK (unit IN ('EACH', 'KG', 'LITRE', 'METRE', 'BOX'))
);

CREATE INDEX products_organization_id_category_id_price_idx ON products (organization_id, category_id, price, id);

CREATE INDEX products_organization_id_name_idx ON products (organization_id, name, id);

CREATE INDEX products_organization_id_sku_idx ON products (organization_id, sku, id);

CREATE TRIGGER versioned BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE warehouses (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    address JSONB,
    capacity INTEGER,
    opens_at TEXT COLLATE "C",
    closes_at TEXT COLLATE "C",
    manager_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX warehouses_organization_id_code_idx ON warehouses (organization_id, code, id);

CREATE INDEX warehouses_organization_id_manager_id_idx ON warehouses (organization_id, manager_id, id);

CREATE TRIGGER versioned BEFORE UPDATE ON warehouses FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE stock_items (
    warehouse_id TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    lot TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    quantity INTEGER NOT NULL,
    on_order INTEGER,
    reserved INTEGER,
    reorder_point INTEGER,
    counted_on DATE,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, warehouse_id, product_id, lot),
    CONSTRAINT stock_items_quantity_check CHECK (quantity >= 0),
    CONSTRAINT stock_items_on_order_check CHECK (on_order >= 0),
    CONSTRAINT stock_items_reserved_check CHECK (reserved >= 0)
);

CREATE INDEX stock_items_organization_id_product_id_quantity_idx ON stock_items (organization_id, product_id, quantity, warehouse_id, lot);

CREATE INDEX stock_items_organization_id_warehouse_id_product_id_lo_f08510f3 ON stock_items (organization_id, warehouse_id, ((product_id || '#' || lot) COLLATE "C"), product_id, lot);

CREATE INDEX stock_items_organization_id_warehouse_id_quantity_idx ON stock_items (organization_id, warehouse_id, quantity, product_id, lot);

CREATE TRIGGER versioned BEFORE UPDATE ON stock_items FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE suppliers (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    website TEXT COLLATE "C",
    address JSONB,
    lead_time_days INTEGER,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX suppliers_organization_id_name_idx ON suppliers (organization_id, name, id);

CREATE TRIGGER versioned BEFORE UPDATE ON suppliers FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE purchase_orders (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    ordered_at TIMESTAMP(3) WITH TIME ZONE,
    expected_on DATE,
    total DOUBLE PRECISION,
    notes TEXT COLLATE "C",
    approver_groups TEXT[],
    supplier_id TEXT COLLATE "C" NOT NULL,
    warehouse_id TEXT COLLATE "C",
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    owner TEXT COLLATE "C",
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT purchase_orders_status_check CHECK (status IN ('DRAFT', 'SUBMITTED', 'APPROVED', 'RECEIVED', 'CANCELLED')),
    CONSTRAINT purchase_orders_organization_id_number_key UNIQUE (organization_id, number)
);

CREATE INDEX purchase_orders_organization_id_number_idx ON purchase_orders (organization_id, number, id);

CREATE INDEX purchase_orders_organization_id_ordered_at_idx ON purchase_orders (organization_id, ordered_at, id);

CREATE INDEX purchase_orders_organization_id_status_ordered_at_idx ON purchase_orders (organization_id, status, ordered_at, id);

CREATE INDEX purchase_orders_organization_id_supplier_id_ordered_at_idx ON purchase_orders (organization_id, supplier_id, ordered_at, id);

CREATE INDEX purchase_orders_organization_id_warehouse_id_ordered_at_idx ON purchase_orders (organization_id, warehouse_id, ordered_at, id);

CREATE TRIGGER versioned BEFORE UPDATE ON purchase_orders FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE purchase_order_items (
    id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    purchase_order_id TEXT COLLATE "C" NOT NULL,
    line_number INTEGER NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price DOUBLE PRECISION NOT NULL,
    received_quantity INTEGER,
    created_on TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_on TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT purchase_order_items_quantity_check CHECK (quantity >= 1),
    CONSTRAINT purchase_order_items_unit_price_check CHECK (unit_price >= 0 AND unit_price < 'infinity'),
    CONSTRAINT purchase_order_items_received_quantity_check CHECK (received_quantity >= 0)
);

CREATE INDEX purchase_order_items_organization_id_product_id_idx ON purchase_order_items (organization_id, product_id, id);

CREATE INDEX purchase_order_items_organization_id_purchase_order_id_25cc0b86 ON purchase_order_items (organization_id, purchase_order_id, line_number, id);

CREATE TRIGGER versioned BEFORE UPDATE ON purchase_order_items FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

CREATE TABLE product_suppliers (
    id TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    supplier_id TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP(3) WITH TIME ZONE NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL,
    row_version INTEGER DEFAULT 1 NOT NULL,
    PRIMARY KEY (organization_id, id)
);

CREATE INDEX product_suppliers_organization_id_product_id_idx ON product_suppliers (organization_id, product_id, id);

CREATE INDEX product_suppliers_organization_id_supplier_id_idx ON product_suppliers (organization_id, supplier_id, id);

CREATE TRIGGER versioned BEFORE UPDATE ON product_suppliers FOR EACH ROW EXECUTE FUNCTION app_raise_row_version();

ALTER TABLE users ADD CONSTRAINT users_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE roles ADD CONSTRAINT roles_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE user_roles ADD CONSTRAINT user_roles_organization_id_role_id_fkey FOREIGN KEY(organization_id, role_id) REFERENCES roles (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE user_roles ADD CONSTRAINT user_roles_organization_id_user_id_fkey FOREIGN KEY(organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE audit_logs ADD CONSTRAINT audit_logs_organization_id_actor_id_fkey FOREIGN KEY(organization_id, actor_id) REFERENCES users (organization_id, id) ON DELETE SET NULL (actor_id);

ALTER TABLE audit_logs ADD CONSTRAINT audit_logs_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE categories ADD CONSTRAINT categories_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE categories ADD CONSTRAINT categories_organization_id_parent_id_fkey FOREIGN KEY(organization_id, parent_id) REFERENCES categories (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE products ADD CONSTRAINT products_organization_id_category_id_fkey FOREIGN KEY(organization_id, category_id) REFERENCES categories (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE products ADD CONSTRAINT products_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE warehouses ADD CONSTRAINT warehouses_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE warehouses ADD CONSTRAINT warehouses_organization_id_manager_id_fkey FOREIGN KEY(organization_id, manager_id) REFERENCES users (organization_id, id) ON DELETE SET NULL (manager_id);

ALTER TABLE stock_items ADD CONSTRAINT stock_items_organization_id_product_id_fkey FOREIGN KEY(organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE stock_items ADD CONSTRAINT stock_items_organization_id_warehouse_id_fkey FOREIGN KEY(organization_id, warehouse_id) REFERENCES warehouses (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE suppliers ADD CONSTRAINT suppliers_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE purchase_orders ADD CONSTRAINT purchase_orders_organization_id_fkey FOREIGN KEY(organization_id) REFERENCES organizations (id) ON DELETE RESTRICT;

ALTER TABLE purchase_orders ADD CONSTRAINT purchase_orders_organization_id_supplier_id_fkey FOREIGN KEY(organization_id, supplier_id) REFERENCES suppliers (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE purchase_orders ADD CONSTRAINT purchase_orders_organization_id_warehouse_id_fkey FOREIGN KEY(organization_id, warehouse_id) REFERENCES warehouses (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE purchase_order_items ADD CONSTRAINT purchase_order_items_organization_id_product_id_fkey FOREIGN KEY(organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE purchase_order_items ADD CONSTRAINT purchase_order_items_organization_id_purchase_order_id_fkey FOREIGN KEY(organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id) ON DELETE RESTRICT;

ALTER TABLE product_suppliers ADD CONSTRAINT product_suppliers_organization_id_product_id_fkey FOREIGN KEY(organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE CASCADE;

ALTER TABLE product_suppliers ADD CONSTRAINT product_suppliers_organization_id_supplier_id_fkey FOREIGN KEY(organization_id, supplier_id) REFERENCES suppliers (organization_id, id) ON DELETE CASCADE;

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

CREATE FUNCTION app_context(organization text, provider text, caller text) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN set_config('app.organization', coalesce(organization, ''), true) IS NOT NULL
        AND set_config('app.provider', coalesce(provider, ''), true) IS NOT NULL
        AND set_config('app.caller', coalesce(caller, ''), true) IS NOT NULL;

CREATE FUNCTION app_names(named text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.caller', true), '')::jsonb -> 'names' -> named;

ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;

ALTER TABLE organizations FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON organizations AS RESTRICTIVE TO app_rw USING (id = nullif(current_setting('app.organization', true), '')) WITH CHECK (id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON organizations TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON organizations FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON organizations FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON organizations FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])));

CREATE POLICY updaters ON organizations FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin']))) WITH CHECK (true);

CREATE POLICY deleters ON organizations FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON organizations TO app_rw;

ALTER TABLE users ENABLE ROW LEVEL SECURITY;

ALTER TABLE users FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON users AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON users TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON users FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON users FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools') OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner));

CREATE POLICY creators ON users FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner));

CREATE POLICY updaters ON users FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner)) WITH CHECK (true);

CREATE POLICY deleters ON users FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner));

GRANT SELECT, INSERT, UPDATE, DELETE ON users TO app_rw;

ALTER TABLE roles ENABLE ROW LEVEL SECURITY;

ALTER TABLE roles FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON roles AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON roles TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON roles FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON roles FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON roles FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])));

CREATE POLICY updaters ON roles FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin']))) WITH CHECK (true);

CREATE POLICY deleters ON roles FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON roles TO app_rw;

ALTER TABLE user_roles ENABLE ROW LEVEL SECURITY;

ALTER TABLE user_roles FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON user_roles AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON user_roles TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON user_roles FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON user_roles FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON user_roles FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])));

CREATE POLICY updaters ON user_roles FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin']))) WITH CHECK (true);

CREATE POLICY deleters ON user_roles FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON user_roles TO app_rw;

ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;

ALTER TABLE audit_logs FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON audit_logs AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON audit_logs TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON audit_logs FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON audit_logs FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON audit_logs FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY updaters ON audit_logs FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service')) WITH CHECK (true);

CREATE POLICY deleters ON audit_logs FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service'));

GRANT SELECT, INSERT, UPDATE, DELETE ON audit_logs TO app_rw;

ALTER TABLE categories ENABLE ROW LEVEL SECURITY;

ALTER TABLE categories FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON categories AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON categories TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON categories FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON categories FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools' OR current_setting('app.provider', true) = 'apiKey'));

CREATE POLICY creators ON categories FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

CREATE POLICY updaters ON categories FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true);

CREATE POLICY deleters ON categories FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON categories TO app_rw;

ALTER TABLE products ENABLE ROW LEVEL SECURITY;

ALTER TABLE products FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON products AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON products TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON products FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON products FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools' OR current_setting('app.provider', true) = 'apiKey'));

CREATE POLICY creators ON products FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

CREATE POLICY updaters ON products FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true);

CREATE POLICY deleters ON products FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON products TO app_rw;

ALTER TABLE warehouses ENABLE ROW LEVEL SECURITY;

ALTER TABLE warehouses FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON warehouses AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON warehouses TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON warehouses FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON warehouses FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON warehouses FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

CREATE POLICY updaters ON warehouses FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true);

CREATE POLICY deleters ON warehouses FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON warehouses TO app_rw;

ALTER TABLE stock_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE stock_items FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON stock_items AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON stock_items TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON stock_items FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON stock_items FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON stock_items FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

CREATE POLICY updaters ON stock_items FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true);

CREATE POLICY deleters ON stock_items FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON stock_items TO app_rw;

ALTER TABLE suppliers ENABLE ROW LEVEL SECURITY;

ALTER TABLE suppliers FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON suppliers AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON suppliers TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON suppliers FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON suppliers FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON suppliers FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

CREATE POLICY updaters ON suppliers FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true);

CREATE POLICY deleters ON suppliers FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON suppliers TO app_rw;

ALTER TABLE purchase_orders ENABLE ROW LEVEL SECURITY;

ALTER TABLE purchase_orders FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON purchase_orders AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON purchase_orders TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON purchase_orders FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON purchase_orders FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('groups cognito:groups')) ?| approver_groups));

CREATE POLICY creators ON purchase_orders FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner));

CREATE POLICY updaters ON purchase_orders FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('groups cognito:groups')) ?| approver_groups)) WITH CHECK (true);

CREATE POLICY deleters ON purchase_orders FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])) OR ((SELECT current_setting('app.provider', true) = 'userPools') AND (SELECT app_names('owner sub::username')) ? owner));

GRANT SELECT, INSERT, UPDATE, DELETE ON purchase_orders TO app_rw;

ALTER TABLE purchase_order_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE purchase_order_items FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON purchase_order_items AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON purchase_order_items TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON purchase_order_items FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON purchase_order_items FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools'));

CREATE POLICY creators ON purchase_order_items FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

CREATE POLICY updaters ON purchase_order_items FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true);

CREATE POLICY deleters ON purchase_order_items FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON purchase_order_items TO app_rw;

ALTER TABLE product_suppliers ENABLE ROW LEVEL SECURITY;

ALTER TABLE product_suppliers FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON product_suppliers AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON product_suppliers TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON product_suppliers FOR SELECT TO app_gate USING (true);

CREATE POLICY readers ON product_suppliers FOR SELECT TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR current_setting('app.provider', true) = 'userPools' OR current_setting('app.provider', true) = 'apiKey'));

CREATE POLICY creators ON product_suppliers FOR INSERT TO app_rw WITH CHECK ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

CREATE POLICY updaters ON product_suppliers FOR UPDATE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager']))) WITH CHECK (true);

CREATE POLICY deleters ON product_suppliers FOR DELETE TO app_rw USING ((SELECT current_setting('app.provider', true) = 'service' OR (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin', 'Manager'])));

GRANT SELECT, INSERT, UPDATE, DELETE ON product_suppliers TO app_rw;

GRANT SELECT ON users TO app_gate;

CREATE FUNCTION app_holds_users(text, TEXT) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT $1 = nullif(current_setting('app.organization', true), '') AND EXISTS (SELECT FROM users WHERE organization_id = $1 AND id = $2)
$$;

ALTER FUNCTION app_holds_users(text, TEXT) OWNER TO app_gate;

REVOKE ALL ON FUNCTION app_holds_users(text, TEXT) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION app_holds_users(text, TEXT) TO app_rw;

GRANT SELECT ON purchase_orders TO app_gate;

CREATE FUNCTION app_holds_purchase_orders(text, TEXT) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT $1 = nullif(current_setting('app.organization', true), '') AND EXISTS (SELECT FROM purchase_orders WHERE organization_id = $1 AND id = $2)
$$;

ALTER FUNCTION app_holds_purchase_orders(text, TEXT) OWNER TO app_gate;

REVOKE ALL ON FUNCTION app_holds_purchase_orders(text, TEXT) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION app_holds_purchase_orders(text, TEXT) TO app_rw;

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
);

CREATE INDEX audit_entry_occurred_at_idx ON audit_entry (organization_id, occurred_at, id);

CREATE INDEX audit_entry_entity_idx ON audit_entry (organization_id, entity_type, entity_id, occurred_at, id);

ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;

ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON audit_entry AS RESTRICTIVE TO app_rw USING (organization_id = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization_id = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON audit_entry TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY readers ON audit_entry FOR SELECT TO app_rw USING ((SELECT (current_setting('app.provider', true) = 'userPools' AND app_names('groups cognito:groups') ?| ARRAY['Admin'])));

CREATE POLICY writer ON audit_entry FOR INSERT TO app_gate WITH CHECK (true);

REVOKE ALL ON audit_entry FROM app_rw;

GRANT SELECT ON audit_entry TO app_rw;

GRANT INSERT ON audit_entry TO app_gate;

CREATE FUNCTION app_shown(stored jsonb, names jsonb, masked jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT jsonb_object_agg(names ->> key, CASE WHEN masked ? key AND value <> 'null' THEN '"***"' ELSE value END)
    FROM jsonb_each(stored) WHERE names ? key
$$;

CREATE FUNCTION app_changed(stored jsonb, other jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(stored)
    WHERE value IS DISTINCT FROM other -> key
$$;

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
END $$;

ALTER FUNCTION app_audit() OWNER TO app_gate;

REVOKE ALL ON FUNCTION app_audit() FROM PUBLIC;

GRANT SELECT, INSERT ON audit_logs TO app_gate;

GRANT SELECT ON users TO app_gate;

CREATE POLICY writer ON audit_logs FOR INSERT TO app_gate WITH CHECK (true);

CREATE FUNCTION app_own_user(sub text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM users WHERE organization_id = nullif(current_setting('app.organization', true), '') AND cognito_sub = sub
$$;

ALTER FUNCTION app_own_user(text) OWNER TO app_gate;

REVOKE ALL ON FUNCTION app_own_user(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION app_own_user(text) TO app_rw;

CREATE FUNCTION app_sign_audit_log() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    caller jsonb := coalesce(nullif(current_setting('app.caller', true), ''), '{}')::jsonb;
BEGIN
    NEW.actor_id := app_own_user(caller ->> 'sub');
    NEW.occurred_at := clock_timestamp();
    NEW.ip := caller ->> 'address';
    RETURN NEW;
END $$;

CREATE TRIGGER signed BEFORE INSERT ON audit_logs FOR EACH ROW WHEN (current_user = 'app_rw') EXECUTE FUNCTION app_sign_audit_log();

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON organizations FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"Organization","tenant":"id","key":["id"],"names":{"id":"id","name":"name","slug":"slug","plan":"plan","website":"website","contact_email":"contactEmail","phone":"phone","address":"address","tags":"tags","settings":"settings","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"User","tenant":"organization_id","key":["id"],"names":{"id":"id","owner":"owner","cognito_sub":"cognitoSub","email":"email","first_name":"firstName","last_name":"lastName","phone":"phone","status":"status","birth_date":"birthDate","daily_digest_at":"dailyDigestAt","last_login_at":"lastLoginAt","last_login_ip":"lastLoginIp","preferences":"preferences","salary":"salary","organization_id":"organizationId","created_at":"createdAt","updated_at":"updatedAt"},"masked":["salary"]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON roles FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"Role","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","name":"name","description":"description","permissions":"permissions","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON user_roles FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"UserRole","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","user_id":"userId","role_id":"roleId","granted_at":"grantedAt","expires_on":"expiresOn","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR DELETE ON audit_logs FOR EACH ROW WHEN (current_user <> 'app_gate') EXECUTE FUNCTION app_audit('{"model":"AuditLog","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","actor_id":"actorId","action":"action","entity_type":"entityType","entity_id":"entityId","occurred_at":"occurredAt","ip":"ip","changes":"changes","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON categories FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"Category","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","name":"name","slug":"slug","position":"position","parent_id":"parentId","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON products FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"Product","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","sku":"sku","name":"name","description":"description","price":"price","quantity":"quantity","active":"active","unit":"unit","tags":"tags","ratings":"ratings","photos":"photos","metadata":"metadata","released_on":"releasedOn","available_from":"availableFrom","synced_at":"syncedAt","discontinued_at":"discontinuedAt","dimensions":"dimensions","category_id":"categoryId","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON warehouses FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"Warehouse","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","code":"code","name":"name","address":"address","capacity":"capacity","opens_at":"opensAt","closes_at":"closesAt","manager_id":"managerId","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON stock_items FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"StockItem","tenant":"organization_id","key":["warehouse_id","product_id","lot"],"names":{"warehouse_id":"warehouseId","product_id":"productId","lot":"lot","organization_id":"organizationId","quantity":"quantity","on_order":"onOrder","reserved":"reserved","reorder_point":"reorderPoint","counted_on":"countedOn","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON suppliers FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"Supplier","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","name":"name","email":"email","phone":"phone","website":"website","address":"address","lead_time_days":"leadTimeDays","created_at":"createdAt","updated_at":"updatedAt"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON purchase_orders FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"PurchaseOrder","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","number":"number","status":"status","ordered_at":"orderedAt","expected_on":"expectedOn","total":"total","notes":"notes","approver_groups":"approverGroups","supplier_id":"supplierId","warehouse_id":"warehouseId","created_at":"createdAt","updated_at":"updatedAt","owner":"owner"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON purchase_order_items FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"PurchaseOrderItem","tenant":"organization_id","key":["id"],"names":{"id":"id","organization_id":"organizationId","purchase_order_id":"purchaseOrderId","line_number":"lineNumber","product_id":"productId","quantity":"quantity","unit_price":"unitPrice","received_quantity":"receivedQuantity","created_on":"createdOn","updated_on":"updatedOn"},"masked":[]}');

CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON product_suppliers FOR EACH ROW EXECUTE FUNCTION app_audit('{"model":"ProductSupplier","tenant":"organization_id","key":["id"],"names":{"id":"id","product_id":"productId","supplier_id":"supplierId","created_at":"createdAt","updated_at":"updatedAt","organization_id":"organizationId"},"masked":[]}');

ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE idempotency_key FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON idempotency_key AS RESTRICTIVE TO app_rw USING (organization = nullif(current_setting('app.organization', true), '')) WITH CHECK (organization = nullif(current_setting('app.organization', true), ''));

CREATE POLICY owner ON idempotency_key TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY own ON idempotency_key TO app_rw USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_key TO app_rw;

CREATE TABLE api_key (
    digest bytea PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3),
    revoked_at timestamptz(3)
);

ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE api_key FORCE ROW LEVEL SECURITY;

CREATE POLICY owner ON api_key TO app_owner USING (true) WITH CHECK (true);

CREATE POLICY gate ON api_key FOR SELECT TO app_gate USING (true);

REVOKE ALL ON api_key FROM app_rw;

GRANT SELECT ON api_key, users, user_roles, roles TO app_gate;

CREATE INDEX users_cognito_sub_idx ON users (cognito_sub);

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
$$;

ALTER FUNCTION app_membership(text, text) OWNER TO app_gate;

REVOKE ALL ON FUNCTION app_membership(text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION app_membership(text, text) TO app_rw;

CREATE FUNCTION app_api_key(digest bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT organization_id FROM api_key AS k
    WHERE k.digest = app_api_key.digest AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

ALTER FUNCTION app_api_key(bytea) OWNER TO app_gate;

REVOKE ALL ON FUNCTION app_api_key(bytea) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION app_api_key(bytea) TO app_rw;

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
END $$;

CREATE TRIGGER guarded BEFORE INSERT OR UPDATE OF cognito_sub, status ON users FOR EACH ROW WHEN (current_user = 'app_rw') EXECUTE FUNCTION app_guard_user();

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
END $$;

ALTER FUNCTION app_keep_an_admin() OWNER TO app_gate;

REVOKE ALL ON FUNCTION app_keep_an_admin() FROM PUBLIC;

CREATE TRIGGER admin_kept AFTER DELETE OR UPDATE OF user_id, role_id, expires_on ON user_roles FOR EACH ROW WHEN (current_user = 'app_rw') EXECUTE FUNCTION app_keep_an_admin();

CREATE TRIGGER admin_kept AFTER UPDATE OF status ON users FOR EACH ROW WHEN (current_user = 'app_rw' AND NEW.status = 'SUSPENDED' AND OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION app_keep_an_admin();

CREATE TRIGGER admin_kept AFTER UPDATE OF name ON roles FOR EACH ROW WHEN (current_user = 'app_rw' AND OLD.name = 'Admin' AND NEW.name IS DISTINCT FROM OLD.name) EXECUTE FUNCTION app_keep_an_admin();

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO app_owner;

GRANT USAGE ON SCHEMA public TO app_rw;

RESET ROLE;
