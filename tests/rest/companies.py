"""Two organizations on the shipped inventory's own tables, and who works there."""

from __future__ import annotations

from service.auth.principal import ORGANIZATION_CLAIM, Principal
from tests.graphql.api import user
from tests.rest.calls import Rest

A, B = "org-a", "org-b"
ADMIN_OF_A = user("ada", "Admin", **{ORGANIZATION_CLAIM: A})
MANAGER_OF_A = user("max", "Manager", **{ORGANIZATION_CLAIM: A})
VIEWER_OF_A = user("vic", **{ORGANIZATION_CLAIM: A})
ADMIN_OF_B = user("bea", "Admin", **{ORGANIZATION_CLAIM: B})
ADMINS: dict[str, Principal] = {A: ADMIN_OF_A, B: ADMIN_OF_B}


def product(organization: str, key: str, **more: object) -> dict[str, object]:
    """The body of a product."""
    return {
        "id": key,
        "organizationId": organization,
        "sku": key.upper(),
        "name": key,
        "price": 5,
        "ratings": [],
    } | more


async def found(rest: Rest) -> None:
    """Make both organizations, each with one product of the same key."""
    for organization, admin in ADMINS.items():
        for path, body in (
            ("/v1/organizations", {"id": organization, "name": organization}),
            ("/v1/products", product(organization, "tent")),
        ):
            made = await rest.send("POST", path, body, caller=admin)
            assert made.status_code == 201, made.text
