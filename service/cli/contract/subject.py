"""The API that a contract command asks about, and the options that both commands share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from service.contract.refusal import Unusable
from service.errors import CommandError

if TYPE_CHECKING:
    from service.catalog.model import Catalog


def add_subject(parser: argparse.ArgumentParser) -> None:
    """Add `--schema` and `--json`."""
    parser.add_argument(
        "--schema", metavar="PATH", help="the Amplify schema that would be served (default: the shipped inventory)"
    )
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")


def subject(schema: str | None) -> Catalog:
    """The catalog of `--schema`. Errors: Unusable, as without an API there is neither yes nor no."""
    from service.source import catalog_at  # noqa: PLC0415  `offramp --help` needs no catalog

    try:
        catalog, _ = catalog_at(schema)
    except CommandError as error:
        raise Unusable(error.message, hint=error.hint) from error
    return catalog
