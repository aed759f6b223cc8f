"""Principal → the class of callers it belongs to, for which plans are made and kept."""

from __future__ import annotations

from service.auth.principal import Principal
from service.catalog.access import CallerClass, static_groups
from service.catalog.model import Catalog


class CallerClasses:
    """The classes that the rules of one catalog tell apart."""

    def __init__(self, catalog: Catalog) -> None:
        self._groups = static_groups(catalog)

    def of(self, principal: Principal) -> CallerClass:
        """The class of a caller: their mode, and which of the groups they are in that some rule names."""
        held = frozenset(pair for pair in self._groups if pair[1] in principal.groups(pair[0]))
        return CallerClass(principal.provider, held)
