"""`offramp contract`: what is promised to people outside the code."""

from __future__ import annotations

import argparse

from service.cli.contract import check, diff, export

DESCRIPTION = """\
What Offramp promises to people outside its code, and whether it keeps what your Amplify API promised: compare
it with the API that is deployed (diff), or try every operation of your frontend (check).
"""
EPILOG = """\
examples:
  offramp contract diff --schema schema.graphql --against build/schema.graphql
                                    is what would be served the API that is deployed?
  offramp contract check src/ --schema schema.graphql
                                    is every GraphQL operation in the frontend's source accepted?
  offramp contract export           write the published files after a change of the models

docs/contract.md explains diff and check.
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and what it can do."""
    parser = subparsers.add_parser(
        "contract",
        help="compare contracts, check a frontend's operations, export the published files",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for action in (diff, check, export):
        action.register(actions)
