"""What the development issuer keeps, and where."""

from __future__ import annotations

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.auth.issuer import DevelopmentIssuer, api_key, cursor_key
from service.auth.private_file import read_or_make
from service.errors import CommandError


def test_a_folder_keeps_its_key_and_two_folders_have_two(tmp_path: Path) -> None:
    first = DevelopmentIssuer.open(tmp_path / "a" / "nested")
    again = DevelopmentIssuer.open(tmp_path / "a" / "nested")
    second = DevelopmentIssuer.open(tmp_path / "b")
    assert (first.jwks, first.url) == (again.jwks, again.url)
    assert first.key_id != second.key_id
    assert first.url != second.url
    assert '"d"' not in first.jwks


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    DevelopmentIssuer.open(tmp_path)
    key = api_key(tmp_path)
    assert re.fullmatch(r"da2-[a-z2-7]{26}", key)
    assert api_key(tmp_path) == key
    assert re.fullmatch(r"[0-9a-f]{64}", cursor_key(tmp_path))
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert files == {"signing-key.pem": 0o600, "api-key": 0o600, "cursor-key": 0o600}


def test_a_file_that_holds_no_key(tmp_path: Path) -> None:
    (tmp_path / "signing-key.pem").write_text("oops")
    with pytest.raises(CommandError, match="holds no signing key") as caught:
        DevelopmentIssuer.open(tmp_path)
    assert caught.value.hint == "Delete the file; a new key is made."


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be read or written"):
        api_key(tmp_path / "file" / "data")


def test_many_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda number: read_or_make(tmp_path / "secret", lambda: f"secret {number}"), range(64)))
    assert len(made) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
