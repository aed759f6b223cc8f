"""Writes what is derived from the code: `docs/settings.md`, `.env.example`, `docs/errors.md`, `docs/permissions.md`.

Run it from the repository's root: `python -m service.cli.reference`. A test says when it has to be.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import service.aws.answers
import service.aws.events
import service.graphql.view
import service.operations.refusals
import service.rest.problems  # noqa: F401  they have errors of their own
from service.catalog.packaged import shipped
from service.catalog.permissions import OPERATIONS, permissions, roles_of
from service.errors import ServiceError, kinds_of
from service.settings import Settings
from service.settings.declared import setting_of, variable_of

INTRODUCTION = """\
# Settings

Made from `service/settings` by `make contracts`; edit that.

`offramp serve`, the Lambda function and `offramp db` read their settings from environment variables. All are read
together when the process starts: what is missing, wrong or unknown is named at once, and a variable that is set
but empty counts as not set. `offramp dev` needs none of them, but obeys those that are set.

"""
ERRORS = """\
# Errors

Made from the error classes by `make contracts`; edit those.

Every error that a caller meets has a code that will not change. Over GraphQL an error of a field comes with status 200
in `errors`, with `errorType` at its top level where AppSync has it, and the other fields are answered. What is
wrong with the request as a whole, or with the caller, has the status below and its type in the header
`x-amzn-ErrorType`. A query that meets `unavailable` or `clash` is answered 503, and clients send it again; a mutation
never is. Where no errorType is given here, the code stands in its place. What is refused of a purchase order has its
code in `errorInfo`, too, and beside it the line it is about, if it is about one: `{"code": "over_receipt", "line": 2}`.

Over REST every error is a problem document (RFC 9457) with the status and the code below; `errors` lists each flaw
of a request with its place, the `line` of a purchase order is a member too, and `/errors/<code>` on the service itself
says what is said here.

| code | status | errorType | what it means |
|---|---|---|---|
"""
PERMISSIONS = """\
# Permissions

Made from the rules of the shipped inventory by `make contracts`; a table kept by hand, `tests/access/permissions.txt`,
and every role trying every operation check it.

All of it is about rows of the caller's own organization: those of others do not exist, see [security.md](security.md).
"own" are rows that name the caller as their owner or one of the caller's groups in their group field. A user's `salary`
is for Admins alone, and since a delete takes every field with it, so is deleting users. Who a user's row stands for
(`cognitoSub`) and its `status` are for an Admin to change.

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


def errors_page() -> str:
    """The text of `docs/errors.md`."""
    return ERRORS + "".join(sorted({_error_row(each) for each in kinds_of()}))


def permissions_page() -> str:
    """The text of `docs/permissions.md`."""
    catalog = shipped()
    roles = roles_of(catalog)
    lines = [f"| model | operation | {' | '.join(roles)} |", f"|---|---|{'---|' * len(roles)}"]
    for model in catalog.models:
        table = [permissions(model, caller) for caller in roles.values()]
        lines += [
            f"| {model.name} | {access} | {' | '.join(each[access] for each in table)} |" for access in OPERATIONS
        ]
    return PERMISSIONS + "\n".join(lines) + "\n"


def _error_row(error: type[ServiceError]) -> str:
    meaning = (error.__doc__ or "").partition("\n")[0]
    kind = f"`{error.error_type}`" if error.error_type else ""
    return f"| `{error.code}` | {error.status} | {kind} | {meaning} |\n"


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
    Path("docs/errors.md").write_text(errors_page(), encoding="utf-8")
    Path(".env.example").write_text(environment_example(), encoding="utf-8")
    Path("docs/permissions.md").write_text(permissions_page(), encoding="utf-8")
