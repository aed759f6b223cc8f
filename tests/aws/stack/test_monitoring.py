"""Alarms, the dashboard, saved queries and the trail."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.aws.stack.template import Stack, name_of, referred

WATCHED = {
    "AWS/Lambda": {"Errors", "Throttles", "Duration"},
    "AWS/ApiGateway": {"5xx", "Latency"},
    "AWS/RDS": {
        "DatabaseConnectionsCurrentlySessionPinned",
        "DatabaseConnectionsBorrowLatency",
        "ClientConnections",
        "ACUUtilization",
        "CPUUtilization",
        "FreeableMemory",
        "VolumeBytesUsed",
        "Deadlocks",
        "MaximumUsedTransactionIDs",
    },
    "offramp-dev": {"Bugs"},
}
IN_PRODUCTION = {"AuroraReplicaLagMaximum", "ProvisionedConcurrencySpilloverInvocations"}
LOGGED = {"request_id", "operation", "caller", "client", "duration_ms", "statements", "status", "door"}
"""What a line of the log says of a request."""


def test_everything_that_can_go_wrong_is_watched(dev: Stack, prod: Stack):
    wanted = {metric for each in WATCHED.values() for metric in each}
    assert {each["MetricName"] for each in dev.of("AWS::CloudWatch::Alarm").values()} == wanted
    assert {each["MetricName"] for each in prod.of("AWS::CloudWatch::Alarm").values()} == wanted | IN_PRODUCTION
    for each in dev.of("AWS::CloudWatch::Alarm").values():
        assert each["MetricName"] in WATCHED[each["Namespace"]]


def test_a_bug_that_was_answered_with_200_is_found_in_the_log(stack: Stack):
    [found] = stack.of("AWS::Logs::MetricFilter").values()
    assert name_of(found["LogGroupName"]) == "ApiLogGroup"
    assert found["FilterPattern"] == '{ $.level = "ERROR" }'
    [metric] = found["MetricTransformations"]
    alarm = stack["BugAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (metric["MetricNamespace"], metric["MetricName"])


def test_each_alarm_reaches_a_person_and_says_what_is_wrong(stack: Stack):
    for each in stack.of("AWS::CloudWatch::Alarm").values():
        assert [name_of(action) for action in each["AlarmActions"]] == ["AlarmTopic"]
        assert len(each["AlarmDescription"]) > 20
        assert all(name in stack for name in referred(each.get("Dimensions", [])))


def test_alarms_and_events_can_send_to_the_encrypted_topic(stack: Stack):
    """AWS's own key for topics admits neither: alarms would be raised and never arrive."""
    senders = {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
    assert name_of(stack["AlarmTopic"]["KmsMasterKeyId"]) == "Key"
    statements = {each["Sid"]: each for each in stack["Key"]["KeyPolicy"]["Statement"]}
    assert set(statements["AlarmsAndEvents"]["Principal"]["Service"]) == senders
    [publish] = stack["AlarmTopicPolicy"]["PolicyDocument"]["Statement"]
    assert (set(publish["Principal"]["Service"]), publish["Action"]) == (senders, "sns:Publish")


def test_a_rotation_that_fails_reaches_the_same_person(stack: Stack):
    rule = stack["RotationFailedRule"]
    assert rule["EventPattern"]["detail"] == {"eventName": ["RotationFailed"]}
    assert [name_of(each["Arn"]) for each in rule["Targets"]] == ["AlarmTopic"]


def shown(stack: Stack) -> Iterator[str]:
    """The names of the dashboard's metrics; `...` repeats the one before."""
    body, _ = stack["Dashboard"]["DashboardBody"]["Fn::Sub"]
    for widget in json.loads(body)["widgets"]:
        for first, *others in widget["properties"]["metrics"]:
            if isinstance(first, dict):
                yield first["expression"]
            elif first != "...":
                yield others[0]


def test_the_dashboard_shows_every_part(stack: Stack):
    names = set(shown(stack))
    assert {"Count", "5xx", "Latency", "Errors", "Throttles", "Duration"} <= names
    assert {"DatabaseConnectionsCurrentlySessionPinned", "ServerlessDatabaseCapacity", "VolumeBytesUsed"} <= names
    assert any("AWS/Cognito" in each for each in names)
    assert {name for name in referred(stack["Dashboard"]["DashboardBody"]) if name not in stack} == {"AWS::Region"}


def test_the_queries_ask_for_what_the_service_logs(stack: Stack):
    queries = {each["Name"].split("/")[1]: each for each in stack.of("AWS::Logs::QueryDefinition").values()}
    legacy = queries["legacy operations by client version"]
    assert [name_of(each) for each in legacy["LogGroupNames"]] == ["ApiLogGroup"]
    assert "by operation, `fields.0`, client" in legacy["QueryString"]
    assert 'door = "graphql"' in legacy["QueryString"]
    asked = " ".join(each["QueryString"] for each in queries.values())
    assert {word for word in LOGGED if word in asked} == LOGGED - {"request_id"}


def test_what_is_kept_warm_is_measured_at_the_alias(prod: Stack):
    """Lambda counts it for `function:alias`."""
    [alias] = prod.of("AWS::Lambda::Alias").values()
    value = {"Fn::Sub": f"${{ApiLambdaFunction}}:{alias['Name']}"}
    assert {"Name": "Resource", "Value": value} in prod["ProvisionedSpilloverAlarm"]["Dimensions"]


def test_production_has_a_trail_that_nobody_can_change(prod: Stack, dev: Stack):
    trail = prod["Trail"]
    assert trail["EnableLogFileValidation"] is trail["IsMultiRegionTrail"] is True
    assert name_of(trail["KMSKeyId"]) == "Key"
    assert all(prod["TrailBucket"]["PublicAccessBlockConfiguration"].values())
    assert prod.template["Resources"]["TrailBucket"]["DeletionPolicy"] == "Retain"
    assert "Trail" not in dev  # one of an account is free, and production has it
