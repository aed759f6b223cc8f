"""The same API with the other executor."""

from __future__ import annotations

from typing import Any

from service.graphql.execute import CompiledOperation, GraphQL


class StrawberryOnly(GraphQL):
    """A GraphQL API in which nothing is compiled: every document is executed by Strawberry."""

    def _compile(self, *_: Any) -> CompiledOperation:
        return CompiledOperation(None)
