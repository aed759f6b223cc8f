"""The parameters of a statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, bindparam, cast
from sqlalchemy.types import Date, DateTime, Text, TypeEngine

from service.db.plans import sources
from service.db.plans.conversions import Convert, day_text, day_texts, instant_text, instant_texts, json_text
from service.db.plans.run import Resolve, Run, resolver


class Binds:
    """Allots parameters while a statement is built; one for each distinct use of a source."""

    def __init__(self) -> None:
        self.resolvers: dict[str, Resolve] = {}
        self._names: dict[tuple[sources.Source, str, Convert | None], str] = {}

    def add(self, source: sources.Source, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        """The parameter for `source` as a value of `type_`."""
        # asyncpg takes the first and the last date there are for infinities, so dates travel as text.
        if isinstance(type_, DateTime):
            return cast(self._parameter(source, Text(), instant_text), type_)
        if isinstance(type_, Date):
            return cast(self._parameter(source, Text(), day_text), type_)
        if isinstance(type_, ARRAY) and isinstance(type_.item_type, DateTime | Date):
            each = instant_texts if isinstance(type_.item_type, DateTime) else day_texts
            return cast(self._parameter(source, ARRAY(Text()), each), type_)
        return self._parameter(source, type_, None)

    def document(self, source: sources.Source) -> ColumnElement[Any]:
        """The parameter for `source` as JSON text, dates in it as the API shows them."""
        return self._parameter(source, Text(), json_text)

    def _parameter(self, source: sources.Source, type_: TypeEngine[Any], convert: Convert | None) -> ColumnElement[Any]:
        try:
            known = (source, str(type_), convert)
            name = self._names.setdefault(known, f"p{len(self._names)}")
        except TypeError:  # a source that holds a list or an object has no hash: it gets a parameter of its own
            name = f"u{len(self.resolvers)}"
        if name not in self.resolvers:
            resolve = resolver(source)
            self.resolvers[name] = resolve if convert is None else _converted(resolve, convert)
        return bindparam(name, type_=type_)


def _converted(resolve: Resolve, convert: Convert) -> Resolve:
    def converted(run: Run) -> Any:
        value = resolve(run)
        return None if value is None else convert(value)

    return converted
