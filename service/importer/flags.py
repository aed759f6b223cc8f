"""The feature flags of an Amplify project that change names and rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flags:
    """What `amplify/cli.json` switches; the defaults are those of a project made today.

    Source: Amplify Gen 1, "Feature flags", `graphqltransformer`.
    """

    identity_claim: str = "sub::username"
    """What an owner is compared with if a rule does not say; `username` in projects before 2022."""
    key_named_suffix: bool = True
    """Whether an implicit foreign key ends in the name of the key (`postCommentsId`), or always in `Id`/`ID`."""
    automatic_queries: bool = True
    """Whether an index without `queryField` gets a query."""
    transformer: int = 2

    @classmethod
    def from_cli_json(cls, content: Mapping[str, Any]) -> Flags:
        """The flags of a parsed `cli.json`; what it leaves out keeps its default."""
        flags = content.get("features", {}).get("graphqltransformer", {})
        return cls(
            identity_claim="sub::username" if flags.get("usesubusernamefordefaultidentityclaim", True) else "username",
            key_named_suffix=bool(flags.get("respectprimarykeyattributesonconnectionfield", True)),
            automatic_queries=bool(flags.get("enableautoindexquerynames", True)),
            transformer=int(flags.get("transformerversion", 2)),
        )
