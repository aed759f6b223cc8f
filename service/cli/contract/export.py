"""`offramp contract export`: the published contracts, as files that reviews can diff."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

from service.catalog.model import Catalog
from service.errors import CommandError

DESCRIPTION = """\
Write what is published or packaged anew from the models: graphql/schema.graphql, the SDL that is served;
rest/openapi.json, the description of the REST API; db/schema.sql, the tables; and
service/catalog/inventory.json, which the service reads when it starts. With --check nothing is written:
the status is 1 if a file is not up to date, and the difference is shown.
"""
SQL_HEAD = "-- Written by `offramp contract export` from the models; see README.md beside it.\n\n"
SHOWN_LINES = 100
"""How much of a difference is shown; a renamed model changes hundreds of lines."""


def register(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "export",
        help="write the SDL, the OpenAPI document, the tables and the packaged catalog",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="compare only; status 1 if a file is not up to date")
    parser.add_argument(
        "--directory", type=Path, default=Path(), metavar="DIR", help="the checkout to write to (default: this folder)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write every contract, or with `--check` compare it with what is there."""
    from service.db.vocabulary.derive import catalog_from_models  # noqa: PLC0415  `offramp --help` maps no classes

    rooms = {Path(path).parent for path in CONTRACTS}
    missing = sorted(str(room) for room in rooms if not (arguments.directory / room).is_dir())
    if missing:
        raise CommandError(
            f"There is no folder {' or '.join(missing)} in {arguments.directory.resolve()}.",
            hint="Run it in a checkout of Offramp, or name one with --directory.",
        )
    catalog = catalog_from_models()
    written = {arguments.directory / path: make(catalog) for path, make in CONTRACTS.items()}
    stale = {path: text for path, text in written.items() if _read(path) != text}
    if arguments.check:
        return _report(stale)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    return 0


def _report(stale: dict[Path, str]) -> int:
    for path, text in stale.items():
        lines = list(unified_diff(_read(path).splitlines(), text.splitlines(), str(path), "the models", lineterm=""))
        print("\n".join(lines[:SHOWN_LINES]))
        if len(lines) > SHOWN_LINES:
            print(f"… and {len(lines) - SHOWN_LINES} more lines")
    if stale:
        print("Not up to date: run `offramp contract export` and review the difference.", file=sys.stderr)
    return 1 if stale else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _graphql(catalog: Catalog) -> str:
    from service.graphql.light import light_schema  # noqa: PLC0415  as above
    from service.graphql.sdl import GENERATED, print_sdl  # noqa: PLC0415

    return GENERATED + print_sdl(light_schema(catalog))


def _openapi(catalog: Catalog) -> str:
    from service.rest.openapi.document import openapi_document  # noqa: PLC0415  as above

    return json.dumps(openapi_document(catalog), indent=1, ensure_ascii=False) + "\n"


def _sql(catalog: Catalog) -> str:
    from service.db.ddl import schema_sql  # noqa: PLC0415  as above

    return SQL_HEAD + schema_sql(catalog).rstrip() + "\n"


def _packaged(catalog: Catalog) -> str:
    from service.catalog.packaged import dump  # noqa: PLC0415  as above

    return dump(catalog).decode()


CONTRACTS: dict[str, Callable[[Catalog], str]] = {
    "graphql/schema.graphql": _graphql,
    "rest/openapi.json": _openapi,
    "db/schema.sql": _sql,
    "service/catalog/inventory.json": _packaged,
}
"""Path in a checkout → what makes its text from the catalog."""
