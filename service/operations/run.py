"""Runs custom operations: the function behind one is called, and what it gives back is answered with."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLObjectType

from service.catalog.model import Operation
from service.db.repository import Repository
from service.errors import ServiceError
from service.graphql.errors import masked
from service.graphql.fallback import Context, not_connected
from service.graphql.planning import Planner
from service.graphql.selections import Chosen
from service.operations.call import Call
from service.operations.connect import Connected
from service.operations.plans import Plans
from service.operations.returned import Returned
from service.operations.rows import Rows


class CustomOperations:
    """Answers the custom operations of one API."""

    def __init__(self, repository: Repository, connected: Connected) -> None:
        self._plans = Plans(repository)
        self._connected = connected

    async def __call__(self, operation: Operation, planner: Planner, chosen: Chosen, context: Context) -> Any:
        """The value of a root field in the shape of its selection.

        Raises what the function raises, if it is a `ServiceError`; else `Internal`, and the log has the rest.
        """
        answer = self._connected.get((operation.root, operation.name))
        if answer is None:
            return await not_connected(operation, planner, chosen, context)
        call = self._call(operation, planner, chosen, context)
        returned = Returned(planner, self._plans.repository, context.principal, context.transaction)
        try:
            return await returned.shaped(operation.type, await answer(call), chosen)
        except ServiceError:
            raise
        except Exception as error:
            raise masked(error, operation.name) from error

    def _call(self, operation: Operation, planner: Planner, chosen: Chosen, context: Context) -> Call:
        parent = planner.schema.type_map[operation.root.value]
        assert isinstance(parent, GraphQLObjectType)
        return Call(
            operation,
            planner.reader.arguments(parent.fields[operation.name], chosen),
            context.principal,
            context.origin,
            Rows(self._plans, context.principal, context.caller, context.transaction),
        )
