"""Logs: one line of JSON per record, with what a person needs to find a failure and nothing a caller sent.

The message of an exception may quote what it stumbled over (PostgreSQL's quote the row), so only its type and the
places in the code are written, unless `show_messages` says that nobody but the developer reads the log.
"""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonFormatter(logging.Formatter):
    """A record as a line of JSON; what was given as `extra` stands beside the rest."""

    def __init__(self, *, show_messages: bool = False) -> None:
        super().__init__()
        self._show_messages = show_messages

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[1]:
            line["error"] = self._error(record.exc_info[1], record.exc_info[2])
        return orjson.dumps(line, default=str).decode()

    def _error(self, error: BaseException, at: TracebackType | None) -> dict[str, Any]:
        frames = [f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(at)]
        shown = {"message": str(error)} if self._show_messages else {}
        return {"type": type(error).__qualname__, **shown, "at": frames}


def write_logs(*, show_messages: bool = False) -> None:
    """Send all logs of the process to standard error, as lines of JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(show_messages=show_messages))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def write_logs_for_a_person() -> None:
    """Send warnings and failures to standard error as text, with what `JsonFormatter` keeps back."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", force=True)
