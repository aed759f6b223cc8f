"""`offramp token`: a development token on standard output and nothing else, ready for `$(…)`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

DESCRIPTION = """\
Print a token that the service running on the same data folder accepts: it has the claims of a Cognito
user pool's token and is signed with this folder's own key. No other service accepts it.
"""
EPILOG = """\
The shipped inventory keeps organizations apart: a token for it names one, unless a user in it has the `sub`.
An imported schema needs none.

examples:
  offramp token --sub u1 --username alice --group Admin
  TOKEN=$(offramp token --sub u1 --username alice --organization 58f51a9f-21e4-551b-976e-2c9874b935a5)
                                               # the first company of the demo data
  curl -H "Authorization: $TOKEN" -H 'Content-Type: application/json' \\
       -d '{"query": "{ listProducts { items { id name } } }"}' http://127.0.0.1:8000/graphql
"""
DEFAULT_DATA_DIR = ".offramp"
_MADE = "it was made, with a key of its own. A service that runs on another one (--data-dir) refuses this token."


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "token",
        help="print a development token",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sub", required=True, metavar="ID", help="the user's unchanging id")
    parser.add_argument("--username", required=True, metavar="NAME", help="the user's name")
    parser.add_argument(
        "--group",
        action="append",
        default=[],
        dest="groups",
        metavar="NAME",
        help="a group they are in; may be repeated",
    )
    parser.add_argument("--organization", metavar="ID", help="the organization, as claim custom:organizationId")
    parser.add_argument(
        "--use", choices=("access", "id"), default="access", help="the Amplify client sends access tokens (default)"
    )
    parser.add_argument("--lifetime", type=_seconds, metavar="SECONDS", help="how long it is good (default: 12 hours)")
    parser.add_argument("--json", action="store_true", help="print an object with the token and its claims instead")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where development state is kept."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("OFFRAMP_DATA_DIR") or DEFAULT_DATA_DIR),
        metavar="DIR",
        help="where database, signing key and API key are kept (default: OFFRAMP_DATA_DIR, else .offramp)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the token."""
    from service.auth.issuer import LIFETIME, DevelopmentIssuer  # noqa: PLC0415  `offramp --help` needs no cryptography

    is_new = not arguments.data_dir.exists()
    token = DevelopmentIssuer.open(arguments.data_dir).issue(
        arguments.sub,
        arguments.username,
        arguments.groups,
        organization=arguments.organization,
        use=arguments.use,
        lifetime=arguments.lifetime or LIFETIME,
    )
    if is_new:
        print(f"There was no folder {arguments.data_dir}: {_MADE}", file=sys.stderr)
    print(_described(token) if arguments.json else token)
    return 0


def _described(token: str) -> str:
    import jwt  # noqa: PLC0415  as above

    return json.dumps({"token": token, "claims": jwt.decode(token, options={"verify_signature": False})})


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:10]) <= 31_536_000:
        raise argparse.ArgumentTypeError("must be a number of seconds from 1 to 31536000 (a year)")
    return int(text)
