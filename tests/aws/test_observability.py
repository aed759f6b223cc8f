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


EMAIL = "ada.lovelace@example.com"
NAME = "Ada Byron King"
PERSONAL = (EMAIL, EMAIL.split("@", maxsplit=1)[0], "Byron", "+44 20 7946 0958", "203.0.113.7", "203.0.113.90")


def hostile(graphql: Callable[..., Event], rest: Callable[..., Event]) -> list[Event]:
    """Requests that go well and wrong, each with something in it that no log may hold."""
    create = "mutation ($i: CreateSupplierInput!) { createSupplier(input: $i) { id email } }"
    person = {"name": NAME, "email": EMAIL, "phone": PERSONAL[3], "organizationId": demo_callers().admin.organization}
    body = json.dumps(person)
    return [
        graphql(create, {"i": person | {"id": "ada"}}),
        graphql(create, {"i": person | {"id": "ada"}}),  # is there already
        graphql(create, {"i": person | {"email": f"no address, {EMAIL}"}}),
        graphql(create, {"i": person | {"organizationId": EMAIL}}),
        graphql(f'{{ usersByEmail(email: "{EMAIL}") {{ items {{ id }} }} }}'),
        graphql(f'{{ getUser(id: "{EMAIL}"'),
        graphql(f"{{ {EMAIL.split('@', maxsplit=1)[0].replace('.', '_')} }}"),
        graphql("{ listUsers { items { id } } }", **{"x-amz-user-agent": f"{EMAIL}/1.0", "x-forwarded-for": EMAIL}),
        graphql("{ listUsers { items { id } } }", authorization=f"Bearer {EMAIL}"),
        graphql("{ listUsers { items { id } } }", **{"x-api-key": f"da2-{EMAIL}", "authorization": ""}),
        rest("POST", "/v1/suppliers", body=body),
        rest("POST", "/v1/suppliers", body=body[:-1]),
        rest("GET", "/v1/users", f"email={EMAIL}"),
        rest("GET", "/v1/users", f"{EMAIL}=1&cursor={EMAIL}"),
        rest("GET", f"/v1/users/{EMAIL}"),
        rest("GET", f"/v1/{EMAIL}"),
        rest("DELETE", "/v1/suppliers/ada"),
        rest("GET", f"/docs/{EMAIL}"),
        rest("GET", f"/errors/{EMAIL}"),
        rest("GET", f"/{EMAIL}"),
        {"body": body},
    ]


def test_no_log_holds_a_token_or_what_a_person_is_called(
    function_environ: dict[str, str], admin_event: Callable[..., Event], rest: Callable[..., Event], tmp_path: Path
):
    events = hostile(admin_event, rest)
    with running_function("service.aws.handler", function_environ | {"OFFRAMP_DOCS": "true"}, tmp_path) as function:
        statuses = {function.invoke(event)["statusCode"] for event in events}
        log, lines = function.log(), [line for line in function.lines() if line.get("message") == "request"]
    assert {200, 201, 400, 401, 404} <= statuses
    assert len(lines) == len(events) - 1  # the last is no request
    tokens = {event["headers"]["authorization"].removeprefix("Bearer ") for event in events[:-1]} - {""}
    assert not [each for each in (*PERSONAL, *tokens, *demo_people()) if each in log]


def demo_people() -> list[str]:
    """What the callers are called."""
    return [part for caller in (demo_callers().admin, demo_callers().manager) for part in (caller.sub, caller.username)]
