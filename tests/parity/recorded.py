"""The recorded exchanges of an Amplify backend, and what it means to answer one equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORDING = json.loads((Path(__file__).parent / "data" / "resolvers.json").read_text())
GROUPS: list[str] = [group["name"] for group in RECORDING["groups"]]
ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")

Difference = tuple[str, Any, Any]
"""Where, what was recorded, what was answered."""


def records(group: str) -> list[dict[str, Any]]:
    """The steps of a group, in order."""
    return [record for record in RECORDING["records"] if record["group"] == group]


def is_binding(record: dict[str, Any]) -> bool:
    """Whether the recording is to be believed here: the tool could run it faithfully."""
    return not record.get("simulatorGap") and record["kind"] != "subscribe"


def filled(value: Any, bound: dict[str, Any]) -> Any:
    """Variables with what earlier steps bound put in."""
    if isinstance(value, dict):
        if set(value) == {"$bind"}:
            return bound[value["$bind"]]
        return {name: filled(each, bound) for name, each in value.items()}
    return [filled(each, bound) for each in value] if isinstance(value, list) else value


def at(value: Any, path: str) -> Any:
    """The value at a path like `data.listProducts.items[0].id`."""
    for step in re.findall(r"[^.\[\]]+", path):
        value = value[int(step)] if isinstance(value, list) else (value or {}).get(step)
    return value


def pattern(path: str) -> str:
    """A path with its list positions left open."""
    return re.sub(r"\[(?:\d+|\*)\]|\.\d+(?=\.|$)", "[*]", path)


def differences(record: dict[str, Any], status: int, body: dict[str, Any], bound: dict[str, Any]) -> list[Difference]:
    """What is not as recorded, of what the recording promises."""
    errors = body.get("errors") or []
    if any(error["class"] == "request" for error in record["errors"]):
        return [] if errors and body.get("data") is None else [("refused", record["errors"], body)]
    if status != 200:
        return [("status", 200, body)]
    found = list(Comparison(record, bound).of(record["response"]["data"], body.get("data"), "data"))
    left = list(errors)
    for wanted in record["errors"]:
        match = next((error for error in left if _is_like(wanted, error)), None)
        if match is None:
            found.append(("errors", wanted, left))
        else:
            left.remove(match)
    return found + [("errors", None, error) for error in left]


def _is_like(wanted: dict[str, Any], error: dict[str, Any]) -> bool:
    if wanted.get("path") is not None and error["path"] != wanted["path"]:
        return False
    if wanted.get("errorTypes") and error["errorType"] not in wanted["errorTypes"]:
        return False
    prefixes = wanted.get("messagePrefixes")
    return not prefixes or error["message"].startswith(tuple(prefixes))


class Comparison:
    """Compares data, leaving out what differs at each run."""

    def __init__(self, record: dict[str, Any], bound: dict[str, Any] | None = None) -> None:
        self._generated = {each["path"]: each for each in record.get("generated", ())}
        self._unordered = {pattern(path) for path in record.get("unordered", ())}
        self._bound = bound or {}

    def of(self, wanted: Any, got: Any, path: str) -> Iterator[Difference]:
        """The differences below a path."""
        generated = self._generated.get(path)
        if generated is not None:
            if not self._is_generated(generated, wanted, got):
                yield path, wanted, got
        elif path.endswith(".nextToken"):
            if (wanted is None) != (got is None):
                yield path, wanted, got
        elif isinstance(wanted, dict) and isinstance(got, dict) and wanted.keys() == got.keys():
            for name, each in wanted.items():
                yield from self.of(each, got[name], f"{path}.{name}")
        elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
            yield from self._lists(wanted, got, path)
        elif wanted != got or isinstance(wanted, bool) != isinstance(got, bool):
            yield path, wanted, got

    def _lists(self, wanted: list[Any], got: list[Any], path: str) -> Iterator[Difference]:
        left = list(got)
        for index, each in enumerate(wanted):
            here = f"{path}[{index}]"
            if pattern(path) not in self._unordered:
                yield from self.of(each, got[index], here)
                continue
            match = next((other for other in left if not any(self.of(each, other, here))), None)
            if match is None:
                yield here, each, left
            else:
                left.remove(match)

    def _is_generated(self, generated: dict[str, Any], wanted: Any, got: Any) -> bool:
        match generated["kind"]:
            case "token":
                return (wanted is None) == (got is None)
            case "datetime":
                return isinstance(got, str) and ISO.match(got) is not None
            case "bound":
                return got is not None and got == self._bound.get(generated["name"])
        return isinstance(got, str) and got != ""
