"""What a difference between two contracts means to a client that was written for the old one.

graphql-core's `find_schema_changes` knows the general kinds, but only as sentences. Here every kind has
a code, a level and words that say what to do, and so have the differences that come from nothing
but the age of the Amplify CLI that deployed the old contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What happens to an old client."""

    BREAKING = "breaking"
    """A document that was accepted is refused, or an answer has not the form it was promised to have."""
    DANGEROUS = "dangerous"
    """Every usual document is accepted; somebody should look whether an unusual one is sent."""
    SAFE = "safe"
    """No client can tell, unless it asks for more than it did."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A kind of difference."""

    code: str
    """Stable: what `--json` calls it."""
    level: Level
    title: str
    advice: str
    """Why it has its level, and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `was` and `now` are types, values or names; empty where there is none."""

    reason: Reason
    place: str
    """Where: `Todo`, `Todo.name`, `Query.listTodos(limit)`."""
    was: str = ""
    now: str = ""


def _breaking(code: str, title: str, advice: str) -> Reason:
    return Reason(code, Level.BREAKING, title, advice)


def _dangerous(code: str, title: str, advice: str) -> Reason:
    return Reason(code, Level.DANGEROUS, title, advice)


def _safe(code: str, title: str, advice: str) -> Reason:
    return Reason(code, Level.SAFE, title, advice)


# ---------------------------------------------------------------- the general kinds

OPERATION_MISSING = _breaking(
    "operation-missing",
    "Operations that are missing",
    "Calls of them are refused. Is the imported schema the one that was deployed? `offramp contract check` on the "
    "frontend's source says whether anybody calls them.",
)
TYPE_MISSING = _breaking(
    "type-missing",
    "Types that are missing",
    "Documents that name them in a variable or a fragment are refused. They come back with what leads to them.",
)
FIELD_MISSING = _breaking(
    "field-missing",
    "Fields that are missing",
    "Documents that select them are refused. Add them to the schema again.",
)
KIND_CHANGED = _breaking(
    "kind-changed", "Types of another kind", "Documents that use them are refused. Give the type another name."
)
OUTPUT_CHANGED = _breaking(
    "output-changed",
    "Fields of another type",
    "Documents may be refused, and clients read the answer wrongly. Restore the type, or add a field beside it.",
)
OUTPUT_LOOSENED = _breaking(
    "output-loosened",
    "Fields that may be null where they never were",
    "Clients with generated types do not look for the null. Restore the `!`.",
)
ARGUMENT_MISSING = _breaking(
    "argument-missing", "Arguments that are missing", "Documents that give them are refused. Restore them."
)
INPUT_MISSING = _breaking(
    "input-missing", "Input fields that are missing", "Calls that send them are refused. Restore them."
)
INPUT_REQUIRED = _breaking(
    "input-required",
    "New arguments or input fields that must be given",
    "No old call gives them, so all are refused. Make them optional.",
)
INPUT_CHANGED = _breaking(
    "input-changed", "Arguments or input fields of another type", "Old calls are refused. Restore the type."
)
INPUT_TIGHTENED = _breaking(
    "input-tightened",
    "Arguments or input fields that may no longer be null or left out",
    "Calls without them are refused, and so are documents whose variable has no `!`. Make them optional again.",
)
VALUE_MISSING = _breaking(
    "value-missing",
    "Enum values that are missing",
    "Calls that send them are refused, and rows that hold them cannot be named. Restore them.",
)
MODE_CLOSED = _breaking(
    "mode-closed",
    "Closed to callers who were let in",
    "A caller of this authorization mode is refused. Is there a rule for its provider, and is the default mode the "
    "same?",
)
SUBSCRIPTION_CHANGED = _breaking(
    "subscription-changed",
    "Subscriptions that listen to other mutations",
    "Clients wait for events that never come. Restore the mutations of @aws_subscribe.",
)
MODE_OPENED = _dangerous(
    "mode-opened",
    "Open to callers who were not let in",
    "No old client can tell, but look whether the rules are meant to let this authorization mode in.",
)
IAM_CLOSED = _dangerous(
    "iam-closed",
    "Closed to callers who sign with AWS credentials",
    "Gen 2 lets them in everywhere, for AWS's own consoles. Signed requests are not served here: if a function or a "
    "guest of yours sends them, give it a token or an API key.",
)
VALUE_ADDED = _dangerous(
    "value-added",
    "Enum values that are new in answers",
    "A client that lists the values (a switch, generated Swift or Kotlin) meets one that it does not know.",
)
DEFAULT_CHANGED = _dangerous(
    "default-changed", "Other defaults", "A call that leaves the value out means something else than it did."
)
OUTPUT_TIGHTENED = _safe(
    "output-tightened", "Fields that are never null any more", "A client that looks for the null finds none."
)
INPUT_LOOSENED = _safe(
    "input-loosened", "Arguments or input fields that may now be left out", "Old calls give them, and may."
)
OPERATION_ADDED = _safe("operation-added", "New operations", "No old client calls them.")
TYPE_ADDED = _safe("type-added", "New types", "No old client names them.")
FIELD_ADDED = _safe("field-added", "New fields", "No old client selects them.")
INPUT_ADDED = _safe("input-added", "New optional arguments and input fields", "No old client gives them.")
INPUT_VALUE_ADDED = _safe("input-value-added", "New enum values that only calls send", "No old client sends them.")
UNREACHED = _safe(
    "unreached", "Differences where no document leads", "No operation of the old contract uses these types."
)

# ---------------------------------------------------------------- drift: an older Amplify CLI, the same schema

DRIFT_ITEMS = _safe(
    "drift-items",
    "Older Amplify CLI: `items: [X]` is now `items: [X]!`",
    "Harmless: a list was never null, older CLIs only did not say so.",
)
DRIFT_FILTER_FIELDS = _safe(
    "drift-filter-fields",
    "Older Amplify CLI: filters and conditions without createdAt, updatedAt, owner, id or implicit keys",
    "Harmless: newer CLIs let a filter name them, and no old client does.",
)
DRIFT_SUBSCRIPTION_FILTER = _safe(
    "drift-subscription-filter",
    "Older Amplify CLI: subscriptions without `filter`",
    "Harmless: newer CLIs take one, and no old client gives it.",
)
DRIFT_BUILT_IN = _safe(
    "drift-built-in",
    "Older Amplify CLI: types that newer ones always write",
    "Harmless: they belong to features that the schema need not use.",
)
DRIFT_FILTER_INPUTS = _dangerous(
    "drift-filter-inputs",
    "Older Amplify CLI: `ModelIDFilterInput` and its kin are now `ModelIDInput`",
    "Harmless for generated documents, which name the filter of the whole model. A hand-written variable of the old "
    "type is refused: `offramp contract check` finds it.",
)
DRIFT_NUMBER_CONTAINS = _dangerous(
    "drift-number-contains",
    "Older Amplify CLI: `contains` on numbers",
    "Harmless unless sent: it looks for a part of a text or set and so never matched a number, and it is refused now.",
)
DRIFT_BOOLEAN = _dangerous(
    "drift-boolean",
    "Older Amplify CLI: subscription filters compared a Boolean with a Float",
    "Harmless unless sent: a number never equalled true or false. Send true or false.",
)
DRIFT_DELETE_ID = _dangerous(
    "drift-delete-id",
    "Older Amplify CLI: the key in a delete's input was optional",
    "Harmless for generated documents, which pass the whole input: a delete without its key always failed. A "
    "hand-written variable `$id: ID` needs a `!`: `offramp contract check` finds it.",
)
DRIFT_HASH_KEY = _breaking(
    "drift-hash-key",
    "Older Amplify CLI: the key of an index query was optional",
    "A query without it always failed, but a document generated then declares the variable without `!` and is "
    "refused. `offramp contract check` finds such documents; generate them anew, or write the `!`.",
)
DRIFT_PLURAL = _breaking(
    "drift-plural",
    "Older Amplify CLI: the plural is spelled otherwise",
    'Calls by the old name are refused. Keep the name: @model(queries: { list: "THE OLD NAME" }) in the schema.',
)

# ---------------------------------------------------------------- features that are not served

DATASTORE = _breaking(
    "datastore",
    "DataStore: the old API has conflict resolution switched on",
    "`_version`, `_deleted`, `_lastChangedAt` and `sync…` are not served yet. An app that uses DataStore cannot move; "
    "one that only calls `API.graphql` can, once its documents are generated without them.",
)
SEARCH = _breaking(
    "search",
    "@searchable: the old API has search",
    "`search…` is not served. `list…` with `filter` may take its place.",
)

EVERY = tuple(each for each in tuple(globals().values()) if isinstance(each, Reason))
"""All reasons, in the order in which a report lists those of one level."""
