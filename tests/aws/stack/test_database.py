"""Aurora, RDS Proxy and the secrets, as the source document has them."""

from __future__ import annotations

import pytest

from tests.aws.stack.template import Stack, name_of, referred

ROLES = {"MasterSecret": "offramp_admin", "MigrateSecret": "app_migrate", "ServeSecret": "app_rw"}


@pytest.mark.parametrize(("stage", "capacity"), [("dev", (0.5, 4)), ("prod", (0.5, 16))])
def test_capacity(stage: str, capacity: tuple[float, float], request: pytest.FixtureRequest):
    stack: Stack = request.getfixturevalue(stage)
    scaling = stack["DatabaseCluster"]["ServerlessV2ScalingConfiguration"]
    assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == capacity
    assert {each["DBInstanceClass"] for each in stack.of("AWS::RDS::DBInstance").values()} == {"db.serverless"}


def zones(stack: Stack) -> dict[str, int]:
    """The availability zone of each database instance."""
    return {name: each["AvailabilityZone"]["Fn::Select"][0] for name, each in stack.of("AWS::RDS::DBInstance").items()}


def test_development_has_one_instance(dev: Stack):
    assert zones(dev) == {"DatabaseWriter": 0}
    assert dev["DatabaseCluster"]["DeletionProtection"] is False


def test_production_has_a_reader_in_the_other_zone_that_takes_over(prod: Stack):
    assert zones(prod) == {"DatabaseWriter": 0, "DatabaseReader": 1}
    assert prod["DatabaseReader"]["PromotionTier"] <= 1
    assert prod["DatabaseCluster"]["DeletionProtection"] is True


def test_the_version_is_a_15_that_can_be_created(stack: Stack):
    cluster = stack["DatabaseCluster"]
    major, _, minor = cluster["EngineVersion"].partition(".")
    assert (cluster["Engine"], major) == ("aurora-postgresql", "15")
    assert int(minor) >= 13  # 15.4, of the source document, cannot be created any more
    assert stack["DatabaseParameters"]["Family"] == f"aurora-postgresql{major}"


def test_data_is_encrypted_and_kept_for_a_week(stack: Stack):
    cluster = stack["DatabaseCluster"]
    assert cluster["StorageEncrypted"] is True
    assert name_of(cluster["KmsKeyId"]) == "Key"
    assert stack["Key"]["EnableKeyRotation"] is True
    assert cluster["BackupRetentionPeriod"] == 7
    assert stack.template["Resources"]["DatabaseCluster"]["DeletionPolicy"] == "Snapshot"
    assert not any(each["PubliclyAccessible"] for each in stack.of("AWS::RDS::DBInstance").values())


def test_tls_is_forced_and_changes_of_schema_and_rights_are_audited(stack: Stack):
    parameters = stack["DatabaseParameters"]["Parameters"]
    assert parameters["rds.force_ssl"] == "1"
    assert "pgaudit" in parameters["shared_preload_libraries"].split(",")
    assert parameters["pgaudit.log"].split(",") == ["ddl", "role"]
    assert stack["DatabaseCluster"]["EnableCloudwatchLogsExports"] == ["postgresql"]


def test_no_log_of_the_database_holds_a_value_of_a_row(stack: Stack):
    parameters = stack["DatabaseParameters"]["Parameters"]
    assert parameters["log_parameter_max_length"] == parameters["log_parameter_max_length_on_error"] == "0"
    assert parameters["log_error_verbosity"] == "terse"  # DETAIL quotes the row


def test_the_proxy_wants_iam_and_tls_and_leaves_a_tenth_of_the_connections(stack: Stack):
    proxy, pool = stack["DatabaseProxy"], stack["DatabaseProxyTargets"]["ConnectionPoolConfigurationInfo"]
    assert (proxy["EngineFamily"], proxy["RequireTLS"], proxy["IdleClientTimeout"]) == ("POSTGRESQL", True, 30 * 60)
    assert pool["MaxConnectionsPercent"] == 90
    assert pool["ConnectionBorrowTimeout"] < 30
    assert {(each["AuthScheme"], each["IAMAuth"]) for each in proxy["Auth"]} == {("SECRETS", "REQUIRED")}
    assert {name_of(each["SecretArn"]) for each in proxy["Auth"]} == set(ROLES)


def test_the_proxy_reads_the_secrets_of_the_roles_and_nothing_else(stack: Stack):
    [policy] = stack["ProxyRole"]["Policies"]
    secrets, key = policy["PolicyDocument"]["Statement"]
    assert set(referred(secrets["Resource"])) == set(ROLES)
    assert (key["Action"], name_of(key["Resource"])) == ("kms:Decrypt", "Key")


def test_each_role_that_logs_in_has_a_secret_of_its_own(stack: Stack):
    for secret, role in ROLES.items():
        generated = stack[secret]["GenerateSecretString"]
        assert f'"username": "{role}"' in generated["SecretStringTemplate"]
        assert generated["PasswordLength"] >= 32
        assert name_of(stack[secret]["KmsKeyId"]) == "Key"


def test_each_password_is_rotated_every_thirty_days(stack: Stack):
    rotations = {name_of(each["SecretId"]): each for each in stack.of("AWS::SecretsManager::RotationSchedule").values()}
    assert set(rotations) == set(ROLES)
    for each in rotations.values():
        assert each["RotationRules"] == {"AutomaticallyAfterDays": 30}
        assert each["HostedRotationLambda"]["RotationType"] == "PostgreSQLSingleUser"
    attached = {name_of(each["SecretId"]) for each in stack.of("AWS::SecretsManager::SecretTargetAttachment").values()}
    assert attached == set(ROLES)


def test_the_rotation_can_reach_aurora_without_a_rule_more(stack: Stack):
    """It is in the proxy's group, which Aurora admits, and in the functions', which may ask Secrets Manager."""
    for each in stack.of("AWS::SecretsManager::RotationSchedule").values():
        groups = [*referred(each["HostedRotationLambda"]["VpcSecurityGroupIds"])]
        assert groups == ["LambdaSecurityGroup", "ProxySecurityGroup"]
        assert [*referred(each["HostedRotationLambda"]["VpcSubnetIds"])] == ["PrivateSubnetA", "PrivateSubnetB"]


def test_the_rotation_is_made_for_a_python_that_lambda_still_has(stack: Stack):
    assert stack.template["Transform"] == ["AWS::SecretsManager-2024-09-16"]  # 2020-07-23 is Python 3.9


def test_the_key_of_cursors_is_generated_and_long_enough(stack: Stack):
    assert stack["CursorSecret"]["GenerateSecretString"]["PasswordLength"] >= 32
    assert "CursorSecret" not in {
        name_of(each["SecretId"]) for each in stack.of("AWS::SecretsManager::RotationSchedule").values()
    }
