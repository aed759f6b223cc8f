"""The one thing that service's rights do not include: another organization's rows."""

from __future__ import annotations

from service.auth.principal import Principal
from service.errors import Forbidden


def is_outside(principal: Principal, organization: str | None) -> bool:
    """Whether a caller's token, or API key, names another organization than this."""
    return principal.organization is not None and principal.organization != organization


def check_organization(principal: Principal, organization: str) -> None:
    """Raises `Forbidden` for the `organizationId` of an input that is not the caller's."""
    if is_outside(principal, organization):
        raise Forbidden
