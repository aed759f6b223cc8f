"""`@auth` → access rules, with the defaults that Amplify's transformer fills in.

Source: Amplify Gen 1, "Customize authorization rules"; the compiled SDL and resolvers.
"""

from __future__ import annotations

from typing import Any

from graphql import DirectiveNode, FieldDefinitionNode, InputObjectTypeDefinitionNode, Node, value_from_ast_untyped

from service.catalog.model import EVERYTHING, READ, Access, Allow, Provider, Rule
from service.importer.directives import Directed, arguments, find, find_all, strings
from service.importer.flags import Flags
from service.importer.refusal import ImportRefused

DEFAULT_PROVIDERS = {
    Allow.OWNER: Provider.USER_POOLS,
    Allow.GROUPS: Provider.USER_POOLS,
    Allow.PRIVATE: Provider.USER_POOLS,
    Allow.PUBLIC: Provider.API_KEY,
    Allow.CUSTOM: Provider.FUNCTION,
}
"""Who proves a caller's identity if the rule does not say."""

MODES = {
    "aws_api_key": Provider.API_KEY,
    "aws_cognito_user_pools": Provider.USER_POOLS,
    "aws_auth": Provider.USER_POOLS,
    "aws_iam": Provider.IAM,
    "aws_oidc": Provider.OIDC,
    "aws_lambda": Provider.FUNCTION,
}
"""AppSync's own directives, by which a field is open to a mode."""


def rules_of(node: Directed, flags: Flags) -> tuple[Rule, ...]:
    """The rules on a type or field, in order; empty if it has no `@auth`."""
    return tuple(rule for directive in find_all(node, "auth") for rule in _rules(directive, flags))


def static_rules(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules that hold for a root field, which has no row to name an owner or a group."""
    return tuple(rule for rule in rules if not rule.is_dynamic)


def mode_rules(node: FieldDefinitionNode, default_provider: Provider) -> tuple[Rule, ...]:
    """What AppSync itself lets through to a root field: the modes of its `@aws_…`, else the default mode.

    A field with `@auth` and no `@aws_…` has no such rule: there, its own rules decide.
    """
    given = [each for each in node.directives or () if each.name.value in MODES]
    if not given:
        return () if find(node, "auth") else (_mode_rule(default_provider),)
    return tuple(_mode_rule(MODES[each.name.value], strings(each, "cognito_groups")) for each in given)


def _mode_rule(provider: Provider, groups: tuple[str, ...] = ()) -> Rule:
    if groups:
        return Rule(Allow.GROUPS, provider, groups=groups)
    allowed = {Provider.API_KEY: Allow.PUBLIC, Provider.FUNCTION: Allow.CUSTOM}
    return Rule(allowed.get(provider, Allow.PRIVATE), provider)


def global_rules(definition: InputObjectTypeDefinitionNode | None, flags: Flags) -> tuple[Rule, ...]:
    """The rule of `input AMPLIFY { globalAuthRule: AuthRule = { allow: public } }`, for what has no `@auth`."""
    for field in (definition.fields or ()) if definition else ():
        if field.name.value.lower() in {"globalauthrule", "global_auth_rule"} and field.default_value:
            return (_rule(value_from_ast_untyped(field.default_value), field, flags),)
    return ()


def _rules(directive: DirectiveNode, flags: Flags) -> list[Rule]:
    given = arguments(directive).get("rules", [])
    each_given = given if isinstance(given, list) else [given]
    return [_rule(each, directive, flags) for each in each_given]


def _rule(given: dict[str, Any], node: Node, flags: Flags) -> Rule:
    if not isinstance(given, dict):
        raise ImportRefused("a rule must be an object.", "Write `{ allow: … }`.", node=node)
    allow = _allow(given, node)
    is_group_rule = allow is Allow.GROUPS
    groups = _texts(given.get("groups"))
    groups_field = given.get("groupsField") or (None if groups else "groups")
    return Rule(
        allow=allow,
        provider=_provider(given, allow, node),
        access=_access(given, node),
        groups=groups if is_group_rule and not given.get("groupsField") else (),
        groups_field=groups_field if is_group_rule else None,
        group_claim=(is_group_rule and given.get("groupClaim")) or "cognito:groups",
        owner_field=(given.get("ownerField") or "owner") if allow is Allow.OWNER else None,
        identity_claim=given.get("identityClaim") or flags.identity_claim if allow is Allow.OWNER else "sub::username",
    )


def _allow(given: dict[str, Any], node: Node) -> Allow:
    try:
        return Allow(given["allow"])
    except (KeyError, ValueError):
        raise ImportRefused(
            f"a rule allows {given.get('allow', 'nobody')!s}, which Amplify does not know.",
            f"Use one of {', '.join(Allow)}.",
            node=node,
        ) from None


def _provider(given: dict[str, Any], allow: Allow, node: Node) -> Provider:
    name = given.get("provider")
    if name is None:
        return DEFAULT_PROVIDERS[allow]
    try:
        return Provider.IAM if name == "identityPool" else Provider(name)
    except ValueError:
        raise ImportRefused(
            f"a rule names the provider {name}, which Amplify does not know.",
            f"Use one of {', '.join(Provider)}, identityPool.",
            node=node,
        ) from None


def _access(given: dict[str, Any], node: Node) -> frozenset[Access]:
    names = given.get("operations")
    if names is None:
        return EVERYTHING
    allowed: set[Access] = set()
    for name in _texts(names):
        if name == "read":
            allowed |= READ
        elif name in set(Access):
            allowed.add(Access(name))
        else:
            raise ImportRefused(
                f"a rule allows the operation {name}, which Amplify does not know.",
                f"Use read, {', '.join(Access)}.",
                node=node,
            )
    return frozenset(allowed)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(each) for each in value) if isinstance(value, list) else (str(value),)
