"""`offramp contract diff`: is what we serve what was deployed?"""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from service.cli.contract.subject import add_subject, subject

if TYPE_CHECKING:
    from service.catalog.model import Provider
    from service.contract.reasons import Change, Reason

DESCRIPTION = """\
Compare the GraphQL API that Offramp serves with one that is deployed, as a client that was written for the
deployed one sees it: breaking, dangerous, safe. Differences that come from nothing but the age of the Amplify
CLI are recognised and explained. Status 0: nothing breaks; 1: something does; 2: a file cannot be used.
"""
EPILOG = """\
examples:
  cd amplify/backend/api/shop
  offramp contract diff --schema schema.graphql --against build/schema.graphql
  offramp contract diff --against src/graphql/schema.json --json
                                        introspection, as `amplify codegen` keeps it
  aws appsync get-introspection-schema --api-id ID --format SDL deployed.graphql
                                        the API itself, as AWS has it
"""
WIDTH = 110
MOST_PLACES = 8
"""Places that are listed of one kind of difference, if it breaks nothing."""


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "diff",
        help="compare our API with a deployed one: breaking, dangerous, safe",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--against", type=Path, required=True, metavar="FILE", help="the deployed API: SDL or introspection JSON"
    )
    add_subject(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the differences; the status is 1 if one of them is breaking."""
    from service.contract.changes import find_changes  # noqa: PLC0415  `offramp --help` needs no schema
    from service.contract.deployed import read_contract  # noqa: PLC0415  as above
    from service.graphql.light import light_schema  # noqa: PLC0415  as above

    old = read_contract(arguments.against)
    catalog = subject(arguments.schema)
    found = find_changes(old, light_schema(catalog), default_mode=_directive(catalog.default_provider))
    counts = _counts(found)
    if arguments.json:
        print(json.dumps({"against": str(arguments.against), **counts, **_listed(found)}))
    else:
        print(" · ".join(f"{count} {level}" for level, count in counts.items()))
        print("\n".join(_report(found)) if found else "The contracts are the same.")
    return 1 if counts["breaking"] else 0


def _directive(provider: Provider) -> str:
    from service.importer.rules import MODES  # noqa: PLC0415  as above

    return next(name for name, named in MODES.items() if named is provider)


def _counts(found: Sequence[Change]) -> dict[str, int]:
    from service.contract.reasons import Level  # noqa: PLC0415  as above

    return {str(level): sum(change.reason.level is level for change in found) for level in Level}


def _listed(found: Sequence[Change]) -> dict[str, object]:
    changes = [
        {
            "level": each.reason.level,
            "code": each.reason.code,
            "place": each.place,
            "was": each.was or None,
            "now": each.now or None,
        }
        for each in found
    ]
    reasons = {each.reason.code: asdict(each.reason) for each in found}
    return {"changes": changes, "reasons": reasons}


def _report(found: Sequence[Change]) -> Iterator[str]:
    for reason, changes in groupby(found, key=lambda change: change.reason):
        yield ""
        yield f"{reason.level.upper()}  {reason.title}"
        yield from textwrap.wrap(reason.advice, WIDTH, initial_indent="  ", subsequent_indent="  ")
        yield from _places(reason, list(changes))


def _places(reason: Reason, changes: Sequence[Change]) -> Iterator[str]:
    from service.contract.reasons import Level  # noqa: PLC0415  as above

    shown = changes if reason.level is Level.BREAKING or len(changes) <= MOST_PLACES + 1 else changes[:MOST_PLACES]
    width = max(len(each.place) for each in shown)
    for each in shown:
        yield f"    {each.place:<{width}}  {_difference(each)}".rstrip()
    if len(shown) < len(changes):
        yield f"    … and {len(changes) - len(shown)} more; --json lists them all"


def _difference(change: Change) -> str:
    if change.was and change.now:
        return f"{change.was} → {change.now}"
    return f"was {change.was}" if change.was else f"now {change.now}" if change.now else ""
