"""The settings of a service: read from the environment once, checked together, handed on, never global.

Each setting is one field of `Settings` with its documentation beside it; `docs/settings.md` and
`.env.example` are made from the same fields (`python -m service.cli.reference`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date
from typing import Any, Self
from urllib.parse import urlsplit

from service.errors import SettingsError

PREFIX = "OFFRAMP_"
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

Parse = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one setting beside its value."""

    doc: str
    parse: Parse
    form: str
    """What a value looks like, for a person: `whole number, 1 to 75`."""
    variable: str | None = None
    """The environment variable, where it is not the prefix and the field's name."""
    secret: bool = False


def _text(text: str) -> str:
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in (each.strip() for each in text.split(",")) if word)


def _flag(text: str) -> bool:
    try:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _whole(least: int, most: int) -> Parse:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return number

    return parse


def _some_of(*allowed: str) -> Parse:
    def parse(text: str) -> tuple[str, ...]:
        words = _words(text)
        if not words or not set(words) <= set(allowed):
            raise ValueError(f"must be one or more of {', '.join(allowed)}")
        return words

    return parse


def _one_of(*allowed: str) -> Parse:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}")
        return text

    return parse


def _issuer(text: str) -> str:
    if not is_safe_url(text):
        raise ValueError("must be an https:// address (http:// only for this machine)")
    return text


def _database_url(text: str) -> str:
    if urlsplit(text).scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError("must start with postgresql://")
    return text


def _origins(text: str) -> tuple[str, ...]:
    for origin in (words := _words(text)):
        parts = urlsplit(origin)
        if origin != "*" and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path):
            raise ValueError(f"must list origins such as https://app.example.com, not {origin!r}")
    return words


def _some_words(text: str) -> tuple[str, ...]:
    if not (words := _words(text)):
        raise ValueError("must name at least one")
    return words


def _jwks(text: str) -> str:
    return _issuer(text) if text.startswith(("http://", "https://")) else text


def _functions(text: str) -> tuple[tuple[str, str], ...]:
    try:
        named = json.loads(text)
    except ValueError:
        named = None
    if not isinstance(named, dict) or not all(each and isinstance(each, str) for each in named.values()):
        raise ValueError('must be a JSON object such as {"placeOrder": "placeOrder-prod"}')
    return tuple(named.items())


def _pools(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    try:
        named = json.loads(text)
    except ValueError:
        named = None
    if not isinstance(named, dict) or not all(_are_client_ids(each) for each in named.values()):
        raise ValueError('must be a JSON object of issuers and their app clients: {"https://…": ["4f…"]}')
    return tuple((_issuer(issuer), tuple(client_ids)) for issuer, client_ids in named.items())


def _are_client_ids(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(each and isinstance(each, str) for each in value)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("must be a day such as 2027-05-01") from None


def _cursor_key(text: str) -> str:
    if len(text) < 32:
        raise ValueError("must have 32 characters or more")
    return text


def is_safe_url(text: str) -> bool:
    """Whether keys may be fetched from an address: over TLS, or from this machine."""
    parts = urlsplit(text)
    if parts.scheme == "http":
        return parts.hostname in LOCAL_HOSTS
    return parts.scheme == "https" and bool(parts.hostname)


def _setting(
    doc: str,
    parse: Parse = _text,
    form: str = "text",
    *,
    default: Any = MISSING,
    variable: str | None = None,
    secret: bool = False,
) -> Any:
    return field(default=default, metadata={"setting": Setting(doc, parse, form, variable, secret)})


def _number(doc: str, default: int, least: int, most: int) -> Any:
    return _setting(doc, _whole(least, most), f"whole number, {least} to {most}", default=default)


def _switch(doc: str, *, default: bool) -> Any:
    return _setting(doc, _flag, "`true` or `false`", default=default)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DatabaseSettings:
    """Where the database is, and how to log in there: all that the function which migrates needs to know."""

    database_url: str = _setting(
        "The database, as the role that serves (`app_rw`). Without it: made of `OFFRAMP_DATABASE_HOST` and its like.",
        _database_url,
        "`postgresql://user:password@host:5432/name`",
        variable="DATABASE_URL",
        secret=True,
    )
    database_host: str | None = _setting(
        "The host of the database, or of the proxy before it, in place of `DATABASE_URL`.", form="host", default=None
    )
    database_port: int = _number("Its port.", 5432, 1, 65_535)
    database_name: str = _setting("The name of the database there.", default="offramp")
    database_user: str = _setting("The role to log in as.", default="app_rw")
    database_auth: str | None = _setting(
        "How a Lambda function proves to `OFFRAMP_DATABASE_HOST`, over TLS, that it is that role: by a token of IAM, "
        "or by the password in a secret.",
        _one_of("iam", "secret"),
        "`iam` or `secret`",
        default=None,
    )
    database_secret: str | None = _setting(
        "The secret in AWS Secrets Manager that holds the password, for `OFFRAMP_DATABASE_AUTH=secret`.",
        form="ARN or name",
        default=None,
    )
    role_secrets: tuple[str, ...] = _setting(
        "The secrets with the names and passwords of `app_migrate` and `app_rw`, for the function that makes the two.",
        _words,
        "ARNs or names, comma-separated",
        default=(),
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read all settings; a variable that is set but empty counts as not set.

        Errors: SettingsError naming every variable that is missing, wrong or unknown.
        """
        values: dict[str, Any] = {}
        problems = [*_unknown(environ)]
        for each in fields(cls):
            if text := environ.get(variable_of(each)) or _stand_in(each, environ):
                try:
                    values[each.name] = setting_of(each).parse(text)
                except ValueError as error:
                    problems.append(f"{variable_of(each)} {error}")
            elif each.default is MISSING:
                problems.append(f"{variable_of(each)} is not set: {setting_of(each).doc}")
        if problems:
            raise SettingsError("\n".join(problems), hint="docs/settings.md describes every setting.")
        return cls(**values)

    def __repr__(self) -> str:
        shown = (f"{each.name}={self._shown(each)}" for each in fields(self))
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, each: Field[Any]) -> str:
        value = getattr(self, each.name)
        return "***" if setting_of(each).secret and value else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings(DatabaseSettings):
    """Everything that differs from one deployment to the next."""

    migration_database_url: str | None = _setting(
        "The same database, as the role that migrates (`app_migrate`); only `offramp db` reads it.",
        _database_url,
        "`postgresql://user:password@host:5432/name`",
        default=None,
        variable="MIGRATION_DATABASE_URL",
        secret=True,
    )
    issuer: str = _setting(
        "The user pool whose tokens are accepted, exactly as their `iss` claim spells it.",
        _issuer,
        "`https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123`",
    )
    client_ids: tuple[str, ...] = _setting(
        "The app clients whose tokens are accepted: `client_id` of an access token, `aud` of an id token.",
        _some_words,
        "comma-separated",
    )
    cursor_key: str = _setting(
        "The key that signs page cursors; the same for all instances, so that a page may come from another.",
        _cursor_key,
        "32 characters or more, random",
        secret=True,
    )
    cursor_secret: str | None = _setting(
        "The secret in AWS Secrets Manager that a Lambda function reads `OFFRAMP_CURSOR_KEY` from.",
        form="ARN or name",
        default=None,
    )
    jwks: str | None = _setting(
        "Where the issuer's public keys are: an address, a file, or the JSON itself. "
        "Without it: `/.well-known/jwks.json` under the issuer.",
        _jwks,
        "address, path or JSON",
        default=None,
    )
    other_pools: tuple[tuple[str, tuple[str, ...]], ...] = _setting(
        "User pools beside `OFFRAMP_ISSUER`, while users move from one to another: each issuer with its app clients. "
        "Their keys are at `/.well-known/jwks.json` under the issuer.",
        _pools,
        "JSON object",
        default=(),
    )
    token_uses: tuple[str, ...] = _setting(
        "Which tokens of the user pools are accepted. The Amplify client sends access tokens.",
        _some_of("access", "id"),
        "`access`, `id` or both, comma-separated",
        default=("access", "id"),
    )
    leeway: int = _number("Seconds by which the issuer's clock and ours may differ.", 30, 0, 60)
    api_keys: tuple[str, ...] = _setting(
        "The API keys that are accepted, each as `sha256:` and the key's SHA-256 in hexadecimal, "
        "or the key itself; `@organization` after it binds it to one.",
        _words,
        "comma-separated",
        default=(),
        secret=True,
    )
    schema: str | None = _setting(
        "The Amplify schema to serve: a file, an `amplify/` folder, or the `catalog.json` that `make package` makes of "
        "one. Without it: the shipped inventory.",
        form="path",
        default=None,
    )
    functions: tuple[tuple[str, str], ...] = _setting(
        "The Lambda functions that answer custom operations: the operation, or the name in its `@function`, "
        "and the function's name or ARN. See docs/custom-operations.md.",
        _functions,
        "JSON object",
        default=(),
    )
    env: str | None = _setting(
        "What `${env}` stands for in the names of Lambda functions: the Amplify environment.", default=None
    )
    host: str = _setting("The address that `offramp serve` listens on.", form="address", default="127.0.0.1")
    port: int = _number("The port that `offramp serve` listens on.", 8000, 1, 65_535)
    pool_size: int = _number("Connections to the database that one process keeps.", 10, 1, 200)
    behind_proxy: bool = _switch(
        "Whether connections go through RDS Proxy or PgBouncer: then nothing is sent that pins one.", default=False
    )
    cors_origins: tuple[str, ...] = _setting(
        "Web origins whose pages may call the API; `*` for any. No origin, no page.",
        _origins,
        "comma-separated",
        default=(),
    )
    max_seconds: int = _number(
        "Seconds a request may take, as AppSync's may; a Lambda function ends it a second before its own time is up.",
        30,
        1,
        900,
    )
    max_body_bytes: int = _number("Bytes of a request body.", 1_048_576, 1_024, 6_291_456)
    max_tokens: int = _number("Tokens of a GraphQL document.", 15_000, 100, 1_000_000)
    max_depth: int = _number("Levels of nested selections in a GraphQL document.", 25, 1, 75)
    max_aliases: int = _number("Fields at the root of a GraphQL document, aliases counted one by one.", 200, 1, 10_000)
    max_page_size: int = _number("Rows of a page; a larger `limit` is lowered to it.", 10_000, 1, 100_000)
    # Old frontends ask for lists of 10,000 within lists of 10,000, and get ten rows.
    max_rows: int = _number(
        "Rows that the limits of lists within lists may multiply to.", 100_000_000, 1_000, 1_000_000_000_000_000
    )
    rest_sort_any: bool = _switch(
        "Whether REST sorts rows by any field, and not only by those that an index leads to.", default=False
    )
    require_if_match: bool = _switch(
        "Whether a change through REST must say by `If-Match` which version of the row it is meant for.", default=False
    )
    graphql_deprecated: str | None = _setting(
        "The day from which GraphQL is called deprecated, in a header of its answers that leads to REST (RFC 9745).",
        _day,
        "`2027-05-01`",
        default=None,
    )
    graphql_sunset: str | None = _setting(
        "The day after which GraphQL may no longer answer, in a header of its answers (RFC 8594).",
        _day,
        "`2027-05-01`",
        default=None,
    )
    introspection: bool = _switch(
        "Whether the schema may be asked for, as AppSync allows by default, and the description of REST.", default=True
    )
    graphiql: bool = _switch("Whether a browser that opens `/graphql` gets GraphiQL.", default=False)
    docs: bool = _switch("Whether `/docs` shows the REST API, to read and to try.", default=False)
    request_log: bool = _switch("Whether every request is logged, as one line of JSON.", default=True)
    data_dir: str = _setting(
        "Where `offramp dev` keeps its database, signing key and API key.", form="path", default=".offramp"
    )
    debug: bool = _switch("Whether a command that fails shows where in the code it did.", default=False)

    @property
    def jwks_location(self) -> str:
        """Where the issuer's keys are; Cognito's well-known address unless told otherwise."""
        return self.jwks or well_known_keys(self.issuer)


def well_known_keys(issuer: str) -> str:
    """Where a Cognito user pool publishes its keys."""
    return f"{issuer.rstrip('/')}/.well-known/jwks.json"


def setting_of(each: Field[Any]) -> Setting:
    """What is known about a field of `Settings`."""
    setting: Setting = each.metadata["setting"]
    return setting


def variable_of(each: Field[Any]) -> str:
    """The environment variable of a field of `Settings`."""
    return setting_of(each).variable or PREFIX + each.name.upper()


def _stand_in(each: Field[Any], environ: Mapping[str, str]) -> str | None:
    """What a setting that is not set is made of: the address of the database, of its parts."""
    if each.name != "database_url" or not environ.get(f"{PREFIX}DATABASE_HOST"):
        return None
    parts = {part.name: environ.get(variable_of(part)) or part.default for part in fields(DatabaseSettings)}
    return "postgresql://{database_user}@{database_host}:{database_port}/{database_name}".format_map(parts)


def _unknown(environ: Mapping[str, str]) -> Iterator[str]:
    known = [variable_of(each) for each in fields(Settings)]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, 1, cutoff=0.8)  # the prefix alone is alike to 0.6
            yield f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else "")
