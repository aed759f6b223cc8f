"""What PostgreSQL was sent, read in its own log, and what of that pins a connection of RDS Proxy.

Source: Aurora user guide, "Avoiding pinning an RDS Proxy".
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from service.db.connections.engine import Database

LONGEST = 16_000
"""Bytes of a statement: a longer one pins, says the guide (16 KB)."""
SENT = re.compile(r"LOG:  (?:(statement)|(?:parse|bind|execute) (\S+)): (.*)", re.DOTALL)
PINS_AT_THE_START = re.compile(
    r"\s*(SET|RESET|DISCARD|PREPARE|EXECUTE|DEALLOCATE|DECLARE|FETCH|MOVE|CLOSE|LISTEN|UNLISTEN|NOTIFY|LOAD|"
    r"CREATE\s+((LOCAL|GLOBAL)\s+)?TEMP(ORARY)?)\b",
    re.IGNORECASE,
)
PINS_ANYWHERE = re.compile(
    r"\b((set_config|nextval|setval|pg_(try_)?advisory_(un)?lock(_shared|_all)?)\s*\(|INTO\s+TEMP(ORARY)?\b)",
    re.IGNORECASE,
)
OF_THE_POOLER = "SET client_encoding="
"""What pgbouncer itself sends when it gives a connection to another client."""


def pins(name: str, statement: str) -> bool:
    """Whether a statement, sent under a name, keeps a session from going to another client."""
    return (
        name not in {"", "<unnamed>"}
        or PINS_AT_THE_START.match(statement) is not None
        or PINS_ANYWHERE.search(statement) is not None
        or len(statement.encode()) > LONGEST
    )


@dataclass
class ServerLog:
    """The log of a server that writes down every statement."""

    file: Path

    def mark(self) -> int:
        """Where it ends now."""
        return self.file.stat().st_size

    def sent_since(self, mark: int) -> list[tuple[str, str]]:
        """The name and the text of each statement that PostgreSQL got after a place; a name of one without is empty."""
        text = self.file.read_bytes()[mark:].decode(errors="replace")
        records = re.split(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", text, flags=re.MULTILINE)
        statements = [(found[2] or "", found[3]) for each in records if (found := SENT.search(each))]
        return [each for each in statements if not each[1].startswith(OF_THE_POOLER)]


@asynccontextmanager
async def logging_everything(url: str) -> AsyncIterator[ServerLog]:
    """The log of the server of `url`, a superuser's, with every statement that its database gets meanwhile."""
    folder = parse_qs(urlsplit(url).query).get("host", [""])[0]
    if not (log := Path(folder) / "server.log").is_file():
        pytest.skip("What PostgreSQL gets is read in the log of the embedded server, and this is another one.")
    admin, name = Database.connect(url, size=1), urlsplit(url).path[1:]
    await admin.execute_ddl(f"ALTER DATABASE {name} SET log_statement = 'all'")
    yield ServerLog(log)
    await admin.execute_ddl(f"ALTER DATABASE {name} RESET log_statement")
    await admin.close()
