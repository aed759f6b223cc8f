"""What a read asks: parsed from a query string, or from the body of a search, and checked to the last parameter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from service.bodies import Malformed, parse_json
from service.catalog.model import Catalog, Model
from service.db.plans.selections import Count
from service.rest.filters import FilterReader
from service.rest.problems import Flaw, Flawed, meant
from service.rest.resources import Resource
from service.rest.shapes import EVERYTHING, Shape, Shaper

PAGE = 50
"""Rows of a page if the request does not say."""
MOST_ROWS = 1_000
"""Rows of a page at most."""
MOST_PARAMETERS = 100
MOST_SORTS = 5
READ_PARAMETERS = ("fields", "include")
LIST_PARAMETERS = (*READ_PARAMETERS, "filter", "sort", "limit", "cursor")
_LISTS = ("sort", "fields", "include")
_PARAMETER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)((?:\[[A-Za-z]+\]){0,2})")
_LIMIT = re.compile(r"[0-9]{1,6}")

Order = tuple[tuple[str, bool], ...]
"""Fields, and whether each is sorted from its end."""


@dataclass(frozen=True, slots=True)
class ItemQuestion:
    """What is asked about one row."""

    shape: Shape = EVERYTHING

    @property
    def is_plain(self) -> bool:
        """Whether the whole row was asked for, and nothing with it."""
        return self.shape == EVERYTHING


EVERYTHING_OF_A_ROW = ItemQuestion()


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """What is asked about the rows of a model. `filters` must all hold."""

    shape: Shape = EVERYTHING
    filters: tuple[Mapping[str, Any], ...] = ()
    order: Order = ()
    limit: int = PAGE
    cursor: str | None = None
    count: Count | None = None


@dataclass(slots=True)
class _Flaws:
    in_body: bool
    found: list[Flaw] = field(default_factory=list)

    def add(self, at: str, code: str, detail: str) -> None:
        self.found.append(Flaw(f"/{at.removeprefix('/')}" if self.in_body else at, code, detail, self.in_body))

    def raise_any(self) -> None:
        if self.found:
            raise Flawed(self.found)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The parameters of a list, taken apart but not yet checked."""

    limit: int
    cursor: str | None
    count: Count | None
    sort: list[str] | None
    fields: list[str] | None
    include: list[str] | None


class QuestionReader:
    """Reads the questions about the resources of one catalog.

    `sorts_by_any`: whether rows may be sorted by a field that no index leads to.
    """

    def __init__(self, catalog: Catalog, *, sorts_by_any: bool) -> None:
        self._shaper = Shaper(catalog)
        self._filters = FilterReader(catalog)
        self._sorts_by_any = sorts_by_any

    def item(self, resource: Resource, query: bytes, *, lenient: bool) -> ItemQuestion:
        """What is asked about a row. Errors: Flawed."""
        flaws, single = _Flaws(in_body=False), dict[str, str]()
        for name, value in parameters(query):
            if name in READ_PARAMETERS:
                _take(single, name, value, flaws)
            elif not lenient:
                flaws.add(name[:80], "unknown_parameter", _unknown(name, READ_PARAMETERS))
        shape = self._shape(resource.model, _listed(single, "fields"), _listed(single, "include"), flaws)
        flaws.raise_any()
        return ItemQuestion(shape)

    def page(
        self, resource: Resource, query: bytes, count: Count | None, *, lenient: bool, fixed: Sequence[str] = ()
    ) -> ListQuestion:
        """What is asked about rows. `fixed` are the fields that the path holds to one value. Errors: Flawed."""
        model, flaws, single = resource.model, _Flaws(in_body=False), dict[str, str]()
        filters: list[Mapping[str, Any]] = []
        for name, value in parameters(query):
            match = _PARAMETER.fullmatch(name)
            if name in LIST_PARAMETERS:
                _take(single, name, value, flaws)
            elif match is not None and match[1] in model.field_by_name:
                steps = match[2].strip("[]").split("][") if match[2] else ()
                filters.append(self._filters.of_parameter(model, match[1], steps, value, flaws.add))
            elif not lenient:
                flaws.add(name[:80], "unknown_parameter", _unknown(name, [*LIST_PARAMETERS, *model.field_by_name]))
        if "filter" in single:
            filters.append(self._written_filter(model, single["filter"], flaws))
        text = single.get("limit")
        limit = PAGE if text is None else int(text) if _LIMIT.fullmatch(text) else 0
        asked = _Asked(limit, single.get("cursor"), count, *(_listed(single, name) for name in _LISTS))
        return self._question(resource, tuple(filters), asked, flaws, fixed)

    def search(self, resource: Resource, body: Any, count: Count | None, *, lenient: bool) -> ListQuestion:
        """The same from the body of a search, whose members are the parameters of a list. Errors: Flawed."""
        if not isinstance(body, dict):
            raise Flawed([Flaw("", "wrong_type", "The body of a search is an object.")])
        flaws = _Flaws(in_body=True)
        for name in body:
            if name not in LIST_PARAMETERS and not lenient:
                flaws.add(name[:80], "unknown_field", _unknown(name, LIST_PARAMETERS))
        given = body.get("filter")
        filters = [] if given is None else [self._filters.checked(resource.model, given, "/filter", flaws.add)]
        limit, cursor = body.get("limit", PAGE), body.get("cursor")
        if cursor is not None and not isinstance(cursor, str):
            flaws.add("cursor", "wrong_type", "A cursor is a text.")
        # To JSON, 50.0 is as whole as 50.
        size = (
            int(limit) if isinstance(limit, int | float) and not isinstance(limit, bool) and limit == limit // 1 else 0
        )
        asked = _Asked(size, cursor, count, *(_names(body.get(name), name, flaws) for name in _LISTS))
        return self._question(resource, tuple(filters), asked, flaws)

    def _question(
        self,
        resource: Resource,
        filters: tuple[Mapping[str, Any], ...],
        asked: _Asked,
        flaws: _Flaws,
        fixed: Sequence[str] = (),
    ) -> ListQuestion:
        if not 1 <= asked.limit <= MOST_ROWS:
            flaws.add("limit", "wrong_value", f"A limit is a whole number from 1 to {MOST_ROWS}.")
        shape = self._shape(resource.model, asked.fields, asked.include, flaws)
        equal = (name for each in filters for name, operators in each.items() if _is_equal(operators))
        order = self._order(resource, asked.sort or (), (*fixed, *equal), flaws)
        flaws.raise_any()
        return ListQuestion(shape, filters, order, asked.limit, asked.cursor, asked.count)

    def _shape(self, model: Model, fields: Sequence[str] | None, include: Sequence[str] | None, flaws: _Flaws) -> Shape:
        if fields is None and not include:
            return EVERYTHING
        return self._shaper.shape(model, fields, include or (), flaws.add)

    def _written_filter(self, model: Model, text: str, flaws: _Flaws) -> Mapping[str, Any]:
        try:
            given = parse_json(text.encode(), "`filter` is JSON, URL-encoded.")
        except Malformed as error:
            flaws.add("filter", "wrong_value", error.message)
            return {}
        return self._filters.checked(
            model, given, "", lambda at, code, detail: flaws.add("filter", code, f"{at or '/'}: {detail}")
        )

    def _order(self, resource: Resource, names: Sequence[str], fixed: Sequence[str], flaws: _Flaws) -> Order:
        """The order of `sort`. Its first field is one that an index has the rows in order of, where that is asked."""
        order = tuple((name.removeprefix("-"), name.startswith("-")) for name in names)
        known = sortable_fields(resource)
        unknown = [name for name, _ in order if name not in known]
        for name in unknown:
            flaws.add("sort", "unknown_field", f"Rows cannot be sorted by '{name[:80]}'.{meant(name[:80], known)}")
        if len({name for name, _ in order}) < len(order):
            flaws.add("sort", "repeated", "A field is there twice.")
        if len(order) > MOST_SORTS:
            flaws.add("sort", "too_many", f"At most {MOST_SORTS} fields.")
        allowed = resource.sortable(fixed)
        if order and not unknown and not self._sorts_by_any and order[0][0] not in allowed:
            detail = (
                f"No index has the rows in the order of '{order[0][0]}'. The first field may be "
                f"{', '.join(allowed)}; with a filter that holds the first field of an index to one value, the next."
            )
            flaws.add("sort", "no_index", detail)
        return order


def _take(single: dict[str, str], name: str, value: str, flaws: _Flaws) -> None:
    if name in single:
        flaws.add(name, "repeated", f"Give `{name}` once, with commas between several.")
    single[name] = value


def _is_equal(operators: Any) -> bool:
    return isinstance(operators, Mapping) and operators.get("eq") is not None


def parameters(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string, in order. Errors: Flawed for one that is no UTF-8, or has too many."""
    try:
        found = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except (UnicodeError, ValueError):
        detail = f"The query string is no UTF-8, percent-encoded, or has more than {MOST_PARAMETERS} parameters."
        raise Flawed([Flaw("", "wrong_value", detail, in_body=False)]) from None
    if any("\0" in name + value for name, value in found):
        raise Flawed([Flaw("", "wrong_value", "U+0000 cannot be stored, nor looked for.", in_body=False)])
    return found


def sortable_fields(resource: Resource) -> list[str]:
    """The fields that have an order."""
    return [each.name for each in resource.filterable if not each.type.is_list and each.type.name != "AWSJSON"]


def _unknown(name: str, known: Sequence[str]) -> str:
    return f"There is no '{name[:80]}' here.{meant(name.partition('[')[0][:80], known)}"


def _listed(single: Mapping[str, str], name: str) -> list[str] | None:
    text = single.get(name)
    return None if text is None else [each for each in text.split(",") if each]


def _names(given: Any, at: str, flaws: _Flaws) -> list[str] | None:
    """A list of names in a body."""
    if given is None:
        return None
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return given
    flaws.add(at, "wrong_type", "A list of names.")
    return None
