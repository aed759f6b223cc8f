"""Who may call what: the `@aws_…` directives of two schemas, compared.

A type or root field without such a directive is open to the API's default mode alone. Which mode that
was the old SDL does not say; it is taken to be the one that is default now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import DirectiveNode, GraphQLField, GraphQLObjectType, GraphQLSchema, OperationType, value_from_ast_untyped

from service.contract import reasons
from service.contract.reasons import Change
from service.graphql.shapes import Directive
from service.importer.rules import MODES

_DIRECTIVES = MODES.keys() - {"aws_auth"}  # which opens nothing, it names groups where user pools are the only mode

Applied = Mapping[str, tuple[str, ...]]
"""Directive → the mutations it names, if it is `@aws_subscribe`."""


def mode_changes(old: GraphQLSchema, new: GraphQLSchema, default: str) -> Iterator[Change]:
    """What is closed, opened or heard otherwise; nothing if `old` has no directives, as introspection has none.

    `default` is the directive of the default mode: `aws_cognito_user_pools`.
    """
    was, now = dict(_places(old)), dict(_places(new))
    if not any(was.values()):
        return
    for place, before in was.items():
        if place not in now:
            continue
        allowed, allows = _modes(before, default), _modes(now[place], default)
        for mode in sorted(allowed - allows):
            yield Change(reasons.MODE_CLOSED, place, was=f"@{mode}")
        for mode in sorted(allows - allowed):
            yield Change(reasons.MODE_OPENED, place, now=f"@{mode}")
        heard, hears = before.get("aws_subscribe", ()), now[place].get("aws_subscribe", ())
        if set(heard) - set(hears):
            yield Change(reasons.SUBSCRIPTION_CHANGED, place, ", ".join(heard), ", ".join(hears))


def _modes(applied: Applied, default: str) -> frozenset[str]:
    return frozenset(applied.keys() & _DIRECTIVES or {default})


def _places(schema: GraphQLSchema) -> Iterator[tuple[str, Applied]]:
    """Every object type and root field with what is applied to it."""
    roots = {schema.get_root_type(each): each.value.capitalize() for each in OperationType}
    for type_ in schema.type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name.startswith("__"):
            continue
        if type_ not in roots:
            yield type_.name, _applied(type_)
            continue
        for name, field in type_.fields.items():
            yield f"{roots[type_]}.{name}", _applied(field)


def _applied(element: GraphQLObjectType | GraphQLField) -> Applied:
    if element.ast_node is not None:
        return {each.name.value: _mutations(each) for each in element.ast_node.directives or ()}
    given: tuple[Directive, ...] = element.extensions.get("directives", ())
    return {each.name: each.mutations for each in given}


def _mutations(directive: DirectiveNode) -> tuple[str, ...]:
    for argument in directive.arguments or ():
        if argument.name.value == "mutations":
            given = value_from_ast_untyped(argument.value)
            return tuple(map(str, given)) if isinstance(given, list) else (str(given),)
    return ()
