"""What is noted of a request while it runs, for its line in the log: never what was sent, nor who sent it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType

LONGEST_NAME = 100


@dataclass(slots=True)
class Record:
    """The notes of one request."""

    door: str | None = None
    """`graphql` or `rest`; None at addresses that belong to neither."""
    operation: str | None = None
    """The name of the GraphQL operation, as its author calls it; of REST the route: `GET /v1/products/{id}`."""
    fields: tuple[str, ...] = ()
    """What a GraphQL request asked for, in the schema's names: `Query.listProducts`."""
    caller: str | None = None
    """The authorization mode: `userPools` or `apiKey`."""
    statements: int = 0
    """Sent to the database, BEGIN and COMMIT aside."""
    errors: int = 0
    """In the body of a GraphQL answer, whose status is 200 all the same."""
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    """What took how long: a name, and seconds of `time.perf_counter` at its beginning and its end."""

    def milliseconds(self) -> dict[str, float]:
        """The time of the spans, added up by name. Statements that run at once count each."""
        sums: dict[str, float] = {}
        for name, start, end in self.spans:
            sums[name] = sums.get(name, 0.0) + (end - start) * 1000
        return {name: round(each, 2) for name, each in sums.items()}


_current: ContextVar[Record | None] = ContextVar("record", default=None)


def begin() -> Record:
    """Take notes of what this task does from now on, and the tasks that it starts."""
    record = Record()
    _current.set(record)
    return record


def current() -> Record | None:
    """The notes of the request that is under way; None if nobody takes any."""
    return _current.get()


def note_door(door: str) -> None:
    """Note which door a request came through."""
    if (record := _current.get()) is not None:
        record.door = door


def note_caller(mode: str) -> None:
    """Note in which authorization mode a request came."""
    if (record := _current.get()) is not None:
        record.caller = mode


def note_operation(operation: str | None, fields: Iterable[str] = ()) -> None:
    """Note what is asked for."""
    if (record := _current.get()) is not None:
        record.operation = operation[:LONGEST_NAME] if operation else None
        record.fields = tuple(fields)


def count_errors(count: int) -> None:
    """Note how many errors an answer has."""
    if (record := _current.get()) is not None:
        record.errors = count


def count_statement() -> None:
    """Note that a statement is sent."""
    if (record := _current.get()) is not None:
        record.statements += 1


class Span:
    """`with Span("sql"):` notes how long the block took."""

    __slots__ = ("_name", "_record", "_start")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Begin."""
        self._record = _current.get()
        self._start = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End, well or badly."""
        if self._record is not None:
            self._record.spans.append((self._name, self._start, time.perf_counter()))
