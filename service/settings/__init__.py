"""The settings of a service: read from the environment once, checked together, handed on, never global.

Each setting is one field with its documentation beside it; `docs/settings.md` and `.env.example` are made from the
same fields (`python -m service.cli.reference`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, Self

from service.errors import SettingsError
from service.settings import forms
from service.settings.declared import PREFIX, number, setting, setting_of, switch, variable_of


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DatabaseSettings:
    """Where the database is, and how to log in there: all that the function which migrates needs to know."""

    database_url: str = setting(
        "The database, as the role that serves (`app_rw`). Without it: made of `OFFRAMP_DATABASE_HOST` and its like.",
        forms.database_url,
        "`postgresql://user:password@host:5432/name`",
        variable="DATABASE_URL",
        secret=True,
    )
    database_host: str | None = setting(
        "The host of the database, or of the proxy before it, in place of `DATABASE_URL`.", form="host", default=None
    )
    database_port: int = number("Its port.", 5432, 1, 65_535)
    database_name: str = setting("The name of the database there.", default="offramp")
    database_user: str = setting("The role to log in as.", default="app_rw")
    database_auth: str | None = setting(
        "How a Lambda function proves to `OFFRAMP_DATABASE_HOST`, over TLS, that it is that role: by a token of IAM, "
        "or by the password in a secret.",
        forms.one_of("iam", "secret"),
        "`iam` or `secret`",
        default=None,
    )
    database_secret: str | None = setting(
        "The secret in AWS Secrets Manager that holds the password, for `OFFRAMP_DATABASE_AUTH=secret`.",
        form="ARN or name",
        default=None,
    )
    role_secrets: tuple[str, ...] = setting(
        "The secrets with the names and passwords of `app_migrate` and `app_rw`, for the function that makes the two.",
        forms.words,
        "ARNs or names, comma-separated",
        default=(),
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, options: Mapping[str, str] | None = None) -> Self:
        """Read all settings; a variable that is set but empty counts as not set.

        `options`: variable → the option of a command that its value was given by. Errors: SettingsError naming every
        variable that is missing, wrong or unknown, or the option that a person typed.
        """
        names = options or {}
        values: dict[str, Any] = {}
        problems = [*_unknown(environ)]
        for each in fields(cls):
            if text := environ.get(variable_of(each)) or _stand_in(each, environ):
                try:
                    values[each.name] = setting_of(each).parse(text)
                except ValueError as error:
                    problems.append(f"{names.get(variable_of(each), variable_of(each))} {error}")
            elif each.default is MISSING:
                problems.append(f"{variable_of(each)} is not set: {setting_of(each).doc}")
        if problems:
            typed = all(each.startswith("--") for each in problems)
            raise SettingsError(
                "\n".join(problems), hint=None if typed else "docs/settings.md describes every setting."
            )
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

    migration_database_url: str | None = setting(
        "The same database, as the role that migrates (`app_migrate`); only `offramp db` reads it.",
        forms.database_url,
        "`postgresql://user:password@host:5432/name`",
        default=None,
        variable="MIGRATION_DATABASE_URL",
        secret=True,
    )
    issuer: str = setting(
        "The user pool whose tokens are accepted, exactly as their `iss` claim spells it.",
        forms.issuer,
        "`https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123`",
    )
    client_ids: tuple[str, ...] = setting(
        "The app clients whose tokens are accepted: `client_id` of an access token, `aud` of an id token.",
        forms.some_words,
        "comma-separated",
    )
    cursor_key: str = setting(
        "The key that signs page cursors; the same for all instances, so that a page may come from another.",
        forms.cursor_key,
        "32 characters or more, random",
        secret=True,
    )
    cursor_secret: str | None = setting(
        "The secret in AWS Secrets Manager that a Lambda function reads `OFFRAMP_CURSOR_KEY` from.",
        form="ARN or name",
        default=None,
    )
    jwks: str | None = setting(
        "Where the issuer's public keys are: an address, a file, or the JSON itself. "
        "Without it: `/.well-known/jwks.json` under the issuer.",
        forms.jwks,
        "address, path or JSON",
        default=None,
    )
    other_pools: tuple[tuple[str, tuple[str, ...]], ...] = setting(
        "User pools beside `OFFRAMP_ISSUER`, while users move from one to another: each issuer with its app clients. "
        "Their keys are at `/.well-known/jwks.json` under the issuer.",
        forms.pools,
        "JSON object",
        default=(),
    )
    token_uses: tuple[str, ...] = setting(
        "Which tokens of the user pools are accepted. The Amplify client sends access tokens.",
        forms.some_of("access", "id"),
        "`access`, `id` or both, comma-separated",
        default=("access", "id"),
    )
    leeway: int = number("Seconds by which the issuer's clock and ours may differ.", 30, 0, 60)
    api_keys: tuple[str, ...] = setting(
        "The API keys that are accepted, each as `sha256:` and the key's SHA-256 in hexadecimal, "
        "or the key itself; `@organization` after it binds it to one.",
        forms.words,
        "comma-separated",
        default=(),
        secret=True,
    )
    schema: str | None = setting(
        "The Amplify schema to serve: a file, an `amplify/` folder, or the `catalog.json` that `make package` makes of "
        "one. Without it: the shipped inventory.",
        form="path",
        default=None,
    )
    functions: tuple[tuple[str, str], ...] = setting(
        "The Lambda functions that answer custom operations: the operation, or the name in its `@function`, "
        "and the function's name or ARN. See docs/custom-operations.md.",
        forms.functions,
        "JSON object",
        default=(),
    )
    env: str | None = setting(
        "What `${env}` stands for in the names of Lambda functions: the Amplify environment.", default=None
    )
    host: str = setting("The address that `offramp serve` listens on.", form="address", default="127.0.0.1")
    port: int = number("The port that `offramp serve` listens on.", 8000, 1, 65_535)
    pool_size: int = number("Connections to the database that one process keeps.", 10, 1, 200)
    behind_proxy: bool = switch(
        "Whether connections go through RDS Proxy or PgBouncer: then nothing is sent that pins one.", default=False
    )
    cors_origins: tuple[str, ...] = setting(
        "Web origins whose pages may call the API; `*` for any. No origin, no page.",
        forms.origins,
        "comma-separated",
        default=(),
    )
    max_seconds: int = number(
        "Seconds a request may take, as AppSync's may; a Lambda function ends it a second before its own time is up.",
        30,
        1,
        900,
    )
    max_body_bytes: int = number("Bytes of a request body.", 1_048_576, 1_024, 6_291_456)
    max_tokens: int = number("Tokens of a GraphQL document.", 15_000, 100, 1_000_000)
    max_depth: int = number("Levels of nested selections in a GraphQL document.", 25, 1, 75)
    max_aliases: int = number("Fields at the root of a GraphQL document, aliases counted one by one.", 200, 1, 10_000)
    max_page_size: int = number("Rows of a page; a larger `limit` is lowered to it.", 10_000, 1, 100_000)
    # Old frontends ask for lists of 10,000 within lists of 10,000, and get ten rows.
    max_rows: int = number(
        "Rows that the limits of lists within lists may multiply to.", 100_000_000, 1_000, 1_000_000_000_000_000
    )
    requests_per_minute: int = number(
        "Requests a minute of one organization (of one user, where tokens name none) that one process answers, through "
        "both doors together; the rest get 429. 0: all. See docs/security.md.",
        0,
        0,
        1_000_000,
    )
    rest_sort_any: bool = switch(
        "Whether REST sorts rows by any field, and not only by those that an index leads to.", default=False
    )
    require_if_match: bool = switch(
        "Whether a change through REST must say by `If-Match` which version of the row it is meant for.", default=False
    )
    graphql_deprecated: str | None = setting(
        "The day from which GraphQL is called deprecated, in a header of its answers that leads to REST (RFC 9745).",
        forms.day,
        "`2027-05-01`",
        default=None,
    )
    graphql_sunset: str | None = setting(
        "The day after which GraphQL may no longer answer, in a header of its answers (RFC 8594).",
        forms.day,
        "`2027-05-01`",
        default=None,
    )
    introspection: bool = switch(
        "Whether the schema may be asked for, as AppSync allows by default, and the description of REST.", default=True
    )
    graphiql: bool = switch("Whether a browser that opens `/graphql` gets GraphiQL.", default=False)
    docs: bool = switch("Whether `/docs` shows the REST API, to read and to try.", default=False)
    request_log: bool = switch("Whether every request is logged, as one line of JSON.", default=True)
    data_dir: str = setting(
        "Where `offramp dev` keeps its database, signing key and API key.", form="path", default=".offramp"
    )
    debug: bool = switch("Whether a command that fails shows where in the code it did.", default=False)

    @property
    def jwks_location(self) -> str:
        """Where the issuer's keys are; Cognito's well-known address unless told otherwise."""
        return self.jwks or well_known_keys(self.issuer)


def well_known_keys(issuer: str) -> str:
    """Where a Cognito user pool publishes its keys."""
    return f"{issuer.rstrip('/')}/.well-known/jwks.json"


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
