"""Runs plans. The only way from a door to the database.

A read is one statement. A write is one statement too, unless its selection leads back to the table
it wrote: a statement does not see its own new row there, so a second one in the same transaction
reads the answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from service.allowance import ALLOWANCE
from service.auth.principal import GROUPS_CLAIM, Principal
from service.catalog.model import Catalog
from service.db.connections.engine import Connection, Database, Transaction
from service.db.plans.conditions import TRUE
from service.db.plans.cost import Sizes, check_rows, nested_sizes
from service.db.plans.cursors import Cursors
from service.db.plans.plan import Around, Create, Delete, Get, List, Lookup, Plan, Update
from service.db.plans.run import Run
from service.db.plans.selections import Guarded, Items, Many, One, Selected
from service.db.plans.sources import Groups
from service.db.plans.writes import Writer
from service.db.schema.constraints import foreign_key_name
from service.db.schema.tables import Tables
from service.db.security.context import TELL, context_of, named_by
from service.db.sql.marks import with_cursors
from service.db.sql.statements import Statement, Statements
from service.errors import BrokenReference, ConditionFailed, Forbidden, Invalid, NoOrganization

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with the statements it needs; made once, run often, by any caller of one class."""

    plan: Plan
    statement: Statement
    reread: Statement | None = None
    """For a write whose answer a second statement reads."""
    permission: Statement | None = None
    """For a conditional write under dynamic rules: tells a denied row from a false condition."""
    sizes: tuple[Sizes, ...] = ()
    """Page sizes within one another, which must not multiply to too many rows."""

    @property
    def characters(self) -> int:
        """How long its statements are together: what it takes to keep it goes by that."""
        return sum(len(each.sql) for each in (self.statement, self.reread, self.permission) if each)


class Repository:
    """Prepares and runs the plans of one catalog on one database."""

    def __init__(
        self,
        catalog: Catalog,
        database: Database,
        *,
        cursor_key: bytes,
        max_page: int = 10_000,
        max_rows: int = 100_000_000,
        keeps_apart: bool = True,
    ) -> None:
        """`max_page`: rows of one page. `max_rows`: rows that the page sizes of lists within lists may multiply to.

        `keeps_apart` is for the tests that prove the policies alone to be enough.
        """
        self.catalog = catalog
        self._cursors = Cursors(cursor_key)
        self.database = database
        self._max_page = max_page
        self._max_rows = max_rows
        self._statements = Statements(catalog, Tables(catalog), keeps_apart=keeps_apart)
        self._named = tuple(
            dict.fromkeys((Groups(GROUPS_CLAIM), *(named_by(rule) for model in catalog.models for rule in model.rules)))
        )
        self._writers = {model.name: Writer(catalog, model) for model in catalog.models}

    def prepare(self, chosen: Plan) -> Prepared:
        """Make the statements of a plan. Pure, and the expensive part: keep what it returns."""
        sizes = nested_sizes(chosen)
        match chosen:
            case Get() | List():
                return Prepared(chosen, self._statements.read(chosen), sizes=sizes)
            case Lookup() | Around():
                return Prepared(chosen, self._statements.given(chosen), sizes=sizes)
            case Create():
                fields = self._writers[chosen.model.name].created_fields(chosen)
                return Prepared(chosen, self._statements.create(chosen, fields), self._reread(chosen), sizes=sizes)
            case Update():
                fields = self._writers[chosen.model.name].updated_fields(chosen)
                statement = self._statements.update(chosen, fields)
                return Prepared(chosen, statement, self._reread(chosen), self._permission(chosen), sizes)
            case Delete():
                return Prepared(chosen, self._statements.delete(chosen), None, self._permission(chosen), sizes)

    def _reread(self, write: Create | Update) -> Statement | None:
        if not leads_to(write.selection, write.model.name):
            return None
        return self._statements.reread(write)

    def _permission(self, write: Update | Delete) -> Statement | None:
        conditional = write.allowed_if and write.condition != TRUE
        return self._statements.permission(write) if conditional else None

    async def run(
        self,
        prepared: Prepared,
        variables: Mapping[str, Any],
        principal: Principal,
        transaction: Transaction | None = None,
    ) -> str | None:
        """Run a prepared plan: JSON text with marks where values are denied, or None for a row that is not there.

        In `transaction` if there is one, else a write is a transaction of its own. Raises `Forbidden` and
        `ConditionFailed` as the rules of writes say, `Limited` for pages within pages of too many rows and for a
        request that was answered too much already, and what `Database` raises.
        """
        if allowance := ALLOWANCE.get():
            allowance.check()
        run = Run(variables, principal, self._cursors, self._max_page, asking=self._asking(principal))
        check_rows(prepared.sizes, run, self._max_rows)
        match prepared.plan:
            case Create():
                self._writers[prepared.plan.model.name].fill_create(prepared.plan, run)
            case Update():
                self._writers[prepared.plan.model.name].fill_update(prepared.plan, run)
            case Delete():
                pass
            case List():
                return await self._page(prepared.statement, run, transaction or self.database)
            case _:
                return await self._row(prepared.statement, run, transaction or self.database)
        try:
            answer = await self._write(prepared, run, transaction)
        except BrokenReference as error:
            raise _broken(prepared.plan, error.constraint) from error
        except Invalid as error:
            named = {each.column: each.name for each in prepared.plan.model.fields}
            error.field = named.get(error.column or "")
            raise
        if answer is None:
            raise await self._refusal(prepared, run, transaction or self.database)
        return _given(answer, prepared.reread or prepared.statement, run)

    @asynccontextmanager
    async def transaction(self, principal: Principal) -> AsyncIterator[Transaction]:
        """One transaction in which a caller's statements run, those of `run` and named ones."""
        async with self.database.transaction() as transaction:
            await self.tell(transaction, principal)
            yield transaction

    async def in_transaction(self, principal: Principal, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """What `work` gives in such a transaction; all of it again if that clashes with another's."""

        async def told(transaction: Transaction) -> Result:
            await self.tell(transaction, principal)
            return await work(transaction)

        return await self.database.in_transaction(told)

    async def tell(self, transaction: Transaction, principal: Principal) -> None:
        """Say whose the named statements are that come next. Those of plans say it themselves."""
        if asking := self._asking(principal):
            await transaction.fetch_row(TELL, asking)

    def _asking(self, principal: Principal) -> list[str | None]:
        """What tells PostgreSQL who asks; nothing where it need not know. Raises `Forbidden` if nobody knows where."""
        if not self.catalog.is_enforced:
            return []
        if principal.organization is None:
            raise NoOrganization
        return context_of(principal, self._named)

    async def _row(self, statement: Statement, run: Run, on: Connection) -> str | None:
        text = await on.fetch_value(statement.sql, statement.bind(run))
        return None if text is None else _given(text, statement, run)

    async def _page(self, statement: Statement, run: Run, on: Connection) -> str:
        fresh = {"fresh_plan": statement.fresh_plan} if isinstance(on, Database) else {}
        row = await on.fetch_row(statement.sql, statement.bind(run), **fresh)
        assert row is not None
        return statement.joined(text and _given(text, statement, run) for text in row)

    async def _write(self, prepared: Prepared, run: Run, transaction: Transaction | None) -> str | None:
        if transaction is not None:
            answer = await transaction.fetch_value(prepared.statement.sql, prepared.statement.bind(run))
            if answer is None or prepared.reread is None:
                return answer
            return await transaction.fetch_value(prepared.reread.sql, prepared.reread.bind(run))
        if prepared.reread is None:
            arguments = prepared.statement.bind(run)
            return await self.database.fetch_value(prepared.statement.sql, arguments, writes=True)
        async with self.database.transaction() as own:
            return await self._write(prepared, run, own)

    async def _refusal(self, prepared: Prepared, run: Run, on: Connection) -> Forbidden | ConditionFailed:
        """Why a write met no row. Who may write only some rows learns no more of the others than that."""
        failed = ConditionFailed()
        if not isinstance(prepared.plan, (Update, Delete)) or not prepared.plan.allowed_if:
            return failed
        if prepared.permission is None:
            return Forbidden()
        allowed = await on.fetch_value(prepared.permission.sql, prepared.permission.bind(run))
        return failed if allowed else Forbidden()


def _given(text: str, statement: Statement, run: Run) -> str:
    """What a statement gave, as it is handed on: counted as answered, and with cursors in the place of their marks."""
    if allowance := ALLOWANCE.get():
        allowance.given += len(text)
    return with_cursors(text, statement.orders, run.cursor)


def _broken(plan: Create | Update | Delete, constraint: str | None) -> ConditionFailed:
    """What a foreign key has against a write; the same whether a row is nobody's or somebody else's."""
    if isinstance(plan, Delete):
        return ConditionFailed("Another row still refers to this one.")
    model = plan.model
    for field in model.stored:
        alone = foreign_key_name(model, field.column)
        within = foreign_key_name(model, model.tenant.column, field.column) if model.tenant else alone
        if constraint in {alone, within}:
            failed = ConditionFailed(f"{field.name} refers to a row that does not exist.")
            failed.field = field.name
            return failed
    return ConditionFailed("A row that is referred to does not exist.")


def leads_to(selection: tuple[Selected, ...], model: str) -> bool:
    """Whether a selection reads rows of `model` through some relation."""
    for given in selection:
        selected = given.shown if isinstance(given, Guarded) else given
        if isinstance(selected, One):
            if selected.target.name == model or leads_to(selected.selection, model):
                return True
        elif isinstance(selected, Many):
            if selected.page.model.name == model:
                return True
            members = selected.page.connection.members
            if any(isinstance(each, Items) and leads_to(each.selection, model) for each in members):
                return True
    return False
