"""Who asks, told to PostgreSQL in the statement that asks: what policies and the audit trail go by.

`app_context` keeps it in settings that end with the transaction, and every statement of the API reads its rows beside
a call of it (`told`). Nothing is sent before or after, and nothing stays: on a connection that somebody else uses next
the settings are empty, and an empty organization has no rows. Calling a function is not a SET, so RDS Proxy does not
pin the connection. Source: PostgreSQL manual, "Configuration Settings Functions"; Aurora guide, "Avoiding pinning".
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from sqlalchemy import Boolean, ColumnElement, Select, column, func, literal_column, select

from service.auth.principal import GROUPS_CLAIM, Principal
from service.catalog.model import Rule
from service.db.plans.run import identities
from service.db.plans.sources import Groups, Identities
from service.sender import SENDER

ORGANIZATION = "nullif(current_setting('app.organization', true), '')"
"""The caller's organization in SQL; null where nobody has said who asks. After a transaction the setting is empty."""

TELL = "SELECT app_context($1, $2, $3)"
"""Says who asks for the rest of a transaction; its parameters are `context_of`."""

FUNCTIONS = (
    """\
CREATE FUNCTION app_context(organization text, provider text, caller text) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN set_config('app.organization', coalesce(organization, ''), true) IS NOT NULL
        AND set_config('app.provider', coalesce(provider, ''), true) IS NOT NULL
        AND set_config('app.caller', coalesce(caller, ''), true) IS NOT NULL""",
    """\
CREATE FUNCTION app_names(named text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.caller', true), '')::jsonb -> 'names' -> named""",
)
"""`app_context` says who asks; `app_names` gives the names that they go by, under `key_of` what a rule asks for.

PostgreSQL puts their expressions in the place of their calls, which makes a get a third cheaper than calls would. It
does so because neither has a search path of its own; their bodies were parsed when they were made and need none.
"""

SERVICE = "service"
"""The provider of what the service does by itself, with the rights of no caller."""


Named = Identities | Groups
"""Something that rows may name the caller by."""


def named_by(rule: Rule) -> Named:
    """What a rule compares with the caller: an owner's name, or the names of groups."""
    return Identities(rule.identity_claim) if rule.owner_field else Groups(rule.group_claim)


def key_of(named: Named) -> str:
    """Where `app_names` finds it."""
    return f"{'owner' if isinstance(named, Identities) else 'groups'} {named.claim}"


GROUPS = key_of(Groups(GROUPS_CLAIM))
"""Where the groups of a user pool are found."""


def context_of(principal: Principal, named: Iterable[Named]) -> list[str | None]:
    """The parameters of `app_context`: organization, provider, and the caller as JSON.

    `named` is what some rule compares with a caller.
    """
    sender = SENDER.get()
    caller = {
        "sub": principal.sub,
        "username": principal.username,
        "provider": principal.provider,
        "address": sender.address,
        "request": sender.request_id,
        "names": {key_of(each): _names(principal, each) for each in named},
    }
    provider = SERVICE if principal.is_service else principal.provider.value
    return [principal.organization, provider, orjson.dumps(caller).decode()]


def _names(principal: Principal, named: Named) -> list[str]:
    if isinstance(named, Identities):
        return identities(principal, named.claim)
    return list(principal.groups(named.claim))


def told(statement: Select[tuple[object, ...]], arguments: list[ColumnElement[str]]) -> Select[tuple[object, ...]]:
    """The statement, run after a call of `app_context` with these arguments, in one.

    The rows stand in a sub-select that needs what the call gave, and OFFSET 0 keeps PostgreSQL from taking the
    sub-select apart: so no table is looked at before the call, whatever the plan. A data-modifying WITH is run when its
    rows are first asked for, which is in there, too.
    """
    called = (
        func.app_context(*arguments, type_=Boolean)
        .table_valued(column("told", Boolean), name="context$")
        .render_derived()
    )
    # Not all have a name by which a sub-select would show them.
    columns = [each.label(f"v{at}") for at, each in enumerate(statement.selected_columns)]
    asked = statement.with_only_columns(*columns, maintain_column_froms=True).subquery("asked$")
    rows = select(asked).where(called.c.told).offset(literal_column("0")).lateral("rows$")
    return select(*rows.c).select_from(called, rows)
