"""Writes what is derived from the settings: `docs/settings.md` and `.env.example`.

Run it from the repository's root: `python -m service.cli.reference`. A test says when it has to be.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from service.settings import Settings, setting_of, variable_of

INTRODUCTION = """\
# Settings

Made from `service/settings.py` by `make contracts`; edit that.

`offramp serve`, the Lambda function and `offramp db` read their settings from environment variables. All are read
together when the process starts: what is missing, wrong or unknown is named at once, and a variable that is set
but empty counts as not set. `offramp dev` needs none of them, but obeys those that are set.

"""
HEADER = "| variable | what | value | default |\n|---|---|---|---|\n"


def settings_page() -> str:
    """The text of `docs/settings.md`."""
    required = [each for each in fields(Settings) if each.default is MISSING]
    optional = [each for each in fields(Settings) if each.default is not MISSING]
    return (
        INTRODUCTION
        + "## Required\n\n"
        + HEADER
        + "".join(_row(each) for each in required)
        + "\n## Optional\n\n"
        + HEADER
        + "".join(_row(each) for each in optional)
    )


def environment_example() -> str:
    """The text of `.env.example`: required settings to fill in, the others commented out at their defaults."""
    lines = ["# Settings of `offramp serve`; docs/settings.md explains them. Copy to .env and fill in.\n"]
    for each in fields(Settings):
        setting = setting_of(each)
        mark = "" if each.default is MISSING else "# "
        lines += [f"# {setting.doc}", f"{mark}{variable_of(each)}={_text(each.default)}\n"]
    return "\n".join(lines)


def _row(each: Field[Any]) -> str:
    setting = setting_of(each)
    default = f"`{_text(each.default)}`" if _text(each.default) else "none"
    doc = f"{setting.doc} Secret." if setting.secret else setting.doc
    return f"| `{variable_of(each)}` | {doc} | {setting.form} | {default} |\n"


def _text(default: Any) -> str:
    """A default as the variable would have to spell it."""
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(default)
        case _:
            return "" if default is MISSING else str(default)


if __name__ == "__main__":
    Path("docs").mkdir(exist_ok=True)
    Path("docs/settings.md").write_text(settings_page(), encoding="utf-8")
    Path(".env.example").write_text(environment_example(), encoding="utf-8")
