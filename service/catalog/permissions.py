"""Who may do what, as the rules of a catalog say it: the table that people read, tests check and REST gives."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from service.catalog.access import (
    Answer,
    CallerClass,
    Verdict,
    decide,
    guarded,
    required_by_deletion,
    static_groups,
)
from service.catalog.model import Access, Catalog, Model, Provider, Relation
from service.errors import Forbidden

OPERATIONS = (Access.GET, Access.LIST, Access.CREATE, Access.UPDATE, Access.DELETE)


class Extent(StrEnum):
    """Of which rows somebody may do something."""

    ALL = "yes"
    OWN = "own"
    """Those that a dynamic rule matches: of an owner, or of a group that the row names."""
    NONE = "no"


def roles_of(catalog: Catalog) -> dict[str, CallerClass]:
    """A caller of each kind that the rules tell apart: in one of the groups, in none, and with an API key."""
    groups = sorted(static_groups(catalog))
    roles = {group: CallerClass(Provider.USER_POOLS, frozenset({(claim, group)})) for claim, group in groups}
    signed_in = CallerClass(Provider.USER_POOLS, frozenset())
    return roles | {"signed in": signed_in, "API key": CallerClass(Provider.API_KEY, frozenset())}


def permissions(model: Model, caller: CallerClass) -> Mapping[Access, Extent]:
    """What a caller may do with the rows of a model."""
    return {access: _extent(model, access, caller) for access in OPERATIONS}


def field_permissions(model: Model, caller: CallerClass) -> Mapping[str, Mapping[Access, Extent]]:
    """What a caller may do with the fields that have rules of their own, and may see of such relations.

    The rules of the model hold besides.
    """
    return {
        each.name: {
            access: extent_of(decide(each.rules, access, caller))
            for access in ((Access.GET,) if isinstance(each, Relation) else (Access.GET, Access.CREATE, Access.UPDATE))
        }
        for each in guarded(model)
    }


def extent_of(verdict: Verdict) -> Extent:
    """Of which rows an answer of the rules is true."""
    if isinstance(verdict, tuple):
        return Extent.OWN
    return Extent.ALL if verdict is Answer.YES else Extent.NONE


def _extent(model: Model, access: Access, caller: CallerClass) -> Extent:
    verdict = decide(model.rules, access, caller)
    try:
        by_fields = required_by_deletion(model, caller) if access is Access.DELETE else ()
    except Forbidden:
        return Extent.NONE
    if verdict is Answer.NO or getattr(model.operations, access) is None:
        return Extent.NONE
    return Extent.ALL if verdict is Answer.YES and not by_fields else Extent.OWN
