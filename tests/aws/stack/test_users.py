"""Cognito: the pool of the source document, or the one where an Amplify app's users are already."""

from __future__ import annotations

from tests.aws.stack.conftest import CLIENTS, POOL
from tests.aws.stack.template import Stack

ISSUER = {
    "Fn::Sub": [
        "https://cognito-idp.${Region}.amazonaws.com/" + POOL,
        {"Region": {"Fn::Select": [0, {"Fn::Split": ["_", POOL]}]}},
    ]
}
"""In the region of the pool, which is not the stack's."""


def test_people_sign_in_by_email_and_may_add_a_second_factor(stack: Stack):
    pool = stack["UserPool"]
    assert pool["UsernameAttributes"] == pool["AutoVerifiedAttributes"] == ["email"]
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])


def test_tokens_live_an_hour_and_refresh_tokens_thirty_days(stack: Stack):
    client = stack["UserPoolClient"]
    units = client["TokenValidityUnits"]
    assert (client["AccessTokenValidity"], units["AccessToken"]) == (1, "hours")
    assert (client["RefreshTokenValidity"], units["RefreshToken"]) == (30, "days")
    assert client["GenerateSecret"] is False  # a page in a browser can keep none


def test_there_are_the_three_groups(stack: Stack):
    groups = stack.of("AWS::Cognito::UserPoolGroup").values()
    assert {each["GroupName"] for each in groups} == {"Admin", "Manager", "Viewer"}


def test_nobody_signs_up_uninvited_and_production_keeps_its_users(dev: Stack, prod: Stack):
    for stack in (dev, prod):
        assert stack["UserPool"]["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert prod["UserPool"]["DeletionProtection"] == "ACTIVE"
    assert prod.template["Resources"]["UserPool"]["DeletionPolicy"] == "Retain"
    assert dev.template["Resources"]["UserPool"]["DeletionPolicy"] == "Delete"


def test_a_pool_that_exists_is_used_and_none_is_made(existing: Stack):
    assert not [each for each in existing.template["Resources"].values() if each["Type"].startswith("AWS::Cognito")]
    jwt = existing["HttpApiAuthorizerUsers"]["JwtConfiguration"]
    assert (jwt["Issuer"], jwt["Audience"]) == (ISSUER, CLIENTS)
    environment = existing["ApiLambdaFunction"]["Environment"]["Variables"]
    assert environment["OFFRAMP_ISSUER"] == ISSUER
    assert environment["OFFRAMP_CLIENT_IDS"] == {"Fn::Join": [",", CLIENTS]}
    _, shown = existing["Dashboard"]["DashboardBody"]["Fn::Sub"]
    assert shown["Pool"] == POOL
