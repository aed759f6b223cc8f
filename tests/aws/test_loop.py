"""One event loop for as long as the function lives, whatever else in the process runs one of its own."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.aws.function import HttpFunction
from tests.aws.test_handler import OURS, said

Event = dict[str, Any]


@dataclass
class Context:
    """What Lambda tells of an invocation."""

    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


def in_a_thread(work: Callable[[], Any]) -> Any:
    """What `work` gives in a thread without a loop, as a function's process has none."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def test_whoever_runs_a_loop_of_their_own_does_no_harm(
    function_environ: dict[str, str], graphql: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
):
    for name, value in function_environ.items():
        monkeypatch.setenv(name, value)

    def three_requests() -> list[Any]:
        function = HttpFunction()
        answers = [function(graphql(OURS), Context())]
        asyncio.run(asyncio.sleep(0))  # closes its loop, and leaves the thread without one
        answers.append(function(graphql(OURS), Context()))
        asyncio.set_event_loop(another := asyncio.new_event_loop())
        answers.append(function(graphql(OURS), Context()))
        another.close()
        function.close()
        return answers

    assert [said(answer) for answer in in_a_thread(three_requests)] == [
        {"data": {"getOrganization": {"name": "Harbour & Pine Outfitters"}}}
    ] * 3
