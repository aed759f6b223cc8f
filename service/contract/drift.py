"""Differences that come from the age of the Amplify CLI that deployed a contract, told from real ones.

Source: deployed contracts of public apps, compared with what today's transformers make of their schemas.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type

from service.contract import reasons
from service.contract.reasons import Change, Reason


@dataclass(frozen=True, slots=True)
class _Rule:
    """A change of the kind `of` whose place, and types if given, match is really `means`."""

    means: Reason
    of: Collection[Reason]
    place: str
    was: str = ""
    now: str = ""

    def holds(self, change: Change) -> bool:
        return change.reason in self.of and all(
            re.fullmatch(pattern or ".*", text)
            for pattern, text in ((self.place, change.place), (self.was, change.was), (self.now, change.now))
        )


_MISSING = (reasons.FIELD_MISSING, reasons.INPUT_MISSING, reasons.TYPE_MISSING, reasons.OPERATION_MISSING)
_ADDED = (reasons.INPUT_ADDED, reasons.INPUT_VALUE_ADDED)
_OPERAND = "(ID|String|Int|Float|Boolean)"
_BUILT_IN = rf"AmplifyAI\w+|Model(Subscription)?({_OPERAND}|Size)Input|ModelAttributeTypes|ModelSortDirection"
_RULES = (
    _Rule(reasons.DATASTORE, _MISSING, r"\w+\._(version|deleted|lastChangedAt)"),
    _Rule(reasons.DATASTORE, _MISSING, r"Model\w+Connection\.startedAt|Query\.sync\w+"),
    _Rule(reasons.SEARCH, _MISSING, r"Query\.search\w+|Searchable\w+"),
    _Rule(reasons.IAM_CLOSED, (reasons.MODE_CLOSED,), r".*", "@aws_iam"),
    _Rule(reasons.DRIFT_ITEMS, (reasons.OUTPUT_TIGHTENED,), r"(Model|Searchable)\w+Connection\.items", r"\[\w+\]"),
    _Rule(reasons.DRIFT_BUILT_IN, _ADDED, rf"Model{_OPERAND}(Filter)?Input\.\w+|SearchableAggregateType\.\w+"),
    _Rule(reasons.DRIFT_BUILT_IN, (reasons.TYPE_ADDED,), rf"{_BUILT_IN}|ModelSubscription\w+FilterInput"),
    _Rule(
        reasons.DRIFT_FILTER_FIELDS,
        _ADDED,
        r"Model\w+(Filter|Condition)Input\.(id|owner|createdAt|updatedAt|\w+(Id|ID))",
    ),
    _Rule(reasons.DRIFT_SUBSCRIPTION_FILTER, _ADDED, r"Subscription\.\w+\(filter\)"),
    _Rule(
        reasons.DRIFT_NUMBER_CONTAINS,
        (reasons.INPUT_MISSING,),
        r"Model(Int|Float)(Filter)?Input\.(contains|notContains)",
    ),
    _Rule(
        reasons.DRIFT_BOOLEAN,
        (reasons.INPUT_CHANGED,),
        r"ModelSubscriptionBooleanInput\.(eq|ne)",
        "Float",
        "Boolean",
    ),
    _Rule(reasons.DRIFT_DELETE_ID, (reasons.INPUT_TIGHTENED,), r"Delete\w+Input\.\w+"),
)
"""The first that holds counts. All that a change cannot be by its form alone is in the functions below."""


def explained(change: Change, old: GraphQLSchema) -> Change:
    """The change, with the reason that the age of the contract gives it if it does."""
    for rule in _RULES:
        if rule.holds(change):
            return replace(change, reason=rule.means)
    if change.reason is reasons.INPUT_TIGHTENED and _is_hash_key(change, old):
        return replace(change, reason=reasons.DRIFT_HASH_KEY)
    return change


def _is_hash_key(change: Change, old: GraphQLSchema) -> bool:
    """Whether it is a scalar or enum argument of a query that gives pages of rows."""
    place = re.fullmatch(r"Query\.(\w+)\((\w+)\)", change.place)
    if place is None or change.now != f"{change.was}!" or old.query_type is None:
        return False
    field = old.query_type.fields[place[1]]
    pages = re.fullmatch(r"Model\w+Connection", get_named_type(field.type).name)
    return pages is not None and place[2] not in {"filter", "limit", "nextToken", "sortDirection"}


def renamed_filter_inputs(old: Collection[str], new: Collection[str]) -> dict[str, str]:
    """`ModelIDFilterInput` → `ModelIDInput` and so on, where each contract has only the one."""
    names = {was: was.removesuffix("FilterInput") + "Input" for was in old if re.fullmatch(r"Model\w+FilterInput", was)}
    return {was: now for was, now in names.items() if was not in new and now in new and now not in old}


def renamed_lists(
    old: GraphQLObjectType | GraphQLInterfaceType, new: GraphQLObjectType | GraphQLInterfaceType
) -> dict[str, str]:
    """List queries that are missing → what they are called now: the only new one that gives the same pages."""
    gone = {name: str(field.type) for name, field in old.fields.items() if name not in new.fields}
    come = {name: str(field.type) for name, field in new.fields.items() if name not in old.fields}
    found = {}
    for was, type_ in gone.items():
        same = [now for now in come if now.startswith("list") and come[now] == type_]
        if was.startswith("list") and len(same) == 1 and re.fullmatch(r"Model\w+Connection", type_):
            found[was] = same[0]
    return found
