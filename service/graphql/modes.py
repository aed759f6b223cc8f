"""Where the SDL carries `@aws_…` directives: which types and fields are open to which authorization modes.

A type or field without a directive is open to the API's default mode alone. Amplify adds directives
to a model that has a rule for another mode, to its root fields, to the connections and embedded types
that can be reached from it, and to custom operations. A type gets the union of all that is added to it.
Source: `AuthTransformer.transformSchema` of Amplify's graphql-auth-transformer, whose order of visits
and whose exceptions are kept, because they decide whom AppSync lets in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from service.catalog import names
from service.catalog.model import Access, Catalog, Field, Model, Provider, Relation, Root, Rule
from service.graphql.inputs import all_rules
from service.graphql.roots import RootField

_DIRECTIVES = {
    Provider.API_KEY: "aws_api_key",
    Provider.IAM: "aws_iam",
    Provider.OIDC: "aws_oidc",
    Provider.USER_POOLS: "aws_cognito_user_pools",
    Provider.FUNCTION: "aws_lambda",
}


@dataclass(slots=True)
class Modes:
    """Names of `@aws_…` directives, in the order of the SDL; a type or field that is missing has none."""

    types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By type name."""
    roots: dict[tuple[Root, str], tuple[str, ...]] = field(default_factory=dict)
    """By root type and field name."""

    def extend(self, type_name: str, directives: Iterable[str]) -> None:
        """Add to the directives of a type those that it lacks."""
        self.types[type_name] = tuple(dict.fromkeys((*self.types.get(type_name, ()), *directives)))


def modes(catalog: Catalog, roots: Mapping[tuple[Root, str], RootField]) -> Modes:
    """The directives of the whole API. Cheap where no rule names another mode than the default."""
    default, found, seen = catalog.default_provider, Modes(), _Seen(catalog)
    mixed = set()
    for model in catalog.models:
        providers = _providers(model)
        if providers:
            found.extend(model.name, _directives(default, providers))
            _open_nested(seen, _targets(model), providers, found)
        if providers - {default}:
            mixed.add(model.name)
    for key, root in roots.items():
        if root.operation is not None:
            found.roots[key] = _directives(default, {rule.provider for rule in root.operation.rules})
        elif root.model is not None and root.access is not None and root.model.name in mixed:
            found.roots[key] = _directives(default, _providers_of(root.model, root.access))
            spell = {"list": names.list_connection, "index": names.connection}.get(root.kind, str)
            found.extend(spell(root.model.name), found.roots[key])
    return found


class _Seen:
    """Which types have been reached, and what that has added to each."""

    def __init__(self, catalog: Catalog) -> None:
        self.default = catalog.default_provider
        self.objects = catalog.object_by_name
        self.connections = {names.connection(model.name) for model in catalog.models}
        self.added: dict[str, set[str]] = {}


def _directives(default: Provider, providers: Collection[Provider], *, with_default: bool = False) -> tuple[str, ...]:
    """The directives for these modes: none if only the default one may in.

    The default mode is spelled out beside others if it has a rule too, or `with_default`.
    """
    others = [each for each in _DIRECTIVES if each in providers and each is not default]
    if others and (with_default or default in providers):
        others.append(default)
    return tuple(_DIRECTIVES[each] for each in others)


def _providers(model: Model) -> set[Provider]:
    return {rule.provider for rule in all_rules(model)}


def _providers_of(model: Model, access: Access) -> set[Provider]:
    """The modes that may do this to at least one field; delete is asked of every field."""
    members: tuple[Field | Relation, ...] = (*model.fields, *model.relations)
    own = [_allowing(each.rules, access) for each in members if each.rules]
    allowed = _allowing(model.rules, access)
    if access is Access.DELETE:
        return allowed.intersection(*own)
    return allowed.union(*own) if len(own) < len(members) else set[Provider]().union(*own)


def _allowing(rules: Iterable[Rule], access: Access) -> set[Provider]:
    return {rule.provider for rule in rules if access in rule.access}


def _targets(model: Model) -> Iterable[str]:
    """The types that are no models and that the model's fields lead to."""
    many = (names.connection(each.target) for each in model.relations if each.is_many)
    return (*(each.type.name for each in model.fields), *many)


def _open_nested(seen: _Seen, targets: Iterable[str], providers: Collection[Provider], found: Modes) -> None:
    """Open connections and embedded types to the modes of a model that leads to them.

    The first model to reach a type does not spell out the default mode unless it has a rule for it,
    a later one does: a type that only API keys reach stays closed to signed-in users, as in AppSync.
    """
    for target in targets:
        embedded = seen.objects.get(target)
        if embedded is None and target not in seen.connections:
            continue
        again = target in seen.added
        added = seen.added.setdefault(target, set())
        new = [each for each in _directives(seen.default, providers, with_default=again) if each not in added]
        if new or not again:
            added.update(new)
            found.extend(target, new)
            if embedded is not None:
                _open_nested(seen, [each.type.name for each in embedded.fields], providers, found)
