"""Lambda functions behind custom operations: called as Amplify's `@function` resolver calls them.

The event and the errors are those of AppSync, so that a function that answered there answers here.
boto3 finds the region, the credentials and `AWS_ENDPOINT_URL_LAMBDA` in the environment.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cached_property
from typing import Any

import orjson

from service.auth.principal import Principal
from service.catalog.model import Catalog, Field, Provider, TypeRef
from service.db.plans.conversions import shown
from service.errors import FunctionFailed, TimedOut
from service.operations.call import Call

LONGEST = 30.0
"""Seconds a function may take: AppSync's own limit."""
AT_ONCE = 32
"""Calls of one process that may be under way; more wait."""

log = logging.getLogger(__name__)


class Lambdas:
    """The Lambda API of one AWS account and region. The client is made by the first call."""

    def __init__(self, *, longest: float = LONGEST) -> None:
        self.longest = longest
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(AT_ONCE, "lambda")

    async def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """What a function answers to an event. Raises `FunctionFailed` and `TimedOut`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.longest):
                return await loop.run_in_executor(self._threads, self._invoke, name, orjson.dumps(event))
        except TimeoutError:
            raise TimedOut from None

    def _invoke(self, name: str, event: bytes) -> Any:
        from botocore import exceptions  # noqa: PLC0415  boto3 takes half a second

        try:
            with self._making:
                client = self._client
            response = client.invoke(FunctionName=name, Payload=event)
            payload = response["Payload"].read()
        except exceptions.ReadTimeoutError:
            raise TimedOut from None
        except exceptions.ClientError as error:
            raise _not_called(name, error.response.get("Error", {}).get("Code", "")) from error
        except exceptions.BotoCoreError as error:
            raise _not_called(name, type(error).__name__) from error
        answer = orjson.loads(payload) if payload else None
        if response.get("FunctionError"):
            message = answer.get("errorMessage") if isinstance(answer, dict) else None
            raise FunctionFailed(str(message), error_type="Lambda:Unhandled")
        return answer

    @cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415  as above
        from botocore.config import Config  # noqa: PLC0415  as above

        # Never sent twice: the function may have done its work before the connection broke.
        once = Config(
            connect_timeout=5,
            read_timeout=self.longest,
            retries={"total_max_attempts": 1},
            max_pool_connections=AT_ONCE,
        )
        return boto3.client("lambda", config=once)


def _not_called(name: str, code: str) -> FunctionFailed:
    log.error("the Lambda function %s could not be called: %s", name, code)
    return FunctionFailed("The function behind this operation could not be called.", error_type=f"Lambda:{code}")


class LambdaFunction:
    """The answer to an operation: one Lambda function, by name or ARN."""

    def __init__(self, lambdas: Lambdas, name: str, catalog: Catalog) -> None:
        self._lambdas = lambdas
        self._name = name
        self._catalog = catalog
        self._inputs = {each.name: {field.name: field for field in each.fields} for each in catalog.inputs}

    async def __call__(self, call: Call) -> Any:
        """What the function gives back, as JSON has it."""
        return await self._lambdas.invoke(self._name, self.event(call))

    def event(self, call: Call) -> dict[str, Any]:
        """The event of Amplify's `@function` resolver, which is not that of AppSync's direct resolvers."""
        arguments = {each.name: each for each in call.operation.arguments}
        return {
            "typeName": call.operation.root.value,
            "fieldName": call.operation.name,
            "arguments": self._plain(arguments, call.arguments),
            "identity": identity(call.principal, call.origin.addresses),
            "source": None,
            "request": {"headers": dict(call.origin.headers), "domainName": None},
            "prev": {"result": {}},
        }

    def _plain(self, fields: dict[str, Field], values: Any) -> dict[str, Any]:
        return {name: self._value(fields[name].type, value) for name, value in values.items()}

    def _value(self, type_: TypeRef, value: Any) -> Any:
        """An argument as AppSync hands it on: AWSJSON is the value it holds, dates are text."""
        if isinstance(value, list):
            return [self._value(type_, each) for each in value]
        if isinstance(value, dict) and type_.name in self._inputs:
            return self._plain(self._inputs[type_.name], value)
        if isinstance(value, date):
            return shown(value)
        return orjson.loads(value) if type_.name == "AWSJSON" and isinstance(value, str) else value


def identity(principal: Principal, addresses: list[str]) -> dict[str, Any] | None:
    """The caller as AppSync describes one to a function; None for an API key."""
    if principal.provider is Provider.API_KEY:
        return None
    claims = dict(principal.claims)
    return {
        "claims": claims,
        "defaultAuthStrategy": "ALLOW",
        "groups": list(principal.groups()) or None,
        "issuer": claims.get("iss"),
        "sourceIp": addresses,
        "sub": principal.sub,
        "username": principal.username,
    }
