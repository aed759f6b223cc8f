"""Requests that people copy: rest/requests/*.http and those of docs/rest.md are sent, and answered as they say."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.rest.served import API_KEY, ORGANIZATION, Served, serving, stock_up
from tests.rest.written_requests import Session, differences, request_in, requests_in

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "rest" / "requests").glob("*.http"))
GUIDE = (ROOT / "docs" / "rest.md").read_text()
EXCHANGES = re.findall(r"```http\n(.*?)```\n\n```http\n(HTTP/1.1 .*?)```\n", GUIDE, re.DOTALL)
SESSIONS = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)
HERE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("written")) as served:
        stock_up(served)
        yield served


@pytest.fixture
def session(served: Served) -> Iterator[Session]:
    variables = {
        "host": served.url,
        "token": served.token("ada", "Admin"),
        "apiKey": API_KEY,
        "organization": ORGANIZATION,
    }
    with httpx2.Client(base_url=served.url) as client:
        yield Session(client, variables)


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_each_request_of_a_file_is_answered_as_it_says(file: Path, session: Session):
    variables, requests = requests_in(file.read_text())
    assert variables["host"] == HERE
    assert variables.keys() <= session.variables.keys()
    assert len(requests) >= 5
    for written in requests:
        answer = session.send(written)
        assert answer.status_code == written.status, (written.title, answer.text)


def test_the_guide_shows_what_is_answered(session: Session):
    assert len(EXCHANGES) * 2 == GUIDE.count("```http\n")
    for request, expected in EXCHANGES:
        answer = session.send(request_in(f"\n{request}"))
        head, _, body = expected.strip().partition("\n\n")
        status, *headers = head.splitlines()
        shown = f"{request}{answer.status_code} {answer.text}"
        assert status.split(" ")[1] == str(answer.status_code), shown
        for line in headers:
            name, _, value = line.partition(": ")
            assert list(differences(value, answer.headers.get(name.lower()))) == [], shown
        assert list(differences(json.loads(body), answer.json())) == [] if body else answer.text == "", shown


def test_the_commands_of_the_guide_work(served: Served, tmp_path: Path):
    assert SESSIONS
    token = served.token("ada", "Admin")
    for number, text in enumerate(SESSIONS):
        commands = "\n".join(line.removeprefix("$ ") for line in text.splitlines())
        script = re.sub(r"\$\(\.venv/bin/offramp token[^)]*\)", token, commands).replace(HERE, served.url)
        file = tmp_path / f"{number}.sh"
        file.write_text(f"set -e\n{script}\n")
        done = subprocess.run(["bash", str(file)], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith('{"data":[{'), done.stdout


def test_the_snippets_of_the_guide_are_in_their_files():
    snippets = re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```\n", GUIDE, re.DOTALL)
    assert len(snippets) == 2
    for file, text in snippets:
        assert text in (ROOT / file).read_text()
