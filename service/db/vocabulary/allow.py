"""Access rules as a model spells them: who may do what. A model without a rule is open to nobody.

    access = (
        allow.owner(),
        allow.groups("Admin"),
        allow.signed_in(to="read"),
        allow.api_key(to=("get", "list")),
    )

`to` is `"read"` (get, list, sync, listen, search), or any of `create`, `update`, `delete` and those
five; without it a rule allows everything. `field` is an attribute of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from service.catalog.model import EVERYTHING, READ, Access, Allow, Provider, Rule

Deed = Literal["read", "get", "list", "sync", "listen", "search", "create", "update", "delete"]
To = Deed | Sequence[Deed] | None
Via = Literal["userPools", "apiKey", "iam", "oidc", "function"]


def owner(field: str = "owner", *, to: To = None, claim: str = "sub::username", via: Via = "userPools") -> Rule:
    """The caller that a field of the row names, or one of those if the field is a list.

    `claim` says what of the caller's token is compared; `::` joins several.
    """
    return Rule(Allow.OWNER, Provider(via), _access(to), owner_field=field, identity_claim=claim)


def groups(*names: str, to: To = None, claim: str = "cognito:groups", via: Via = "userPools") -> Rule:
    """Members of any of these groups."""
    return Rule(Allow.GROUPS, Provider(via), _access(to), groups=names, group_claim=claim)


def groups_in(field: str, *, to: To = None, claim: str = "cognito:groups", via: Via = "userPools") -> Rule:
    """Members of any of the groups that a field of the row names."""
    return Rule(Allow.GROUPS, Provider(via), _access(to), groups_field=field, group_claim=claim)


def signed_in(*, to: To = None, via: Via = "userPools") -> Rule:
    """Everybody who has signed in."""
    return Rule(Allow.PRIVATE, Provider(via), _access(to))


def api_key(*, to: To = None) -> Rule:
    """Everybody who has an API key."""
    return Rule(Allow.PUBLIC, Provider.API_KEY, _access(to))


def guests(*, to: To = None, via: Via = "iam") -> Rule:
    """Everybody who has not signed in but whom the provider lets in."""
    return Rule(Allow.PUBLIC, Provider(via), _access(to))


def custom(*, to: To = None, via: Via = "function") -> Rule:
    """Whoever the Lambda authorizer lets in."""
    return Rule(Allow.CUSTOM, Provider(via), _access(to))


def _access(to: To) -> frozenset[Access]:
    if to is None:
        return EVERYTHING
    deeds = (to,) if isinstance(to, str) else to
    return frozenset(access for deed in deeds for access in (READ if deed == "read" else {Access(deed)}))
