"""Every error a caller can meet: a stable code, an HTTP status, AppSync's error type, a safe message.

    ServiceError
    ├ Invalid          400   malformed input
    │ └ CursorMismatch 400   a cursor of another list
    ├ Unauthenticated  401   no caller, or not a valid one
    ├ Forbidden        403   the rules say no; AppSync: `Unauthorized`
    │ ├ NoOrganization         nobody here has the caller's `sub`, and no claim names an organization
    │ ├ AmbiguousOrganization  the `sub` is that of users in two, and no claim says which
    │ ├ Suspended              the user is
    │ └ UnboundApiKey          the API key is bound to no organization
    ├ NotFound         404   missing, or not visible: never told apart
    ├ ConditionFailed  409   an id that exists, a row that does not, a false condition
    │ └ BrokenReference        a reference to nothing, or nothing left for a reference
    ├ LastAdmin        409   nobody would be Admin of the organization
    ├ Limited          413   over a limit; the message names it
    ├ RateLimited      429   too many requests of one organization; the message says when to try again
    ├ Unavailable      503   the database is away; try again
    │ └ Clash                  it is there, but another request changes the same rows
    ├ WrongRole        503   the service is connected to it as a role that it must not serve as
    ├ OutcomeUnknown   503   it went away while a change was under way; look first, then try again
    ├ NotConnected     501   a custom operation that no code answers yet
    ├ FunctionFailed   502   the Lambda function behind a custom operation raised an error
    ├ TimedOut         504   it took too long
    └ Internal         500   a bug, masked

Anything else that is raised is a bug and reaches the caller as `Internal`, with a number to look it up by.

    CommandError        what a person asked for at the command line cannot be done
    └ SettingsError     the settings are incomplete or wrong
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class ServiceError(Exception):
    """An error whose message may be shown to the caller."""

    code = "internal"
    status = 500
    error_type: str | None = None
    """What AppSync calls it, at the top level of a GraphQL error."""
    part: str | None = None
    """Of a request of several parts, the JSON pointer of the one that it is about."""

    def __init__(
        self, message: str, *, error_type: str | None = None, info: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.info = info
        """What a program may want to know beside the code: AppSync's `errorInfo`, members of a problem document."""
        if error_type is not None:
            self.error_type = error_type


class Invalid(ServiceError):
    """The request is malformed, or a value in it cannot be what it should be."""

    code = "invalid"
    status = 400
    column: str | None = None
    """The one that the database refuses to write, where it says so."""
    field: str | None = None
    """The same by its name in the API, where that is known."""


class CursorMismatch(Invalid):
    """A cursor was not given by this list: it is another's, or a parameter has changed, or it was tampered with."""

    code = "cursor_mismatch"
    error_type = "InvalidNextToken"


class Unauthenticated(ServiceError):
    """There is no caller, or the proof of who they are does not hold."""

    code = "unauthenticated"
    status = 401
    error_type = "UnauthorizedException"


class Forbidden(ServiceError):
    """The rules do not allow this to this caller."""

    code = "forbidden"
    status = 403
    error_type = "Unauthorized"

    def __init__(self, message: str = "Unauthorized") -> None:
        super().__init__(message)


# 403 and not 401: who is calling is certain, and a client that signs in again after a 401 would do so for ever.


class NoOrganization(Forbidden):
    """The token names no organization, and no user has its `sub`."""

    code = "no_organization"
    error_type = "NoOrganizationException"

    def __init__(self) -> None:
        super().__init__("You belong to no organization here. Ask its Admin to add you as a user.")


class AmbiguousOrganization(Forbidden):
    """The token names no organization, and its `sub` is that of users in more than one."""

    code = "ambiguous_organization"
    error_type = "AmbiguousOrganizationException"

    def __init__(self) -> None:
        super().__init__(
            "You belong to more than one organization, and your token does not say for which you act: "
            "it needs the claim custom:organizationId."
        )


class Suspended(Forbidden):
    """The user is suspended in the organization."""

    code = "suspended"
    error_type = "UserSuspendedException"

    def __init__(self) -> None:
        super().__init__("You are suspended in this organization. Ask its Admin.")


class UnboundApiKey(Forbidden):
    """The API key is accepted, but bound to no organization."""

    code = "unbound_api_key"
    error_type = "UnboundApiKeyException"

    def __init__(self) -> None:
        super().__init__(
            "This API key is bound to no organization, so there are no rows for it. Whoever runs the service binds it "
            "in OFFRAMP_API_KEYS: the key, an @ and the organization's id."
        )


class NotFound(ServiceError):
    """There is no such row, or the caller may not know of it."""

    code = "not_found"
    status = 404


class ConditionFailed(ServiceError):
    """A create met an existing id, an update or delete met no row, or a condition was false."""

    code = "condition_failed"
    status = 409
    error_type = "DynamoDB:ConditionalCheckFailedException"
    NOT_MET = "The conditional request failed"
    """What DynamoDB says of a key that exists, a row that does not, and a condition that is false."""
    field: str | None = None
    """What refers to nothing, by its name in the API, where that is known."""

    def __init__(self, message: str = NOT_MET, *, info: Mapping[str, str | int] | None = None) -> None:
        super().__init__(message, info=info)


class BrokenReference(ConditionFailed):
    """A row that is referred to does not exist, or one that is still referred to was to go."""

    constraint: str | None = None
    """The foreign key that says so, by its name in PostgreSQL."""


class LastAdmin(ServiceError):
    """The change would leave the organization without an Admin: make somebody else Admin first."""

    code = "last_admin"
    status = 409
    error_type = "LastAdminException"


class Limited(ServiceError):
    """The request is over a limit; the message names the limit and its value."""

    code = "limited"
    status = 413


class RateLimited(ServiceError):
    """The caller's organization asks more often than it may; `Retry-After` says when to try again."""

    code = "rate_limited"
    status = 429
    error_type = "TooManyRequestsException"

    def __init__(self, whose: str, limit: int, wait: int) -> None:
        who = "Your organization is over its" if whose == "organization" else "You are over your"
        super().__init__(f"{who} limit of requests, {limit} a minute. Try again in {wait} seconds.")
        self.wait = wait
        """Seconds."""


class Unavailable(ServiceError):
    """The database cannot be reached, or is busy. Nothing has happened; the same request may succeed later."""

    code = "unavailable"
    status = 503


class Clash(Unavailable):
    """Two requests changed the same rows at the same time, and this one was undone; it may succeed now."""

    code = "clash"


class WrongRole(ServiceError):
    """The service is connected to its database as a role that row-level security does not bind; it serves nothing."""

    code = "wrong_role"
    status = 503

    def __init__(self, why: str) -> None:
        super().__init__(f"The database role {why}, so row-level security would not hold. Serve as app_rw.")


class OutcomeUnknown(ServiceError):
    """The connection was lost while a change was under way: it may have been made, or not.

    Not `Unavailable`, after which the same request may simply be sent again.
    """

    code = "outcome_unknown"
    status = 503

    def __init__(self) -> None:
        super().__init__("The connection to the database was lost; whether the change was made is not known.")


class NotConnected(ServiceError):
    """A custom operation is part of the schema, but nothing answers it yet; the message says how to connect it."""

    code = "not_connected"
    status = 501
    error_type = "NotImplemented"


class FunctionFailed(ServiceError):
    """The Lambda function behind a custom operation raised an error, or could not be called."""

    code = "function_failed"
    status = 502


class TimedOut(ServiceError):
    """What was asked for took longer than a request may."""

    code = "timed_out"
    status = 504
    error_type = "ExecutionTimeout"

    def __init__(self, message: str = "Execution timed out.") -> None:
        super().__init__(message)


class Internal(ServiceError):
    """A bug, in words that give nothing away; the log has the rest under `reference`."""

    code = "internal"
    error_type = "InternalFailure"

    def __init__(self, reference: str) -> None:
        super().__init__(f"Something went wrong on our side. Please quote {reference} when you report it.")


def kinds_of(error: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    """Every error that a caller can meet, of the modules that are loaded."""
    for each in error.__subclasses__():
        is_of_the_api = not each.__module__.startswith("service.importer")  # but of the command line
        if is_of_the_api and "code" in vars(each):  # else it only gathers others
            yield each
        yield from kinds_of(each)


class CommandError(Exception):
    """What a person asked for at the command line or in the settings cannot be done.

    Not a caller's error: it never reaches the API. The message says what happened, the hint what to do.
    """

    status = 1
    """The exit status of the command."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(CommandError):
    """The settings are incomplete or wrong; the message lists everything that is, one a line."""

    status = 2
