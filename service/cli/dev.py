"""`offramp dev`: everything on one machine, started with nothing prepared."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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
  offramp dev --schema amplify/backend/api/app/schema.graphql
                                               your own API, in a database of its own
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
    parser.add_argument("--schema", metavar="PATH", help="an Amplify schema.graphql to serve instead of the inventory")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=_port, metavar="N", help="the port (default: 8000; 0 takes a free one)")
    parser.add_argument("--database-url", metavar="URL", help="an empty PostgreSQL instead of the embedded one")
    add_data_dir(parser)
    parser.add_argument("--api-key", metavar="KEY", help="the API key to accept (default: one made on the first run)")
    parser.add_argument("--no-demo-data", action="store_true", help="start with empty tables")
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
    from service.settings import PREFIX, Settings  # noqa: PLC0415  as above

    if bool(arguments.issuer) != bool(arguments.client_id):
        raise CommandError("--issuer and --client-id go together.")
    given = {name: text for name, text in os.environ.items() if name.startswith(PREFIX) and text}
    ours = {"ISSUER": issuer.url, "CLIENT_IDS": issuer.client_id, "JWKS": issuer.jwks}
    made_up = {
        "CURSOR_KEY": cursor_key(arguments.data_dir),
        "API_KEYS": api_key(arguments.data_dir),
        "CORS_ORIGINS": "*",
        "GRAPHIQL": "true",
        "REQUEST_LOG": "false",
    }
    if not arguments.issuer and f"{PREFIX}ISSUER" not in given:
        made_up |= ours
    options = {
        "ISSUER": arguments.issuer,
        "CLIENT_IDS": arguments.client_id,
        "API_KEYS": arguments.api_key,
        "SCHEMA": arguments.schema,
    }
    chosen = {PREFIX + name: text for name, text in options.items() if text}
    url = {"DATABASE_URL": arguments.database_url or "postgresql://embedded"}
    return Settings.from_environ({PREFIX + name: text for name, text in made_up.items()} | given | chosen | url)


def _serve(
    arguments: argparse.Namespace, settings: Settings, issuer: DevelopmentIssuer, listener: socket.socket
) -> None:
    from service.app import compose  # noqa: PLC0415  as above
    from service.cli.people import people_of  # noqa: PLC0415  as above
    from service.cli.server import serve  # noqa: PLC0415  as above
    from service.db.engine import Database  # noqa: PLC0415  as above
    from service.graphql.graphiql import Caller  # noqa: PLC0415  as above
    from service.settings import LOCAL_HOSTS  # noqa: PLC0415  as above

    catalog = _catalog(settings.schema, quiet=arguments.json)
    people = people_of(catalog) if settings.issuer == issuer.url else []

    def callers(host: str) -> list[Caller]:
        # A site whose name was made to point to this machine must not find tokens in the page it opens.
        if _hostname(host) not in LOCAL_HOSTS | {arguments.host}:
            return []
        made = [Caller(each.label, {"authorization": each.token(issuer)}) for each in people]
        return [*made, Caller("API key", {"x-api-key": settings.api_keys[0]})]

    with _database(arguments, catalog) as url:
        database = Database.connect(url, size=settings.pool_size, behind_proxy=settings.behind_proxy)
        app = compose(
            settings,
            catalog=catalog,
            database=database,
            examples=None if settings.schema else EXAMPLES,
            callers=callers,
        )
        _announce(arguments, settings, people, issuer, listener)
        serve(app, listener)


def _hostname(host: str) -> str | None:
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname
    return None


def _catalog(schema: str | None, *, quiet: bool) -> Catalog:
    from service.cli.source import catalog_at  # noqa: PLC0415  as above

    with step(f"Reading {schema or 'the inventory'}", quiet=quiet) as reading:
        catalog = catalog_at(schema)
        reading.done = f"{len(catalog.models)} models of {schema or 'the shipped inventory'}"
    return catalog


@contextmanager
def _database(arguments: argparse.Namespace, catalog: Catalog) -> Iterator[str]:
    """The URL of a database with the catalog's tables in it, for as long as the block runs."""
    quiet = arguments.json
    if arguments.database_url:
        asyncio.run(_tables(arguments.database_url, catalog, quiet=quiet))
        yield arguments.database_url
        return
    from service.db import embedded  # noqa: PLC0415  as above

    with step("Starting PostgreSQL", quiet=quiet) as starting:
        server = embedded.start(arguments.data_dir)
        starting.done = f"PostgreSQL (embedded, {arguments.data_dir / 'pg'})"
    with server:
        yield asyncio.run(_area(server.url, catalog, quiet=quiet))


async def _area(server_url: str, catalog: Catalog, *, quiet: bool) -> str:
    from service.db.areas import make_area  # noqa: PLC0415  as above

    url = await make_area(server_url, catalog)
    await _tables(url, catalog, quiet=quiet)
    return url


async def _tables(url: str, catalog: Catalog, *, quiet: bool) -> None:
    from service.db.areas import make_tables  # noqa: PLC0415  as above

    with step("Making tables", quiet=quiet) as making:
        made = await make_tables(url, catalog)
        making.done = f"{len(catalog.models)} tables {'made' if made else 'are there'}"


def _announce(
    arguments: argparse.Namespace,
    settings: Settings,
    people: Sequence[Person],
    issuer: DevelopmentIssuer,
    listener: socket.socket,
) -> None:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  shown
    endpoint = f"http://{host}:{port}/graphql"
    tokens = {each.label: each.token(issuer) for each in people}
    if arguments.json:
        content: dict[str, Any] = {"endpoint": endpoint, "apiKey": settings.api_keys[0], "tokens": tokens}
        print(json.dumps(content | {"dataDir": str(arguments.data_dir)}), flush=True)
        return
    print(f"\n  GraphiQL  {endpoint}  (in a browser)\n  Endpoint  {endpoint}  (in aws-exports or amplify_outputs)")
    print(f"  API key   {settings.api_keys[0]}")
    if not people:
        print(f"  Tokens    of {settings.issuer}")
    for label, token in tokens.items():
        print(f"\n  {label}\n  {token}")
    print("\nTokens are good for 12 hours; `offramp token --help` makes others. Ctrl-C stops.", flush=True)
