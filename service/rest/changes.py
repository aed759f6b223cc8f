"""Changes of single rows, as one caller, in a transaction or each in its own: what HTTP makes of them is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from service.catalog.access import Answer, decide, guarded
from service.catalog.model import Access, Model
from service.db.repository import Prepared, Repository
from service.errors import ConditionFailed, Forbidden, NotFound
from service.rest.bodies import Values, emptied
from service.rest.exchange import Session
from service.rest.problems import AlreadyExists, PreconditionFailed, missing
from service.rest.reads import Reads
from service.rest.resources import PREFIX, Resource
from service.rest.rows import ShownRow
from service.rest.write_plans import INPUT, VERSIONS, WritePlans

Versions = tuple[int, ...] | None
"""The versions of which a row must have one; None for any."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a row: 201 with where it is now, 200, or 204 without the row."""

    status: int
    row: ShownRow | None = None
    location: str | None = None


class Changes:
    """Writes rows of one catalog."""

    def __init__(self, repository: Repository, reads: Reads) -> None:
        self._repository = repository
        self._plans = WritePlans(repository)
        self._reads = reads

    async def create(self, resource: Resource, values: Values, session: Session) -> Changed:
        """A new row. Errors: AlreadyExists, Forbidden, and what the database raises."""
        prepared = self._plans.create(resource.model.name, tuple(values), session.caller)
        try:
            row = await self._row(prepared, {INPUT: values}, session)
        except ConditionFailed as failed:
            if failed.message != ConditionFailed.NOT_MET:
                raise
            raise AlreadyExists(f"There is a {resource.model.name} with this key already.") from None
        return Changed(201, row, _location(resource, row, values))

    async def update(
        self, resource: Resource, key: Values, values: Values, versions: Versions, session: Session
    ) -> Changed:
        """Some values of a row, `values` with those of the key. Errors: NotFound, PreconditionFailed, Forbidden."""
        count = None if versions is None else len(versions)
        prepared = self._plans.update(resource.model.name, tuple(values), count, session.caller)
        try:
            row = await self._row(prepared, {INPUT: values, VERSIONS: versions or ()}, session)
        except (ConditionFailed, Forbidden) as failed:
            raise await self._why(failed, resource, key, versions, session) from None
        return Changed(200, row)

    async def delete(self, resource: Resource, key: Values, versions: Versions, session: Session) -> Changed:
        """A row gone. Errors: as `update`."""
        count = None if versions is None else len(versions)
        prepared = self._plans.delete(resource.model.name, count, session.caller)
        variables = {INPUT: key, VERSIONS: versions or ()}
        try:
            await self._repository.run(prepared, variables, session.principal, session.transaction)
        except (ConditionFailed, Forbidden) as failed:
            raise await self._why(failed, resource, key, versions, session) from None
        return Changed(204)

    async def replace(
        self, resource: Resource, key: Values, values: Values, versions: Versions, session: Session
    ) -> Changed:
        """A row made to hold just these values, but for what is `kept`. Errors: as `update`."""
        kept = self.kept(resource.model, session)
        return await self.update(resource, key, emptied(resource, values, kept), versions, session)

    async def put(self, resource: Resource, key: Values, values: Values, session: Session) -> Changed:
        """A row made to hold just these values, whether or not it is there yet. Errors: Forbidden, AlreadyExists."""
        try:
            return await self.replace(resource, key, values, None, session)
        except (NotFound, Forbidden) as refused:
            try:
                return await self.create(resource, values, session)
            except AlreadyExists:
                raise refused from None

    @staticmethod
    def kept(model: Model, session: Session) -> frozenset[str]:
        """What a replacement leaves alone if it does not name it: whom the row belongs to, and what is closed."""
        rules = (*model.rules, *(rule for member in guarded(model) for rule in member.rules))
        owners = {name for rule in rules for name in (rule.owner_field, rule.groups_field) if name}
        closed = {
            each.name
            for each in model.fields
            if each.rules and decide(each.rules, Access.UPDATE, session.caller) is not Answer.YES
        }
        tenant = model.tenant.name if model.tenant else ""
        return frozenset(owners | closed | {model.timestamps.created or "", tenant})

    async def _row(self, prepared: Prepared, variables: dict[str, Any], session: Session) -> ShownRow:
        text = await self._repository.run(prepared, variables, session.principal, session.transaction)
        assert text is not None
        return ShownRow.of(text)

    async def _why(
        self, failed: ConditionFailed | Forbidden, resource: Resource, key: Values, versions: Versions, session: Session
    ) -> Exception:
        """Why a change met no row: it is not there, not in that version, or not the caller's to change."""
        if failed.__cause__ is not None:  # the database said so, and its transaction can be asked nothing more
            return failed
        try:
            there = await self._reads.row(resource, key, session) is not None
        except Forbidden:
            there = isinstance(failed, Forbidden) or versions is not None
        if not there:
            return missing(resource.model.name)
        if isinstance(failed, Forbidden):
            return failed
        return PreconditionFailed(f"The {resource.model.name} has changed since it had the version in If-Match.")


def _location(resource: Resource, row: ShownRow, values: Values) -> str | None:
    """The address of a new row; None if the caller may not see its key."""
    shown = {**values, **orjson.loads(row.body)}
    parts = [shown.get(name) for name in resource.model.key]
    return None if None in parts else f"{PREFIX}/{resource.name}/{resource.key_in_path([*map(str, parts)])}"
