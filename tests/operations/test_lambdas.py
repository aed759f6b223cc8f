"""Lambda functions behind operations: the real client, and an endpoint on this machine that stands for AWS."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from service.auth.principal import Principal
from service.catalog.model import Provider, Root
from service.errors import SettingsError
from service.graphql.request import Origin
from service.operations.connect import connect
from service.operations.lambdas import LambdaFunction, Lambdas, identity
from service.settings import Settings
from tests.operations.api import KEY, MIA, Api, user

Serve = Callable[..., Api]
REQUIRED = {
    "DATABASE_URL": "postgresql://a@b/c",
    "OFFRAMP_ISSUER": "https://issuer.example",
    "OFFRAMP_CLIENT_IDS": "a",
    "OFFRAMP_CURSOR_KEY": "0" * 32,
}


class Endpoint:
    """Answers `POST /2015-03-31/functions/NAME/invocations` as it is told to, and keeps what it was sent."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"null")
        self.free = threading.Event()
        """Nothing is answered unless it is set."""
        self.free.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answers(self, value: Any, *, status: int = 200, **headers: str) -> None:
        self.answer = (
            status,
            {name.replace("_", "-"): text for name, text in headers.items()},
            json.dumps(value).encode(),
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                name = unquote(self.path.removeprefix("/2015-03-31/functions/").removesuffix("/invocations"))
                endpoint.events.append((name, json.loads(body)))
                endpoint.free.wait(60)
                status, headers, answer = endpoint.answer
                self.send_response(status)
                for each in {**headers, "content-length": str(len(answer))}.items():
                    self.send_header(*each)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    endpoint = Endpoint()
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": endpoint.url,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    endpoint.thread.start()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.thread.join()
    endpoint.server.server_close()


@pytest.fixture
def api(serve: Serve, endpoint: Endpoint, various: Any) -> Api:
    """Every operation of the various catalog is answered by a Lambda function of its name."""
    names = {each.name: f"{each.name}-test" for each in various.operations if each.root is not Root.SUBSCRIPTION}
    return serve(connect(various, {}, names))


async def test_the_event_is_that_of_amplify(api: Api, endpoint: Endpoint) -> None:
    endpoint.answers(None)
    origin = Origin({"x-forwarded-for": "198.51.100.7, 203.0.113.1", "authorization": "token"}, "10.0.0.1")
    query = 'query($s: [Span]) { report(name: "n", spans: $s) { title } }'
    spans = [{"from": "2026-01-31", "data": '{"a": [1, null]}'}, {"to": None}]
    answer = await api.send(query, {"s": spans}, user("ann", "Staff", "Boss"), origin)
    assert answer == {"data": {"report": None}}
    assert endpoint.events == [
        (
            "report-test",
            {
                "typeName": "Query",
                "fieldName": "report",
                "arguments": {
                    "name": "n",
                    "spans": [{"from": "2026-01-31", "data": {"a": [1, None]}}, {"to": None}],
                    "limit": 3,
                },
                "identity": {
                    "claims": {
                        "sub": "sub-ann",
                        "username": "ann",
                        "iss": "https://issuer.example",
                        "cognito:groups": ["Staff", "Boss"],
                    },
                    "defaultAuthStrategy": "ALLOW",
                    "groups": ["Staff", "Boss"],
                    "issuer": "https://issuer.example",
                    "sourceIp": ["198.51.100.7", "203.0.113.1", "10.0.0.1"],
                    "sub": "sub-ann",
                    "username": "ann",
                },
                "source": None,
                "request": {"headers": dict(origin.headers), "domainName": None},
                "prev": {"result": {}},
            },
        )
    ]


async def test_an_api_key_has_no_identity_and_a_moment_is_text(api: Api, endpoint: Endpoint) -> None:
    await api.ask('{ shelf(id: "s1") { name } }', caller=KEY)
    await api.ask('{ notes(from: "2026-01-31T10:00:00+02:00") { nextToken } }', caller=user("una"))
    (_, first), (_, second) = endpoint.events
    assert first["identity"] is None
    assert second["arguments"] == {"from": "2026-01-31T08:00:00.000Z"}
    assert second["identity"]["groups"] is None


async def test_relations_of_what_it_returns_are_read_with_the_callers_rights(api: Api, endpoint: Endpoint) -> None:
    await api.rows.create("Shelf", {"id": "s1", "name": "One"})
    await api.rows_of(user("ann")).create("Note", {"id": "a1", "title": "Ann's", "shelfId": "s1"})
    endpoint.answers([{"id": "x", "title": "Made", "shelfId": "s1", "mood": "HAPPY"}, None])
    query = 'mutation { makeBoth(title: "x", fail: false) { title mood shelf { name notes { items { title } } } } }'
    for caller, items in ((user("ann"), [{"title": "Ann's"}]), (user("bob"), [])):
        data = await api.ask(query, caller=caller)
        shelf = {"name": "One", "notes": {"items": items}}
        assert data == {"makeBoth": [{"title": "Made", "mood": "HAPPY", "shelf": shelf}, None]}
    assert endpoint.events[0][1]["typeName"] == "Mutation"


@pytest.mark.parametrize("kind", ["Unhandled", "Handled"])
async def test_an_error_of_the_function_is_shown_as_appsync_shows_it(api: Api, endpoint: Endpoint, kind: str) -> None:
    endpoint.answers({"errorType": "Error", "errorMessage": "No such thing", "trace": []}, X_Amz_Function_Error=kind)
    assert await api.fail("{ echo }") == [("Lambda:Unhandled", "No such thing", ["echo"])]


async def test_a_function_that_cannot_be_called_is_an_error_without_details(api: Api, endpoint: Endpoint) -> None:
    endpoint.answers(
        {"Message": "arn:aws:lambda:eu-central-1:123456789012:function:echo-test"},
        status=404,
        x_amzn_ErrorType="ResourceNotFoundException",
    )
    message = "The function behind this operation could not be called."
    assert await api.fail("{ echo }") == [("Lambda:ResourceNotFoundException", message, ["echo"])]
    endpoint.answers({}, status=500)
    assert [each[:2] for each in await api.fail("{ echo }")] == [("Lambda:500", message)]
    assert len(endpoint.events) == 2, "a call is never sent again"


async def test_a_slow_function_is_a_timeout_and_others_are_not_held_up(
    serve: Serve, endpoint: Endpoint, various: Any
) -> None:
    slow = LambdaFunction(Lambdas(longest=0.3), "slow", various)
    api = serve({(Root.QUERY, "echo"): slow, (Root.QUERY, "total"): slow})
    endpoint.free.clear()
    answer = await api.send("{ echo total }", caller=MIA)
    assert len(endpoint.events) == 2  # neither of which has been answered, or waited for the other
    endpoint.free.set()
    assert answer["data"] is None
    found = {(each["errorType"], each["message"], *each["path"]) for each in answer["errors"]}
    assert found >= {("ExecutionTimeout", "Execution timed out.", "total")}


async def test_without_an_endpoint_it_says_so(serve: Serve, endpoint: Endpoint, various: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    api = serve(connect(various, {}, {"echo": "e"}))
    ((kind, message, _),) = await api.fail("{ echo }")
    assert kind == "Lambda:EndpointConnectionError"
    assert message == "The function behind this operation could not be called."


def test_an_api_key_bound_to_an_organization_has_no_identity_either() -> None:
    assert identity(Principal(Provider.API_KEY, {"custom:organizationId": "acme"}), []) is None


def test_the_setting_is_an_object_of_names() -> None:
    settings = Settings.from_environ(REQUIRED | {"OFFRAMP_FUNCTIONS": '{"echo-${env}": "arn:1"}', "OFFRAMP_ENV": "dev"})
    assert dict(settings.functions) == {"echo-${env}": "arn:1"}
    assert settings.env == "dev"


@pytest.mark.parametrize("text", ["echo", "[1]", '{"echo": 1}', '{"echo": ""}'])
def test_another_setting_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="OFFRAMP_FUNCTIONS must be a JSON object such as"):
        Settings.from_environ(REQUIRED | {"OFFRAMP_FUNCTIONS": text})
