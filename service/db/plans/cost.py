"""How many rows an answer may hold, going by the page sizes that its request asked for.

A page whose size nobody gave counts as one row: real documents nest eight such lists and get a few
rows from each. What the data makes of a statement in the end, the database's time limit bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from service.db.plans.plan import List, Plan
from service.db.plans.run import Resolve, Run, resolver
from service.db.plans.selections import Connection, Guarded, Items, Many, One, Selected
from service.db.plans.sources import Source
from service.errors import Limited

Sizes = tuple[Resolve, ...]
"""The page sizes along one way down through a plan."""


def nested_sizes(plan: Plan) -> tuple[Sizes, ...]:
    """The ways down through a plan on which two or more page sizes were given."""
    if isinstance(plan, List):
        found = _in_connection(plan.page.connection, _size(plan.page.limit))
    else:
        found = _in_selection(plan.selection, ())
    return tuple(tuple(map(resolver, sizes)) for sizes in dict.fromkeys(found) if len(sizes) > 1)


def check_rows(ways: Sequence[Sizes], run: Run, max_rows: int) -> None:
    """Raises `Limited` if the sizes along one way multiply to more than `max_rows`."""
    for sizes in ways:
        if prod(min(resolve(run), run.max_page) for resolve in sizes) > max_rows:
            raise Limited(
                f"The limits of lists within lists multiply to more than {max_rows} rows (OFFRAMP_MAX_ROWS). "
                "Ask for smaller pages."
            )


def _size(limit: Source | None) -> tuple[Source, ...]:
    return () if limit is None else (limit,)


def _in_connection(connection: Connection, sizes: tuple[Source, ...]) -> Iterator[tuple[Source, ...]]:
    yield sizes
    for member in connection.members:
        if isinstance(member, Items):
            yield from _in_selection(member.selection, sizes)


def _in_selection(selection: Sequence[Selected], sizes: tuple[Source, ...]) -> Iterator[tuple[Source, ...]]:
    for given in selection:
        selected = given.shown if isinstance(given, Guarded) else given
        if isinstance(selected, One):
            yield from _in_selection(selected.selection, sizes)
        elif isinstance(selected, Many):
            page = selected.page
            yield from _in_connection(page.connection, (*sizes, *_size(page.limit)))
