"""Names that Python, SQLAlchemy or the vocabulary of models has taken, and how others keep clear of them."""

from __future__ import annotations

import builtins
import keyword

KEYWORDS = frozenset(keyword.kwlist)

_IN_ANNOTATIONS = frozenset({"str", "int", "float", "bool", "list"})

VOCABULARY = frozenset(
    {
        "ID", "JSON", "URL", "Date", "DateTime", "Email", "IPAddress", "Input", "JoinModel", "Mapped", "Model",
        "Mutation", "OnDelete", "Phone", "Query", "Record", "Structure", "Subscription", "Time", "Timestamp",
        "TypeName", "allow", "belongs_to", "created", "field", "has_many", "has_one", "index", "key", "root_fields",
        "set_by_server", "unresolved", "updated", "value",
    }
)  # fmt: skip
"""What a model file imports from `service.db.vocabulary`; a test holds both equal."""

CLASSES = KEYWORDS | VOCABULARY | frozenset(dir(builtins)) | {"Annotated", "Any", "StrEnum", "TypeAlias"}
"""What a class in a model file must not be called."""

MODEL_ATTRIBUTES = (
    KEYWORDS
    | _IN_ANNOTATIONS
    | {"allow", "belongs_to", "created", "field", "has_many", "has_one", "index", "key", "set_by_server", "unresolved"}
    | {"updated"}
    | {"access", "api_members", "is_join", "metadata", "names_key", "operations", "plural", "registry", "tenant"}
)
"""What an attribute of a model must not be called: what its body uses, and what every mapped class has."""

VALUE_ATTRIBUTES = (
    KEYWORDS
    | _IN_ANNOTATIONS
    | {"allow", "value", "values", "api", "api_name", "access", "function", "listens_to", "root", "root_fields"}
)
"""The same for a structure, an input and a custom operation."""

ENUM_MEMBERS = KEYWORDS | frozenset(dir(str)) | {"name", "value", "mro"}
"""What a member of a `StrEnum` must not be called."""


def safe_name(name: str, taken: frozenset[str]) -> str:
    """The name, with an underscore at its end if it is taken or has one already."""
    return f"{name}_" if name in taken or name.endswith("_") else name
