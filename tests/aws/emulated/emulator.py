"""ministack, on this machine alone, with stand-ins for what it does not have: `emulator.py PORT`.

It runs in an environment of its own (.venv-emulator), without this project's code. A stand-in only has a name and the
attributes that templates ask for; whether AWS would take its properties is cfn-lint's business.
"""

import os
import sys
import uuid

PORT = sys.argv.pop(1)
os.environ |= {
    "GATEWAY_PORT": PORT,
    "BIND_HOST": "127.0.0.1",  # it would listen to the whole network
    "MINISTACK_HOST": "127.0.0.1",
    "IOT_MTLS_ENABLED": "0",  # it would open another port
}

from ministack.app import main  # noqa: E402  it reads the environment when it is imported
from ministack.services import ssm  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402

ACCOUNT = "000000000000"
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"


def stand_in(name_property=None, **attributes):
    """A handler for resources that nothing is made for; `attributes` are given the name."""

    def create(logical_id, properties, _stack):
        name = properties.get(name_property) or f"{logical_id.lower()}-{uuid.uuid4().hex[:8]}"
        return name, {key: value.format(name=name) for key, value in attributes.items()}

    return {"create": create, "delete": lambda *_: None}


ARN = f"arn:aws:rds:{os.environ['MINISTACK_REGION']}:{ACCOUNT}:db-proxy:prx-{{name}}"
STAND_INS = {
    "AWS::CloudTrail::Trail": stand_in("TrailName"),
    "AWS::EC2::EIP": stand_in(AllocationId="eipalloc-{name}"),
    "AWS::EC2::Instance": stand_in(),
    "AWS::EC2::NatGateway": stand_in(),
    "AWS::EC2::SecurityGroupIngress": stand_in(),
    "AWS::Logs::QueryDefinition": stand_in(),
    "AWS::RDS::DBProxy": stand_in("DBProxyName", Endpoint="127.0.0.1", DBProxyArn=ARN),
    "AWS::RDS::DBProxyTargetGroup": stand_in(),
    "AWS::SecretsManager::RotationSchedule": stand_in(),
}


def tell_functions_where_the_keys_are(create):
    """The issuer of a token is Cognito's address, and the keys are here. Functions inherit this environment."""

    def create_pool(*given):
        made = create(*given)
        os.environ["OFFRAMP_JWKS"] = f"http://127.0.0.1:{PORT}/{made[0]}/.well-known/jwks.json"
        return made

    return create_pool


def install():
    """Teach the emulator what it lacks."""
    handlers = provisioners._RESOURCE_HANDLERS
    unneeded = [kind for kind in STAND_INS if kind in handlers]
    assert not unneeded, f"ministack has {unneeded} itself by now"
    handlers |= STAND_INS
    pool = handlers["AWS::Cognito::UserPool"]
    pool["create"] = tell_functions_where_the_keys_are(pool["create"])
    for parameters in vars(ssm).values():
        if isinstance(parameters, dict) and f"{IMAGE}x86_64" in parameters:
            parameters[f"{IMAGE}arm64"] = parameters[f"{IMAGE}x86_64"]


install()
main()
