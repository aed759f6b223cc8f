"""The rows of the models, for Python: the same plans, rules and statements as behind the API.

Rows are dicts by field name with the values of the API: dates and times as text, AWSJSON as its text,
embedded types as dicts. A field that its own rules keep from the caller is left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self, TypeVar, cast

from service.auth.principal import Principal
from service.catalog.access import CallerClass
from service.catalog.model import Model
from service.db.connections.engine import Transaction
from service.db.repository import Prepared
from service.errors import Forbidden, NotFound
from service.graphql.notes import decoded
from service.operations.plans import Plans
from service.operations.values import Values

RowValues = dict[str, Any]
Result = TypeVar("Result")


class Rows:
    """Reads and writes rows as one caller; with `caller` None, as the service itself."""

    def __init__(
        self, plans: Plans, principal: Principal, caller: CallerClass | None, transaction: Transaction | None = None
    ) -> None:
        self._plans = plans
        self._principal = principal
        self._caller = caller
        self._transaction = transaction
        self._values = Values(plans.repository.catalog)

    @property
    def connection(self) -> Transaction:
        """What the named statements in `service.db` run on: this transaction, which knows who asks."""
        if self._transaction is None:
            raise TypeError("named statements run in a transaction: `async with rows.transaction() as rows`")
        return self._transaction

    def without_rules(self) -> Self:
        """The same rows, and no rule asked: the service's own rights. Owners are still set to the caller."""
        principal = replace(self._principal, is_service=True)
        return type(self)(self._plans, principal, None, self._transaction)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Self]:
        """The rows inside one transaction: committed at the end of the block, undone if the block raises.

        Inside a transaction it is that same one. After an error of the database nothing more can be done in it.
        """
        if self._transaction is not None:
            await self._plans.repository.tell(self._transaction, self._principal)
            yield self
            return
        async with self._plans.repository.transaction(self._principal) as transaction:
            yield type(self)(self._plans, self._principal, self._caller, transaction)

    async def in_transaction(self, work: Callable[[Self], Awaitable[Result]]) -> Result:
        """What `work` gives with the rows inside one transaction, as `transaction` has them.

        Where the database gives one transaction up for another's sake, `work` is called again: it must change nothing
        but rows. Raises `Clash` when it has been called often enough.
        """
        if self._transaction is not None:
            await self._plans.repository.tell(self._transaction, self._principal)
            return await work(self)
        return await self._plans.repository.in_transaction(
            self._principal,
            lambda transaction: work(type(self)(self._plans, self._principal, self._caller, transaction)),
        )

    async def find(self, model: str, *key: Any) -> RowValues | None:
        """The row with a key, None if there is none. Raises `Forbidden` for one the caller may not read."""
        values = self._values.key(self._model(model), key)
        return await self._run(self._plans.get(model, self._caller), values)

    async def get(self, model: str, *key: Any) -> RowValues:
        """The row with a key. Raises `NotFound` if there is none, and as `find`."""
        found = await self.find(model, *key)
        if found is None:
            raise NotFound(f"There is no {model} {' '.join(map(repr, key))}.")
        return found

    async def list(
        self,
        model: str,
        filter: Mapping[str, Any] | None = None,
        *,
        limit: int = 100,
    ) -> Sequence[RowValues]:
        """The first `limit` rows, of one page at most, that a filter finds and the caller may read, by their keys.

        The filter is that of the API: `{"categoryId": {"eq": "c1"}, "price": {"lt": 5}}`.
        """
        found = await self._run(self._plans.list(self._model(model), filter, limit, self._caller), {})
        return cast("Sequence[RowValues]", found["items"] if found else [])

    async def create(self, model: str, input: Mapping[str, Any]) -> RowValues:
        """A new row, as the API's create makes it: id, owner, defaults and timestamps are filled in.

        Raises `Invalid`, `Forbidden`, and `ConditionFailed` if the key exists.
        """
        values = self._values.for_create(self._model(model), input)
        return await self._write(self._plans.create(model, tuple(values), self._caller), values)

    async def update(
        self,
        model: str,
        input: Mapping[str, Any],
        condition: Mapping[str, Any] | None = None,
    ) -> RowValues:
        """A row with some values changed; `input` holds its key too.

        Raises `Invalid`, `Forbidden`, and `ConditionFailed` if there is no such row or the condition does not hold.
        """
        values = self._values.for_update(self._model(model), input)
        return await self._write(self._plans.update(model, tuple(values), condition, self._caller), values)

    async def delete(self, model: str, *key: Any, condition: Mapping[str, Any] | None = None) -> RowValues:
        """The row that was deleted. Raises as `update`."""
        values = self._values.key(self._model(model), key)
        return await self._write(self._plans.delete(model, condition, self._caller), values)

    def _model(self, name: str) -> Model:
        return self._plans.repository.catalog.model_by_name[name]

    async def _write(self, prepared: Prepared, values: Mapping[str, Any]) -> RowValues:
        written = await self._run(prepared, values)
        assert written is not None
        return written

    async def _run(self, prepared: Prepared, values: Mapping[str, Any]) -> RowValues | None:
        repository = self._plans.repository
        text = await repository.run(prepared, values, self._principal, self._transaction)
        if text is None:
            return None
        found = decoded(text)
        if isinstance(found, Forbidden):
            raise found
        return cast("RowValues", _without_refused(found))


def _without_refused(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_refused(each) for name, each in value.items() if not isinstance(each, Forbidden)}
    return [_without_refused(each) for each in value] if isinstance(value, list) else value
