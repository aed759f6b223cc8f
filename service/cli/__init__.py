"""The `offramp` command. Each verb is a module here, imported when it is asked for.

Exit status: 0 done; 1 it could not be done, or the answer is no; 2 the command or a setting is wrong;
130 interrupted. `OFFRAMP_DEBUG=1` shows where in the code a failure came from.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from service.errors import CommandError, ServiceError

VERBS = {
    "contract": "service.cli.contract",
    "db": "service.cli.db",
    "dev": "service.cli.dev",
    "import": "service.cli.importing",
    "organization": "service.cli.organization",
    "serve": "service.cli.serve",
    "token": "service.cli.token",
    "usage": "service.cli.usage",
}
"""Verb → the module whose `register(subparsers)` adds it."""

EPILOG = """\
start here:
  offramp dev                              the shipped inventory, with demo data, on http://127.0.0.1:8000/graphql
  offramp dev --schema amplify/            your own Amplify API
  offramp token --sub u1 --username alice  a token for it

`offramp VERB --help` explains a verb. docs/settings.md lists the environment variables.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the result is its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        parsed = _parser(arguments).parse_args(arguments)
        status: int = parsed.run(parsed)
        sys.stdout.flush()  # here, where a closed pipe is no failure
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads our output has seen enough; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  the last place where a failure can be put into words
        return _failed(error)
    return status


class _Version(argparse.Action):
    """argparse's own takes the text beforehand, which every verb would wait for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        """Print it, and end."""
        from importlib.metadata import version  # noqa: PLC0415  only this option needs it

        print(f"offramp {version('offramp')}")
        parser.exit()


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="offramp",
        description="The way off AWS Amplify's AppSync and DynamoDB: the same GraphQL API, answered from PostgreSQL.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is, and exit")
    subparsers = parser.add_subparsers(metavar="VERB", required=True)
    asked = arguments[0] if arguments else ""
    for module in [VERBS[asked]] if asked in VERBS else VERBS.values():
        import_module(module).register(subparsers)
    return parser


def _failed(error: Exception) -> int:
    if os.environ.get("OFFRAMP_DEBUG", "").lower() in {"1", "true", "yes"}:
        traceback.print_exception(error)
    match error:
        case CommandError():
            return _say(error.message, error.hint, error.status)
        case ServiceError():
            return _say(error.message, None, 1)
        case _:
            hint = "This is a fault of Offramp. OFFRAMP_DEBUG=1 shows where; please report it."
            return _say(f"{type(error).__name__}: {error}", hint, 1)


def _say(message: str, hint: str | None, status: int) -> int:
    first, *rest = message.splitlines() or [""]
    print(f"offramp: {first}", *(f"  {line}" for line in rest), sep="\n", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
    return status
