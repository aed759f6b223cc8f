"""The Lambda functions: what they run on, and the little that each may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from service.settings import Settings
from service.settings.declared import variable_of
from tests.aws.stack.conftest import FUNCTION
from tests.aws.stack.template import Stack, name_of, referred

FUNCTIONS = {
    "ApiLambdaFunction": ("ApiRole", 30),
    "MigrateLambdaFunction": ("MigrateRole", 900),
    "RolesLambdaFunction": ("RolesRole", 60),
}
MAY_CONNECT_AS = {"ApiRole": ["app_rw"], "MigrateRole": ["app_migrate"], "RolesRole": ["offramp_admin"]}
MAY_READ = {
    "ApiRole": {"CursorSecret"},
    "MigrateRole": set(),
    "RolesRole": {"MigrateSecret", "ServeSecret"},
}
WITHOUT_A_RESOURCE_TO_NAME = {"Trace", "Network", "NetworkNotByTheCode"}


def test_they_are_python_on_arm_with_a_gibibyte(stack: Stack):
    functions = stack.of("AWS::Lambda::Function")
    assert set(functions) == set(FUNCTIONS)
    for name, each in functions.items():
        assert (each["Runtime"], each["Architectures"], each["MemorySize"]) == ("python3.13", ["arm64"], 1024)
        assert (name_of(each["Role"]), each["Timeout"]) == FUNCTIONS[name]
        assert each["TracingConfig"] == {"Mode": "Active"}


def test_they_come_from_the_one_archive(stack: Stack):
    keys = {each["Code"]["S3Key"] for each in stack.of("AWS::Lambda::Function").values()}
    assert [key.rsplit("/", 1)[1] for key in keys] == ["lambda.zip"]


def test_production_keeps_ten_environments_warm_and_calls_those(prod: Stack, dev: Stack):
    [alias] = prod.of("AWS::Lambda::Alias").values()
    assert name_of(alias["FunctionName"]) == "ApiLambdaFunction"
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 10}
    assert prod["HttpApiIntegrationApi"]["IntegrationUri"]["Fn::Join"][1][1] == alias["Name"]
    assert not dev.of("AWS::Lambda::Alias")
    for stack in (dev, prod):  # the account's own limit counts, else
        assert not any("ReservedConcurrentExecutions" in each for each in stack.of("AWS::Lambda::Function").values())


@pytest.mark.parametrize(("stage", "days"), [("dev", 14), ("prod", 90)])
def test_logs_are_not_kept_for_ever(stage: str, days: int, request: pytest.FixtureRequest):
    stack: Stack = request.getfixturevalue(stage)
    groups = stack.of("AWS::Logs::LogGroup")
    assert set(groups) == {"ApiLogGroup", "MigrateLogGroup", "RolesLogGroup", "HttpApiLogGroup"}
    assert {each["RetentionInDays"] for each in groups.values()} == {days}


def statements(stack: Stack, role: str) -> Iterator[dict[str, Any]]:
    for policy in stack[role]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def actions(statement: dict[str, Any]) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else found


@pytest.mark.parametrize("role", MAY_CONNECT_AS)
def test_each_connects_as_its_own_database_role(stack: Stack, role: str):
    [statement] = [each for each in statements(stack, role) if actions(each) == ["rds-db:connect"]]
    resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    for each in resources:
        text, inner = each["Fn::Sub"]
        assert text.startswith("arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${Proxy}/")
        # arn:aws:rds:REGION:ACCOUNT:db-proxy:prx-…
        arn = {"Fn::GetAtt": ["DatabaseProxy", "DBProxyArn"]}
        assert inner == {"Proxy": {"Fn::Select": [6, {"Fn::Split": [":", arn]}]}}
    assert [each["Fn::Sub"][0].rsplit("/", 1)[1] for each in resources] == MAY_CONNECT_AS[role]


@pytest.mark.parametrize("role", MAY_READ)
def test_each_reads_its_own_secrets(stack: Stack, role: str):
    reading = [each for each in statements(stack, role) if any("secretsmanager" in name for name in actions(each))]
    assert {name for each in reading for name in referred(each["Resource"])} == MAY_READ[role]
    assert {name for each in reading for name in actions(each)} <= {"secretsmanager:GetSecretValue"}


@pytest.mark.parametrize("role", MAY_CONNECT_AS)
def test_everything_is_named_but_where_aws_has_no_name(stack: Stack, role: str):
    for each in statements(stack, role):
        assert not any(name == "*" or name.endswith(":*") for name in actions(each))
        assert (each["Resource"] == "*") == (each["Sid"] in WITHOUT_A_RESOURCE_TO_NAME), each["Sid"]


@pytest.mark.parametrize("role", MAY_CONNECT_AS)
def test_the_code_cannot_touch_the_network_that_lambda_makes_for_it(stack: Stack, role: str):
    by_sid = {each["Sid"]: each for each in statements(stack, role)}
    denied = by_sid["NetworkNotByTheCode"]
    assert denied["Effect"] == "Deny"
    assert "lambda:SourceFunctionArn" in denied["Condition"]["ArnLike"]
    made = {name for name in actions(by_sid["Network"]) if not name.startswith("ec2:Describe")}
    assert made <= set(actions(denied))


def test_the_service_knows_which_way_to_the_database(stack: Stack):
    for function, user in (("ApiLambdaFunction", "app_rw"), ("MigrateLambdaFunction", "app_migrate")):
        environment = stack[function]["Environment"]["Variables"]
        assert environment["OFFRAMP_DATABASE_HOST"] == {"Fn::GetAtt": ["DatabaseProxy", "Endpoint"]}
        assert environment["OFFRAMP_DATABASE_NAME"] == stack["DatabaseCluster"]["DatabaseName"]
        assert (environment["OFFRAMP_DATABASE_AUTH"], environment["OFFRAMP_DATABASE_USER"]) == ("iam", user)


def test_every_setting_that_a_function_gets_is_one(stack: Stack):
    known = {variable_of(each) for each in fields(Settings)}
    for function in stack.of("AWS::Lambda::Function").values():
        assert set(function["Environment"]["Variables"]) <= known


def test_nothing_may_invoke_the_functions_but_this_api(stack: Stack):
    [permission] = stack.of("AWS::Lambda::Permission").values()
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert "HttpApi" in set(referred(permission["SourceArn"]))


def test_custom_operations_may_call_the_functions_that_are_named(existing: Stack, dev: Stack):
    [statement] = existing["CustomOperationsPolicy"]["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", [FUNCTION])
    assert existing["ApiLambdaFunction"]["Environment"]["Variables"]["OFFRAMP_FUNCTIONS"].startswith("{")
    assert "CustomOperationsPolicy" not in dev
