"""Deploys a stage on this machine, uses it as people would, and removes it: `make deploy-local STAGE=dev`.

The templates, the package and `infra/deploy` are those that go to AWS. It proves that they fit together; that AWS takes
every property it does not prove.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3

from tests.aws.emulated.stage import Stage, running_stage
from tests.packages import install
from tests.running import ROOT

Made = TypeVar("Made")

EMAIL = "ingrid@example.com"
PASSWORD = "Correct-horse-7-battery"
CREATE = """mutation ($ours: ID!) {
    createCategory(input: {id: "tools", name: "Tools", organizationId: $ours}) { name }
}"""
ASK = '{ getCategory(id: "tools") { name organization { name } } }'
KEPT = {"data": {"getCategory": {"name": "Tools", "organization": {"name": "Harbour & Pine"}}}}


class Api:
    """The HTTP API that was deployed, as a frontend calls it."""

    def __init__(self, stage: Stage) -> None:
        [api] = client("apigatewayv2", stage).get_apis()["Items"]
        self._endpoint = stage.endpoint
        self._host = f"{api['ApiId']}.execute-api.{stage.endpoint.removeprefix('http://')}"

    def request(self, method: str, path: str, *, token: str = "", body: object = None) -> tuple[int, Any]:
        """The status of an answer, and what it says."""
        headers = {"Host": self._host, "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._endpoint}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def graphql(self, query: str, token: str = "", **variables: str) -> tuple[int, Any]:
        return self.request("POST", "/graphql", token=token, body={"query": query, "variables": variables})


def client(service: str, stage: Stage) -> Any:
    environment = stage.environment
    return boto3.client(
        service,
        endpoint_url=stage.endpoint,
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def deploy(stage: Stage) -> str:
    said = stage.run("infra/deploy", stage.name)
    resources = client("cloudformation", stage).describe_stack_resources(StackName=stage.stack)["StackResources"]
    revision, made = re.search(r'"revision": "(\w+)"', said), re.search(r'"made": (\[[^]]*\])', said)
    assert revision, said
    assert made, said
    return f"{len(resources)} resources; made {len(json.loads(made[1]))} roles; migrated to {revision[1]}"


@dataclass(frozen=True)
class Admin:
    """Somebody who was invited and has signed in."""

    sub: str
    token: str
    """Their access token, as the Amplify client would send it."""

    def __str__(self) -> str:
        return "Cognito has given an Admin an access token"


def sign_in(stage: Stage) -> Admin:
    """Invite an Admin, and sign in as them."""
    cognito = client("cognito-idp", stage)
    outputs = client("cloudformation", stage).describe_stacks(StackName=stage.stack)["Stacks"][0]["Outputs"]
    values = {each["OutputKey"]: each["OutputValue"] for each in outputs}
    pool, app = values["UserPoolId"], values["UserPoolClientId"]
    user = cognito.admin_create_user(UserPoolId=pool, Username=EMAIL, MessageAction="SUPPRESS")["User"]
    [sub] = [each["Value"] for each in user["Attributes"] if each["Name"] == "sub"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=EMAIL, GroupName="Admin")
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": EMAIL, "PASSWORD": PASSWORD},
    )
    return Admin(sub, answer["AuthenticationResult"]["AccessToken"])


def make_organization(stage: Stage, admin: Admin) -> str:
    """The id of the first organization, made as docs/deploy.md says."""
    new = {"name": "Harbour & Pine", "slug": "harbour-pine", "admin_sub": admin.sub, "admin_email": EMAIL}
    said = stage.osls("invoke", "--function", "migrate", "--data", json.dumps({"organization": new}))
    made: str = json.loads(said[said.index("{") :])["id"]
    return made


def use(api: Api, stage: Stage, admin: Admin, organization: str) -> str:
    """Write and read as the Admin. The roles that came to the database are those that may."""
    created = api.graphql(CREATE, admin.token, ours=organization)
    assert created == (200, {"data": {"createCategory": {"name": "Tools"}}}), created
    assert api.graphql(ASK, admin.token) == (200, KEPT)
    assert set(stage.proxy.admitted) == {"offramp_admin", "app_migrate", "app_rw"}
    return f"a row is written and read; so far logged in: {', '.join(dict.fromkeys(stage.proxy.admitted))}"


def refuse(api: Api) -> str:
    for token in ("", "Bearer x.y.z"):
        status, answer = api.graphql(ASK, token)
        assert (status, answer["errors"][0]["errorType"]) == (401, "UnauthorizedException"), answer
        assert api.request("GET", "/v1/categories", token=token)[0] == 401
    return "401 without a token and with a false one, on /graphql and on /v1"


def use_rest(api: Api, token: str) -> str:
    """Read what GraphQL wrote, change it, and find it described."""
    status, row = api.request("GET", "/v1/categories/tools", token=token)
    assert (status, row["name"]) == (200, "Tools"), row
    status, page = api.request("GET", "/v1/categories?name%5BbeginsWith%5D=To&fields=name", token=token)
    assert (status, page["data"]) == (200, [{"name": "Tools"}]), page
    status, row = api.request("PATCH", "/v1/categories/tools", token=token, body={"position": 3})
    assert (status, row["position"]) == (200, 3), row
    status, described = api.request("GET", "/v1/openapi.json")
    assert (status, described["openapi"]) == (200, "3.1.0")
    status, problem = api.request("GET", "/v1/categories/none", token=token)
    assert (status, problem["code"]) == (404, "not_found"), problem
    return "what GraphQL wrote is read, listed and changed through /v1"


def ready(api: Api) -> str:
    for path in ("/healthz", "/readyz"):
        assert api.request("GET", path) == (200, {"status": "ok"}), path
    return "/healthz and /readyz say ok"


def report(stage: Stage, organization: str) -> str:
    asked = {"reporting": {"role": "report_harbour", "organization": organization}}
    said = stage.osls("invoke", "--function", "roles", "--data", json.dumps(asked))
    return f"reads {len(json.loads(said[said.index('{') :])['reads'])} tables"


def use_again(api: Api, admin: Admin) -> str:
    assert api.graphql(ASK, admin.token) == (200, KEPT)
    return "and the new code answers"


def remove(stage: Stage) -> str:
    stage.osls("remove")
    stacks = client("cloudformation", stage).describe_stacks()["Stacks"]
    assert [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"] == []
    return "no stack is left"


def failures(stage: Stage) -> list[str]:
    """The lines of the function's log that are of errors."""
    log = client("logs", stage).filter_log_events(logGroupName=f"/aws/lambda/{stage.stack}-api")
    return [each["message"] for each in log["events"] if '"level":"ERROR"' in each["message"]]


def step(name: str, action: Callable[[], Made]) -> Made:
    """Do something, say how it went, and give what it gave."""
    started = time.monotonic()
    said = action()
    print(f"✓ {name:<28} {time.monotonic() - started:5.1f} s  {said}", flush=True)
    return said


def main() -> None:
    install(ROOT / "infra")
    with (
        tempfile.TemporaryDirectory(prefix="offramp-emulated-") as folder,
        running_stage(sys.argv[1], Path(folder)) as stage,
    ):
        try:
            run(stage)
        except AssertionError:
            print("The function's log:", *failures(stage), sep="\n")
            raise


def run(stage: Stage) -> None:
    step(f"infra/deploy {stage.name}", lambda: deploy(stage))
    api = Api(stage)
    step("readiness", lambda: ready(api))
    admin = step("a user signs in", lambda: sign_in(stage))
    organization = step("the first organization", lambda: make_organization(stage, admin))
    step("callers without a token", lambda: refuse(api))
    step("GraphQL, as that user", lambda: use(api, stage, admin, organization))
    step("REST, past the authorizer", lambda: use_rest(api, admin.token))
    step("a role that reports", lambda: report(stage, organization))
    step(f"infra/deploy {stage.name}, again", lambda: deploy(stage))
    step("the data is still there", lambda: use_again(api, admin))
    step("osls remove", lambda: remove(stage))


if __name__ == "__main__":
    main()
