"""docs/aws.md and docs/deploy.md say what the templates say, and sums are sums."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from service.aws.tracing import METRICS
from tests.aws.stack.template import Stack
from tests.aws.stack.test_network import SUBNETS
from tests.running import ROOT

AWS = (ROOT / "docs" / "aws.md").read_text()
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
SERVERLESS = (ROOT / "serverless.yml").read_text()


def rows(heading: str, text: str = AWS) -> Iterator[list[str]]:
    """The cells of the tables below a heading, up to the next."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    for line in section.splitlines():
        if line.startswith("|") and not line.startswith("|--"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(("column", "stage"), [(2, "dev"), (3, "prod")])
def test_the_costs_add_up(column: int, stage: str):
    table = [row for row in rows("Cost") if len(row) == 4]
    amounts = {row[0]: float(row[column]) for row in table if re.fullmatch(r"[\d.]+", row[column])}
    [total] = [float(row[column].strip("*")) for row in table if row[0] == "**standing**"]
    assert len(amounts) >= 8
    assert round(sum(amounts.values()), 2) == total, stage


def test_what_is_counted_by_the_piece_is_as_many_as_there_are(dev: Stack, prod: Stack):
    costs = {row[0]: (row[2], row[3]) for row in rows("Cost") if len(row) == 4}
    for name, price, kind in (
        ("alarms", 0.10, "AWS::CloudWatch::Alarm"),
        ("4 secrets", 0.40, "AWS::SecretsManager::Secret"),
        ("KMS key", 1.00, "AWS::KMS::Key"),
        ("NAT gateways", 0.045 * 730, "AWS::EC2::NatGateway"),
        ("public IPv4 addresses", 0.005 * 730, "AWS::EC2::EIP"),
        ("Aurora, at its least", 0.12 * 730 * 0.5, "AWS::RDS::DBInstance"),
    ):
        assert [float(cell or 0) for cell in costs[name]] == [
            round(price * len(stack.of(kind)), 2) for stack in (dev, prod)
        ], name
    counted = len(METRICS) + 1  # and the bugs
    assert costs["metrics of our own"] == (f"{0.3 * counted:.2f}",) * 2


def test_every_alarm_is_explained_and_every_explanation_is_of_one(dev: Stack, prod: Stack):
    explained = {name for row in rows("What is watched") for name in re.findall(r"`(\w+)`", row[0])}
    alarms = {*dev.of("AWS::CloudWatch::Alarm"), *prod.of("AWS::CloudWatch::Alarm")}
    assert explained == {name.removesuffix("Alarm") for name in alarms}


def test_the_subnets_are_those_of_the_template():
    assert set(re.findall(r"10\.0\.\d\.0/24", AWS)) == {cidr for cidr, _, _ in SUBNETS.values()}


def test_the_parameters_to_choose_are_parameters():
    named = {row[0].strip("`") for row in rows("1. Choose", DEPLOY)} - {"parameter"}
    assert named
    assert all(re.search(rf"^    {name}:", SERVERLESS, re.MULTILINE) for name in named)


def test_every_parameter_is_used_and_has_a_default():
    """They are at the top of the file, by stage; a stage may only change what the default has."""
    _, default, prod = re.split(r"^  (?:default|prod):$", SERVERLESS.split("\nprovider:\n")[0], flags=re.MULTILINE)
    parameters, changed = (set(re.findall(r"^    (\w+):", part, re.MULTILINE)) for part in (default, prod))
    used = "".join(each.read_text() for each in (ROOT / "infra").glob("*.yml")) + SERVERLESS
    assert set(re.findall(r"\$\{param:(\w+)\}", used)) == parameters
    assert changed <= parameters


def test_each_saved_query_is_named(stack: Stack):
    for each in stack.of("AWS::Logs::QueryDefinition").values():
        assert f"*{each['Name'].split('/')[1]}*" in AWS
