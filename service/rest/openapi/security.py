"""Who may: the access rules as security requirements, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.catalog.model import Access, Allow, Provider, Rule
from service.rest.openapi.values import Schema

TOKEN, API_KEY = "token", "apiKey"
_SCHEME_OF = {Provider.USER_POOLS: TOKEN, Provider.API_KEY: API_KEY}

SCHEMES: Schema = {
    TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access or id token of the user pool. In development: `offramp token`.",
    },
    API_KEY: {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "Where a rule admits API keys."},
}


def requirements(rules: Iterable[Rule], access: Access) -> list[dict[str, list[str]]]:
    """The schemes of which one must be used. A token is always looked at, and refused if no rule admits it."""
    modes = {rule.provider for rule in rules if access in rule.access}
    opened = {TOKEN, *(_SCHEME_OF[mode] for mode in modes if mode in _SCHEME_OF)}
    return [{scheme: []} for scheme in SCHEMES if scheme in opened]


def admitted(rules: Iterable[Rule], access: Access) -> str:
    """Who is let in, in words: `Admitted: the groups Admin, Manager; every signed-in user.` or so."""
    words = list(dict.fromkeys(word for rule in rules if access in rule.access for word in _words(rule)))
    return f"Admitted: {'; '.join(words)}." if words else "Nobody is admitted."


def _words(rule: Rule) -> Iterator[str]:
    if rule.provider not in _SCHEME_OF:
        return
    if rule.allow is Allow.OWNER:
        yield f"whom `{rule.owner_field}` names"
    elif rule.groups_field:
        yield f"the groups in `{rule.groups_field}`"
    elif rule.groups:
        yield f"the group{'s' if len(rule.groups) > 1 else ''} {', '.join(rule.groups)}"
    elif rule.allow is Allow.PRIVATE:
        yield "every signed-in user"
    elif rule.allow is Allow.PUBLIC:
        yield "API keys"
