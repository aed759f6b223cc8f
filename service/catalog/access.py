"""What the rules say, before any row is looked at.

A question has one of three answers: yes, no, or "the rows that these dynamic rules match". The
answer depends on the caller's mode and static groups alone, so a compiled statement can be shared
by every caller of the same `CallerClass`; who exactly is calling is a parameter of the statement.

Source: Amplify Gen 1, "Customize authorization rules"; what the v2 auth transformer compiles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from service.catalog.audit_entry import AUDIT_ENTRY
from service.catalog.model import Access, Allow, Catalog, Field, Model, Provider, Relation, Rule
from service.errors import Forbidden


@dataclass(frozen=True, slots=True)
class CallerClass:
    """What about a caller decides static rules: the mode, and which of the named groups they are in."""

    provider: Provider
    groups: frozenset[tuple[str, str]]
    """(claim, group) pairs, cut down to the groups some rule names."""


class Answer(Enum):
    """The two answers that need no row."""

    YES = "yes"
    NO = "no"


Verdict = Answer | tuple[Rule, ...]
"""Yes, no, or the dynamic rules of which a row must satisfy at least one."""


EVERYBODY = frozenset({Allow.PRIVATE, Allow.PUBLIC, Allow.CUSTOM})
"""What a rule may allow to every caller of its mode. One of groups that names none allows nobody."""


def decide(rules: Iterable[Rule], access: Access, caller: CallerClass | None) -> Verdict:
    """What `rules` answer to a caller who wants `access`. None is the service itself: it may do everything."""
    if caller is None:
        return Answer.YES
    dynamic: list[Rule] = []
    for rule in rules:
        if rule.provider is not caller.provider or access not in rule.access:
            continue
        if rule.is_dynamic:
            dynamic.append(rule)
        elif rule.allow in EVERYBODY or any((rule.group_claim, group) in caller.groups for group in rule.groups):
            return Answer.YES
    return tuple(dynamic) or Answer.NO


def required(model: Model, access: Access, caller: CallerClass | None) -> tuple[Rule, ...]:
    """The dynamic rules of which a row must satisfy one; none if all rows will do. Raises `Forbidden`."""
    verdict = decide(model.rules, access, caller)
    if verdict is Answer.NO:
        raise Forbidden
    return verdict if isinstance(verdict, tuple) else ()


def required_by_input(
    model: Model, names: Iterable[str], access: Access, caller: CallerClass | None
) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """The fields of an input whose own rules depend on the row. Raises `Forbidden` naming those that say no."""
    ruled = [model.field_by_name[name] for name in names if model.field_by_name[name].rules]
    verdicts = {each.name: decide(each.rules, access, caller) for each in ruled}
    denied = [name for name, verdict in verdicts.items() if verdict is Answer.NO]
    if denied:
        raise Forbidden(f"Unauthorized on [{', '.join(denied)}]")
    return tuple((name, verdict) for name, verdict in verdicts.items() if isinstance(verdict, tuple))


def required_by_deletion(model: Model, caller: CallerClass | None) -> tuple[tuple[Rule, ...], ...]:
    """A delete takes every field with it, so each field's own rules must allow it. Raises `Forbidden`."""
    verdicts = [decide(member.rules, Access.DELETE, caller) for member in guarded(model)]
    if Answer.NO in verdicts:
        raise Forbidden
    return tuple(verdict for verdict in verdicts if isinstance(verdict, tuple))


def is_open(rules: Iterable[Rule], caller: CallerClass) -> bool:
    """Whether a type with these rules is open to the caller's mode at all."""
    return any(rule.provider is caller.provider for rule in rules)


def static_groups(catalog: Catalog) -> frozenset[tuple[str, str]]:
    """Every (claim, group) that some rule of the catalog names: what can tell caller classes apart."""
    return frozenset((rule.group_claim, group) for rule in every_rule(catalog) for group in rule.groups)


def every_rule(catalog: Catalog) -> Iterable[Rule]:
    """All rules of a catalog: of models, fields, relations, custom operations and, if it has one, the audit trail."""
    for model in catalog.models:
        yield from model.rules
        for member in guarded(model):
            yield from member.rules
    for operation in catalog.operations:
        yield from operation.rules
    if catalog.is_enforced:
        yield from AUDIT_ENTRY.rules


def is_redacted(model: Model, target: Model) -> bool:
    """Whether a mutation of `model` hides a relation to `target`.

    Its result reaches every subscriber of `model`, who need not be allowed to see a model with
    other rules: AppSync answers null, or no items, even to a caller who may.
    """
    return set(model.rules) != set(target.rules)


def names_owner(model: Model, field: Field) -> bool:
    """Whether a field holds owners as `sub::username`, of which the name alone is shown."""
    return any(rule.owner_field == field.name and "::" in rule.identity_claim for rule in model.rules)


def guarded(model: Model) -> tuple[Field | Relation, ...]:
    """The fields and relations of a model that have rules of their own."""
    members: tuple[Field | Relation, ...] = (*model.fields, *model.relations)
    return tuple(member for member in members if member.rules)
