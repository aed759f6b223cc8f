"""Would an operation be answered? Validated and compiled as a request is, with no database behind it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

from graphql import GraphQLError, OperationType, StringValueNode

from service.catalog.access import Answer, CallerClass, decide, every_rule, static_groups
from service.catalog.model import Access, Catalog, Provider, Root, Rule
from service.contract.operations import Operation
from service.contract.samples import sample_variables
from service.contract.text import Text
from service.db.plans.tracing import Trace
from service.errors import Forbidden, ServiceError
from service.graphql.documents import Documents, RequestRefused
from service.graphql.documents import Operation as Validated
from service.graphql.errors import not_authorized
from service.graphql.inputs import all_rules
from service.graphql.light import light_schema
from service.graphql.planning import Planner
from service.graphql.refusals import request_error
from service.graphql.roots import RootField, root_fields
from service.graphql.selections import Chosen, Reader
from service.importer.refusal import Place
from service.settings import Settings

PROVIDERS = (Provider.USER_POOLS, Provider.API_KEY)
"""The modes that the service can verify."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an operation fails, in AppSync's words where it has some."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one operation."""

    operation: Operation
    problems: tuple[Problem, ...] = ()
    callers: tuple[str, ...] = ()
    """Who may run all of it: `userPools` is somebody signed in without a group, others are groups, or `apiKey`."""
    unanswered: tuple[str, ...] = ()
    """The custom operations it calls that no code answers yet."""
    closed: tuple[str, ...] = ()
    """The root fields that no rule lets anybody call: the old API refuses them too, so this is no failure."""


class Checker:
    """Checks operations against one catalog, within the limits that a service has by default.

    `answered` names the custom operations that have code: `service.operations.connect` knows.
    """

    def __init__(self, catalog: Catalog, answered: Collection[tuple[Root, str]] = ()) -> None:
        self._catalog = catalog
        self._answered = answered
        self._schema = light_schema(catalog)
        self._roots = root_fields(catalog)
        self._callers = _callers(catalog)
        limits: dict[str, Any] = {each.name: each.default for each in fields(Settings)}
        self._documents: Documents = Documents(
            self._schema,
            max_tokens=limits["max_tokens"],
            max_depth=limits["max_depth"],
            max_roots=limits["max_aliases"],
            suggestions=False,  # AppSync makes none, and they take most of the time where much is wrong
        )

    def check(self, operation: Operation) -> Checked:
        """What would be said of the operation."""
        try:
            validated = self._documents.operation(operation.text.string, None)
            if operation.type is OperationType.SUBSCRIPTION:
                return Checked(operation)
            return self._compile(operation, validated)
        except RequestRefused as refused:
            errors = (each for each in refused.errors if not _is_of_made_up(each, operation.text))
            problems = (self._refusal(operation, each, refused) for each in errors)
            return Checked(operation, tuple(dict.fromkeys(problems)))
        except ServiceError as error:
            return Checked(operation, (Problem(operation.place, error.message),))

    def _refusal(self, operation: Operation, error: GraphQLError, refused: RequestRefused) -> Problem:
        place = operation.text.place(min(error.positions or (0,)))
        return Problem(place, request_error(error, self._schema, refused.document)["message"])

    # ------------------------------------------------------------ plans

    def _compile(self, operation: Operation, validated: Validated) -> Checked:
        coerced = validated.coerce(sample_variables(self._schema, validated.node))
        reader = Reader(validated.fragments, Trace().of(coerced))
        root = Root(validated.type.value.capitalize())
        allowed, unanswered, closed = dict(self._callers), [], []
        problems: dict[Problem, None] = {}
        for chosen in reader.fields([validated.node.selection_set]):
            field = self._roots.get((root, chosen.name))
            if field is None:  # introspection, which everybody may do
                continue
            outcomes = {label: self._outcome(field, chosen, reader, caller) for label, caller in self._callers.items()}
            allowed = {label: caller for label, caller in allowed.items() if outcomes[label] is None}
            messages = _messages(field, list(outcomes.values()))
            problems |= dict.fromkeys(Problem(_place(operation, chosen), each) for each in messages)
            if field.kind == "custom" and (root, chosen.name) not in self._answered:
                unanswered.append(chosen.name)
            if not messages and None not in outcomes.values():
                closed.append(chosen.name)
        return Checked(operation, tuple(problems), tuple(allowed), tuple(unanswered), tuple(closed))

    def _outcome(self, field: RootField, chosen: Chosen, reader: Reader, caller: CallerClass) -> ServiceError | None:
        """What a root field answers to a caller before any row is looked at."""
        if field.operation is not None:
            is_denied = decide(field.operation.rules, Access.GET, caller) is Answer.NO
            return Forbidden() if is_denied else None
        try:
            Planner(self._catalog, self._schema, reader, caller).plan_field(field, chosen)
        except ServiceError as error:
            return error
        return None


def _is_of_made_up(error: GraphQLError, text: Text) -> bool:
    """Whether an error is of a string that we made up a part of: the real one may well be right."""
    if error.nodes is None:  # a scalar's own complaint of a literal, which does not say of which
        return text.is_made_up
    strings = [node.loc for node in error.nodes if isinstance(node, StringValueNode) and node.loc]
    return any(text.cut(each.start, each.end).is_made_up for each in strings)


def _messages(field: RootField, outcomes: Sequence[ServiceError | None]) -> list[str]:
    """What is wrong with a root field, for whichever caller; nothing if the rules deny it to everybody on purpose."""
    refusals = [each for each in outcomes if each is not None and not isinstance(each, Forbidden)]
    if refusals or None in outcomes:
        return list(dict.fromkeys(each.message for each in refusals))
    denied = not_authorized(field.name, field.root)
    rules = _rules(field)
    if not rules:
        return [f"{denied} (no @auth rule lets anybody in; write one, such as {{ allow: public }})"]
    providers = {rule.provider for rule in rules if field.access is None or field.access in rule.access}
    unserved = sorted(providers - set(PROVIDERS))
    return [f"{denied} (its rules let in callers by {', '.join(unserved)} alone, who are not served)"] * bool(unserved)


def _rules(field: RootField) -> Sequence[Rule]:
    if field.operation is not None:
        return field.operation.rules
    return tuple(all_rules(field.model)) if field.model else ()


def _place(operation: Operation, chosen: Chosen) -> Place:
    loc = chosen.nodes[0].loc
    return operation.place if loc is None else operation.text.place(loc.start)


def _callers(catalog: Catalog) -> dict[str, CallerClass]:
    """Every kind of caller that the rules tell apart, by a label."""
    named = {rule.provider for rule in every_rule(catalog)}
    groups = sorted(static_groups(catalog))
    found = {str(each): CallerClass(each, frozenset()) for each in PROVIDERS if each in named}
    if Provider.USER_POOLS in named:
        found |= {name: CallerClass(Provider.USER_POOLS, frozenset({(claim, name)})) for claim, name in groups}
        found["every group"] = CallerClass(Provider.USER_POOLS, frozenset(groups))
    return found
