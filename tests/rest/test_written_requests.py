"""Requests that people copy: rest/requests/*.http and those of docs/rest.md are sent, and answered as they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.rest.served import API_KEY, ORGANIZATION, Served, serving, stock_up
from tests.rest.written_requests import Session, differences, request_in, requests_in
from tests.running import running_dev

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "rest" / "requests").glob("*.http"))
GUIDE = (ROOT / "docs" / "rest.md").read_text()
EXCHANGES = re.findall(r"```http\n(.*?)```\n\n```http\n(HTTP/1.1 .*?)```\n", GUIDE, re.DOTALL)
README = (ROOT / "README.md").read_text()
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


@pytest.fixture(scope="module")
def with_demo_data(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """What `make run` starts, as a page that tells of it takes for granted: its address and its folder."""
    folder = tmp_path_factory.mktemp("demo")
    with running_dev(folder) as address:
        yield address, folder


@pytest.mark.parametrize(("page", "answers"), [(GUIDE, 1), (README, 2)], ids=["docs/rest.md", "README.md"])
def test_the_commands_of_a_page_work_as_they_are_written(with_demo_data: tuple[str, Path], page: str, answers: int):
    address, folder = with_demo_data
    sessions = [each for each in re.findall(r"```console\n(.*?)```", page, re.DOTALL) if "curl" in each]
    script = "\n".join(re.sub(r"^\$ ", "", each, flags=re.MULTILINE) for each in sessions)
    script = script.replace(HERE, address).replace(".venv/bin/offramp", f"{sys.executable} -m service")
    done = subprocess.run(
        ["bash", "-ec", script],
        cwd=ROOT,
        env=os.environ | {"OFFRAMP_DATA_DIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    bodies = re.split(r"(?<=\})(?=\{\"data\")", done.stdout)
    assert len(bodies) == answers, done.stdout
    for text in bodies:
        body = json.loads(text)
        assert "errors" not in body
        rows = body["data"] if isinstance(body["data"], list) else body["data"]["listProducts"]["items"]
        assert len(rows) == 2


def test_the_snippets_of_the_guide_are_in_their_files():
    snippets = re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```\n", GUIDE, re.DOTALL)
    assert len(snippets) == 2
    for file, text in snippets:
        assert text in (ROOT / file).read_text()
