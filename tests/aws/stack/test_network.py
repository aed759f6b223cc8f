"""The network of the source document: its diagram, its table of security groups, and the ways out."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.aws.stack.template import Stack, name_of

SUBNETS = {
    "PublicSubnetA": ("10.0.1.0/24", 0, "PublicRoutes"),
    "PublicSubnetB": ("10.0.2.0/24", 1, "PublicRoutes"),
    "PrivateSubnetA": ("10.0.3.0/24", 0, "PrivateRoutesA"),
    "PrivateSubnetB": ("10.0.4.0/24", 1, "PrivateRoutesB"),
    "IsolatedSubnetA": ("10.0.5.0/24", 0, "IsolatedRoutes"),
    "IsolatedSubnetB": ("10.0.6.0/24", 1, "IsolatedRoutes"),
}
ALL = "-1"
NOTHING = [(ALL, None, "127.0.0.1/32")]
"""What an empty list of outbound rules would not say: CloudFormation takes it for all traffic."""


def test_the_vpc_has_the_six_subnets_in_two_zones(stack: Stack):
    assert stack["Vpc"]["CidrBlock"] == "10.0.0.0/16"
    tables = {
        name_of(each["SubnetId"]): name_of(each["RouteTableId"])
        for each in stack.of("AWS::EC2::SubnetRouteTableAssociation").values()
    }
    found = {
        name: (each["CidrBlock"], each["AvailabilityZone"]["Fn::Select"][0], tables[name])
        for name, each in stack.of("AWS::EC2::Subnet").items()
    }
    assert found == SUBNETS
    assert not any(each.get("MapPublicIpOnLaunch") for each in stack.of("AWS::EC2::Subnet").values())


def ways_out(stack: Stack) -> dict[str, str]:
    """Where the default route of each table leads."""
    targets = ("GatewayId", "InstanceId", "NatGatewayId")
    return {
        name_of(each["RouteTableId"]): name_of(next(each[key] for key in targets if key in each))
        for each in stack.of("AWS::EC2::Route").values()
        if each["DestinationCidrBlock"] == "0.0.0.0/0"
    }


def test_development_goes_out_by_one_small_machine(dev: Stack):
    assert ways_out(dev) == {
        "PublicRoutes": "InternetGateway",
        "PrivateRoutesA": "NatInstance",
        "PrivateRoutesB": "NatInstance",
    }
    machine = dev["NatInstance"]
    assert (machine["InstanceType"], machine["SourceDestCheck"]) == ("t4g.nano", False)
    assert name_of(machine["SubnetId"]) == "PublicSubnetA"
    assert name_of(dev["NatAddress"]["InstanceId"]) == "NatInstance"
    assert not dev.of("AWS::EC2::NatGateway")


def test_production_goes_out_by_a_gateway_in_each_zone(prod: Stack):
    assert ways_out(prod) == {
        "PublicRoutes": "InternetGateway",
        "PrivateRoutesA": "NatGatewayA",
        "PrivateRoutesB": "NatGatewayB",
    }
    gateways = prod.of("AWS::EC2::NatGateway")
    assert {name: name_of(each["SubnetId"]) for name, each in gateways.items()} == {
        "NatGatewayA": "PublicSubnetA",
        "NatGatewayB": "PublicSubnetB",
    }
    assert len({name_of(each["AllocationId"]) for each in gateways.values()}) == 2
    assert not prod.of("AWS::EC2::Instance")


def rules(stack: Stack, group: str, way: str) -> list[tuple[str, int | None, str]]:
    """Protocol, port and other side of a group's rules, those that stand apart included."""
    apart = [each for each in stack.of(f"AWS::EC2::SecurityGroup{way}").values() if name_of(each["GroupId"]) == group]
    return [_rule(each) for each in [*stack[group].get(f"SecurityGroup{way}", []), *apart]]


def _rule(rule: dict[str, Any]) -> tuple[str, int | None, str]:
    assert rule.get("FromPort") == rule.get("ToPort")
    other = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    return rule["IpProtocol"], rule.get("FromPort"), name_of(other) if other else rule["CidrIp"]


def test_the_three_security_groups_are_those_of_the_table(stack: Stack):
    assert rules(stack, "LambdaSecurityGroup", "Ingress") == []
    assert rules(stack, "LambdaSecurityGroup", "Egress") == [(ALL, None, "0.0.0.0/0")]
    assert rules(stack, "ProxySecurityGroup", "Ingress") == [("tcp", 5432, "LambdaSecurityGroup")]
    assert rules(stack, "ProxySecurityGroup", "Egress") == [("tcp", 5432, "AuroraSecurityGroup")]
    assert rules(stack, "AuroraSecurityGroup", "Ingress") == [("tcp", 5432, "ProxySecurityGroup")]
    assert rules(stack, "AuroraSecurityGroup", "Egress") == NOTHING


def test_what_the_table_does_not_have_is_reached_from_the_private_subnets_alone(stack: Stack):
    assert rules(stack, "EndpointSecurityGroup", "Ingress") == [("tcp", 443, "LambdaSecurityGroup")]
    assert rules(stack, "EndpointSecurityGroup", "Egress") == NOTHING
    others = {"NatSecurityGroup"} if "NatInstance" in stack else set()
    table = {"LambdaSecurityGroup", "ProxySecurityGroup", "AuroraSecurityGroup", "EndpointSecurityGroup"}
    assert set(stack.of("AWS::EC2::SecurityGroup")) == table | others
    for group in others:
        assert rules(stack, group, "Ingress") == [(ALL, None, "10.0.3.0/24"), (ALL, None, "10.0.4.0/24")]


def test_everybody_is_in_their_group_and_subnets(stack: Stack):
    private, isolated = ["PrivateSubnetA", "PrivateSubnetB"], ["IsolatedSubnetA", "IsolatedSubnetB"]
    for function in stack.of("AWS::Lambda::Function").values():
        assert [name_of(each) for each in function["VpcConfig"]["SubnetIds"]] == private
        assert [name_of(each) for each in function["VpcConfig"]["SecurityGroupIds"]] == ["LambdaSecurityGroup"]
    proxy, cluster = stack["DatabaseProxy"], stack["DatabaseCluster"]
    assert [name_of(each) for each in proxy["VpcSubnetIds"]] == private
    assert [name_of(each) for each in proxy["VpcSecurityGroupIds"]] == ["ProxySecurityGroup"]
    assert [name_of(each) for each in cluster["VpcSecurityGroupIds"]] == ["AuroraSecurityGroup"]
    assert [name_of(each) for each in stack["DatabaseSubnets"]["SubnetIds"]] == isolated


def test_what_groups_and_rules_are_called_is_what_ec2_takes(stack: Stack):
    """It refuses apostrophes, and no linter knows."""
    rules = [rule for group in stack.of("AWS::EC2::SecurityGroup").values() for rule in _all_rules(group)]
    called = [group["GroupDescription"] for group in stack.of("AWS::EC2::SecurityGroup").values()]
    called += [rule["Description"] for rule in [*rules, stack["AuroraFromProxy"]]]
    assert all(re.fullmatch(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", each) for each in called), called


def _all_rules(group: dict[str, Any]) -> list[dict[str, Any]]:
    return [*group.get("SecurityGroupIngress", []), *group.get("SecurityGroupEgress", [])]


@pytest.mark.parametrize(("stage", "zones"), [("dev", 1), ("prod", 2)])
def test_secrets_are_read_within_the_vpc(stage: str, zones: int, request: pytest.FixtureRequest):
    stack: Stack = request.getfixturevalue(stage)
    endpoint = stack["SecretsEndpoint"]
    assert endpoint["ServiceName"] == {"Fn::Sub": "com.amazonaws.${AWS::Region}.secretsmanager"}
    assert (endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"]) == ("Interface", True)
    assert [name_of(each) for each in endpoint["SubnetIds"]] == ["PrivateSubnetA", "PrivateSubnetB"][:zones]
    assert [name_of(each) for each in endpoint["SecurityGroupIds"]] == ["EndpointSecurityGroup"]
