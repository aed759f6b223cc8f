"""A root field of a document → a plan, for one class of callers.

This is the only place where GraphQL's arguments and Amplify's access rules become a plan. Nothing
here awaits, and nothing here knows SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, SelectionSetNode

from service.catalog import names
from service.catalog.access import (
    Answer,
    CallerClass,
    Verdict,
    decide,
    is_redacted,
    names_owner,
    required_by_deletion,
    required_by_input,
)
from service.catalog.indexes import followed_sort
from service.catalog.model import Access, Catalog, Field, Model, Relation, Rule
from service.db.plans import conditions, plan, selections, sources
from service.db.plans.conditions import Comparison, Condition, Operator
from service.db.plans.filters import key_condition, readable_condition
from service.db.plans.tracing import peek, source_of
from service.errors import Forbidden, Invalid, Limited
from service.graphql.roots import RootField
from service.graphql.selections import Chosen, Reader

MOST_MEMBERS = 50
"""Names for the items and the token of one page: PostgreSQL takes 100 arguments to a function, two for each."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes the plans of one operation."""

    catalog: Catalog
    schema: GraphQLSchema
    reader: Reader
    caller: CallerClass

    def plan_field(self, root: RootField, chosen: Chosen) -> plan.Plan:
        """The plan of a generated root field. Raises `Forbidden` or `Invalid` where no row could change that."""
        model, access = root.model, root.access
        assert model is not None
        assert access is not None
        verdict = decide(model.rules, access, self.caller)
        if verdict is Answer.NO:
            raise Forbidden
        parent = self.schema.type_map[root.root.value]
        assert isinstance(parent, GraphQLObjectType)
        arguments = self.reader.arguments(parent.fields[chosen.name], chosen)
        match root.kind:
            case "get":
                return self._get(model, chosen, arguments, verdict)
            case "list":
                return plan.List(self._list(model, chosen, arguments, verdict))
            case "index":
                assert root.index is not None
                hash_field = model.field_by_name[root.index.hash]
                equal = _equals(hash_field, arguments.pop(root.index.hash))
                return plan.List(self._page(model, chosen, arguments, root.index.sort, (equal,), verdict=verdict))
            case "create":
                return self._create(model, chosen, arguments, verdict)
            case _:
                return self._change(root, model, chosen, arguments, verdict)

    # ------------------------------------------------------------ reads

    def _get(self, model: Model, chosen: Chosen, arguments: dict[str, Any], verdict: Verdict) -> plan.Get:
        key = tuple((model.field_by_name[name], source_of(arguments[name])) for name in model.key)
        return plan.Get(model, key, self.select(model, chosen.selection_sets), _rules(verdict))

    def _list(self, model: Model, chosen: Chosen, arguments: dict[str, Any], verdict: Verdict) -> selections.Page:
        """A list. Where the key is not `id` alone it may name the hash, and only then be sorted."""
        spelled = names.list_connection(model.name)
        hash_name, sort = model.key[0], model.key[1:]
        hash_value = arguments.pop(hash_name, None)
        if hash_value is not None:
            equal = _equals(model.field_by_name[hash_name], hash_value)
            return self._page(model, chosen, arguments, sort, (equal,), verdict=verdict, type_name=spelled)
        sort_argument = _sort_argument(sort) if sort else None
        if sort_argument is not None and arguments.get(sort_argument) is not None:
            raise _needs(f"When providing argument '{sort_argument}' you must also provide '{hash_name}'.")
        if arguments.get("sortDirection") is not None:
            raise _needs(f"When providing argument 'sortDirection' you must also provide argument '{hash_name}'.")
        return self._page(model, chosen, arguments, (), (), verdict=verdict, type_name=spelled)

    def _page(
        self,
        model: Model,
        chosen: Chosen,
        arguments: dict[str, Any],
        sort: tuple[str, ...],
        where: tuple[Condition, ...],
        *,
        verdict: Verdict,
        mutation: bool = False,
        type_name: str | None = None,
    ) -> selections.Page:
        """A page of rows; `type_name` is the type of the connection where it is not the model's usual one."""
        fields = [model.field_by_name[name] for name in sort]
        if fields:
            # A row without its sort key is not in the index.
            where += tuple(Comparison(each, Operator.EXISTS) for each in fields if each.name not in model.key)
            where += (key_condition(fields, arguments.get(_sort_argument(sort))),)
        where += (readable_condition(model, arguments.get("filter"), self.caller),)
        if isinstance(verdict, tuple):
            where += (conditions.Matches(verdict),)
        limit, token = arguments.get("limit"), arguments.get("nextToken")
        descending = peek(arguments.get("sortDirection")) == "DESC"
        return selections.Page(
            model=model,
            connection=self._connection(model, chosen.selection_sets, mutation=mutation, type_name=type_name),
            where=conditions.All(tuple(each for each in where if each != conditions.TRUE)),
            sort=(sources.SortKey(sort, descending),) if sort else (),
            descending=descending,
            limit=None if limit is None else source_of(limit),
            token=None if token is None else source_of(token),
        )

    def _connection(
        self, model: Model, sets: Sequence[SelectionSetNode], *, mutation: bool, type_name: str | None = None
    ) -> selections.Connection:
        members: list[selections.Items | selections.NextToken | selections.Typename] = []
        for chosen in self.reader.fields(sets):
            if chosen.name == "items":
                members.append(
                    selections.Items(chosen.key, self.select(model, chosen.selection_sets, mutation=mutation))
                )
            elif chosen.name == "nextToken":
                members.append(selections.NextToken(chosen.key))
            else:
                members.append(selections.Typename(chosen.key, type_name or names.connection(model.name)))
        if len(members) > MOST_MEMBERS:
            raise Limited(f"A page is asked for more than {MOST_MEMBERS} things. Ask for its items and its token once.")
        return selections.Connection(tuple(members))

    # ------------------------------------------------------------ writes

    def _create(self, model: Model, chosen: Chosen, arguments: dict[str, Any], verdict: Verdict) -> plan.Create:
        given = arguments["input"]
        return plan.Create(
            model=model,
            input={name: source_of(value) for name, value in given.items()},
            selection=self.select(model, chosen.selection_sets, mutation=True),
            condition=readable_condition(model, arguments.get("condition"), self.caller),
            allowed_if=_rules(verdict),
            guarded=required_by_input(model, given, Access.CREATE, self.caller),
        )

    def _change(
        self, root: RootField, model: Model, chosen: Chosen, arguments: dict[str, Any], verdict: Verdict
    ) -> plan.Update | plan.Delete:
        given = arguments["input"]
        if root.kind == "update":
            make: type[plan.Update | plan.Delete] = plan.Update
            sets = [rules for _, rules in required_by_input(model, given, Access.UPDATE, self.caller)]
        else:
            make, sets = plan.Delete, [*required_by_deletion(model, self.caller)]
        if isinstance(verdict, tuple):
            sets.insert(0, verdict)
        return make(
            model=model,
            input={name: source_of(value) for name, value in given.items()},
            selection=self.select(model, chosen.selection_sets, mutation=True),
            condition=readable_condition(model, arguments.get("condition"), self.caller),
            allowed_if=tuple(sets),
        )

    # ------------------------------------------------------------ selections

    def select(
        self, model: Model, sets: Sequence[SelectionSetNode], *, mutation: bool = False
    ) -> tuple[selections.Selected, ...]:
        """What is selected of a model's row."""
        return tuple(self._selected(model, chosen, mutation=mutation) for chosen in self.reader.fields(sets))

    def _selected(self, model: Model, chosen: Chosen, *, mutation: bool) -> selections.Selected:
        if chosen.name == "__typename":
            return selections.Typename(chosen.key, model.name)
        relation = model.relation_by_name.get(chosen.name)
        if relation is not None:
            return self._related(model, relation, chosen, mutation=mutation)
        field = model.field_by_name.get(chosen.name)
        if field is None:
            return _never_there(chosen, model.unresolved)
        verdict: Verdict = decide(field.rules, Access.GET, self.caller) if field.rules else Answer.YES
        if verdict is Answer.NO or (mutation and field.rules):
            return selections.Hidden(
                chosen.key,
                field.name,
                str(field.type.nullable),
                denied=verdict is Answer.NO,
                required=field.type.required,
            )
        shown = self._stored(field, chosen, owner=names_owner(model, field))
        return selections.Guarded(chosen.key, shown, verdict) if isinstance(verdict, tuple) else shown

    def _stored(self, field: Field, chosen: Chosen, *, owner: bool = False) -> selections.Value | selections.Embedded:
        if field.type.name not in self.catalog.object_by_name:
            return selections.Value(chosen.key, field, owner)
        inner = self._embedded(field.type.name, chosen.selection_sets)
        return selections.Embedded(chosen.key, field, field.type.name, inner)

    def _embedded(self, type_name: str, sets: Sequence[SelectionSetNode]) -> tuple[selections.Selected, ...]:
        embedded = self.catalog.object_by_name[type_name]
        fields = {each.name: each for each in embedded.fields}
        selection: list[selections.Selected] = []
        for chosen in self.reader.fields(sets):
            if chosen.name == "__typename":
                selection.append(selections.Typename(chosen.key, type_name))
            elif chosen.name in fields:
                selection.append(self._stored(fields[chosen.name], chosen))
            else:
                selection.append(_never_there(chosen, embedded.relations))
        return tuple(selection)

    # ------------------------------------------------------------ relations

    def _related(self, model: Model, relation: Relation, chosen: Chosen, *, mutation: bool) -> selections.Selected:
        target = self.catalog.model_by_name[relation.target]
        if mutation and is_redacted(model, target):
            empty = self._connection(target, chosen.selection_sets, mutation=True) if relation.is_many else None
            return selections.Hidden(
                chosen.key, relation.name, target.name, denied=False, required=relation.required, connection=empty
            )
        own: Verdict = decide(relation.rules, Access.GET, self.caller) if relation.rules else Answer.YES
        verdict = decide(target.rules, Access.LIST if relation.is_many else Access.GET, self.caller)
        if Answer.NO in {own, verdict}:
            return selections.Hidden(chosen.key, relation.name, target.name, denied=True, required=relation.required)
        shown = self._one_or_many(model, relation, target, chosen, verdict, mutation=mutation)
        return selections.Guarded(chosen.key, shown, own) if isinstance(own, tuple) else shown

    def _one_or_many(
        self, model: Model, relation: Relation, target: Model, chosen: Chosen, verdict: Verdict, *, mutation: bool
    ) -> selections.One | selections.Many:
        if not relation.is_many:
            selection = self.select(target, chosen.selection_sets, mutation=mutation)
            return selections.One(chosen.key, relation, target, selection, _rules(verdict))
        parent = self.schema.type_map[model.name]
        assert isinstance(parent, GraphQLObjectType)
        arguments = self.reader.arguments(parent.fields[relation.name], chosen)
        page = self._page(
            target, chosen, arguments, followed_sort(relation, target), (), verdict=verdict, mutation=mutation
        )
        return selections.Many(chosen.key, relation, page)


def _never_there(chosen: Chosen, fields: Sequence[Field]) -> selections.Hidden:
    """A field that leads to a model although nothing is stored that could: always null."""
    field = next(each for each in fields if each.name == chosen.name)
    return selections.Hidden(
        chosen.key, field.name, str(field.type.nullable), denied=False, required=field.type.required
    )


def _sort_argument(sort: tuple[str, ...]) -> str:
    return sort[0] if len(sort) == 1 else names.composite_key_argument(sort)


def _equals(field: Field, value: Any) -> Condition:
    return Comparison(field, Operator.EQ, (source_of(value),))


def _rules(verdict: Verdict) -> tuple[Rule, ...]:
    return verdict if isinstance(verdict, tuple) else ()


def _needs(message: str) -> Invalid:
    return Invalid(message, error_type="InvalidArgumentsError")
