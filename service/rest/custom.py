"""Custom operations: `/v1/operations/placePurchaseOrder`.

A mutation is a POST whose body is an object of its arguments; a query may be a GET with them as parameters as well.
Answered `{"data": …}`: rows with all their fields, and what an object leads to with all of its own. The same functions
answer as behind GraphQL, with the same rights.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache, partial
from typing import Any

import orjson
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, parse

from service.bodies import Malformed, parse_json
from service.catalog.access import Answer, decide
from service.catalog.model import Access, Field, Operation, Root, TypeRef
from service.catalog.scalars import SCALARS
from service.db.plans.conversions import shown
from service.db.repository import Repository
from service.errors import Forbidden, FunctionFailed, ServiceError
from service.graphql.fallback import Context, Custom
from service.graphql.light import light_schema
from service.graphql.planning import Planner
from service.graphql.selections import Chosen, Reader
from service.rest.bodies import BodyReader
from service.rest.exchange import JSON, Reply, Request, Session
from service.rest.filters import number_in, switch_in
from service.rest.once import Once
from service.rest.problems import Complain, Flaw, Flawed, but_for_unknown, meant
from service.rest.questions import parameters
from service.rest.resources import served_operations
from service.rest.routes import Endpoint
from service.rest.writes import UNPARSABLE, check_parameters

DEEPEST = 4
"""Objects within objects that an answer shows."""


class CustomOperations:
    """The endpoints of the custom operations of one catalog."""

    def __init__(self, repository: Repository, custom: Custom, bodies: BodyReader, once: Once) -> None:
        self._catalog = repository.catalog
        self._custom = custom
        self._bodies = bodies
        self._once = once
        self._chosen = lru_cache(len(self._catalog.operations) + 1)(self._choose)

    @cached_property
    def _schema(self) -> GraphQLSchema:
        return light_schema(self._catalog)

    def endpoints(self) -> dict[str, dict[str, Endpoint]]:
        """By the name of the operation and by method."""
        found: dict[str, dict[str, Endpoint]] = {}
        for each in served_operations(self._catalog):
            found[each.name] = {"POST": partial(self._by_body, each)}
            if each.root is Root.QUERY:
                found[each.name] = {"GET": partial(self._by_parameters, each), **found[each.name]}
        return found

    # ------------------------------------------------------------ requests

    async def _by_parameters(self, operation: Operation, request: Request) -> Reply:
        flaws: list[Flaw] = []

        def complain(at: str, code: str, detail: str) -> None:
            flaws.append(Flaw(at.strip("/"), code, detail, in_body=False))

        known, given = {each.name: each for each in operation.arguments}, dict[str, Any]()
        for name, text in parameters(request.query):
            if name in given:
                complain(name, "repeated", f"Give `{name}` once, with commas between several.")
            elif name in known:
                given[name] = self._written(known[name].type, text, name, complain)
            elif not request.preferences.lenient:
                complain(name[:80], "unknown_parameter", f"There is no '{name[:80]}' here.{meant(name[:80], known)}")
        arguments = self._bodies.arguments(operation, given, complain)
        if flaws:
            raise Flawed(flaws)
        return await self._run(operation, arguments, request, request.session)

    async def _by_body(self, operation: Operation, request: Request) -> Reply:
        check_parameters(request)
        sent = await request.body(JSON)
        given, flaws = parse_json(sent, UNPARSABLE), list[Flaw]()
        if not isinstance(given, dict):
            raise Flawed([Flaw("", "wrong_type", "The body is an object of the arguments.")])

        def complain(at: str, code: str, detail: str) -> None:
            flaws.append(Flaw(at, code, detail))

        lenient = request.preferences.lenient
        arguments = self._bodies.arguments(operation, given, but_for_unknown(complain) if lenient else complain)
        if flaws:
            raise Flawed(flaws)
        return await self._once.run(request, bytes(sent), partial(self._run, operation, arguments, request))

    def _written(self, type_: TypeRef, text: str, at: str, complain: Complain) -> Any:
        """An argument in a query string: a list with commas, an object as JSON."""
        if type_.is_list and type_.name in SCALARS:
            return [self._written(TypeRef(type_.name), each, at, complain) for each in text.split(",")]
        if type_.name in self._catalog.enum_by_name:
            return text
        scalar = SCALARS.get(type_.name)
        if scalar is not None:
            return number_in(text) if scalar.json_number else switch_in(text) if scalar.name == "Boolean" else text
        try:
            return parse_json(text.encode(), "This argument is an object, as JSON, URL-encoded.")
        except Malformed as error:
            complain(at, "wrong_value", error.message)
            return None

    # ------------------------------------------------------------ answers

    async def _run(
        self, operation: Operation, arguments: Mapping[str, Any], request: Request, session: Session
    ) -> Reply:
        if decide(operation.rules, Access.GET, session.caller) is Answer.NO:
            raise Forbidden
        planner = Planner(self._catalog, self._schema, Reader({}, arguments), session.caller)
        context = Context(session.principal, session.caller, request.origin, session.transaction)
        value = await self._custom(operation, planner, self._chosen(operation), context)
        body = {"data": self._shown(operation.type, value)}
        return Reply(200, orjson.dumps(body, default=shown), request.preferences.applied())

    def _choose(self, operation: Operation) -> Chosen:
        """The operation with all of its arguments and all that it gives, as a document would ask for it."""
        arguments = ", ".join(f"{each.name}: ${each.name}" for each in operation.arguments)
        called = f"{operation.name}({arguments})" if arguments else operation.name
        document = parse(f"{{ {called} {self._selection(operation.type.name, 0)} }}", no_location=True)
        definition = document.definitions[0]
        assert isinstance(definition, OperationDefinitionNode)
        node = definition.selection_set.selections[0]
        assert isinstance(node, FieldNode)
        return Chosen(operation.name, operation.name, (node,))

    def _selection(self, type_name: str, depth: int) -> str:
        """`{ id name address { city } }`, or nothing for a value that has no fields."""
        members = self._members(type_name)
        if members is None:
            return ""
        parts = (
            f"{each.name} {self._selection(each.type.name, depth + 1)}" for each in members if self._ends(each, depth)
        )
        return f"{{ __typename {' '.join(parts)} }}"

    def _ends(self, field: Field, depth: int) -> bool:
        return depth < DEEPEST or self._members(field.type.name) is None

    def _members(self, type_name: str) -> Iterable[Field] | None:
        model = self._catalog.model_by_name.get(type_name)
        if model is not None:
            return model.fields
        object_ = self._catalog.object_by_name.get(type_name)
        return None if object_ is None else (*object_.fields, *object_.relations)

    def _shown(self, type_: TypeRef, value: Any) -> Any:
        """A value as REST shows it: without what the rules keep from the caller, AWSJSON of rows as JSON."""
        if isinstance(value, ServiceError):
            raise value if isinstance(value, Forbidden) else FunctionFailed(value.message)
        if isinstance(value, list):
            return [self._shown(TypeRef(type_.name), each) for each in value]
        if not isinstance(value, dict):
            return value
        types = {each.name: each.type for each in self._members(type_.name) or ()}
        is_row = type_.name in self._catalog.model_by_name
        return {
            name: _parsed(types[name], each) if is_row else self._shown(types[name], each)
            for name, each in value.items()
            if name != "__typename" and not isinstance(each, Forbidden)
        }


def _parsed(type_: TypeRef, value: Any) -> Any:
    return orjson.loads(value) if type_.name == "AWSJSON" and isinstance(value, str) and not type_.is_list else value
