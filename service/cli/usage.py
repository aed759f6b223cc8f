"""`offramp usage`: which operations are still called, and by which versions of which clients."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from service.errors import CommandError

DESCRIPTION = """\
Count, in the service's logs, what was asked for: each root field of GraphQL and each REST route, by the client that
its `x-amz-user-agent` names. What nobody has called for long enough may be retired.

A log is what the service writes: lines of JSON, whatever stands before them on a line, as `aws logs tail` or an
export of CloudWatch puts it there. A file may be compressed with gzip; `-` is standard input.
"""
EPILOG = """\
examples:
  aws logs tail /aws/lambda/offramp-prod-api --since 30d | offramp usage -
  offramp usage export/*.gz --json
"""
UNNAMED = "(none named)"


@dataclass(slots=True)
class Use:
    """What one kind of client asked of one operation."""

    operation: str
    client: str | None
    calls: int = 0
    errors: int = 0
    """Requests of which the answer had errors, in this field or beside it."""
    last: str = ""
    """When it was last called, as the log has it: ISO 8601, in UTC."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "usage",
        help="which operations are still called, by client version",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("logs", nargs="+", metavar="LOGFILE", help="a log, or - for standard input")
    parser.add_argument("--json", action="store_true", help="print a list of objects instead of a table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table; the status is 1 if no line in the logs is of a request."""
    found = usage(line for name in arguments.logs for line in _lines(name))
    if arguments.json:
        print(json.dumps([asdict(each) for each in found]))
    elif found:
        _print_table(found)
    else:
        raise CommandError(
            "No line in these logs is of a request.", hint="OFFRAMP_REQUEST_LOG=true makes the service write them."
        )
    return 0 if found else 1


def usage(lines: Iterable[str]) -> list[Use]:
    """What was asked for, in the order of operations and clients."""
    uses: dict[tuple[str, str | None], Use] = {}
    for line in lines:
        request = _request_in(line)
        for operation in _operations(request):
            key = operation, request.get("client")
            use = uses.setdefault(key, Use(*key))
            use.calls += 1
            use.errors += bool(request.get("errors") or request.get("status", 200) >= 400)
            use.last = max(use.last, str(request.get("time", "")))
    return sorted(uses.values(), key=lambda use: (use.operation, use.client or ""))


def _request_in(line: str) -> dict[str, Any]:
    start = line.find("{")
    if start < 0 or '"service.requests"' not in line:
        return {}
    try:
        found = json.loads(line[start:])
    except ValueError:
        return {}
    return found if isinstance(found, dict) and found.get("message") == "request" else {}


def _operations(request: dict[str, Any]) -> list[str]:
    fields = request.get("fields")
    if isinstance(fields, list) and fields:
        return [str(each) for each in dict.fromkeys(fields)]
    return [str(request["operation"])] if request.get("door") == "rest" and request.get("operation") else []


def _lines(name: str) -> Iterator[str]:
    if name == "-":
        yield from sys.stdin
        return
    path = Path(name)
    try:
        with path.open("rb") as file:
            is_compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt", errors="replace") if is_compressed else path.open(errors="replace") as log:
            yield from log
    except (OSError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no whole gzip file"
        raise CommandError(f"{name} cannot be read: {reason}.") from error


def _print_table(uses: list[Use]) -> None:
    rows = [("operation", "client", "calls", "with errors", "last called")]
    rows += [(use.operation, use.client or UNNAMED, str(use.calls), str(use.errors), use.last) for use in uses]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for operation, client, calls, errors, last in rows:
        print(
            operation.ljust(widths[0]),
            client.ljust(widths[1]),
            calls.rjust(widths[2]),
            errors.rjust(widths[3]),
            last,
            sep="  ",
        )
