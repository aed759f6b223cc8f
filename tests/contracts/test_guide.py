"""The guide shows what the commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from service.cli import main
from service.contract.sources import READ
from tests.contracts.cases import DATA

GUIDE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text()
SESSIONS = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.splitlines()[0])
def test_what_a_session_shows_is_what_is_printed(
    session: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(DATA / "todo-app")
    command, shown, status = re.fullmatch(r"\$ offramp (.*?)\n(.*)\$ echo \$\?\n(\d)\n", session, re.DOTALL).groups()
    assert main(shlex.split(command)) == int(status)
    assert capsys.readouterr() == (shown, "")


def test_there_is_a_session_of_each_command():
    assert [each.split()[3] for each in SESSIONS] == ["diff", "check"]


def test_every_kind_of_file_is_named():
    assert [each for each in READ if f"`{each}`" not in GUIDE] == []
