"""What `enforced` integrity has in the database for identity, on the tables of `legacy`."""

from __future__ import annotations

GATE = """
CREATE TABLE api_key (
    digest bytea PRIMARY KEY,
    organization_id text NOT NULL,
    name text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE FUNCTION app_membership(sub text, organization text)
    RETURNS TABLE (organization_id text, status text, roles text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
CREATE FUNCTION app_api_key(digest bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT organization_id FROM api_key AS k
    WHERE k.digest = app_api_key.digest AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;
"""
