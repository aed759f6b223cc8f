"""What a write stores, worked out before its statement runs.

The server fills in what the client may leave out: ids, owners, defaults and timestamps. The rules
that a new row must satisfy are checked here too, since the row is not there to be asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from service.auth.principal import Principal
from service.catalog.access import guarded
from service.catalog.model import Access, Catalog, Field, Model, Rule
from service.db.plans import plan
from service.db.plans.conversions import datetime_text, day, instant, json_text
from service.db.plans.run import Run, identities, resolver
from service.errors import Forbidden

_CONVERT: Mapping[str, Callable[[str], Any]] = {
    "Int": int,
    "AWSTimestamp": int,
    "Float": float,
    "Boolean": lambda text: text == "true",
    "AWSDate": day,
    "AWSDateTime": instant,
}


def now() -> datetime:
    """The time of a write, to the millisecond, as everything the API shows is."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Writer:
    """Fills in and checks the values of writes to one model."""

    def __init__(self, catalog: Catalog, model: Model) -> None:
        self._catalog = catalog
        self._model = model
        stamps = model.timestamps
        rules = [*model.rules, *(rule for member in guarded(model) for rule in member.rules)]
        self._owners = [
            rule for rule in rules if rule.owner_field in model.field_by_name and Access.CREATE in rule.access
        ]
        self._defaults = [(each, default_of(each)) for each in model.fields if each.default is not None]
        self._tenant = (model.tenant.name,) if model.tenant else ()
        self._created = [name for name in (stamps.created, stamps.updated) if name in model.field_by_name]
        self._updated = [name for name in (stamps.updated,) if name in model.field_by_name]

    # ------------------------------------------------------------ which fields

    def created_fields(self, create: plan.Create) -> tuple[str, ...]:
        """The fields an insert fills in: given, made, stamped, defaulted and owned."""
        owned = [rule.owner_field for rule in self._owners if rule.owner_field]
        names = [
            *create.input,
            *self._tenant,
            *self._model.key,
            *self._created,
            *(each.name for each, _ in self._defaults),
            *owned,
        ]
        return tuple(dict.fromkeys(names))

    def updated_fields(self, change: plan.Update) -> tuple[str, ...]:
        """The fields an update sets: given, except the key, and stamped."""
        names = [*(name for name in change.input if name not in self._model.key), *self._updated]
        return tuple(dict.fromkeys(names))

    # ------------------------------------------------------------ values

    def fill_create(self, create: plan.Create, run: Run) -> None:
        """Put the values of a new row into `run.written`. Raises `Forbidden` if the rules do not allow the row."""
        given = {name: resolver(source)(run) for name, source in create.input.items()}
        values = dict.fromkeys(self.created_fields(create))
        values.update(given)
        self._keep_within(values, given, run.principal)
        self._own(values, given, run.principal)
        if create.allowed_if and not _allows(create.allowed_if, values, given, run.principal):
            raise Forbidden
        denied = [name for name, rules in create.guarded if not _allows(rules, values, given, run.principal)]
        if denied:
            raise Forbidden(f"Unauthorized on [{', '.join(denied)}]")
        for each, default in self._defaults:
            if values[each.name] is None:
                values[each.name] = default
        if values.get("id") is None and "id" in self._model.key:
            values["id"] = str(uuid.uuid4())
        self._stamp(values, self._created)
        run.written = {name: self._stored(name, value) for name, value in values.items()}

    def fill_update(self, change: plan.Update, run: Run) -> None:
        """Put the values an update sets, and the key, into `run.written`."""
        values = {name: resolver(source)(run) for name, source in change.input.items()}
        self._keep_within({}, values, run.principal)
        self._stamp(values, self._updated)
        run.written = {name: self._stored(name, value) for name, value in values.items()}

    def _keep_within(self, values: dict[str, Any], given: Mapping[str, Any], principal: Principal) -> None:
        """Put the caller's organization into `values`. Raises `Forbidden` if another is given."""
        for name in self._tenant:
            if name in given and given[name] != principal.organization:
                raise Forbidden(f"Unauthorized on [{name}]")
            values[name] = principal.organization

    def _own(self, values: dict[str, Any], given: Mapping[str, Any], principal: Principal) -> None:
        for rule in self._owners:
            name = rule.owner_field or ""
            if name in given or values[name] is not None or rule.provider is not principal.provider:
                continue
            names = identities(principal, rule.identity_claim)
            if names:
                is_list = self._model.field_by_name[name].type.is_list
                values[name] = [names[0]] if is_list else names[0]

    def _stamp(self, values: dict[str, Any], names: list[str]) -> None:
        moment = now()
        for name in names:
            if values.get(name) is None:
                values[name] = _moment(self._model.field_by_name[name], moment)

    def _stored(self, name: str, value: Any) -> Any:
        """A value as its column takes it."""
        of = self._model.stored_by_name[name]
        if value is None:
            return None
        if of.type.name in self._catalog.object_by_name:
            return json_text(value)
        if of.type.is_list:
            return [_listed(each) for each in value]
        return value


def _moment(of: Field, moment: datetime) -> Any:
    """A timestamp in the type its author gave the field."""
    if of.type.name == "AWSDateTime":
        return moment
    return int(moment.timestamp()) if of.type.name in {"AWSTimestamp", "Int"} else datetime_text(moment)


def _listed(value: Any) -> Any:
    """An element of a list: dates in lists are stored as the text they are shown as."""
    if isinstance(value, datetime):
        return datetime_text(value)
    return value.isoformat() if isinstance(value, date) else value


def default_of(of: Field) -> Any:
    """What a create stores in a field that it leaves out; None without a default."""
    if of.default is None:
        return None
    return _CONVERT.get(of.type.name, str)(of.default)


def _allows(rules: tuple[Rule, ...], values: Mapping[str, Any], given: Mapping[str, Any], principal: Principal) -> bool:
    return any(_allows_row(rule, values, given, principal) for rule in rules)


def _allows_row(rule: Rule, values: Mapping[str, Any], given: Mapping[str, Any], principal: Principal) -> bool:
    """Whether a new row with these values satisfies a dynamic rule."""
    if rule.owner_field is not None:
        named, wanted = values.get(rule.owner_field), identities(principal, rule.identity_claim)
    else:
        named, wanted = given.get(rule.groups_field or ""), list(principal.groups(rule.group_claim))
    names = named if isinstance(named, list) else [named]
    return any(name in wanted for name in names)
