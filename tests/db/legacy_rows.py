"""Rows in the tables of the first revision, as code for `legacy` integrity has left them: good ones, and wrong ones."""

from __future__ import annotations

import asyncpg

FILL = """
INSERT INTO organizations (id, name, created_at, updated_at)
    SELECT 'o' || i, 'Organization ' || i, now(), now() FROM generate_series(1, 2) AS i;
INSERT INTO users (id, organization_id, cognito_sub, email, status, created_at, updated_at)
    SELECT 'u' || i, 'o' || 1 + i % 2, 'sub' || i, i || '@example.com', 'ACTIVE', now(), now()
    FROM generate_series(1, 4) AS i;
INSERT INTO roles (id, organization_id, name, created_at, updated_at)
    SELECT 'r' || i, 'o' || 1 + i % 2, 'Admin', now(), now() FROM generate_series(1, 2) AS i;
INSERT INTO user_roles (id, organization_id, user_id, role_id, created_at, updated_at)
    SELECT 'ur' || i, 'o' || 1 + i % 2, 'u' || i, 'r' || 2 - i % 2, now(), now() FROM generate_series(1, 4) AS i;
INSERT INTO audit_logs (id, organization_id, actor_id, action, entity_type, entity_id, occurred_at, created_at,
        updated_at)
    SELECT 'a' || i, 'o' || 1 + i % 2, 'u' || i, 'LOGIN', 'User', 'u' || i, now(), now(), now()
    FROM generate_series(1, 4) AS i;
INSERT INTO categories (id, organization_id, name, created_at, updated_at)
    SELECT 'c' || i, 'o' || 1 + i % 2, 'Category ' || i, now(), now() FROM generate_series(1, 20) AS i;
INSERT INTO products (id, organization_id, sku, name, price, active, ratings, category_id, created_at, updated_at)
    SELECT 'p' || i, 'o' || 1 + i % 2, 's' || i, 'Product ' || i, i % 100, true, '{}', 'c' || 20 - i % 2 - 2 * (i % 9),
        now(), now()
    FROM generate_series(1, {rows}) AS i;
INSERT INTO suppliers (id, organization_id, name, created_at, updated_at)
    SELECT 's' || i, 'o' || 1 + i % 2, 'Supplier ' || i, now(), now() FROM generate_series(1, 4) AS i;
INSERT INTO warehouses (id, organization_id, code, name, manager_id, created_at, updated_at)
    SELECT 'w' || i, 'o' || 1 + i % 2, 'w' || i, 'Warehouse ' || i, 'u' || i, now(), now()
    FROM generate_series(1, 2) AS i;
INSERT INTO stock_items (warehouse_id, product_id, lot, organization_id, quantity, created_at, updated_at)
    SELECT 'w' || 2 - i % 2, 'p' || i, 'first', 'o' || 1 + i % 2, 10, now(), now()
    FROM generate_series(1, {rows} / 5) AS i;
INSERT INTO purchase_orders (id, organization_id, number, status, supplier_id, warehouse_id, created_at, updated_at)
    SELECT 'po' || i, 'o' || 1 + i % 2, i, 'DRAFT', 's' || 2 - i % 2, 'w' || 2 - i % 2, now(), now()
    FROM generate_series(1, 20) AS i;
INSERT INTO purchase_order_items (id, organization_id, purchase_order_id, line_number, product_id, quantity, unit_price,
        created_on, updated_on)
    SELECT 'poi' || i, 'o' || 1 + i % 2, 'po' || i, 1, 'p' || i, 1, 1, now(), now() FROM generate_series(1, 20) AS i;
INSERT INTO product_suppliers (id, product_id, supplier_id, created_at, updated_at)
    SELECT 'ps' || i, 'p' || i, 's' || 2 - i % 2, now(), now() FROM generate_series(1, {rows} / 5) AS i;
"""
"""Rows with odd numbers belong to o2, those with even ones to o1."""

WRONG = """
UPDATE users SET cognito_sub = 'sub1' WHERE id = 'u3';
UPDATE products SET sku = NULL WHERE id IN ('p1', 'p2', 'p3');
UPDATE products SET unit = 'PARSEC', price = 'NaN' WHERE id = 'p4';
UPDATE products SET category_id = 'gone' WHERE id IN ('p5', 'p6');
UPDATE stock_items SET organization_id = 'o2' WHERE product_id = 'p8';
UPDATE product_suppliers SET supplier_id = 's1' WHERE id = 'ps2';
UPDATE product_suppliers SET product_id = 'gone' WHERE id = 'ps1';
"""


async def fill(url: str, rows: int, more: str = "") -> None:
    """Put good rows into the tables of the first revision: so many products, and of the tables that refer to them."""
    connection = await asyncpg.connect(url)
    await connection.execute(FILL.replace("{rows}", str(rows)) + more)
    await connection.close()
