"""What a function tells of its requests: a line each, metrics in it, spans to X-Ray; nothing of what was sent."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.demo import demo_callers
from tests.aws.runtime import running_function
from tests.aws.test_handler import said

Event = dict[str, Any]
DOCUMENT = """query Overview($name: String) {
  ours: getOrganization(id: "ORG") { name }
  listProducts(filter: {name: {eq: $name}}) { items { id } }
  ...More
}
fragment More on Query { getUser(id: "none") { id } }"""


def test_a_request_is_one_line_with_metrics_and_its_spans_are_traced(
    function_environ: dict[str, str], graphql: Callable[..., Event], tmp_path: Path
):
    document = DOCUMENT.replace("ORG", demo_callers().manager.organization)
    event = graphql(document, {"name": "a private matter"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(20)
        given = function_environ | {"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}"}
        with running_function("service.aws.handler", given, tmp_path) as function:
            answers = [function.invoke(event) for _ in range(2)]
            lines = [line for line in function.lines() if line.get("message") == "request"]
            log = json.dumps(function.lines())
        spans = [json.loads(daemon.recv(65_536).split(b"\n", 1)[1]) for _ in range(5)]
    assert [said(answer)["data"]["ours"]["name"] for answer in answers] == ["Harbour & Pine Outfitters"] * 2
    first, second = lines
    assert {name: first[name] for name in ("door", "operation", "fields", "caller", "client", "status", "errors")} == {
        "door": "graphql",
        "operation": "Overview",
        "fields": ["Query.getOrganization", "Query.listProducts", "Query.getUser"],
        "caller": "userPools",
        "client": "aws-amplify/6.22.1",
        "status": 200,
        "errors": 0,
    }
    assert (first["statements"], first["cold_starts"], second["cold_starts"]) == (4, 1, 0)  # one asks for the user
    assert {"auth", "compile", "sql"} <= set(first["spans_ms"])
    assert (first["function"], first["_aws"]["CloudWatchMetrics"][0]["Namespace"]) == ("offramp", "Offramp")
    (metrics,) = first["_aws"]["CloudWatchMetrics"]
    assert all(isinstance(first[each["Name"]], int | float) for each in metrics["Metrics"])
    assert [dimension for dimensions in metrics["Dimensions"] for dimension in dimensions] == ["function"]
    for kept_back in ("a private matter", event["headers"]["authorization"], demo_callers().manager.sub, "203.0.113.7"):
        assert kept_back not in log
    assert {span["name"] for span in spans} <= {"auth", "compile", "sql", "connect"}
    assert {(span["type"], span["parent_id"]) for span in spans} == {("subsegment", "4c721bf33e3caf8f")}
    assert all(span["trace_id"].startswith("1-6924f2b1-") and span["start_time"] <= span["end_time"] for span in spans)
