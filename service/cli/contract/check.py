"""`offramp contract check`: would every operation of a frontend be answered?"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.cli.contract.subject import add_subject, subject
from service.cli.counted import counted
from service.errors import SettingsError

if TYPE_CHECKING:
    from service.catalog.model import Catalog, Root
    from service.contract.checking import Checked
    from service.contract.documents import Unfollowed
    from service.contract.operations import Read, Unreadable

DESCRIPTION = """\
Find the GraphQL operations in a frontend and try each one: is it valid, and can it be compiled for somebody who
may call it? No database is needed. Files may be .graphql documents, the statements that Amplify generates,
and JavaScript or TypeScript with documents in it (gql`…`, /* GraphQL */ `…`, graphqlOperation(…), or any
string that is one). Folders are searched, but for node_modules and what is built. Status 0: all are answered;
1: some are not; 2: there is nothing to check.
"""
EPILOG = """\
examples:
  offramp contract check src/ --schema amplify/backend/api/shop/schema.graphql
  offramp contract check src/graphql/queries.js src/graphql/mutations.js
  offramp contract check . --json | jq '.operations[] | select(.problems != [])'
"""


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "check",
        help="try every GraphQL operation in a frontend's source",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a file or a folder")
    add_subject(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what became of the operations; the status is 1 if one of them fails."""
    from service.contract.checking import Checker  # noqa: PLC0415  `offramp --help` needs no schema
    from service.contract.documents import find_documents  # noqa: PLC0415  as above
    from service.contract.operations import read_operations  # noqa: PLC0415  as above
    from service.contract.refusal import Unusable  # noqa: PLC0415  as above
    from service.contract.sources import find_sources  # noqa: PLC0415  as above

    catalog = subject(arguments.schema)
    checker = Checker(catalog, _answered(catalog))
    sources = find_sources(arguments.paths)
    found = find_documents(_shown(sources, "reading", quiet=arguments.json))
    read = read_operations(found.documents)
    if not read.operations and not read.unreadable:
        searched = ", ".join(map(str, arguments.paths))
        raise Unusable(
            f"There is no GraphQL operation in {searched}: {len(sources)} files were searched.",
            hint="Name the folder of the frontend's source, or the files that hold its documents.",
        )
    checked = [checker.check(each) for each in _shown(read.operations, "checking", quiet=arguments.json)]
    result = _Result(checked, read, [*found.unfollowed, *read.unfollowed])
    print(json.dumps(result.as_json()) if arguments.json else "\n".join(result.as_text()))
    return 1 if result.failing else 0


def _answered(catalog: Catalog) -> Collection[tuple[Root, str]]:
    """The custom operations that a service started here would answer: in Python, or as OFFRAMP_FUNCTIONS says."""
    from service.operations import FUNCTIONS  # noqa: PLC0415  as above
    from service.operations.connect import connect  # noqa: PLC0415  as above
    from service.settings import Settings  # noqa: PLC0415  as above
    from service.settings.declared import setting_of, variable_of  # noqa: PLC0415  as above

    read: dict[str, Any] = {}
    for each in fields(Settings):
        if each.name in {"functions", "env"} and (text := os.environ.get(variable_of(each))):
            try:
                read[each.name] = setting_of(each).parse(text)
            except ValueError as error:
                raise SettingsError(f"{variable_of(each)} {error}") from None
    return connect(catalog, FUNCTIONS, dict(read.get("functions", ())), environment=read.get("env")).keys()


def _shown(items: Sequence[Any], doing: str, *, quiet: bool) -> Iterator[Any]:
    """The items, with the count of them on standard error if somebody watches."""
    watched = sys.stderr.isatty() and not quiet
    for number, item in enumerate(items, 1):
        if watched and (number % 25 == 0 or number == len(items)):
            print(f"\r\x1b[K  {doing} {number}/{len(items)}", end="", flush=True, file=sys.stderr)
        yield item
    if watched:
        print("\r\x1b[K", end="", flush=True, file=sys.stderr)


@dataclass(slots=True)
class _File:
    """The counts of one file."""

    operations: int = 0
    failing: int = 0
    unanswered: int = 0
    subscriptions: int = 0


@dataclass(frozen=True, slots=True)
class _Result:
    checked: Sequence[Checked]
    read: Read
    unfollowed: Sequence[Unfollowed] = field(default_factory=list)

    @property
    def failing(self) -> int:
        return sum(bool(each.problems) for each in self.checked) + len(self.read.unreadable)

    # ------------------------------------------------------------ for a person

    def as_text(self) -> Iterator[str]:
        """The lines to print: a summary, a table of the files, then all that needs a person."""
        files = self._files()
        yield self._summary(len(files))
        yield ""
        yield from _table(files)
        yield from self._failures()
        yield from self._unanswered()
        yield from self._closed()
        if self.unfollowed:
            yield "\nThese are put together when the program runs and could not be followed; try them there:"
            yield from (f"  {each.place}  {each.why}" for each in self.unfollowed)

    def _summary(self, files: int) -> str:
        total, subscriptions = len(self.checked) + len(self.read.unreadable), self._subscriptions()
        unanswered = sum(bool(each.unanswered) for each in self.checked)
        counts = [f"{counted(total, 'operation')} in {counted(files, 'file')}", f"{self.failing} failing"]
        if unanswered:
            counts.append(f"{unanswered} waiting for code")
        if subscriptions:
            counts.append(f"{counted(subscriptions, 'subscription')} valid, but not served yet")
        return " · ".join(counts)

    def _subscriptions(self) -> int:
        return sum(_is_subscription(each) and not each.problems for each in self.checked)

    def _files(self) -> dict[str, _File]:
        files: dict[str, _File] = defaultdict(_File)
        for each in self.checked:
            counts = files[each.operation.place.file]
            counts.operations += 1
            counts.failing += bool(each.problems)
            counts.unanswered += bool(each.unanswered)
            counts.subscriptions += _is_subscription(each) and not each.problems
        for unreadable in self.read.unreadable:
            files[unreadable.place.file].operations += 1
            files[unreadable.place.file].failing += 1
        return files

    def _failures(self) -> Iterator[str]:
        if self.failing:
            yield "\nThese fail:"
        for each in self.read.unreadable:
            yield f"  {each.place}  {each.name}\n    {each.message}"
        for checked in self.checked:
            for problem in checked.problems:
                yield f"  {problem.place}  {checked.operation.name}\n    {problem.message}"

    def _unanswered(self) -> Iterator[str]:
        calls: dict[str, list[Checked]] = defaultdict(list)
        for each in self.checked:
            for name in each.unanswered:
                calls[name].append(each)
        if calls:
            yield "\nThese are valid, but nothing answers these operations yet (docs/custom-operations.md):"
        for name, callers in calls.items():
            yield f"  {name}  in {', '.join(str(each.operation.place) for each in callers)}"

    def _closed(self) -> Iterator[str]:
        closed = [each for each in self.checked if each.closed]
        if closed:
            yield "\nThese are valid, but the rules let nobody call them, here as in the old API:"
        yield from (f"  {each.operation.place}  {', '.join(each.closed)}" for each in closed)

    # ------------------------------------------------------------ for a machine

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints; a place is `file:line`."""
        return {
            "operations": [*map(_unreadable_json, self.read.unreadable), *map(_checked_json, self.checked)],
            "failing": self.failing,
            "subscriptions": self._subscriptions(),
            "unfollowed": [{"place": str(each.place), "why": each.why} for each in self.unfollowed],
            "schemas": self.read.schemas,
        }


def _is_subscription(checked: Checked) -> bool:
    return checked.operation.type.value == "subscription"


def _table(files: dict[str, _File]) -> Iterator[str]:
    width = max(map(len, files))
    for name, counts in files.items():
        notes = [
            text
            for count, text in (
                (counts.failing, f"{counts.failing} failing"),
                (counts.unanswered, f"{counts.unanswered} waiting for code"),
                (counts.subscriptions, counted(counts.subscriptions, "subscription")),
            )
            if count
        ]
        operations = counted(counts.operations, "operation")
        yield f"  {name:<{width}}  {operations:<14}  {' · '.join(notes)}".rstrip()


def _checked_json(checked: Checked) -> dict[str, Any]:
    operation = checked.operation
    return {
        "name": operation.name,
        "type": operation.type.value,
        "place": str(operation.place),
        "problems": [{"place": str(each.place), "message": each.message} for each in checked.problems],
        "callers": list(checked.callers),
        "unanswered": list(checked.unanswered),
        "closed": list(checked.closed),
    }


def _unreadable_json(unreadable: Unreadable) -> dict[str, Any]:
    problem = {"place": str(unreadable.place), "message": unreadable.message}
    return {"name": unreadable.name, "type": None, "place": str(unreadable.place), "problems": [problem]}
