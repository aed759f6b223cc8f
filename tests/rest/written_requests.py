"""Requests as people write them down, in `.http` files and in the guide, and what they are answered with.

The syntax is that of the REST clients of editors: `###` between requests, `# @name` before one that others refer to,
`{{name}}` for a variable, `{{created.response.body.$.id}}` and `{{created.response.headers.ETag}}` for what came back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

_METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
_REQUEST_LINE = re.compile(rf"({_METHODS}) (\S+)(?: HTTP/1\.1)?")
_VARIABLE = re.compile(r"\{\{([^}]+)\}\}")
ANYTHING = "…"
"""In an expected answer: any value, or any rest of a text."""


@dataclass(frozen=True)
class Written:
    """One request as it stands there."""

    title: str
    name: str | None
    status: int | None
    """What a comment says that it answers."""
    method: str
    url: str
    headers: Mapping[str, str]
    body: str


def requests_in(text: str) -> tuple[dict[str, str], list[Written]]:
    """The variables that a file sets, and its requests."""
    variables = dict(re.findall(r"^@(\w+) *= *(.*)$", text, re.MULTILINE))
    parts = re.split(r"^### *", text, flags=re.MULTILINE)[1:]
    return variables, [request_in(part) for part in parts]


def request_in(text: str) -> Written:
    """The one request of a text whose first line is its title."""
    title, _, rest = text.partition("\n")
    comments, head, body = _parts(rest)
    [(method, url)] = [_REQUEST_LINE.fullmatch(head[0]).groups()]
    headers: dict[str, str] = {}
    for line in head[1:]:
        if line.lstrip() != line:
            url += line.strip()
        else:
            name, _, value = line.partition(": ")
            headers[name] = value
    named = re.search(r"^# @name (\w+)$", comments, re.MULTILINE)
    answers = re.search(r"\bAnswers (\d{3})\b", comments)
    status = int(answers[1]) if answers else None
    return Written(title.strip(), named[1] if named else None, status, method, url, headers, body)


def _parts(text: str) -> tuple[str, list[str], str]:
    lines = text.strip("\n").split("\n")
    start = next(number for number, line in enumerate(lines) if line and not line.startswith(("#", "@")))
    end = next((number for number in range(start, len(lines)) if not lines[number]), len(lines))
    return "\n".join(lines[:start]), lines[start:end], "\n".join(lines[end + 1 :]).strip()


@dataclass
class Session:
    """Sends requests in order and remembers what the named ones were answered with."""

    client: httpx2.Client
    variables: dict[str, str]
    answers: dict[str, httpx2.Response] = field(default_factory=dict)

    def send(self, written: Written) -> httpx2.Response:
        """The answer to a request."""
        headers = {name: self._filled(value) for name, value in written.headers.items()}
        body = self._filled(written.body)
        answer = self.client.request(written.method, self._filled(written.url), headers=headers, content=body or None)
        if written.name is not None:
            self.answers[written.name] = answer
        return answer

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(lambda found: self._value(found[1].strip()), text)

    def _value(self, expression: str) -> str:
        if expression in self.variables:
            return self.variables[expression]
        name, _, part, path = (*expression.split(".", 3), "")[:4]
        answer = self.answers[name]
        return answer.headers[path] if part == "headers" else str(_at(answer.json(), path))


def _at(value: Any, path: str) -> Any:
    for step in re.findall(r"\w+", path.removeprefix("$")):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Where an answer is not what is written: members that are not written may be there, lists are as long.

    A list that ends with `…` may go on.
    """
    if expected == ANYTHING:
        return
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            if name not in actual:
                yield f"{path}.{name} is missing"
            else:
                yield from differences(value, actual[name], f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from _different_elements(expected, actual, path)
    elif isinstance(expected, str) and isinstance(actual, str) and ANYTHING in expected:
        if not re.fullmatch(".*".join(map(re.escape, expected.split(ANYTHING))), actual, re.DOTALL):
            yield f"{path} is {actual!r}, not {expected!r}"
    elif expected != actual or isinstance(expected, bool) is not isinstance(actual, bool):
        yield f"{path} is {actual!r}, not {expected!r}"


def _different_elements(expected: list[Any], actual: list[Any], path: str) -> Iterator[str]:
    goes_on = expected[-1:] == [ANYTHING]
    written = expected[:-1] if goes_on else expected
    if len(actual) < len(written) or (len(actual) > len(written) and not goes_on):
        yield f"{path} is {actual!r}, not {expected!r}"
        return
    for number, (one, other) in enumerate(zip(written, actual, strict=False)):
        yield from differences(one, other, f"{path}[{number}]")
