"""The access rules once more, as PostgreSQL's row-level security: what holds if a predicate is ever forgotten.

Each table has one RESTRICTIVE policy, which keeps its rows inside the caller's organization and which no other policy
can widen, and permissive ones made of the model's rules. They compare a row with the settings of `context.py` alone:
a sub-select there is evaluated once for a statement. Field rules are about columns, of which policies know nothing.
Source: PostgreSQL manual, "Row Security Policies" and CREATE POLICY.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.catalog.access import EVERYBODY
from service.catalog.model import Access, Catalog, Model, Provider, Rule
from service.db.schema.quoting import literal, quoted
from service.db.security.context import ORGANIZATION, SERVICE, key_of, named_by
from service.db.security.roles import GATE, OWNER, SERVE

_ALL = frozenset({Access.GET, Access.LIST, Access.CREATE, Access.UPDATE, Access.DELETE})
"""Who may write a row is shown what was written, so they may see it; a predicate leaves it out of what they read."""
_PROVIDER = "current_setting('app.provider', true)"


def policies_sql(catalog: Catalog) -> Iterator[str]:
    """The statements that secure every table of a catalog and let the role that serves use it."""
    for model in catalog.models:
        yield from _secured(model)


def secured(table: str, condition: str) -> Iterator[str]:
    """The statements that switch row-level security on for a table, whose rows keep to one organization."""
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    yield f"CREATE POLICY tenant ON {table} AS RESTRICTIVE TO {SERVE} USING ({condition}) WITH CHECK ({condition})"
    yield f"CREATE POLICY owner ON {table} TO {OWNER} USING (true) WITH CHECK (true)"


def _secured(model: Model) -> Iterator[str]:
    assert model.tenant is not None
    table = quoted(model.table)
    yield from secured(table, f"{quoted(model.tenant.column)} = {ORGANIZATION}")
    yield f"CREATE POLICY gate ON {table} FOR SELECT TO {GATE} USING (true)"
    yield f"CREATE POLICY readers ON {table} FOR SELECT TO {SERVE} USING ({_allowed(model, *_ALL)})"
    yield f"CREATE POLICY creators ON {table} FOR INSERT TO {SERVE} WITH CHECK ({_allowed(model, Access.CREATE)})"
    # What a row becomes is for the tenant's policy; AppSync asks the rules about what it was.
    yield (
        f"CREATE POLICY updaters ON {table} FOR UPDATE TO {SERVE} "
        f"USING ({_allowed(model, Access.UPDATE)}) WITH CHECK (true)"
    )
    yield f"CREATE POLICY deleters ON {table} FOR DELETE TO {SERVE} USING ({_allowed(model, Access.DELETE)})"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {SERVE}"


def _allowed(model: Model, *accesses: Access) -> str:
    """The condition that some rule allows one of the accesses: the static rules in one sub-select, then the dynamic."""
    rules = [rule for rule in model.rules if rule.access & set(accesses)]
    once = " OR ".join([f"{_PROVIDER} = {literal(SERVICE)}", *static_conditions(rules)])
    dynamic = [_dynamic(rule, model) for rule in rules if rule.is_dynamic]
    return " OR ".join([f"(SELECT {once})", *dict.fromkeys(dynamic)])


def static_conditions(rules: Iterable[Rule]) -> Iterator[str]:
    """The conditions under which rules that ask of no row allow the caller. Any will do; the cheap ones come first."""
    static = [rule for rule in rules if not rule.is_dynamic]
    open_to = dict.fromkeys(rule.provider for rule in static if rule.allow in EVERYBODY)
    yield from map(_signed_in_by, open_to)
    groups: dict[tuple[Provider, str], dict[str, None]] = {}
    for rule in static:
        if rule.groups and rule.provider not in open_to:
            groups.setdefault((rule.provider, _names(rule)), {}).update(dict.fromkeys(rule.groups))
    for (provider, names), allowed in groups.items():
        yield f"({_signed_in_by(provider)} AND {names} ?| ARRAY[{', '.join(map(literal, allowed))}])"


def _dynamic(rule: Rule, model: Model) -> str:
    field = model.field_by_name[rule.owner_field or rule.groups_field or ""]
    matches = "?|" if field.type.is_list else "?"
    return f"((SELECT {_signed_in_by(rule.provider)}) AND (SELECT {_names(rule)}) {matches} {quoted(field.column)})"


def _signed_in_by(provider: Provider) -> str:
    return f"{_PROVIDER} = {literal(provider.value)}"


def _names(rule: Rule) -> str:
    return f"app_names({literal(key_of(named_by(rule)))})"
