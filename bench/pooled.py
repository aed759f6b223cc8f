"""`python -m bench.pooled`: a hundred thousand requests of five organizations through pgbouncer, on a few connections.

pgbouncer in transaction mode stands in RDS Proxy's place. Of the requests a quarter is given up at some moment,
statements run into their limit, and connections are ended. Then the books are checked against the tables and the audit
trail: see `crowd.py`, which the suite runs, too.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench.crowd import EXPECTED, Books, differences, furnished, mingle
from bench.pooler import NoPoolerError, running_pooler
from service.catalog.packaged import shipped
from service.db.connections.engine import Database
from service.db.ddl import schema_sql
from service.db.development import embedded
from service.db.security.roles import SERVE, make_local_roles


def main() -> None:
    """Run it and print the report; the status is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--server-connections", type=int, default=4, help="what the pooler opens to PostgreSQL")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="offramp-bench-") as folder,
        embedded.start(Path(folder) / "data", throwaway=True) as server,
    ):
        Path(folder).chmod(0o755)  # pgbouncer reads its settings as somebody else
        asyncio.run(_make(server.url))
        try:
            with running_pooler(
                embedded.url_as(server.url, SERVE),
                Path(folder),
                role=SERVE,
                default_pool_size=str(arguments.server_connections),
            ) as pooler:
                sys.exit(asyncio.run(_run(server.url, pooler.url, arguments.requests)))
        except NoPoolerError as error:
            sys.exit(str(error))


async def _make(url: str) -> None:
    database = Database.connect(url, size=1)
    await make_local_roles(database)
    await database.execute_ddl(schema_sql(shipped()))
    await database.close()


async def _run(url: str, pooled_url: str, requests: int) -> int:
    async with furnished(url) as superuser:
        begun = time.monotonic()
        books = await mingle(shipped(), pooled_url, superuser, requests)
        seconds = time.monotonic() - begun
        wrong = [*books.strange, *await differences(superuser, books)]
    _report(books, wrong, seconds)
    return 1 if wrong else 0


def _report(books: Books, wrong: list[str], seconds: float) -> None:
    print(f"answered {books.answered}, given up {books.given_up}, in {seconds:.0f} s")
    print(f"writes {len(books.tried)}, of which {len(books.written)} were answered")
    expected = {code: n for code, n in books.refused.items() if code in EXPECTED}
    print(f"refused as provoked {expected}, otherwise {books.refused - type(books.refused)(expected)}")
    print(f"connections ended {books.killed}, statements that nobody was named for {books.unasked}")
    print("\n".join(wrong[:50]) if wrong else "nobody saw or changed what is another's; the trail names who did what")


if __name__ == "__main__":
    main()
