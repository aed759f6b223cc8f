"""`offramp dev`: everything on one machine, started with nothing prepared."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from service.cli.counted import counted
from service.cli.db.chosen import version_at
from service.cli.progress import step
from service.cli.token import add_data_dir
from service.errors import CommandError

if TYPE_CHECKING:
    import socket

    from service.auth.issuer import DevelopmentIssuer
    from service.catalog.model import Catalog
    from service.cli.people import Person
    from service.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "graphql" / "operations"

DESCRIPTION = """\
Start PostgreSQL, make the tables, load demo data and serve the GraphQL API, with tokens to try it. All that is kept
is in one folder; delete it to start over. Ctrl-C stops everything.
"""
EPILOG = """\
examples:
  offramp dev                                  the shipped inventory
  offramp dev --schema amplify/                your own API, in a database of its own
  offramp dev --port 9000 --data-dir /tmp/b    a second one beside the first
  offramp dev --issuer https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC --client-id 4f…
                                               with the sign-in of a real user pool
"""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "dev",
        help="start everything on this machine, with demo data and tokens",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--schema", metavar="PATH", help="an Amplify schema, or amplify/ folder, to serve instead")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=_port, metavar="N", help="the port (default: 8000; 0 takes a free one)")
    parser.add_argument("--database-url", metavar="URL", help="an empty PostgreSQL instead of the embedded one")
    add_data_dir(parser)
    parser.add_argument("--api-key", metavar="KEY", help="the API key to accept (default: one made on the first run)")
    parser.add_argument("--no-demo-data", action="store_true", help="start with empty tables")
    parser.add_argument(
        "--integrity",
        choices=("legacy", "enforced"),
        help="what the tables refuse: `enforced` keeps organizations apart, the default of the shipped inventory; "
        "`legacy` allows what DynamoDB allowed, and is all there is for --schema",
    )
    parser.add_argument("--issuer", metavar="URL", help="accept the tokens of this user pool instead of our own")
    parser.add_argument("--client-id", metavar="ID", help="the user pool's app client; goes with --issuer")
    parser.add_argument("--json", action="store_true", help="print addresses and tokens as one line of JSON")
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text[:6]) > 65_535:
        raise argparse.ArgumentTypeError("must be a port, 0 to 65535")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from service.auth.issuer import DevelopmentIssuer  # noqa: PLC0415  `offramp --help` needs none of this
    from service.cli.server import ends_on_sigterm, listen  # noqa: PLC0415  as above
    from service.logs import write_logs_for_a_person  # noqa: PLC0415  as above

    issuer = DevelopmentIssuer.open(arguments.data_dir)
    settings = development_settings(arguments, issuer)
    listener = listen(arguments.host, settings.port if arguments.port is None else arguments.port)
    write_logs_for_a_person()
    with listener, ends_on_sigterm(), suppress(KeyboardInterrupt):
        _serve(arguments, settings, issuer, listener)
    return 0


def development_settings(arguments: argparse.Namespace, issuer: DevelopmentIssuer) -> Settings:
    """The settings of a development server: made up where neither an option nor an OFFRAMP_ variable says otherwise.

    DATABASE_URL is not looked at: that of another project may well be set where one works. Errors: SettingsError.
    """
    from service.auth.issuer import api_key, cursor_key  # noqa: PLC0415  as above
    from service.settings import Settings  # noqa: PLC0415  as above
    from service.settings.declared import PREFIX  # noqa: PLC0415  as above

    if bool(arguments.issuer) != bool(arguments.client_id):
        raise CommandError("--issuer and --client-id go together.")
    given = {name: text for name, text in os.environ.items() if name.startswith(PREFIX) and text}
    ours = {"ISSUER": issuer.url, "CLIENT_IDS": issuer.client_id, "JWKS": issuer.jwks}
    made_up = {
        "CURSOR_KEY": cursor_key(arguments.data_dir),
        "API_KEYS": _bound(api_key(arguments.data_dir), arguments),
        "CORS_ORIGINS": "*",
        "GRAPHIQL": "true",
        "DOCS": "true",
        "REQUEST_LOG": "false",
    }
    if not arguments.issuer and f"{PREFIX}ISSUER" not in given:
        made_up |= ours
    options = {
        f"{PREFIX}ISSUER": ("--issuer", arguments.issuer),
        f"{PREFIX}CLIENT_IDS": ("--client-id", arguments.client_id),
        f"{PREFIX}API_KEYS": ("--api-key", arguments.api_key and _bound(arguments.api_key, arguments)),
        f"{PREFIX}SCHEMA": ("--schema", arguments.schema),
        "DATABASE_URL": ("--database-url", arguments.database_url or "postgresql://embedded"),
    }
    chosen = {variable: text for variable, (_, text) in options.items() if text}
    return Settings.from_environ(
        {PREFIX + name: text for name, text in made_up.items()} | given | chosen,
        options={variable: options[variable][0] for variable in chosen},
    )


def _bound(key: str, arguments: argparse.Namespace) -> str:
    """An API key of the demo's first company, where organizations are kept apart."""
    if "@" in key or arguments.schema or arguments.integrity == "legacy":
        return key
    from service.demo import demo_callers  # noqa: PLC0415  as above

    return f"{key}@{demo_callers().admin.organization}"


def _serve(
    arguments: argparse.Namespace, settings: Settings, issuer: DevelopmentIssuer, listener: socket.socket
) -> None:
    from service.app import compose  # noqa: PLC0415  as above
    from service.cli.people import people_of, people_of_inventory  # noqa: PLC0415  as above
    from service.cli.server import serve  # noqa: PLC0415  as above
    from service.db.connections.engine import Database  # noqa: PLC0415  as above
    from service.db.connections.watch import watch_statements  # noqa: PLC0415  as above
    from service.page import Caller  # noqa: PLC0415  as above
    from service.settings.forms import LOCAL_HOSTS  # noqa: PLC0415  as above

    catalog, has_demo = _catalog(settings.schema, arguments.integrity, quiet=arguments.json)
    people = people_of_inventory() if has_demo else people_of(catalog)
    if settings.issuer != issuer.url:
        people = []

    def callers(host: str) -> list[Caller]:
        # A site whose name was made to point to this machine must not find tokens in the page it opens.
        if _hostname(host) not in LOCAL_HOSTS | {arguments.host}:
            return []
        made = [Caller(each.label, {"authorization": each.token(issuer)}) for each in people]
        return [*made, Caller("API key", {"x-api-key": _bare_key(settings)})]

    with _database(arguments, catalog, has_demo=has_demo) as url:
        database = Database.connect(url, size=settings.pool_size, behind_proxy=settings.behind_proxy)
        watch_statements(database, catalog)
        app = compose(
            settings,
            catalog=catalog,
            database=database,
            examples=EXAMPLES if has_demo else None,
            callers=callers,
        )
        _announce(arguments, settings, people, issuer, listener)
        _name_unconnected(settings, catalog, quiet=arguments.json)
        serve(app, listener)


def _hostname(host: str) -> str | None:
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname
    return None


def _bare_key(settings: Settings) -> str:
    """The first API key, without the organization it is bound to."""
    return settings.api_keys[0].partition("@")[0]


def _catalog(schema: str | None, integrity: str | None, *, quiet: bool) -> tuple[Catalog, bool]:
    """The catalog to serve, and whether the demo data is for its models: on `legacy` tables it is, too."""
    from service.demo import fits  # noqa: PLC0415  as above
    from service.source import catalog_at  # noqa: PLC0415  as above

    with step(f"Reading {schema or 'the inventory'}", quiet=quiet) as reading:
        catalog, needing_a_person = catalog_at(schema)
        has_demo = schema is None and fits(catalog)
        ours = "the shipped inventory" if has_demo else "service/db/models"
        reading.done = f"{counted(len(catalog.models), 'model')} of {schema or ours}"
    if needing_a_person and not quiet:
        needed = f"{counted(needing_a_person, 'thing')} in it need{'s' if needing_a_person == 1 else ''} a person"
        print(f"  {needed}: offramp import {shlex.quote(schema or '')}", file=sys.stderr)
    if integrity == "enforced" and not catalog.is_enforced:
        raise CommandError(
            "An imported schema is served in `legacy` integrity: it does not say which field is the organization.",
            hint="Leave --integrity out. To own the models, and say it in them: docs/own-models.md",
        )
    return (catalog.as_legacy() if integrity == "legacy" else catalog), has_demo


@contextmanager
def _database(arguments: argparse.Namespace, catalog: Catalog, *, has_demo: bool) -> Iterator[str]:
    """The URL of a database with the catalog's tables in it, for as long as the block runs."""
    from service.db.development.scratch import create_scratch  # noqa: PLC0415  as above
    from service.db.migrations.upgrade import upgrade  # noqa: PLC0415  as above

    with _server(arguments) as url:
        with step("Bringing the tables up to date", quiet=arguments.json) as making:
            if catalog.is_enforced:
                upgrade(url)
            else:
                url = asyncio.run(create_scratch(url, catalog))  # noqa: PLW2901  the same server, its own database
            making.done = f"{counted(len(catalog.models), 'table')} up to date"
        if has_demo and not arguments.no_demo_data:
            with step("Loading demo data", quiet=arguments.json) as loading:
                asyncio.run(_load_demo(url, catalog))
                loading.done = "Demo data of three companies"
        yield _served(url, arguments) if catalog.is_enforced else url


def _served(url: str, arguments: argparse.Namespace) -> str:
    """The URL to serve from: as a role that row-level security binds."""
    from service.db.development.embedded import url_as  # noqa: PLC0415  as above
    from service.db.security.roles import SERVE  # noqa: PLC0415  as above

    if not arguments.database_url:
        return url_as(url, SERVE)
    return f"{url}{'&' if '?' in url else '?'}role={SERVE}"  # of a server of somebody's, it has no password


@contextmanager
def _server(arguments: argparse.Namespace) -> Iterator[str]:
    """The URL of a PostgreSQL that answers: the one that was named, else the embedded one."""
    from service.db.connections.address import database_name  # noqa: PLC0415  as above
    from service.db.development import embedded  # noqa: PLC0415  as above

    with ExitStack() as started, step("Starting PostgreSQL", quiet=arguments.json) as starting:
        if arguments.database_url:
            url, place = arguments.database_url, database_name(arguments.database_url)
        else:
            url, place = (
                started.enter_context(embedded.start(arguments.data_dir)).url,
                f"embedded, {arguments.data_dir}",
            )
        starting.done = f"PostgreSQL {version_at(url)} ({place})"
        keep = started.pop_all()
    with keep:
        yield url


async def _load_demo(url: str, catalog: Catalog) -> None:
    from service.db.connections.engine import Database  # noqa: PLC0415  as above
    from service.demo import load_demo  # noqa: PLC0415  as above

    database = Database.connect(url, size=1)
    try:
        await load_demo(database, catalog)
    finally:
        await database.close()


def _name_unconnected(settings: Settings, catalog: Catalog, *, quiet: bool) -> None:
    from service.app import connected_by  # noqa: PLC0415  as above
    from service.operations import FUNCTIONS  # noqa: PLC0415  as above
    from service.operations.connect import unconnected  # noqa: PLC0415  as above

    lines = unconnected(catalog, connected_by(settings, catalog), FUNCTIONS)
    if lines and not quiet:
        print("\nNothing answers these operations yet (docs/custom-operations.md):", file=sys.stderr)
        print("".join(f"  {line}\n" for line in lines), end="", file=sys.stderr, flush=True)


def _announce(
    arguments: argparse.Namespace,
    settings: Settings,
    people: Sequence[Person],
    issuer: DevelopmentIssuer,
    listener: socket.socket,
) -> None:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  shown
    origin = f"http://{host}:{port}"
    endpoint, rest = f"{origin}/graphql", f"{origin}/v1"
    tokens = {each.label: each.token(issuer) for each in people}
    if arguments.json:
        content: dict[str, Any] = {"endpoint": endpoint, "rest": rest, "apiKey": _bare_key(settings), "tokens": tokens}
        print(json.dumps(content | {"dataDir": str(arguments.data_dir)}), flush=True)
        return
    print(f"\n  GraphiQL  {endpoint}  (in a browser)\n  Endpoint  {endpoint}  (in aws-exports or amplify_outputs)")
    print(f"  REST      {rest}  (described and tried at {origin}/docs)")
    print(f"  API key   {_bare_key(settings)}")
    if not people:
        print(f"  Tokens    of {settings.issuer}")
    for label, token in tokens.items():
        print(f"\n  {label}\n  {token}")
    print("\nTokens are good for 12 hours; `offramp token --help` makes others. Ctrl-C stops.", flush=True)
