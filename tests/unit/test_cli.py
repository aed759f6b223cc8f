"""The command: what it prints where, and its exit status."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jwt
import pytest

from service.auth.issuer import DevelopmentIssuer
from service.cli import VERBS, main, organization
from service.cli.token import EPILOG
from service.demo import demo_callers
from service.demo.companies import COMPANIES
from service.errors import CommandError, SettingsError, Unavailable

ALICE = ["token", "--sub", "u1", "--username", "alice"]


def claims(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


def test_token_prints_one_bare_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--group", "Admin", "--group", "Viewer", "--organization", "org-1", "--data-dir", str(tmp_path)]
    assert main([*ALICE, *options]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    read = jwt.decode(
        printed.out.strip(), DevelopmentIssuer.open(tmp_path).private_key.public_key(), algorithms=["RS256"]
    )
    assert (read["sub"], read["username"], read["token_use"]) == ("u1", "alice", "access")
    assert (read["cognito:groups"], read["custom:organizationId"]) == (["Admin", "Viewer"], "org-1")
    assert read["exp"] - read["iat"] == 12 * 60 * 60


def test_a_token_of_a_folder_that_was_not_there_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--data-dir", str(tmp_path / "new")]
    assert main([*ALICE, *options]) == 0
    first = capsys.readouterr()
    assert claims(first.out.strip())["sub"] == "u1"
    assert first.err.startswith(f"There was no folder {tmp_path / 'new'}: it was made, with a key of its own. ")
    assert main([*ALICE, *options]) == 0
    assert capsys.readouterr().err == ""


def test_the_token_that_the_help_shows_acts_for_an_organization_of_the_demo() -> None:
    assert f"--organization {demo_callers().admin.organization})" in EPILOG


def test_the_organization_that_help_and_guide_make_is_not_there_already() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "access.md").read_text()
    slugs = [slug for text in (organization.EPILOG, guide) for slug in re.findall(r"--slug ([a-z-]+)", text)]
    assert len(slugs) == 2
    assert not {each.slug for each in COMPANIES} & set(slugs)


def test_which_version_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"offramp {version('offramp')}\n")


def test_an_id_token_with_a_lifetime(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ALICE, "--use", "id", "--lifetime", "60", "--json", "--data-dir", str(tmp_path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["claims"] == claims(printed["token"])
    assert printed["claims"]["cognito:username"] == "alice"
    assert printed["claims"]["exp"] - printed["claims"]["iat"] == 60


def test_the_data_folder_of_the_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFRAMP_DATA_DIR", str(tmp_path))
    assert main(ALICE) == 0
    assert claims(capsys.readouterr().out.strip())["iss"] == DevelopmentIssuer.open(tmp_path).url


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["token", "--sub", "u1"], "the following arguments are required: --username"),
        ([*ALICE, "--lifetime", "0"], "must be a number of seconds from 1 to 31536000"),
        ([*ALICE, "--use", "refresh"], "invalid choice: 'refresh'"),
        (["tokens"], "invalid choice: 'tokens'"),
        ([], "the following arguments are required: VERB"),
    ],
)
def test_a_wrong_command_is_status_2(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert complaint in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: offramp {verb}")
    assert len(text.splitlines()) > 5


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(re.search(rf"^    {verb}$|^    {verb} ", text, re.MULTILINE) for verb in VERBS)


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (CommandError("Port 8000 is in use.", hint="Choose another: --port 8001"), 1,
         "offramp: Port 8000 is in use.\n  Choose another: --port 8001\n"),
        (SettingsError("A is not set\nB is not set"), 2, "offramp: A is not set\n  B is not set\n"),
        (Unavailable("The database does not answer."), 1, "offramp: The database does not answer.\n"),
        (KeyError("x"), 1,
         "offramp: KeyError: 'x'\n  This is a fault of Offramp. OFFRAMP_DEBUG=1 shows where; please report it.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)  # fmt: skip
def test_failures_are_words_not_tracebacks(
    error: BaseException, status: int, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_arguments: object) -> int:
        raise error

    monkeypatch.setattr("service.cli.token.run", fail)
    assert main(ALICE) == status
    assert capsys.readouterr() == ("", text)


def test_debug_shows_where(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OFFRAMP_DEBUG", "1")
    assert main([*ALICE, "--data-dir", str(tmp_path / "file")]) == 1
    assert "private_file.py" in capsys.readouterr().err


def test_a_token_imports_neither_server_nor_schema(tmp_path: Path) -> None:
    program = (
        "import sys; from service.cli import main; "
        f"main(['token', '--sub', 'u', '--username', 'a', '--data-dir', {str(tmp_path)!r}]); "
        "print(*({'sqlalchemy', 'strawberry', 'graphql', 'starlette', 'uvicorn', 'alembic'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[1:] == [""]
    help_program = (
        "import sys\nfrom service.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print(*({'cryptography', 'sqlalchemy', 'graphql', 'starlette'} & set(sys.modules)), file=sys.stderr)"
    )
    shown = subprocess.run([sys.executable, "-c", help_program], capture_output=True, text=True, check=True)
    assert shown.stderr == "\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_has_seen_enough(tmp_path: Path, unbuffered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = f"{sys.executable} -m service token --sub u --username a --data-dir {tmp_path} | true"
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert shown.stderr == ""
