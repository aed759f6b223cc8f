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
from pathlib import Path
from typing import Any

import boto3

from tests.aws.emulated.stage import Stage, running_stage
from tests.packages import install
from tests.running import ROOT

EMAIL = "ingrid@example.com"
PASSWORD = "Correct-horse-7-battery"
CREATE = 'mutation { createCategory(input: {id: "tools", name: "Tools", organizationId: "ours"}) { name } }'
ASK = '{ getCategory(id: "tools") { name organizationId } }'
REST_STATUS = 404
"""What `/v1` says to a signed-in caller: 200 as soon as there is a REST API."""


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

    def graphql(self, query: str, token: str = "") -> tuple[int, Any]:
        return self.request("POST", "/graphql", token=token, body={"query": query})


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
    revision = re.search(r'"revision": "(\w+)"', said)
    assert revision, said
    return f"{len(resources)} resources, database at revision {revision[1]}"


def sign_in(stage: Stage) -> str:
    """The access token of an Admin who was invited, as the Amplify client would send it."""
    cognito = client("cognito-idp", stage)
    outputs = client("cloudformation", stage).describe_stacks(StackName=stage.stack)["Stacks"][0]["Outputs"]
    values = {each["OutputKey"]: each["OutputValue"] for each in outputs}
    pool, app = values["UserPoolId"], values["UserPoolClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username=EMAIL, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=EMAIL, GroupName="Admin")
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": EMAIL, "PASSWORD": PASSWORD},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def use(api: Api, stage: Stage, token: str) -> str:
    """Read and write as the Admin. The roles that came to the database are those that may."""
    assert api.graphql(CREATE, token) == (200, {"data": {"createCategory": {"name": "Tools"}}})
    kept = {"data": {"getCategory": {"name": "Tools", "organizationId": "ours"}}}
    assert api.graphql(ASK, token) == (200, kept)
    assert set(stage.proxy.admitted) == {"offramp_admin", "app_migrate", "app_rw"}
    return f"the roles that logged in: {', '.join(dict.fromkeys(stage.proxy.admitted))}"


def refuse(api: Api) -> str:
    for token in ("", "Bearer x.y.z"):
        status, answer = api.graphql(ASK, token)
        assert (status, answer["errors"][0]["errorType"]) == (401, "UnauthorizedException"), answer
        assert api.request("GET", "/v1/categories", token=token)[0] == 401
    return "401 without a token and with a false one, on /graphql and on /v1"


def pass_the_authorizer(api: Api, token: str) -> str:
    status, _ = api.request("GET", "/v1/categories", token=token)
    assert status == REST_STATUS, status
    return f"/v1 is reached with the token and says {status}"


def ready(api: Api) -> str:
    for path in ("/healthz", "/readyz"):
        assert api.request("GET", path) == (200, {"status": "ok"}), path
    return "/healthz and /readyz say ok"


def remove(stage: Stage) -> str:
    stage.run(".venv/bin/node", "infra/node_modules/.bin/osls", "remove", "--stage", stage.name)
    stacks = client("cloudformation", stage).describe_stacks()["Stacks"]
    assert [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"] == []
    return "no stack is left"


def step(name: str, action: Callable[[], str]) -> None:
    started = time.monotonic()
    said = action()
    print(f"✓ {name:<28} {time.monotonic() - started:5.1f} s  {said}", flush=True)


def main() -> None:
    install(ROOT / "infra")
    with (
        tempfile.TemporaryDirectory(prefix="offramp-emulated-") as folder,
        running_stage(sys.argv[1], Path(folder)) as stage,
    ):
        step(f"infra/deploy {stage.name}", lambda: deploy(stage))
        api, token = Api(stage), sign_in(stage)
        step("readiness", lambda: ready(api))
        step("callers without a token", lambda: refuse(api))
        step("an Admin of the user pool", lambda: use(api, stage, token))
        step("REST", lambda: pass_the_authorizer(api, token))
        step(f"infra/deploy {stage.name}, again", lambda: deploy(stage))
        step("the data is still there", lambda: use_again(api, token))
        step("osls remove", lambda: remove(stage))


def use_again(api: Api, token: str) -> str:
    status, answer = api.graphql(ASK, token)
    assert (status, answer["data"]["getCategory"]["name"]) == (200, "Tools")
    return "and the new code answers"


if __name__ == "__main__":
    main()
